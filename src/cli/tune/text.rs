//! What tuning comes to, for people: curves, grids, and whether a choice carries over.
use odin_core::setting::Setting;
use odin_core::tuning::{Axis, Landed};
use odin_metrics::{Interval, Metric};

use super::choose::{Chosen, Tried, Tuning};
use super::output::{OnSet, Table, Tuned, of_metric};
use crate::cli::search::{Cell, Cost, Seen, marks, percent};

/// What was tried and chosen, and what is reported.
pub(super) fn tables(tuned: &Tuned, tuning: &Tuning, chosen: &[Chosen]) -> String {
    let mut text = format!(
        "{} · {} · {}, chosen on {} validation images of each set\n",
        tuned.network, tuned.in_dataset, tuned.detector, tuned.validation_images
    );
    if let Some(fit) = &tuned.fit {
        text.push_str(&format!("fitted on {} images of {}\n", fit.images, fit.dataset));
    }
    for one in chosen {
        let on = one
            .set
            .map_or("in-distribution images alone", |set| tuning.dataset(set));
        text.push_str(&match &one.tried {
            Tried::Cells(cells, cost) => {
                format!(
                    "\n{on}, {}:\n{}",
                    heading(tuning.metric),
                    tried(tuning, one, cells, cost)
                )
            }
            Tried::Means(means) => format!("\n{on}, mean max softmax:\n{}", by_means(tuning, one, means)),
        });
    }
    text.push_str(&format!("\nOn the other images:\n{}", reported(tuned)));
    if let Some(table) = &tuned.transfer {
        text.push_str(&format!("\n{}", transfer(table, tuned.metric)));
    }
    text
}

/// A metric's name, and which way is better.
fn heading(metric: Metric) -> String {
    format!("{metric} {} %", if metric.higher_is_better() { '↑' } else { '↓' })
}

/// The settings on validation images: a line a value of one knob, or a grid of two.
fn tried(tuning: &Tuning, chosen: &Chosen, cells: &[Cell], cost: &Cost) -> String {
    let mut text = match tuning.grid.axes() {
        [rows, columns] => grid(rows, columns, chosen.setting, cells, tuning.metric),
        axes => axes
            .iter()
            .map(|axis| curve(axis, chosen.setting, cells, tuning.metric))
            .collect(),
    };
    text.push_str(&marks(cells));
    text.push_str(&cost.saved());
    let mut missing: Vec<&str> = cells
        .iter()
        .filter_map(|cell| cell.seen.as_ref().err())
        .map(String::as_str)
        .collect();
    missing.dedup();
    for why in missing.iter().take(3) {
        text.push_str(&format!("no scores: {why}\n"));
    }
    text
}

fn range(interval: Interval) -> String {
    format!("{:.2} – {:.2}", 100.0 * interval.low, 100.0 * interval.high)
}

fn curve(axis: &Axis, chosen: Setting, cells: &[Cell], metric: Metric) -> String {
    let mut text = format!("{:>12}{:>10}{:>20}\n", axis.knob.label, "", "95 %");
    for (value, cell) in axis.values.iter().zip(cells) {
        let [at, range] = match &cell.seen {
            Ok(Seen { summary, interval }) => [percent(metric.of(summary)), range(*interval)],
            Err(_) => ["-".to_owned(), "-".to_owned()],
        };
        let at = if cell.is_on_few { format!("({at})") } else { at };
        let line = format!("{value:>12}{at:>10}{range:>20} {}", cell.mark(chosen));
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    text
}

/// A row a value of the second knob, as the sweep has it, and a column one of the first.
fn grid(columns: &Axis, rows: &Axis, chosen: Setting, cells: &[Cell], metric: Metric) -> String {
    let mut text = format!("{:>10}", format!("{} \\ {}", rows.knob.label, columns.knob.label));
    text.extend(columns.values.iter().map(|value| format!("{value:>9}")));
    text.push('\n');
    for (row, value) in rows.values.iter().enumerate() {
        text.push_str(&format!("{value:>10}"));
        for cell in cells.iter().skip(row).step_by(rows.values.len().max(1)) {
            text.push_str(&format!("{:>9}", cell.in_grid(chosen, metric)));
        }
        text.push('\n');
    }
    text
}

fn by_means(tuning: &Tuning, chosen: &Chosen, means: &[(Setting, f64)]) -> String {
    let mut text = String::new();
    for axis in tuning.grid.axes() {
        text.push_str(&format!("{:>12}{:>14}\n", axis.knob.label, "mean %"));
        for (value, (setting, mean)) in axis.values.iter().zip(means) {
            let mark = if *setting == chosen.setting { " ◆" } else { "" };
            text.push_str(&format!("{value:>12}{:>14.6}{mark}\n", 100.0 * mean));
        }
    }
    text
}

fn knobs(row: &OnSet) -> String {
    let knobs = row.knobs.iter().map(|(knob, value)| format!("{knob} {value}"));
    knobs.collect::<Vec<_>>().join(", ")
}

fn chosen_on(row: &OnSet) -> &str {
    row.chosen_on.as_deref().unwrap_or("ID alone")
}

/// A line a choice and set: the five metrics, and the interval of the one by which was chosen.
fn reported(tuned: &Tuned) -> String {
    let width = |of: fn(&OnSet) -> &str, least: usize| {
        let widths = tuned.reported.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or(0).max(least) + 2
    };
    let (first, second) = (width(chosen_on, 9), width(|row| &row.dataset, 11));
    let mut text = format!(
        "{:<first$}{:<second$}{:>15}{:>9}{:>9}{:>9}{:>9}{:>9}{:>18}\n",
        "chosen on",
        "reported on",
        "images",
        "FPR95 ↓",
        "error ↓",
        "AUROC ↑",
        "in ↑",
        "out ↑",
        format!("{}, 95 %", tuned.metric)
    );
    for row in &tuned.reported {
        let m = &row.metrics;
        let values = [m.fpr95, m.detection_error, m.auroc, m.aupr_in, m.aupr_out];
        let values: String = values.map(|value| format!("{:>9}", percent(value))).concat();
        let (_, interval) = of_metric(tuned.metric, m);
        text.push_str(&format!(
            "{:<first$}{:<second$}{:>15}{values}{:>18}  {}\n",
            chosen_on(row),
            row.dataset,
            format!("{} + {}", row.n_in, row.n_out),
            range(interval),
            knobs(row)
        ));
    }
    text
}

/// A metric, and the loss against the column's own choice.
fn landed(of: &Landed) -> String {
    let sure = if of.loss.is_significant() { "*" } else { "" };
    format!("{} ({:+.2}{sure})", percent(of.value), 100.0 * of.loss.difference)
}

/// What each line of the table holds, as words: the set and its row.
fn cells(table: &Table, row: usize) -> Vec<String> {
    let Some(line) = table.rows.get(row) else {
        return Vec::new();
    };
    let on = line
        .on
        .iter()
        .enumerate()
        .map(|(column, of)| match column == row {
            true => percent(of.value),
            false => landed(of),
        });
    on.chain([landed(&line.others)]).collect()
}

const LEGEND: &str = "in brackets: by how many points worse than what was chosen on the set itself, on the same images (* where the paired 95 % \
                      interval does not hold 0); others: the mean over the sets that did not choose";

fn transfer(table: &Table, metric: Metric) -> String {
    let names = table.sets.iter().map(|set| set.chars().count());
    let width = names.max().unwrap_or(0).max(9) + 2;
    let columns = width.max(18);
    let mut text = format!(
        "{}, chosen on the row, reported on the column:\n{:<width$}",
        heading(metric),
        ""
    );
    for set in table.sets.iter().map(String::as_str).chain(["others"]) {
        text.push_str(&format!("{set:>columns$}"));
    }
    text.push('\n');
    for (row, line) in table.rows.iter().enumerate() {
        text.push_str(&format!("{:<width$}", line.chosen_on));
        for cell in cells(table, row) {
            text.push_str(&format!("{cell:>columns$}"));
        }
        text.push('\n');
    }
    text.push_str(&format!("{LEGEND}\n"));
    text
}

/// What is reported, for a document.
pub(super) fn markdown(tuned: &Tuned) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let Some(table) = &tuned.transfer else {
        let mut text = line(
            [
                "chosen on",
                "reported on",
                "knobs",
                "images",
                &heading(tuned.metric),
                "95 %",
            ]
            .map(str::to_owned)
            .into(),
        );
        text.push_str("|---|---|---|---|---|---|\n");
        for row in &tuned.reported {
            let (value, interval) = of_metric(tuned.metric, &row.metrics);
            text.push_str(&line(vec![
                chosen_on(row).to_owned(),
                row.dataset.clone(),
                knobs(row),
                format!("{} + {}", row.n_in, row.n_out),
                percent(value),
                range(interval),
            ]));
        }
        return text;
    };
    let sets = table.sets.iter().cloned();
    let mut text = line(
        [heading(tuned.metric)]
            .into_iter()
            .chain(sets)
            .chain(["others".to_owned()])
            .collect(),
    );
    text.push_str(&format!("|---|{}\n", "---|".repeat(table.sets.len() + 1)));
    for (row, of) in table.rows.iter().enumerate() {
        text.push_str(&line(
            [of.chosen_on.clone()]
                .into_iter()
                .chain(cells(table, row))
                .collect(),
        ));
    }
    text.push_str(&format!("\n{LEGEND}\n"));
    text
}
