//! A `tabular` for the package booktabs.
use std::fmt::Write;

use super::content::{
    MISSING, caption, group_of, images, name, published_pair, published_setting, range, setting,
    short_percent, taken, title,
};
use super::row::{Row, Side, Table};
use crate::report::names::grouped;
use crate::session::{Detector, Metric};

pub(super) fn write(table: &Table) -> String {
    let heads = Metric::ALL.map(|metric| {
        let arrow = if metric.higher_is_better() {
            "uparrow"
        } else {
            "downarrow"
        };
        format!(" & {} $\\{arrow}$", title(metric))
    });
    let mut out = format!(
        "% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{ll{}}}\n\\toprule\nNetwork & OOD set{} \\\\\n",
        "c".repeat(Metric::ALL.len()),
        heads.concat()
    );
    for (group, rows) in grouped(&table.rows, group_of) {
        out.push_str("\\midrule\n");
        for (n, row) in rows.into_iter().enumerate() {
            let first = if n == 0 { escape(&group) } else { String::new() };
            lines(&mut out, table.detector, row, &first);
        }
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    for sentence in caption(table, true) {
        let _ = writeln!(out, "% {}", escape(&sentence));
    }
    out
}

/// The numbers, then how they were measured and their intervals in small print, then what was published.
fn lines(out: &mut String, detector: Detector, row: &Row, first: &str) {
    let cells = Metric::ALL.map(|metric| {
        let of = |side| {
            let text = escape(&short_percent(row, side, metric));
            match row.better(metric) == Some(side) {
                true => format!("\\textbf{{{text}}}"),
                false => text,
            }
        };
        format!(" & {} / {}", of(Side::Baseline), of(Side::Beside))
    });
    let _ = writeln!(out, "{first} & {}{} \\\\", escape(&name(row)), cells.concat());
    let ranges = Metric::ALL.map(|metric| {
        let of = |side| range(row, side, metric).unwrap_or(MISSING.to_owned());
        let ranges = format!("{} / {}", of(Side::Baseline), of(Side::Beside));
        format!(" & {{\\scriptsize {}}}", escape(&ranges))
    });
    let (t, e) = setting(row);
    let images = escape(&format!("{}, {}", images(row), taken(row)));
    let _ = writeln!(
        out,
        "{{\\scriptsize {images}}} & {{\\scriptsize $T={t}$, $\\varepsilon={e}$}}{} \\\\",
        ranges.concat()
    );
    if let Some(published) = &row.published {
        let cells = Metric::ALL.map(|metric| {
            let (baseline, beside) = published_pair(published, detector, metric);
            format!(" & \\textit{{{}}}", escape(&format!("{baseline} / {beside}")))
        });
        let of = published_setting(published, detector).map_or(String::new(), |(t, e)| {
            format!(" {{\\scriptsize $T={t}$, $\\varepsilon={e}$}}")
        });
        let _ = writeln!(out, " & \\textit{{published}}{of}{} \\\\", cells.concat());
    }
}

/// For LaTeX with any engine: nothing but ASCII where the meaning allows it.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '·' => out.push_str("$\\cdot$"),
            'ε' => out.push_str("$\\varepsilon$"),
            '†' => out.push_str("$\\dagger$"),
            '‡' => out.push_str("$\\ddagger$"),
            '§' => out.push_str("\\S{}"),
            '¶' => out.push_str("\\P{}"),
            '–' | '—' => out.push_str("--"),
            _ => out.push(c),
        }
    }
    out
}
