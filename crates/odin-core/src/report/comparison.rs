//! The paper's table of what is on the screen: networks × out-of-distribution sets × metrics, baseline / ODIN or another
//! detector, for papers and for programs.
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::table::{quoted, tex};
use crate::networks::{Measures, PublishedRow};
use crate::session::{Detector, Metric};
use crate::setting::parameters;
use crate::units::{Magnitude, Temperature};
use odin_metrics::Conventions;

/// What a table is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    Markdown,
    Latex,
    Csv,
    Json,
}

impl TableKind {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Latex => "tex",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A metric, a fraction, and its 95 % interval where that is computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub value: f64,
    pub interval: Option<(f64, f64)>,
}

/// One comparison; metrics in the order of [`Metric::ALL`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    pub network: String,
    /// The in-distribution set, where it is another than the card's.
    pub in_dataset: Option<String>,
    pub dataset: String,
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    pub n_in: u64,
    pub n_out: u64,
    /// Whether all images are scored.
    pub complete: bool,
    pub baseline: Option<[Estimate; 5]>,
    /// Of the detector that stands beside the baseline.
    #[serde(skip)]
    pub beside: Option<[Estimate; 5]>,
    /// Of the baseline and of ODIN.
    #[serde(skip)]
    pub published: Option<PublishedRow>,
}

/// A published metric as a fraction.
pub fn published(measures: &Measures, metric: Metric) -> f64 {
    measures.of(metric) / 100.0
}

/// The rows, with `detector` beside the baseline, as text that ends in a newline; what could not be computed is missing,
/// never made up. What was published stands only beside what it is of.
pub fn comparison_table(
    rows: &[ComparisonRow],
    detector: Detector,
    conventions: &Conventions,
    kind: TableKind,
) -> String {
    match kind {
        TableKind::Markdown => markdown(rows, detector, conventions),
        TableKind::Latex => latex(rows, detector, conventions),
        TableKind::Csv => csv(rows, detector),
        TableKind::Json => json(rows, detector, conventions),
    }
}

/// Each row has the detector's metrics under its own name.
fn json(rows: &[ComparisonRow], detector: Detector, conventions: &Conventions) -> String {
    let row = |row: &ComparisonRow| {
        let mut all = serde_json::json!(row);
        if let Some(fields) = all.as_object_mut() {
            fields.insert(detector.key().to_owned(), serde_json::json!(row.beside));
            let mut published = serde_json::json!(row.published);
            if detector != Detector::Odin
                && let Some(published) = published.as_object_mut()
            {
                published.remove("odin");
                published.remove("magnitude");
            }
            fields.insert("published".to_owned(), published);
        }
        all
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let all = serde_json::json!({"conventions": conventions, "detector": detector.key(), "rows": rows});
    // It fails only for maps whose keys are no strings.
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

fn cells<T>(cell: impl FnMut(usize, Metric) -> T) -> Vec<T> {
    let mut cell = cell;
    (0..)
        .zip(Metric::ALL)
        .map(|(n, metric)| cell(n, metric))
        .collect()
}

fn estimate(side: &Option<[Estimate; 5]>, n: usize) -> Option<Estimate> {
    side.as_ref()?.get(n).copied()
}

fn caption(rows: &[ComparisonRow], detector: Detector, conventions: &Conventions) -> String {
    let mut text = format!("Baseline / {detector}, %, with 95 % intervals; {conventions}.");
    if rows.iter().any(|row| !row.complete) {
        text += " Marked *: not all images are scored yet.";
    }
    text
}

/// What was published of the baseline and of the detector beside it, in %.
fn published_pair(row: &PublishedRow, detector: Detector, metric: Metric, missing: &str) -> (String, String) {
    let of = |measures| format!("{:.1}", 100.0 * published(measures, metric));
    let beside = match detector {
        Detector::Odin => of(&row.odin),
        _ => missing.to_owned(),
    };
    (of(&row.baseline), beside)
}

fn name(row: &ComparisonRow) -> String {
    format!("{}{}", row.dataset, if row.complete { "" } else { " *" })
}

fn network(row: &ComparisonRow) -> String {
    match &row.in_dataset {
        Some(set) => format!("{} on {set}", row.network),
        None => row.network.clone(),
    }
}

fn arrow(metric: Metric) -> &'static str {
    if metric.higher_is_better() { "↑" } else { "↓" }
}

fn markdown(rows: &[ComparisonRow], detector: Detector, conventions: &Conventions) -> String {
    let escape = |text: &str| text.replace('|', "\\|");
    let heads = cells(|_, metric| format!(" {metric} {} |", arrow(metric))).concat();
    let mut out = format!("| network | OOD set | T | ε | images |{heads}\n|---|---|---:|---:|---:|");
    let _ = writeln!(out, "{}", "---|".repeat(Metric::ALL.len()));
    let number = |estimate: Option<Estimate>| match estimate {
        Some(Estimate { value, interval }) => {
            let range = interval.map(|(low, high)| format!(" ({:.1}–{:.1})", 100.0 * low, 100.0 * high));
            format!("{:.2}{}", 100.0 * value, range.unwrap_or_default())
        }
        None => "—".to_owned(),
    };
    for row in rows {
        let values = cells(|n, _| {
            let (baseline, beside) = (estimate(&row.baseline, n), estimate(&row.beside, n));
            format!(" {} / **{}** |", number(baseline), number(beside))
        });
        let (t, e) = parameters(detector, row.temperature, row.magnitude);
        let _ = writeln!(
            out,
            "| {} | {} | {t} | {e} | {} + {} |{}",
            escape(&network(row)),
            escape(&name(row)),
            row.n_in,
            row.n_out,
            values.concat()
        );
        if let Some(theirs) = &row.published {
            let values = cells(|_, metric| {
                let (baseline, beside) = published_pair(theirs, detector, metric, "—");
                format!(" {baseline} / {beside} |")
            });
            let magnitude = match detector {
                Detector::Odin => theirs.magnitude.to_string(),
                _ => String::new(),
            };
            let _ = writeln!(out, "| | *published* | | {magnitude} | |{}", values.concat());
        }
    }
    let _ = writeln!(out, "\n{}", caption(rows, detector, conventions));
    out
}

/// A `tabular` for the package booktabs.
fn latex(rows: &[ComparisonRow], detector: Detector, conventions: &Conventions) -> String {
    let heads = cells(|_, metric| {
        let arrow = if metric.higher_is_better() {
            "uparrow"
        } else {
            "downarrow"
        };
        format!(" & {metric} $\\{arrow}$")
    });
    let mut out = format!(
        "% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{llccccc}}\n\\toprule\nNetwork & OOD set{} \\\\\n\\midrule\n",
        heads.concat()
    );
    let percent = |estimate: Option<Estimate>| match estimate {
        Some(estimate) => format!("{:.1}", 100.0 * estimate.value),
        None => "--".to_owned(),
    };
    for row in rows {
        let values = cells(|n, metric| {
            let (b, o) = (estimate(&row.baseline, n), estimate(&row.beside, n));
            let wins = b
                .zip(o)
                .is_some_and(|(b, o)| b.value != o.value && (o.value > b.value) == metric.higher_is_better());
            let beside = percent(o);
            let beside = if wins {
                format!("\\textbf{{{beside}}}")
            } else {
                beside
            };
            format!(" & {} / {beside}", percent(b))
        });
        let _ = writeln!(
            out,
            "{} & {}{} \\\\",
            tex(&network(row)),
            tex(&name(row)),
            values.concat()
        );
        if let Some(theirs) = &row.published {
            let values = cells(|_, metric| {
                let (baseline, beside) = published_pair(theirs, detector, metric, "--");
                format!(" & \\textit{{{baseline} / {beside}}}")
            });
            let _ = writeln!(out, " & \\textit{{published}}{} \\\\", values.concat());
        }
    }
    let _ = writeln!(
        out,
        "\\bottomrule\n\\end{{tabular}}\n% {}",
        tex(&caption(rows, detector, conventions))
    );
    out
}

/// A line a row and detector. Fractions; what is not known stays empty.
fn csv(rows: &[ComparisonRow], detector: Detector) -> String {
    let mut out = "network,in_dataset,dataset,detector,temperature,magnitude,n_in,n_out,complete".to_owned();
    for metric in ["fpr95", "detection_error", "auroc", "aupr_in", "aupr_out"] {
        let _ = write!(out, ",{metric},{metric}_low,{metric}_high,{metric}_published");
    }
    out.push('\n');
    for row in rows {
        let theirs = row.published.as_ref();
        let of_odin = theirs.filter(|_| detector == Detector::Odin);
        for (detector, side, measures) in [
            (
                Detector::Baseline,
                &row.baseline,
                theirs.map(|theirs| theirs.baseline),
            ),
            (detector, &row.beside, of_odin.map(|theirs| theirs.odin)),
        ] {
            let (t, e) = parameters(detector, row.temperature, row.magnitude);
            let (detector, t, e) = (detector.key(), t.get(), e.get());
            let names = [
                &row.network,
                row.in_dataset.as_deref().unwrap_or(""),
                &row.dataset,
            ]
            .map(quoted);
            let (n_in, n_out, complete) = (row.n_in, row.n_out, row.complete);
            let _ = write!(
                out,
                "{},{detector},{t},{e},{n_in},{n_out},{complete}",
                names.join(",")
            );
            for part in cells(|n, metric| {
                let found = estimate(side, n);
                let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
                let interval = found.and_then(|found| found.interval);
                format!(
                    ",{},{},{},{}",
                    text(found.map(|found| found.value)),
                    text(interval.map(|interval| interval.0)),
                    text(interval.map(|interval| interval.1)),
                    text(measures.map(|measures| published(&measures, metric)))
                )
            }) {
                out += &part;
            }
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<ComparisonRow> {
        let side = |value: f64, interval| Some([Estimate { value, interval }; 5]);
        let measures = |fpr95| Measures {
            fpr95,
            detection_error: 4.7,
            auroc: 99.1,
            aupr_in: 99.1,
            aupr_out: 99.1,
        };
        let known = ComparisonRow {
            network: "densenet10".into(),
            in_dataset: None,
            dataset: "Imagenet".into(),
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
            n_in: 9000,
            n_out: 9000,
            complete: true,
            baseline: side(0.347, Some((0.337, 0.357))),
            beside: side(0.043, Some((0.039, 0.048))),
            published: Some(PublishedRow {
                set: "Imagenet".into(),
                magnitude: Magnitude::PAPER,
                baseline: measures(34.7),
                odin: measures(4.3),
            }),
        };
        let part = ComparisonRow {
            dataset: "a|b_c, \"d\"".into(),
            complete: false,
            beside: None,
            published: None,
            ..known.clone()
        };
        vec![known, part]
    }

    #[test]
    fn every_format_holds_the_same_numbers() {
        let conventions = Conventions::default();
        let table = |kind| comparison_table(&rows(), Detector::Odin, &conventions, kind);
        let markdown = table(TableKind::Markdown);
        assert!(markdown.contains("| densenet10 | Imagenet | 1000 | 0.0014 | 9000 + 9000 | 34.70 (33.7–35.7) / **4.30 (3.9–4.8)** |"), "{markdown}");
        assert!(
            markdown.contains("| *published* | | 0.0014 | | 34.7 / 4.3 |"),
            "{markdown}"
        );
        assert!(
            markdown.contains("a\\|b_c, \"d\" * |") && markdown.contains("/ **—**"),
            "{markdown}"
        );
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let lines: Vec<usize> = markdown.lines().take(5).map(columns).collect();
        assert_eq!(lines, [11; 5], "{markdown}");
        let latex = table(TableKind::Latex);
        assert!(
            latex.contains("densenet10 & Imagenet & 34.7 / \\textbf{4.3}"),
            "{latex}"
        );
        assert!(latex.contains("a|b\\_c, \"d\" * & 34.7 / --"), "{latex}");
        let csv = table(TableKind::Csv);
        let fields: Vec<usize> = csv.lines().take(3).map(|line| line.split(',').count()).collect();
        assert_eq!(fields, [29; 3], "{csv}");
        assert!(
            csv.contains("densenet10,,Imagenet,odin,1000,0.0014,9000,9000,true,0.043,0.039,0.048,0.043"),
            "{csv}"
        );
        assert!(
            csv.contains("\"a|b_c, \"\"d\"\"\",odin,1000,0.0014,9000,9000,false,,,,,"),
            "{csv}"
        );
        let json: serde_json::Value = serde_json::from_str(&table(TableKind::Json)).unwrap();
        assert_eq!(json["rows"][0]["odin"][0]["interval"][1], 0.048);
        assert_eq!(json["rows"][1]["odin"], serde_json::Value::Null);
        assert_eq!(json["conventions"]["positive"], "in-distribution");
    }

    #[test]
    fn another_detector_goes_by_its_own_name_and_has_nothing_published() {
        let conventions = Conventions::default();
        let table = |detector, kind| comparison_table(&rows(), detector, &conventions, kind);
        let markdown = table(Detector::MaxLogit, TableKind::Markdown);
        assert!(markdown.contains("Baseline / max logit, %"), "{markdown}");
        assert!(
            markdown.contains("| densenet10 | Imagenet | 1 | 0 | 9000"),
            "{markdown}"
        );
        assert!(
            markdown.contains("| *published* | |  | | 34.7 / — |"),
            "{markdown}"
        );
        assert!(table(Detector::Energy, TableKind::Markdown).contains("| Imagenet | 1000 | 0 |"));
        let latex = table(Detector::Gen, TableKind::Latex);
        assert!(
            latex.contains("\\textit{34.7 / --}") && latex.contains("Baseline / GEN"),
            "{latex}"
        );
        let csv = table(Detector::Gen, TableKind::Csv);
        assert!(
            csv.contains("Imagenet,gen,1,0,9000,9000,true,0.043,0.039,0.048,,"),
            "{csv}"
        );
        assert!(
            csv.contains("Imagenet,baseline,1,0,9000,9000,true,0.347,0.337,0.357,0.347"),
            "{csv}"
        );
        let json: serde_json::Value =
            serde_json::from_str(&table(Detector::MaxLogit, TableKind::Json)).unwrap();
        assert_eq!(json["detector"], "max-logit");
        let row = &json["rows"][0];
        assert_eq!(row["max-logit"][0]["value"], 0.043);
        assert!(row["odin"].is_null() && row["published"]["odin"].is_null());
        assert_eq!(row["published"]["baseline"]["fpr95"], 34.7);
    }
}
