//! One page of HTML with the table and the figures, which needs no other file.
use std::fmt::Write;

use super::figures::{DrawError, Figure, FigureError, group_figures, run_figures};
use super::names::grouped;
use super::subject::{Subject, table_of};
use super::table::{TableKind, escape_html};
use crate::runs::Run;

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; margin-top: 3rem; } h3 { font-size: 1rem; margin: 2rem 0 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; text-align: left; color: #555; font-size: .85rem; padding-top: .5rem; }
th, td { padding: .3rem .5rem; text-align: right; vertical-align: top; } td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
thead th { border-top: 2px solid; border-bottom: 1px solid; vertical-align: bottom; } tbody:last-child tr:last-child td { border-bottom: 2px solid; }
tbody th { text-align: left; padding-top: 1rem; }
small { color: #555; } .published { color: #555; font-style: italic; }
figure { display: inline-block; vertical-align: top; margin: 1rem 1rem 0 0; max-width: 24rem; } figure svg { width: 24rem; max-width: 100%; height: auto; }
figcaption { font-size: .85rem; color: #555; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 60rem) { table { font-size: .75rem; } th, td { padding: .3rem .25rem; } }
@media print { h2, h3 { break-after: avoid; } figure { break-inside: avoid; } }
";

/// The page: the table, then network by network the figures of all runs together and those of each.
///
/// # Errors
/// A figure cannot be drawn.
pub fn page(subjects: &[Subject], title: &str) -> Result<String, FigureError> {
    let mut out = String::new();
    let table = table_of(subjects).write(TableKind::Html);
    let _ = writeln!(out, "<div class=\"wide\">{table}</div>");
    for (group, members) in grouped(subjects, Subject::group) {
        let _ = writeln!(out, "<section>\n<h2>{}</h2>", escape_html(&group));
        for (kind, drawn) in group_figures(&group, &members) {
            figure(&mut out, &format!("{group}, {kind}"), &drawn)?;
        }
        for subject in members {
            let Run {
                temperature,
                magnitude,
                ..
            } = &subject.run;
            let heading = format!("{}, T = {temperature}, ε = {magnitude}", subject.set());
            let _ = writeln!(out, "<h3>{}</h3>", escape_html(&heading));
            for (kind, drawn) in run_figures(subject)? {
                figure(&mut out, &format!("{}, {kind}", subject.run.name()), &drawn)?;
            }
            details(&mut out, subject);
        }
        out.push_str("</section>\n");
    }
    Ok(document(title, &out))
}

/// A page of this title.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n{body}</body>\n</html>\n",
        escape_html(title)
    )
}

/// `name` is for an error.
pub(super) fn figure(out: &mut String, name: &str, figure: &Figure) -> Result<(), FigureError> {
    let failed = |source: DrawError| FigureError::Draw {
        path: name.into(),
        source,
    };
    let document = figure.svg().map_err(failed)?;
    // A declaration has no place within a page.
    let start = document.find("<svg").expect("plotters writes an SVG document");
    let (_, svg) = document.split_at(start);
    let (svg, caption) = (svg.trim_end(), escape_html(figure.caption()));
    let _ = writeln!(out, "<figure>{svg}<figcaption>{caption}</figcaption></figure>");
    Ok(())
}

fn details(out: &mut String, subject: &Subject) {
    let run: &Run = &subject.run;
    let mut list = vec![
        ("run", run.name()),
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
        let _ = write!(out, "<dt>{what}</dt><dd>{}</dd>", escape_html(&text));
    }
    out.push_str("</dl>\n");
}
