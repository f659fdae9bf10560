//! What is compared: the baseline with ODIN or another detector, or a pinned setting (A) with the one on screen (B).
use ratatui::style::Style;

use crate::app::{Analysis, Model};
use crate::ui::theme::Theme;
use odin_core::session::Detector;

/// One of the two sides of a comparison.
pub(super) struct Compared<'a> {
    /// The heading of its numbers.
    pub name: String,
    pub detector: Detector,
    pub analysis: Option<&'a Analysis>,
    /// The scores are of other parameters than the present ones.
    pub is_stale: bool,
    pub is_pinned: bool,
}

/// What is compared with (left) and what is looked at (right).
pub(super) fn pair(model: &Model) -> [Compared<'_>; 2] {
    let shown = model.view.detector;
    if let Some(pin) = &model.pin {
        let pinned = Compared {
            name: "A".to_owned(),
            detector: pin.setting.detector(),
            analysis: Some(&pin.analysis),
            is_stale: false,
            is_pinned: true,
        };
        let mut now = of(model, shown);
        now.name = format!("B {now}", now = now.name);
        return [pinned, now];
    }
    [of(model, Detector::Baseline), of(model, model.beside())]
}

/// The one of the pair that the first histogram does not show.
pub(super) fn counterpart(model: &Model) -> Compared<'_> {
    let [left, right] = pair(model);
    if left.is_pinned || left.detector != model.view.detector {
        left
    } else {
        right
    }
}

/// The scores of the selected job by a detector.
pub(super) fn of(model: &Model, detector: Detector) -> Compared<'_> {
    let job = model.selected();
    Compared {
        name: detector.to_string(),
        detector,
        analysis: job.and_then(|job| job.analysis(detector)),
        is_stale: job.is_some_and(|job| job.is_stale_by(detector)),
        is_pinned: false,
    }
}

impl Compared<'_> {
    /// The style of its curve.
    pub(super) fn style(&self, theme: &Theme) -> Style {
        match self.detector {
            _ if self.is_pinned => theme.pinned,
            Detector::Baseline => theme.baseline,
            _ => theme.odin,
        }
    }
}
