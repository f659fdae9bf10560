//! A line a row and detector, as RFC 4180 has it. Metrics, published ones too, are fractions; what is not known is empty.
use super::row::{Row, Side, Table, Tuned};
use crate::session::{Detector, Metric};
use crate::setting::{Setting, other_knobs, parameters};

pub(super) fn write(table: &Table) -> String {
    // Only runs on disk have a folder and an accuracy.
    let is_of_runs = table.rows.iter().any(|row| row.run.is_some());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = |fields: &[String]| {
        let written = writer.write_record(fields);
        written.expect("memory takes every record, and all records have one length");
    };
    record(&header(is_of_runs));
    for row in &table.rows {
        for side in [Side::Baseline, Side::Beside] {
            record(&line(row, side, is_of_runs));
        }
    }
    let bytes = writer.into_inner().expect("memory takes every byte");
    String::from_utf8(bytes).expect("every field is UTF-8")
}

fn header(is_of_runs: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |all: &[&str]| names.extend(all.iter().map(|&name| name.to_owned()));
    if is_of_runs {
        add(&["run"]);
    }
    add(&[
        "network",
        "in_dataset",
        "dataset",
        "detector",
        "temperature",
        "magnitude",
    ]);
    add(&["n_in", "n_out", "complete"]);
    if is_of_runs {
        add(&["accuracy"]);
    }
    for metric in Metric::ALL {
        let key = metric.key().replace('-', "_");
        for part in ["", "_low", "_high", "_published"] {
            add(&[&format!("{key}{part}")]);
        }
    }
    // Columns that came later stand last, so that those before them keep their places.
    add(&["skip", "tuned_on", "knobs", "order", "seed", "tuned_dataset"]);
    names
}

fn line(row: &Row, side: Side, is_of_runs: bool) -> Vec<String> {
    let setting = match side {
        Side::Baseline => Setting::new(Detector::Baseline),
        Side::Beside => row.setting,
    };
    let detector = setting.detector();
    let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let (t, e) = parameters(&setting);
    let mut fields = Vec::new();
    if is_of_runs {
        let folder = row.run.as_ref().and_then(|run| run.folder.file_name());
        fields.push(
            folder
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
        );
    }
    fields.extend([
        row.network.clone(),
        row.in_dataset.clone().unwrap_or_default(),
        row.dataset.clone(),
        detector.key().to_owned(),
        t.get().to_string(),
        e.get().to_string(),
        row.n_in.to_string(),
        row.n_out.to_string(),
        row.is_complete.to_string(),
    ]);
    if is_of_runs {
        fields.push(text(row.run.as_ref().and_then(|run| run.accuracy)));
    }
    let published = row.published.as_ref().and_then(|published| match detector {
        Detector::Baseline => Some(published.baseline),
        Detector::Odin => published.odin.map(|odin| odin.metrics),
        _ => None,
    });
    for metric in Metric::ALL {
        let estimate = row.estimate(side, metric);
        let interval = estimate.and_then(|estimate| estimate.interval);
        fields.extend([
            text(estimate.map(|estimate| estimate.value)),
            text(interval.map(|interval| interval.low)),
            text(interval.map(|interval| interval.high)),
            text(published.map(|published| published.get(metric))),
        ]);
    }
    fields.push(row.skip.map(|skip| skip.to_string()).unwrap_or_default());
    let tuned = row.tuned.as_ref().filter(|_| side == Side::Beside);
    fields.push(tuned.map(Tuned::key).unwrap_or_default().to_owned());
    let knobs: Vec<String> = other_knobs(&setting)
        .map(|(knob, value)| format!("{}={value}", knob.key))
        .collect();
    fields.push(knobs.join(" "));
    let chosen = row.chosen.as_ref();
    fields.push(
        chosen
            .map(|choice| choice.sampling.to_string())
            .unwrap_or_default(),
    );
    fields.push(
        row.sample()
            .map(|choice| choice.seed.to_string())
            .unwrap_or_default(),
    );
    fields.push(tuned.and_then(Tuned::dataset).unwrap_or_default().to_owned());
    fields
}
