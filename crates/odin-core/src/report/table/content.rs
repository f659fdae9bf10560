//! What the formats that people read have in common: how numbers, rows and the caption read.
use super::row::{Row, Side, Table, Tuned};
use crate::report::names::{group, short};
use crate::report::published::{Fractions, PublishedBeside};
use crate::session::{Detector, Metric};
use crate::setting::{other_knobs, parameters};
use odin_datasets::Choice;
use odin_metrics::Interval;

/// What stands where nothing is known.
pub(super) const MISSING: &str = "—";

/// After the name of a row.
const PARTIAL: &str = " *";
const ON_VALIDATION: &str = " †";
const ON_REPORTED: &str = " ‡";
const ON_ID: &str = " §";
const ON_SET: &str = " ¶";

/// As the heads of columns: with an arrow towards the better.
pub(super) fn head(metric: Metric) -> String {
    format!(
        "{} {}",
        title(metric),
        if metric.higher_is_better() { "↑" } else { "↓" }
    )
}

/// The metric's name where there is room for all of it.
pub(super) fn title(metric: Metric) -> String {
    match metric {
        Metric::DetectionError => "detection error".to_owned(),
        other => other.to_string(),
    }
}

/// In %, with two decimals.
pub(super) fn percent(row: &Row, side: Side, metric: Metric) -> String {
    let estimate = row.estimate(side, metric);
    estimate.map_or(MISSING.to_owned(), |estimate| {
        format!("{:.2}", 100.0 * estimate.value)
    })
}

/// In %, with one decimal.
pub(super) fn short_percent(row: &Row, side: Side, metric: Metric) -> String {
    let estimate = row.estimate(side, metric);
    estimate.map_or(MISSING.to_owned(), |estimate| {
        format!("{:.1}", 100.0 * estimate.value)
    })
}

/// The 95 % interval in %, where there is one.
pub(super) fn range(row: &Row, side: Side, metric: Metric) -> Option<String> {
    let Interval { low, high } = row.estimate(side, metric)?.interval?;
    Some(format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high))
}

/// The published numbers of the baseline and of the detector beside it, in %.
pub(super) fn published_pair(
    published: &PublishedBeside,
    detector: Detector,
    metric: Metric,
) -> (String, String) {
    let text = |metrics: &Fractions| format!("{:.1}", 100.0 * metrics.get(metric));
    let odin = published.odin.filter(|_| detector == Detector::Odin);
    let beside = odin.map_or(MISSING.to_owned(), |odin| text(&odin.metrics));
    (text(&published.baseline), beside)
}

/// The T and ε that the published numbers of the detector are of.
pub(super) fn published_setting(published: &PublishedBeside, detector: Detector) -> Option<(String, String)> {
    let odin = published.odin.filter(|_| detector == Detector::Odin)?;
    Some((odin.temperature.to_string(), odin.magnitude.to_string()))
}

/// The set, with the marks that the caption explains.
pub(super) fn name(row: &Row) -> String {
    let partial = if row.is_complete { "" } else { PARTIAL };
    let tuned = match row.tuned {
        None => "",
        Some(Tuned::OnValidation { .. }) => ON_VALIDATION,
        Some(Tuned::OnReported) => ON_REPORTED,
        Some(Tuned::OnId) => ON_ID,
        Some(Tuned::OnSet(_)) => ON_SET,
    };
    format!("{}{partial}{tuned}", short(&row.dataset))
}

pub(super) fn group_of(row: &Row) -> String {
    group(&row.network, row.in_dataset.as_deref())
}

pub(super) fn images(row: &Row) -> String {
    format!("{} + {}", row.n_in, row.n_out)
}

/// Which images of each set they are, as a cell of a column `skip`: how many are left out at the start, or a seeded sample.
pub(super) fn skip(row: &Row) -> String {
    match (row.sample(), row.skip) {
        (Some(choice), _) => sample(&choice),
        (None, Some(skip)) => skip.to_string(),
        (None, None) => MISSING.to_owned(),
    }
}

/// The same where no column says what the number is.
pub(super) fn taken(row: &Row) -> String {
    match row.sample() {
        Some(choice) => sample(&choice),
        None => format!("skip {}", skip(row)),
    }
}

/// Such as `sample, seed 0`.
fn sample(choice: &Choice) -> String {
    let skipped = match choice.skip {
        0 => String::new(),
        skip => format!(", skip {skip}"),
    };
    format!("sample, seed {}{skipped}", choice.seed)
}

/// T and ε as the detector beside the baseline uses them.
pub(super) fn setting(row: &Row) -> (String, String) {
    let (t, e) = parameters(&row.setting);
    (t.to_string(), e.to_string())
}

/// The knobs of the detector beside the baseline that are neither T nor ε, as in `γ 0.1, M 100`; where rows differ, each
/// version of it.
fn knobs(rows: &[Row]) -> Option<String> {
    let of = |row: &Row| {
        let knobs: Vec<String> = other_knobs(&row.setting)
            .map(|(knob, value)| format!("{} {value}", knob.label))
            .collect();
        knobs.join(", ")
    };
    let mut all: Vec<String> = rows.iter().map(of).filter(|knobs| !knobs.is_empty()).collect();
    all.sort_unstable();
    all.dedup();
    (!all.is_empty()).then(|| all.join(" or "))
}

/// What holds for every number of the table, sentence by sentence; `has_bold` where the better number stands out.
pub(super) fn caption(table: &Table, has_bold: bool) -> Vec<String> {
    let (detector, rows) = (table.detector, &table.rows);
    let mut lines = vec![format!(
        "Baseline / {detector}, %, with 95 % intervals; {}.",
        table.conventions
    )];
    if let Some(knobs) = knobs(rows) {
        lines.push(format!("{detector}: {knobs}."));
    }
    if has_bold {
        let is_paired = rows.iter().any(|row| row.difference.is_some());
        lines.push(match is_paired {
            true => "Bold: better, where the paired 95 % interval of the difference excludes 0.".to_owned(),
            false => "Bold: better.".to_owned(),
        });
    }
    let mut sources: Vec<&str> = rows
        .iter()
        .filter_map(|row| Some(row.published.as_ref()?.source.as_str()))
        .collect();
    sources.sort_unstable();
    sources.dedup();
    if !sources.is_empty() {
        lines.push(format!("Published: {}.", sources.join("; ")));
    }
    if rows.iter().any(|row| !row.is_complete) {
        lines.push("*: not all images are scored yet.".to_owned());
    }
    if rows.iter().any(|row| row.sample().is_some()) {
        lines.push(
            "sample: a seeded sample of each set, stratified by label where there are labels (`order: sample`)."
                .to_owned(),
        );
    }
    lines.extend(tuned(rows));
    lines
}

/// What the marks at rows with a chosen T and ε mean.
fn tuned(rows: &[Row]) -> Vec<String> {
    let said = |one: &dyn Fn(&Tuned) -> Option<String>| {
        let mut all: Vec<String> = rows.iter().filter_map(|row| one(row.tuned.as_ref()?)).collect();
        all.sort_unstable();
        all.dedup();
        (!all.is_empty()).then(|| all.join(" or "))
    };
    let validation = said(&|tuned| match tuned {
        Tuned::OnValidation { images, dataset } => {
            let count = match images {
                None => "validation images".to_owned(),
                Some([ins, outs]) if ins == outs => format!("{ins} validation images of each set"),
                Some([ins, outs]) => format!("{ins} ID and {outs} OOD validation images"),
            };
            let of = dataset.as_ref().map(|set| format!(" (OOD: {})", short(set)));
            Some(count + &of.unwrap_or_default())
        }
        _ => None,
    });
    let reported =
        said(&|tuned| (*tuned == Tuned::OnReported).then(|| "images that are reported here".to_owned()));
    let id = said(&|tuned| (*tuned == Tuned::OnId).then(|| "in-distribution images alone".to_owned()));
    let set = said(&|tuned| match tuned {
        Tuned::OnSet(set) => Some(short(set)),
        _ => None,
    });
    let chosen = |mark: &str, on: Option<String>, more: &str| {
        on.map(|on| format!("{}: T and ε were chosen on {on}{more}.", mark.trim()))
    };
    [
        chosen(ON_VALIDATION, validation, ", which are left out here"),
        chosen(ON_REPORTED, reported, ", which makes the numbers too good"),
        chosen(ON_ID, id, ""),
        chosen(ON_SET, set, ", another out-of-distribution set"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
