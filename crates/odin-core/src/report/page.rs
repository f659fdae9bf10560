//! One page of HTML with the table and the figures, which needs no other file.
use std::fmt::Write;

use super::figures::{FigureError, figures_of};
use super::subject::Subject;
use super::table::{caption, groups, head, value};
use crate::runs::Run;
use crate::session::Metric;
use odin_metrics::Interval;

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; text-align: left; color: #555; font-size: .85rem; padding-top: .5rem; }
th, td { padding: .3rem .75rem; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-top: 2px solid; border-bottom: 1px solid; } tbody tr:last-child td { border-bottom: 2px solid; }
tbody th { text-align: left; padding-top: 1rem; }
small { color: #555; } .published { color: #555; font-style: italic; }
figure { display: inline-block; margin: 1rem 1rem 0 0; } figure svg { width: 24rem; max-width: 100%; height: auto; }
figcaption { font-size: .85rem; color: #555; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media print { h2 { break-after: avoid; } figure { break-inside: avoid; } }
";

/// The page.
///
/// # Errors
/// A figure cannot be drawn.
pub fn page(subjects: &[Subject], title: &str) -> Result<String, FigureError> {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escape(title)
    );
    table(&mut out, subjects);
    out.push_str("<h2>Figures</h2>\n");
    for (name, figure) in figures_of(subjects)? {
        let draw = |reason| FigureError::Draw {
            path: name.clone().into(),
            reason,
        };
        let svg = figure.svg().map_err(draw)?;
        // A declaration has no place within a page.
        let svg = svg
            .find("<svg")
            .and_then(|start| svg.get(start..))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "<figure>{}<figcaption>{}</figcaption></figure>",
            svg.trim_end(),
            escape(&name)
        );
    }
    out.push_str("<h2>Runs</h2>\n");
    for subject in subjects {
        details(&mut out, subject);
    }
    out.push_str("</body>\n</html>\n");
    Ok(out)
}

fn table(out: &mut String, subjects: &[Subject]) {
    let heads: String = Metric::ALL
        .map(|metric| format!("<th>{}</th>", head(metric)))
        .concat();
    let _ = writeln!(
        out,
        "<div class=\"wide\"><table>\n<caption>{}</caption>\n<thead><tr><th>OOD set</th><th>T</th><th>ε</th><th>images</th>{heads}</tr></thead>\n<tbody>",
        escape(&caption(subjects))
    );
    for (name, group) in groups(subjects) {
        let _ = writeln!(
            out,
            "<tr><th colspan=\"{}\">{}</th></tr>",
            4 + Metric::ALL.len(),
            escape(&name)
        );
        for subject in group {
            row(out, subject);
        }
    }
    out.push_str("</tbody></table></div>\n");
}

fn row(out: &mut String, subject: &Subject) {
    let run = &subject.run;
    let range = |i: Interval| format!("{:.1}–{:.1}", 100.0 * i.low, 100.0 * i.high);
    let cells = Metric::ALL.map(|metric| {
        let ((b, bi), (o, oi)) = (
            value(&subject.baseline_metrics, metric),
            value(&subject.odin_metrics, metric),
        );
        format!(
            "<td>{:.2} / <b>{:.2}</b><br><small>{} / {}</small></td>",
            100.0 * b,
            100.0 * o,
            range(bi),
            range(oi)
        )
    });
    let mark = if subject.is_complete() { "" } else { " *" };
    let _ = writeln!(
        out,
        "<tr><td>{}{mark}</td><td>{}</td><td>{}</td><td>{} + {}</td>{}</tr>",
        escape(&subject.set()),
        run.temperature,
        run.magnitude,
        subject.ins.len(),
        subject.outs.len(),
        cells.concat()
    );
    if let Some((_, row)) = &subject.published {
        let cells = Metric::ALL.map(|metric| {
            format!(
                "<td>{:.1} / {:.1}</td>",
                row.baseline.of(metric),
                row.odin.of(metric)
            )
        });
        let _ = writeln!(
            out,
            "<tr class=\"published\"><td>published</td><td></td><td>{}</td><td></td>{}</tr>",
            row.magnitude,
            cells.concat()
        );
    }
}

fn details(out: &mut String, subject: &Subject) {
    let run: &Run = &subject.run;
    let mut list = vec![
        ("run", run.name()),
        ("what", subject.title()),
        ("device, time", format!("{}, {:.1} s", run.device, run.seconds)),
    ];
    if let Some(accuracy) = subject.accuracy {
        list.push(("accuracy", format!("{:.2} %", 100.0 * accuracy)));
    }
    if let Some(manifest) = &run.manifest {
        let identity = &manifest.identity;
        list.push((
            "session",
            format!("{}, queue {}", manifest.session, manifest.queue),
        ));
        list.push(("started", manifest.started.clone()));
        list.push((
            "versions",
            format!("odin {}, libtorch {}", manifest.odin, manifest.libtorch),
        ));
        for (what, named) in [
            ("weights", &identity.network),
            ("ID set", &identity.in_dataset),
            ("OOD set", &identity.dataset),
        ] {
            list.push((what, format!("{}, BLAKE3 {}", named.name, named.digest)));
        }
    }
    out.push_str("<dl>");
    for (what, text) in list {
        let _ = write!(out, "<dt>{what}</dt><dd>{}</dd>", escape(&text));
    }
    out.push_str("</dl>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
