use super::*;
use crate::ranking::{Average, Distance, Estimate};
use crate::report::figures::Figure;
use crate::runs::Fit;
use crate::setting::{Detector, Setting};
use odin_metrics::{Conventions, Interval, Metric};

fn estimate(value: f64) -> Option<Estimate> {
    let interval = Interval {
        low: value - 0.02,
        high: value + 0.03,
    };
    Some(Estimate { value, interval })
}

fn row(detector: Detector, values: [Option<Estimate>; 2], may_be_best: bool) -> DetectorRow {
    let mean = values[0].zip(values[1]).map(|(a, b)| (a.value + b.value) / 2.0);
    let mean = mean.and_then(estimate);
    DetectorRow {
        detector,
        knobs: Knobs::Same(Setting::new(detector)),
        fit: None,
        sets: values.to_vec(),
        averages: [mean, values[0], None],
        may_be_best,
    }
}

fn table() -> DetectorTable {
    let set = |name: &str, distance| SetColumn {
        name: name.to_owned(),
        distance,
        n_out: 200,
    };
    let mut odin = row(Detector::Odin, [estimate(0.3), estimate(0.5)], false);
    let at = |t| Some(Setting::new(Detector::Odin).with("temperature", t).unwrap());
    odin.knobs = Knobs::BySet(vec![at(10.0), at(1.0)]);
    DetectorTable {
        network: "small_net".to_owned(),
        in_dataset: "clothes".to_owned(),
        n_in: 300,
        metric: Metric::Fpr95,
        conventions: Conventions::default(),
        by: Average::All,
        replicates: 1000,
        sets: vec![set("near|one", Some(Distance::Near)), set("noise", None)],
        rows: vec![
            row(Detector::Knn, [estimate(0.1), estimate(0.2)], true),
            odin,
            row(Detector::Gen, [estimate(0.4), None], false),
        ],
        missing: vec![Missing {
            detector: Detector::KlMatching,
            why: "kl-matching needs labelled images".to_owned(),
            sets: Vec::new(),
        }],
        fits: vec![Fit {
            dataset: "clothes (training)".to_owned(),
            images: 5000,
            seed: 0,
        }],
        is_partial: false,
    }
}

#[test]
fn text_has_a_detector_in_two_lines_of_80_columns() {
    let text = write_detectors(&[table()], TableKind::Text);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "small_net · clothes · FPR95 ↓, %");
    let split = |n: usize| lines[n].split_whitespace().collect::<Vec<_>>();
    assert_eq!(split(1), ["average", "near", "near|one", "noise"]);
    assert_eq!(split(2), ["2", "sets", "1", "set", "near,", "200", "200"]);
    assert_eq!(split(3), ["≈", "KNN", "15.0", "10.0", "10.0", "20.0"]);
    assert_eq!(
        split(4),
        ["k", "50", "13.0–18.0", "8.0–13.0", "8.0–13.0", "18.0–23.0"]
    );
    assert_eq!(split(5)[..2], ["ODIN", "40.0"]);
    assert_eq!(split(7), ["GEN", "—", "40.0", "40.0", "—"]);
    assert!(text.contains("ODIN by near|one: T 10, ε 0.0014; noise: T 1, ε 0.0014."));
    let flat = text.replace('\n', " ");
    assert!(flat.contains("Fitted on 5000 images of clothes (training) (seed 0)."));
    assert!(flat.contains("Missing: kl-matching needs labelled images."));
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
    let mut many = table();
    many.sets = (0..9)
        .map(|n| SetColumn {
            name: format!("set-number-{n}"),
            ..many.sets[0].clone()
        })
        .collect();
    many.rows
        .iter_mut()
        .for_each(|row| row.sets = vec![estimate(0.1); 9]);
    let text = write_detectors(&[many], TableKind::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(
        text.matches("≈ KNN").count(),
        3,
        "a block for what has no room\n{text}"
    );
}

#[test]
fn every_other_format_has_every_number() {
    let tables = [table(), table()];
    let markdown = write_detectors(&tables, TableKind::Markdown);
    assert!(
        markdown.contains("| ≈ | KNN | k 50 | 15.0 (13.0–18.0) | 10.0 (8.0–13.0) |"),
        "{markdown}"
    );
    assert!(markdown.contains(" near\\|one (near, 200) |"));
    let latex = write_detectors(&tables, TableKind::Latex);
    assert!(
        latex.contains("$\\approx$ KNN & {\\scriptsize k 50} & 15.0 & 10.0 & 10.0 & 20.0 \\\\"),
        "{latex}"
    );
    assert!(latex.is_ascii(), "{latex}");
    let html = write_detectors(&tables, TableKind::Html);
    assert!(html.contains("<td>≈ KNN<br><small>k 50</small></td><td>15.0<br><small>13.0–18.0</small></td>"));
    let csv = write_detectors(&tables, TableKind::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    // Two averages and two sets of three detectors, and one that is missing.
    assert_eq!(records.len(), 2 * (3 * 4 + 1));
    assert_eq!(
        records[0][3..11],
        ["1", "knn", "k=50", "true", "all", "", "", "0.15000000000000002"]
    );
    assert_eq!(
        records[6][5..9],
        ["magnitude=0.0014 temperature=10", "false", "set", "near|one"]
    );
    let json: serde_json::Value = serde_json::from_str(&write_detectors(&tables, TableKind::Json)).unwrap();
    let first = &json[1]["detectors"][0];
    assert_eq!(first["detector"], "knn");
    assert_eq!(first["averages"]["near"]["value"], 0.1);
    assert_eq!(first["sets"][1]["dataset"], "noise");
    assert_eq!(json[0]["detectors"][1]["sets"][1]["knobs"]["temperature"], 1.0);
    assert_eq!(json[0]["missing"][0]["detector"], "kl-matching");
    assert!(
        detectors_page(&tables, "<title>")
            .unwrap()
            .contains("&lt;title&gt;")
    );
}

#[test]
fn the_figure_has_a_row_a_detector_that_has_the_average() {
    let forests = forests(&[table(), table()]);
    let names: Vec<&str> = forests.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["small_net_clothes_detectors", "small_net_clothes_detectors-2"]
    );
    let (_, figure) = &forests[0];
    let Figure::Forest { rows, .. } = figure else {
        panic!("another figure")
    };
    assert_eq!(rows.len(), 2, "GEN lacks a set");
    let svg = figure.svg().unwrap();
    assert!(
        svg.contains("KNN") && svg.contains("average over 2 sets"),
        "{svg}"
    );
    assert!(figure.pdf().unwrap().starts_with(b"%PDF-"));
    assert!(!figure.png().unwrap().is_empty());
}
