//! The table as a figure: a dot and an interval a detector.
use super::content::knobs;
use super::rows::{DetectorRow, DetectorTable};
use crate::ranking::{Average, Estimate};
use crate::report::figures::{Figure, ForestRow, Title};
use crate::report::names::{file_name, group, short};
use crate::setting::Detector;

/// A forest plot a table, with the name of its file: `detectors`, with its group before it where there are several.
pub fn forests(tables: &[DetectorTable]) -> Vec<(String, Figure)> {
    let name = |n: usize, table: &DetectorTable| {
        let group = group(&table.network, Some(&table.in_dataset));
        let is_same = |other: &DetectorTable| {
            (&other.network, &other.in_dataset) == (&table.network, &table.in_dataset)
        };
        match (
            tables.len(),
            tables.iter().take(n).filter(|other| is_same(other)).count(),
        ) {
            (1, _) => "detectors".to_owned(),
            (_, 0) => format!("{}_detectors", file_name(&group)),
            // Of other images.
            (_, before) => format!("{}_detectors-{}", file_name(&group), before + 1),
        }
    };
    tables
        .iter()
        .enumerate()
        .map(|(n, table)| (name(n, table), forest(table)))
        .collect()
}

/// The detector, with its fit where that is told, and with its knobs where it stands in several rows.
fn name(table: &DetectorTable, row: &DetectorRow) -> String {
    let of_it = table.rows.iter().filter(|other| other.detector == row.detector);
    match (of_it.count(), knobs(row)) {
        (2.., knobs) if !knobs.is_empty() => format!("{}, {knobs}", row.name()),
        _ => row.name(),
    }
}

fn forest(table: &DetectorTable) -> Figure {
    let over = match (table.sets.as_slice(), table.by) {
        ([set], _) => format!("on {}", short(&set.name)),
        (sets, Average::All) => format!("average over {} sets", sets.len()),
        (_, other) => format!("average over the {} sets", other.name()),
    };
    let rows = table.rows.iter().filter_map(|row| {
        let Estimate { value, interval } = row.average(table.by)?;
        Some(ForestRow {
            name: name(table, row),
            value,
            low: interval.low,
            high: interval.high,
            is_marked: row.may_be_best,
        })
    });
    let baseline = |row: &&DetectorRow| row.detector == Detector::Baseline;
    let baseline = table.rows.iter().find(baseline);
    Figure::Forest {
        title: Title(group(&table.network, Some(&table.in_dataset)), over),
        axis: match table.metric.higher_is_better() {
            true => format!("{}, %, higher is better", table.metric),
            false => format!("{}, %, lower is better", table.metric),
        },
        rows: rows.collect(),
        reference: baseline
            .and_then(|row| row.average(table.by))
            .map(|estimate| estimate.value),
    }
}
