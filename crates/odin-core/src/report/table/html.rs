//! A `table` element, for the page of a report.
use std::fmt::Write;

use super::content::{
    MISSING, caption, group_of, head, images, name, percent, published_pair, published_setting, range,
    setting, taken,
};
use super::row::{Row, Side, Table};
use crate::report::names::grouped;
use crate::session::{Detector, Metric};

pub(super) fn write(table: &Table) -> String {
    let heads = Metric::ALL
        .map(|metric| format!("<th>{}</th>", head(metric)))
        .concat();
    let caption: Vec<String> = caption(table, true).iter().map(|line| escape(line)).collect();
    let mut out = format!(
        "<table>\n<caption>{}</caption>\n<thead><tr><th>OOD set</th><th>T, ε</th>{heads}</tr></thead>\n",
        caption.join("<br>")
    );
    for (group, rows) in grouped(&table.rows, group_of) {
        let columns = 2 + Metric::ALL.len();
        let _ = writeln!(
            out,
            "<tbody>\n<tr><th colspan=\"{columns}\" scope=\"rowgroup\">{}</th></tr>",
            escape(&group)
        );
        rows.into_iter()
            .for_each(|row| lines(&mut out, table.detector, row));
        out.push_str("</tbody>\n");
    }
    out.push_str("</table>\n");
    out
}

fn lines(out: &mut String, detector: Detector, row: &Row) {
    let cells = Metric::ALL.map(|metric| {
        let (baseline, beside) = (
            number(row, Side::Baseline, metric),
            number(row, Side::Beside, metric),
        );
        let of = |side| range(row, side, metric).unwrap_or(MISSING.to_owned());
        let (low, high) = (of(Side::Baseline), of(Side::Beside));
        format!("<td>{baseline} / {beside}<br><small>{low}<br>{high}</small></td>")
    });
    let (t, e) = setting(row);
    let _ = writeln!(
        out,
        "<tr><td>{}<br><small>{} images<br>{}</small></td><td>T {t}<br>ε {e}</td>{}</tr>",
        escape(&name(row)),
        images(row),
        taken(row),
        cells.concat()
    );
    if let Some(published) = &row.published {
        let cells = Metric::ALL.map(|metric| {
            let (baseline, beside) = published_pair(published, detector, metric);
            format!("<td>{baseline} / {beside}</td>")
        });
        let of =
            published_setting(published, detector).map_or(String::new(), |(t, e)| format!("T {t}<br>ε {e}"));
        let _ = writeln!(
            out,
            "<tr class=\"published\"><td>published</td><td>{of}</td>{}</tr>",
            cells.concat()
        );
    }
}

fn number(row: &Row, side: Side, metric: Metric) -> String {
    let text = percent(row, side, metric);
    match row.better(metric) == Some(side) {
        true => format!("<b>{text}</b>"),
        false => text,
    }
}

/// Text between tags and in attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
