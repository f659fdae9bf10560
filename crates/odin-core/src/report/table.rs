//! The paper's table: networks × out-of-distribution sets × metrics, baseline / ODIN, with 95 % intervals and, beside
//! them, what others published.
use std::fmt::Write;

use super::subject::{Subject, short};
use crate::runs::Detector;
use crate::session::Metric;
use odin_metrics::Interval;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    Text,
    Markdown,
    Latex,
    Csv,
    Json,
}

/// The table of the runs, as text that ends in a newline.
pub fn table(subjects: &[Subject], format: TableFormat) -> String {
    match format {
        TableFormat::Text => text(subjects),
        TableFormat::Markdown => markdown(subjects),
        TableFormat::Latex => latex(subjects),
        TableFormat::Csv => csv(subjects),
        TableFormat::Json => json(subjects),
    }
}

/// A metric of one detector: its value and its interval, fractions.
pub fn value(metrics: &Detector, metric: Metric) -> (f64, Interval) {
    match metric {
        Metric::Fpr95 => (metrics.fpr95, metrics.fpr95_ci),
        Metric::DetectionError => (metrics.detection_error, metrics.detection_error_ci),
        Metric::Auroc => (metrics.auroc, metrics.auroc_ci),
        Metric::AuprIn => (metrics.aupr_in, metrics.aupr_in_ci),
        Metric::AuprOut => (metrics.aupr_out, metrics.aupr_out_ci),
    }
}

/// As the heads of columns: with an arrow towards the better.
pub fn head(metric: Metric) -> String {
    let name = match metric {
        Metric::DetectionError => "detection error".to_owned(),
        other => other.to_string(),
    };
    format!("{name} {}", if metric.higher_is_better() { "↑" } else { "↓" })
}

/// Runs of one network and one in-distribution set, in their order.
pub fn groups(subjects: &[Subject]) -> Vec<(String, Vec<&Subject>)> {
    let mut groups: Vec<(String, Vec<&Subject>)> = Vec::new();
    for subject in subjects {
        let name = format!("{} · {}", subject.run.network, short(&subject.run.in_dataset));
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, group)) => group.push(subject),
            None => groups.push((name, vec![subject])),
        }
    }
    groups
}

/// What holds for every number of the table.
pub fn caption(subjects: &[Subject]) -> String {
    let mut text = "Baseline / ODIN, %, with 95 % intervals.".to_owned();
    if let Some(subject) = subjects.first() {
        let _ = write!(text, " {}.", subject.conventions);
    }
    let mut sources: Vec<&str> = subjects
        .iter()
        .filter_map(|s| Some(s.published.as_ref()?.0.as_str()))
        .collect();
    sources.dedup();
    sources.sort_unstable();
    sources.dedup();
    if !sources.is_empty() {
        let _ = write!(text, " Published: {}.", sources.join("; "));
    }
    let partial = subjects.iter().filter(|subject| !subject.is_complete()).count();
    if partial > 0 {
        let _ = write!(text, " Marked *: not all images are scored yet.");
    }
    text
}

fn percent(value: f64) -> String {
    format!("{:.2}", 100.0 * value)
}

fn range(interval: &Interval) -> String {
    format!("{:.1}–{:.1}", 100.0 * interval.low, 100.0 * interval.high)
}

fn row_name(subject: &Subject) -> String {
    format!(
        "{}{}",
        subject.set(),
        if subject.is_complete() { "" } else { " *" }
    )
}

fn parameters(subject: &Subject) -> String {
    format!("T {}, ε {}", subject.run.temperature, subject.run.magnitude)
}

fn images(subject: &Subject) -> String {
    format!("{} + {}", subject.ins.len(), subject.outs.len())
}

fn text(subjects: &[Subject]) -> String {
    let mut out = String::new();
    let width = |s: &Subject| row_name(s).chars().count().max(parameters(s).chars().count() + 2);
    let first = subjects.iter().map(width).max().unwrap_or(0).max(18);
    for (name, group) in groups(subjects) {
        let _ = writeln!(out, "{name}");
        let heads: String = Metric::ALL
            .map(|metric| {
                let head = match metric {
                    Metric::DetectionError => "error ↓".to_owned(),
                    other => head(other),
                };
                format!("{head:>12}")
            })
            .concat();
        let _ = writeln!(out, "  {:<first$}{heads}", "");
        for subject in group {
            let (b, o) = (&subject.baseline_metrics, &subject.odin_metrics);
            let mut line = |name: &str, cell: &dyn Fn(Metric) -> String| {
                let cells: String = Metric::ALL.map(|metric| format!("{:>12}", cell(metric))).concat();
                let _ = writeln!(out, "  {name:<first$}{cells}");
            };
            line(&row_name(subject), &|m| {
                format!("{:.1}/{:>5.1}", 100.0 * value(b, m).0, 100.0 * value(o, m).0)
            });
            line(&format!("  {}", parameters(subject)), &|m| range(&value(b, m).1));
            line(&format!("  {}", images(subject)), &|m| range(&value(o, m).1));
            if let Some((_, row)) = &subject.published {
                line(&format!("  publ., ε {}", row.magnitude), &|m| {
                    format!("{:.1}/{:>5.1}", row.baseline.of(m), row.odin.of(m))
                });
            }
        }
        out.push('\n');
    }
    let mut line = String::new();
    for word in caption(subjects).split(' ') {
        if line.chars().count() + word.chars().count() > 78 {
            let _ = writeln!(out, "{}", line.trim_end());
            line.clear();
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(out, "{}", line.trim_end());
    out
}

fn markdown(subjects: &[Subject]) -> String {
    let escape = |text: &str| text.replace('|', "\\|");
    let mut out = String::new();
    for (name, group) in groups(subjects) {
        let heads = Metric::ALL.map(head).join(" | ");
        let _ = write!(
            out,
            "**{}**\n\n| OOD set | T, ε | images | {heads} |\n|---|---|---|",
            escape(&name)
        );
        let _ = writeln!(out, "{}", "---|".repeat(Metric::ALL.len()));
        for subject in group {
            let cells = Metric::ALL.map(|metric| {
                let ((b, bi), (o, oi)) = (
                    value(&subject.baseline_metrics, metric),
                    value(&subject.odin_metrics, metric),
                );
                format!(
                    "{} ({}) / **{}** ({})",
                    percent(b),
                    range(&bi),
                    percent(o),
                    range(&oi)
                )
            });
            let name = escape(&row_name(subject));
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {} |",
                parameters(subject),
                images(subject),
                cells.join(" | ")
            );
            if let Some((_, row)) = &subject.published {
                let cells = Metric::ALL
                    .map(|metric| format!("{:.1} / {:.1}", row.baseline.of(metric), row.odin.of(metric)));
                let _ = writeln!(
                    out,
                    "| *published* | ε {} | | {} |",
                    row.magnitude,
                    cells.join(" | ")
                );
            }
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", caption(subjects));
    out
}

/// A `tabular` for the package booktabs.
fn latex(subjects: &[Subject]) -> String {
    let mut out = "% \\usepackage{booktabs}\n\\begin{tabular}{llccccc}\n\\toprule\n".to_owned();
    let heads = [
        "FPR (95\\% TPR) $\\downarrow$",
        "Detection error $\\downarrow$",
        "AUROC $\\uparrow$",
        "AUPR-in $\\uparrow$",
        "AUPR-out $\\uparrow$",
    ];
    let _ = writeln!(out, "Network & OOD set & {} \\\\", heads.join(" & "));
    for (name, group) in groups(subjects) {
        out.push_str("\\midrule\n");
        for (n, subject) in group.into_iter().enumerate() {
            let cells = Metric::ALL.map(|metric| {
                let (b, o) = (
                    value(&subject.baseline_metrics, metric).0,
                    value(&subject.odin_metrics, metric).0,
                );
                let best = if (b < o) == metric.higher_is_better() || b == o {
                    1
                } else {
                    0
                };
                let bold = |text: String, is: bool| if is { format!("\\textbf{{{text}}}") } else { text };
                format!(
                    "{} / {}",
                    bold(format!("{:.1}", 100.0 * b), best == 0),
                    bold(format!("{:.1}", 100.0 * o), best == 1)
                )
            });
            let first = if n == 0 { tex(&name) } else { String::new() };
            let _ = writeln!(
                out,
                "{first} & {} & {} \\\\",
                tex(&row_name(subject)),
                cells.join(" & ")
            );
            let ranges = Metric::ALL.map(|metric| {
                let range =
                    |interval: Interval| format!("{:.1}--{:.1}", 100.0 * interval.low, 100.0 * interval.high);
                let (b, o) = (
                    value(&subject.baseline_metrics, metric).1,
                    value(&subject.odin_metrics, metric).1,
                );
                format!("{{\\scriptsize {} / {}}}", range(b), range(o))
            });
            let run = &subject.run;
            let parameters = format!(
                "{{\\scriptsize $T={}$, $\\varepsilon={}$}}",
                run.temperature, run.magnitude
            );
            let _ = writeln!(out, " & {parameters} & {} \\\\", ranges.join(" & "));
            if let Some((_, row)) = &subject.published {
                let cells = Metric::ALL.map(|metric| {
                    format!(
                        "\\textit{{{:.1} / {:.1}}}",
                        row.baseline.of(metric),
                        row.odin.of(metric)
                    )
                });
                let _ = writeln!(out, " & \\textit{{published}} & {} \\\\", cells.join(" & "));
            }
        }
    }
    let caption = tex(&caption(subjects));
    let _ = write!(out, "\\bottomrule\n\\end{{tabular}}\n% {caption}\n");
    out
}

pub(super) fn tex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '·' => out.push_str("$\\cdot$"),
            'ε' => out.push_str("$\\varepsilon$"),
            _ => out.push(c),
        }
    }
    out
}

/// A line a run and detector; fractions, but published numbers as printed, in %.
fn csv(subjects: &[Subject]) -> String {
    let mut out =
        "run,network,in_dataset,dataset,detector,temperature,magnitude,n_in,n_out,complete,accuracy"
            .to_owned();
    for metric in Metric::ALL {
        let key = metric.key().replace('-', "_");
        let _ = write!(out, ",{key},{key}_low,{key}_high,{key}_published");
    }
    out.push('\n');
    for subject in subjects {
        let run = &subject.run;
        let published_row = subject.published.as_ref().map(|(_, row)| row);
        for (detector, metrics, published_measures) in [
            (
                "baseline",
                &subject.baseline_metrics,
                published_row.map(|row| row.baseline),
            ),
            ("odin", &subject.odin_metrics, published_row.map(|row| row.odin)),
        ] {
            let (t, e) = match detector {
                "baseline" => (1.0, 0.0),
                _ => (run.temperature.get(), run.magnitude.get()),
            };
            let accuracy = subject.accuracy.map(|a| a.to_string()).unwrap_or_default();
            let names = [&run.name(), &run.network, &run.in_dataset, &run.dataset]
                .map(|name| quoted(name))
                .join(",");
            let (n_in, n_out) = (subject.ins.len(), subject.outs.len());
            let complete = subject.is_complete();
            let _ = write!(
                out,
                "{names},{detector},{t},{e},{n_in},{n_out},{complete},{accuracy}"
            );
            for metric in Metric::ALL {
                let (estimate, interval) = value(metrics, metric);
                let _ = write!(out, ",{estimate},{},{},", interval.low, interval.high);
                if let Some(measures) = &published_measures {
                    let _ = write!(out, "{}", measures.of(metric));
                }
            }
            out.push('\n');
        }
    }
    out
}

/// RFC 4180.
pub(super) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn json(subjects: &[Subject]) -> String {
    let of = |subject: &Subject| {
        let run = &subject.run;
        serde_json::json!({
            "run": run.folder,
            "complete": subject.is_complete(),
            "network": run.network,
            "in_dataset": run.in_dataset,
            "dataset": run.dataset,
            "temperature": run.temperature,
            "magnitude": run.magnitude,
            "n_in": subject.ins.len(),
            "n_out": subject.outs.len(),
            "device": run.device,
            "seconds": run.seconds,
            "accuracy": subject.accuracy,
            "conventions": subject.conventions,
            "threshold_at_tpr95": subject.threshold(),
            "baseline": subject.baseline_metrics,
            "odin": subject.odin_metrics,
            "published": subject.published.as_ref().map(|(source, row)| serde_json::json!({"source": source, "row": row})),
            "grid": subject.grid,
        })
    };
    let all: Vec<_> = subjects.iter().map(of).collect();
    // It fails only for maps whose keys are no strings.
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}
