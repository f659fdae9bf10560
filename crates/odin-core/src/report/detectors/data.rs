//! For programs. Metrics are fractions; what is not known is null in JSON and empty in CSV.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::rows::{DetectorRow, DetectorTable, Knobs};
use crate::ranking::{Average, Estimate};
use crate::setting::Setting;

/// A line a detector and set or average, as RFC 4180 has it.
pub(super) fn csv(tables: &[DetectorTable]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = |fields: &[&str]| {
        let written = writer.write_record(fields);
        written.expect("memory takes every record, and all records have one length");
    };
    record(&[
        "network",
        "in_dataset",
        "metric",
        "rank",
        "detector",
        "knobs",
        "may_be_best",
        "over",
        "dataset",
        "distance",
        "value",
        "low",
        "high",
        "n_in",
        "n_out",
        "fit",
        "missing",
    ]);
    for table in tables {
        let n_in = table.n_in.to_string();
        let fit: Vec<String> = table.fits.iter().map(|fit| fit.dataset.clone()).collect();
        let fit = fit.join("; ");
        let metric = table.metric.key().replace('-', "_");
        for (rank, row) in table.rows.iter().enumerate() {
            let rank = (rank + 1).to_string();
            let fit = row.fit.as_ref().map_or(fit.as_str(), |fit| fit.dataset.as_str());
            let may_be_best = row.may_be_best.to_string();
            let mut line =
                |setting: Option<&Setting>, over: &str, set: [&str; 3], estimate: Option<Estimate>| {
                    let number = |of: &dyn Fn(Estimate) -> f64| {
                        estimate.map(|e| of(e).to_string()).unwrap_or_default()
                    };
                    let knobs = setting.map_or(String::new(), knobs);
                    let [dataset, distance, n_out] = set;
                    record(&[
                        &table.network,
                        &table.in_dataset,
                        &metric,
                        &rank,
                        row.detector.key(),
                        &knobs,
                        &may_be_best,
                        over,
                        dataset,
                        distance,
                        &number(&|e| e.value),
                        &number(&|e| e.interval.low),
                        &number(&|e| e.interval.high),
                        &n_in,
                        n_out,
                        fit,
                        "",
                    ]);
                };
            for average in table.averages() {
                let setting = match &row.knobs {
                    Knobs::Same(setting) => Some(setting),
                    Knobs::BySet(_) => None,
                };
                line(setting, average.name(), ["", "", ""], row.average(average));
            }
            for (place, set) in table.sets.iter().enumerate() {
                let distance = set.distance.map_or("", |distance| distance.name());
                let n_out = set.n_out.to_string();
                let about = [set.name.as_str(), distance, n_out.as_str()];
                line(
                    setting_of(row, place),
                    "set",
                    about,
                    row.sets.get(place).copied().flatten(),
                );
            }
        }
        for missing in &table.missing {
            let sets = missing.sets.join("; ");
            record(&[
                &table.network,
                &table.in_dataset,
                &metric,
                "",
                missing.detector.key(),
                "",
                "",
                "",
                &sets,
                "",
                "",
                "",
                "",
                &n_in,
                "",
                "",
                &missing.why,
            ]);
        }
    }
    let bytes = writer.into_inner().expect("memory takes every byte");
    String::from_utf8(bytes).expect("every field is UTF-8")
}

/// As in `k=50 alpha=1`.
fn knobs(setting: &Setting) -> String {
    let all: Vec<String> = setting
        .by_key()
        .iter()
        .map(|(knob, value)| format!("{knob}={value}"))
        .collect();
    all.join(" ")
}

fn setting_of(row: &DetectorRow, set: usize) -> Option<&Setting> {
    match &row.knobs {
        Knobs::Same(setting) => Some(setting),
        Knobs::BySet(all) => all.get(set)?.as_ref(),
    }
}

/// A list, an object a network and ID images.
pub(super) fn json(tables: &[DetectorTable]) -> String {
    let all: Vec<Value> = tables.iter().map(table).collect();
    serde_json::to_string_pretty(&all).expect("a JSON value can be written") + "\n"
}

fn table(table: &DetectorTable) -> Value {
    let sets: Vec<Value> = table
        .sets
        .iter()
        .map(|set| json!({"dataset": set.name, "distance": set.distance, "n_out": set.n_out}))
        .collect();
    let rows: Vec<Value> = table.rows.iter().map(|one| row(one, table)).collect();
    let missing: Vec<Value> = table
        .missing
        .iter()
        .map(|one| json!({"detector": one.detector.key(), "missing": one.why, "datasets": one.sets}))
        .collect();
    json!({
        "network": table.network,
        "in_dataset": table.in_dataset,
        "n_in": table.n_in,
        "metric": table.metric.key().replace('-', "_"),
        "higher_is_better": table.metric.higher_is_better(),
        "conventions": table.conventions,
        "sorted_by": table.by,
        "replicates": table.replicates,
        "complete": !table.is_partial,
        "sets": sets,
        "detectors": rows,
        "missing": missing,
        "fit": table.fits,
    })
}

fn row(row: &DetectorRow, table: &DetectorTable) -> Value {
    let averages: Map<String, Value> = table
        .averages()
        .into_iter()
        .map(|average: Average| (average.name().to_owned(), json!(row.average(average))))
        .collect();
    let sets: Vec<Value> = table
        .sets
        .iter()
        .enumerate()
        .map(|(place, set)| {
            let estimate = row.sets.get(place).copied().flatten();
            json!({
                "dataset": set.name,
                "value": estimate.map(|estimate| estimate.value),
                "interval": estimate.map(|estimate| estimate.interval),
                "knobs": setting_of(row, place).map(Setting::by_key),
            })
        })
        .collect();
    let knobs: Option<BTreeMap<String, f64>> = match &row.knobs {
        Knobs::Same(setting) => Some(setting.by_key()),
        Knobs::BySet(_) => None,
    };
    json!({
        "detector": row.detector.key(),
        "knobs": knobs,
        "may_be_best": row.may_be_best,
        "averages": averages,
        "sets": sets,
        "fit": row.fit,
    })
}
