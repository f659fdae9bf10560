//! For programs. Metrics, published ones too, are fractions; what is not known is null.
//!
//! Runs on disk are a list of objects that name each metric, as `odin score --json` has them; the rows of a session come
//! in one object, with what holds for all of them, and their metrics in the order of [`Metric::ALL`].
use serde_json::{Map, Value, json};

use super::row::{Estimates, Row, RunFacts, Table, Tuned};
use crate::report::published::PublishedBeside;
use crate::session::{Detector, Metric};
use crate::setting::parameters;
use odin_metrics::Interval;

pub(super) fn write(table: &Table) -> String {
    let is_of_runs = table.rows.iter().any(|row| row.run.is_some());
    let rows: Vec<Value> = table.rows.iter().map(|row| object(row, table)).collect();
    let all = if is_of_runs {
        Value::Array(rows)
    } else {
        json!({"conventions": table.conventions, "detector": table.detector.key(), "rows": rows})
    };
    serde_json::to_string_pretty(&all).expect("a JSON value can be written") + "\n"
}

fn object(row: &Row, table: &Table) -> Value {
    let published = row
        .published
        .as_ref()
        .map(|published| published_row(published, table.detector));
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    add("network", json!(row.network));
    add("in_dataset", json!(row.in_dataset));
    add("dataset", json!(row.dataset));
    let (t, e) = parameters(&row.setting);
    add("temperature", json!(t));
    add("magnitude", json!(e));
    add("knobs", json!(row.setting.by_key()));
    add("skip", json!(row.skip));
    add("chosen", json!(row.chosen));
    add("n_in", json!(row.n_in));
    add("n_out", json!(row.n_out));
    add("complete", json!(row.is_complete));
    add("tuned_on", json!(row.tuned.as_ref().map(Tuned::key)));
    add(
        "tuned_dataset",
        json!(row.tuned.as_ref().and_then(Tuned::dataset)),
    );
    add("difference_ci", json!(row.difference.map(|all| by_metric(&all))));
    if let Some(run) = &row.run {
        let source = row.published.as_ref().map(|published| published.source.as_str());
        add(
            "published",
            json!(published.map(|row| json!({"source": source, "row": row}))),
        );
        add("conventions", json!(table.conventions));
        add("baseline", json!(run.baseline));
        add(table.detector.key(), json!(run.beside));
        facts(run, &mut add);
    } else {
        add("published", json!(published));
        add("baseline", json!(row.baseline.as_ref().map(list)));
        add(table.detector.key(), json!(row.beside.as_ref().map(list)));
    }
    Value::Object(fields)
}

fn facts(run: &RunFacts, add: &mut impl FnMut(&str, Value) -> Option<Value>) {
    add("run", json!(run.folder));
    add("device", json!(run.device));
    add("seconds", json!(run.seconds));
    add("accuracy", json!(run.accuracy));
    add("threshold_at_tpr95", json!(run.threshold_at_tpr95));
    add("grid", json!(run.grid));
}

fn list(estimates: &Estimates) -> Value {
    let all = estimates.iter().map(|estimate| {
        let interval = estimate.interval.map(|Interval { low, high }| [low, high]);
        json!({"value": estimate.value, "interval": interval})
    });
    all.collect()
}

fn by_metric(intervals: &[Interval; Metric::ALL.len()]) -> Value {
    let name = |metric: Metric| metric.key().replace('-', "_");
    let all = Metric::ALL.into_iter().zip(intervals);
    let all: Map<String, Value> = all
        .map(|(metric, interval)| (name(metric), json!(interval)))
        .collect();
    Value::Object(all)
}

/// The published numbers of another detector than ODIN are not on the cards.
fn published_row(published: &PublishedBeside, detector: Detector) -> Value {
    let mut fields = Map::new();
    fields.insert("set".to_owned(), json!(published.set));
    fields.insert("baseline".to_owned(), json!(published.baseline));
    if let Some(odin) = published.odin.filter(|_| detector == Detector::Odin) {
        fields.insert("temperature".to_owned(), json!(odin.temperature));
        fields.insert("magnitude".to_owned(), json!(odin.magnitude));
        fields.insert("odin".to_owned(), json!(odin.metrics));
    }
    Value::Object(fields)
}
