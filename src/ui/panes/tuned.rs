//! How a detector's knobs were chosen, in words.
use crate::ui::glyphs::Glyphs;
use odin_core::session::{Detector, Tuned, TunedOn};

/// Such as `T, ε tuned on 400+400 of these images by FPR95`.
pub(super) fn words(tuned: &Tuned, of: Detector, glyphs: &Glyphs) -> String {
    let count = |of: &str| match tuned.images {
        Some(n) => format!("{n}+{n} {of}"),
        None => of.strip_prefix("of ").unwrap_or(of).to_owned(),
    };
    let images = match (tuned.on, &tuned.dataset) {
        (TunedOn::Reported, _) => count("of these images"),
        (TunedOn::Validation, None) => count("images kept apart"),
        (TunedOn::Validation, Some(set)) => format!("{} of {set}", count("images kept apart")),
        (TunedOn::Id, _) => "ID images alone".to_owned(),
        (TunedOn::Set, set) => set.clone().unwrap_or_else(|| "another set".to_owned()),
    };
    let by = tuned
        .metric
        .map_or(String::new(), |metric| format!(" by {metric}"));
    let knobs: Vec<_> = of.knobs().iter().map(|knob| glyphs.knob(knob)).collect();
    format!("{} tuned on {images}{by}", knobs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_core::session::Metric;

    #[test]
    fn the_images_and_the_metric_are_named() {
        let tuned = |on, images, metric, dataset: Option<&str>| {
            let dataset = dataset.map(str::to_owned);
            let tuned = Tuned {
                on,
                images,
                metric,
                dataset,
            };
            words(&tuned, Detector::Odin, &Glyphs::UNICODE)
        };
        assert_eq!(
            [
                tuned(TunedOn::Reported, None, None, None),
                tuned(TunedOn::Reported, Some(400), Some(Metric::Fpr95), None),
                tuned(TunedOn::Validation, Some(9), None, Some("LSUN")),
                tuned(TunedOn::Id, Some(9), Some(Metric::Auroc), None),
                tuned(TunedOn::Set, None, None, Some("iSUN")),
            ],
            [
                "T, ε tuned on these images",
                "T, ε tuned on 400+400 of these images by FPR95",
                "T, ε tuned on 9+9 images kept apart of LSUN",
                "T, ε tuned on ID images alone by AUROC",
                "T, ε tuned on iSUN",
            ]
        );
    }
}
