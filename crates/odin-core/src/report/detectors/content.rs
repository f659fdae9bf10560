//! What the formats that people read have in common: how numbers, knobs and the caption read.
use std::collections::BTreeMap;

use super::rows::{DetectorRow, DetectorTable, Knobs};
use crate::ranking::{Average, Distance, Estimate};
use crate::report::names::short;
use crate::setting::{Detector, Setting};
use odin_metrics::Metric;

/// Before the name of a detector that cannot be told from the best.
pub(super) const MARK: &str = "≈";
/// What stands where nothing is known.
pub(super) const MISSING: &str = "—";

/// A column: its head, and what stands in it.
pub(super) struct Column {
    pub head: String,
    /// Below the head: whether the set is near or far, and its images.
    pub about: String,
    pub of: fn(&DetectorRow, usize) -> Option<Estimate>,
    pub place: usize,
}

impl Column {
    pub(super) fn estimate(&self, row: &DetectorRow) -> Option<Estimate> {
        (self.of)(row, self.place)
    }
}

/// The averages first, as they say the most, then the sets.
pub(super) fn columns(table: &DetectorTable) -> Vec<Column> {
    let averages = table.averages().into_iter().map(|average| Column {
        head: match average {
            Average::All => "average".to_owned(),
            other => other.name().to_owned(),
        },
        about: match average {
            Average::All => format!("{} sets", table.sets.len()),
            Average::Near => sets(count(table, Distance::Near)),
            Average::Far => sets(count(table, Distance::Far)),
        },
        of: |row, place| row.averages.get(place).copied().flatten(),
        place: Average::EACH
            .iter()
            .position(|each| *each == average)
            .unwrap_or_default(),
    });
    let of_sets = table.sets.iter().enumerate().map(|(place, set)| Column {
        head: short(&set.name),
        about: match set.distance {
            Some(Distance::Near) => format!("near, {}", set.n_out),
            Some(Distance::Far) => format!("far, {}", set.n_out),
            None => set.n_out.to_string(),
        },
        of: |row, place| row.sets.get(place).copied().flatten(),
        place,
    });
    averages.chain(of_sets).collect()
}

fn count(table: &DetectorTable, distance: Distance) -> usize {
    let of = |set: &&super::rows::SetColumn| set.distance == Some(distance);
    table.sets.iter().filter(of).count()
}

fn sets(count: usize) -> String {
    match count {
        1 => "1 set".to_owned(),
        _ => format!("{count} sets"),
    }
}

/// In %, with one decimal.
pub(super) fn percent(estimate: Option<Estimate>) -> String {
    estimate.map_or(MISSING.to_owned(), |estimate| {
        format!("{:.1}", 100.0 * estimate.value)
    })
}

/// The 95 % interval in %.
pub(super) fn range(estimate: Option<Estimate>) -> Option<String> {
    let interval = estimate?.interval;
    Some(format!(
        "{:.1}–{:.1}",
        100.0 * interval.low,
        100.0 * interval.high
    ))
}

/// As in `T 1000, ε 0.0014`; empty for a detector without knobs.
pub(super) fn knobs(row: &DetectorRow) -> String {
    match &row.knobs {
        Knobs::Same(setting) => of_setting(setting),
        Knobs::BySet(_) => "knobs set by set".to_owned(),
    }
}

/// Knobs by their keys as they read in a table, where the detector is known.
pub fn knobs_of(detector: &str, knobs: &BTreeMap<String, f64>) -> String {
    let label = |key: &str| {
        let known = Detector::from_key(detector)?.knobs().iter();
        known
            .into_iter()
            .find(|knob| knob.key == key)
            .map(|knob| knob.label)
    };
    let knobs: Vec<String> = knobs
        .iter()
        .map(|(key, value)| format!("{} {value}", label(key).unwrap_or(key)))
        .collect();
    knobs.join(", ")
}

fn of_setting(setting: &Setting) -> String {
    let knobs: Vec<String> = setting
        .knobs()
        .map(|(knob, value)| format!("{} {value}", knob.label))
        .collect();
    knobs.join(", ")
}

/// The metric with an arrow towards the better.
pub(super) fn metric(metric: Metric) -> String {
    let arrow = if metric.higher_is_better() { "↑" } else { "↓" };
    match metric {
        Metric::DetectionError => format!("detection error {arrow}"),
        other => format!("{other} {arrow}"),
    }
}

/// What the table is about, in a line.
pub(super) fn title(table: &DetectorTable) -> String {
    let group = crate::report::names::group(&table.network, Some(&table.in_dataset));
    format!("{group} · {}, %", metric(table.metric))
}

/// What holds for every number of the table, sentence by sentence.
pub(super) fn caption(table: &DetectorTable) -> Vec<String> {
    let by = match (table.by, table.sets.len()) {
        (_, 1) => "its values".to_owned(),
        (Average::All, _) => "the average over all sets".to_owned(),
        (other, _) => format!("the average over the {} sets", other.name()),
    };
    let mut lines = vec![
        format!(
            "{}, %, with 95 % intervals; {} ID images; {}.",
            metric(table.metric),
            table.n_in,
            table.conventions
        ),
        format!(
            "Sorted by {by}; {MARK}: by the paired bootstrap over the same images ({} replicates) one of these is the best, with \
             95 % confidence.",
            table.replicates
        ),
    ];
    for row in &table.rows {
        if let Knobs::BySet(settings) = &row.knobs {
            let of_set = |(set, setting): (&super::rows::SetColumn, &Option<Setting>)| {
                Some(format!("{}: {}", short(&set.name), of_setting(setting.as_ref()?)))
            };
            let all: Vec<String> = table.sets.iter().zip(settings).filter_map(of_set).collect();
            lines.push(format!("{} by {}.", row.detector, all.join("; ")));
        }
    }
    if !table.fits.is_empty() {
        let one = |fit: &crate::runs::Fit| {
            format!(
                "{} images of {} (seed {})",
                fit.images,
                short(&fit.dataset),
                fit.seed
            )
        };
        let all: Vec<String> = table.fits.iter().map(one).collect();
        lines.push(format!("Fitted on {}.", all.join(" or ")));
    }
    for missing in &table.missing {
        let of = match missing.sets.as_slice() {
            [] => String::new(),
            sets => format!(" on {}", sets.join(", ")),
        };
        lines.push(format!("Missing{of}: {}.", missing.why.trim_end_matches('.')));
    }
    if table.is_partial {
        lines.push("Not all images are scored yet.".to_owned());
    }
    lines
}
