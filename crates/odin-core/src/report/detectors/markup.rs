//! Markdown, LaTeX and HTML.
use std::fmt::Write;

use super::content::{MARK, caption, columns, knobs, metric, percent, range, title};
use super::rows::DetectorTable;
use crate::report::table::{escape_html, escape_latex, escape_markdown};

pub(super) fn markdown(table: &DetectorTable) -> String {
    let columns = columns(table);
    let heads: String = columns
        .iter()
        .map(|column| format!(" {} ({}) |", escape_markdown(&column.head), column.about))
        .collect();
    let mut out = format!(
        "**{}**\n\n| | detector | knobs |{heads}\n|---|---|---|{}\n",
        escape_markdown(&title(table)),
        "---:|".repeat(columns.len())
    );
    for row in &table.rows {
        let mark = if row.may_be_best { MARK } else { "" };
        let _ = write!(
            out,
            "| {mark} | {} | {} |",
            escape_markdown(&row.name()),
            knobs(row)
        );
        for column in &columns {
            let estimate = column.estimate(row);
            let _ = match range(estimate) {
                Some(range) => write!(out, " {} ({range}) |", percent(estimate)),
                None => write!(out, " {} |", percent(estimate)),
            };
        }
        out.push('\n');
    }
    let _ = writeln!(out, "\n{}", caption(table).join(" "));
    out
}

/// A `tabular` for the package booktabs.
pub(super) fn latex(table: &DetectorTable) -> String {
    let columns = columns(table);
    let cells = |of: &dyn Fn(&super::content::Column) -> String| -> String {
        columns
            .iter()
            .map(|column| format!(" & {}", of(column)))
            .collect()
    };
    let mut out = format!(
        "% {}\n% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{ll{}}}\n\\toprule\nDetector & Knobs{} \\\\\n & {} \\\\\n\\midrule\n",
        latex_text(&title(table)),
        "r".repeat(columns.len()),
        cells(&|column| latex_text(&column.head)),
        cells(&|column| format!("{{\\scriptsize {}}}", latex_text(&column.about))),
    );
    for row in &table.rows {
        let mark = if row.may_be_best { "$\\approx$ " } else { "" };
        let values = cells(&|column| latex_text(&percent(column.estimate(row))));
        let ranges = cells(&|column| {
            let range = range(column.estimate(row)).unwrap_or_default();
            format!("{{\\scriptsize {}}}", latex_text(&range))
        });
        let _ = writeln!(
            out,
            "{mark}{} & {{\\scriptsize {}}}{values} \\\\\n & {ranges} \\\\",
            latex_text(&row.name()),
            latex_text(&knobs(row))
        );
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    for sentence in caption(table) {
        let _ = writeln!(out, "% {}", latex_text(&sentence));
    }
    out
}

/// Nothing but ASCII where the meaning allows it.
fn latex_text(text: &str) -> String {
    let mut text = escape_latex(text);
    for (letter, command) in [
        ("≈", "$\\approx$"),
        ("↓", "$\\downarrow$"),
        ("↑", "$\\uparrow$"),
        ("α", "$\\alpha$"),
        ("γ", "$\\gamma$"),
        ("λ", "$\\lambda$"),
        ("′", "$'$"),
    ] {
        text = text.replace(letter, command);
    }
    text
}

/// A `table` element.
pub(super) fn html(table: &DetectorTable) -> String {
    let columns = columns(table);
    let heads: String = columns
        .iter()
        .map(|column| {
            format!(
                "<th>{}<br><small>{}</small></th>",
                escape_html(&column.head),
                escape_html(&column.about)
            )
        })
        .collect();
    let lines: Vec<String> = caption(table).iter().map(|line| escape_html(line)).collect();
    let mut out = format!(
        "<table>\n<caption>{}</caption>\n<thead><tr><th>{}<br><small>{}, %</small></th>{heads}</tr></thead>\n<tbody>\n",
        lines.join("<br>"),
        escape_html(&crate::report::names::group(
            &table.network,
            Some(&table.in_dataset)
        )),
        metric(table.metric),
    );
    for row in &table.rows {
        let mark = if row.may_be_best { "≈ " } else { "" };
        let _ = write!(
            out,
            "<tr><td>{mark}{}<br><small>{}</small></td>",
            escape_html(&row.name()),
            escape_html(&knobs(row))
        );
        for column in &columns {
            let estimate = column.estimate(row);
            let range = range(estimate).unwrap_or_default();
            let _ = write!(out, "<td>{}<br><small>{range}</small></td>", percent(estimate));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    out
}
