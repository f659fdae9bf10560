//! What a benchmark comes to, for people.
use super::result::{Accuracy, Benchmarked, OfDetector};
use odin_core::benchmarks::{Group, LeaderboardRow, OverNetworks, Spread};
use odin_core::report;
use odin_metrics::Positive;

/// For the terminal; `per_set` adds a table a detector.
pub(super) fn table(result: &Benchmarked, per_set: bool) -> String {
    let mut text = format!("{}\n{}", heading(result), aligned(&means(result), true));
    for detector in ranked(result).into_iter().filter(|_| per_set) {
        let table = aligned(&openood(detector, result), false);
        text.push_str(&format!("\n{}\n{table}", detector.detector));
    }
    text.push_str(&format!("\n{}\n", legend(result).join("\n")));
    text
}

/// For a document.
pub(super) fn markdown(result: &Benchmarked, per_set: bool) -> String {
    let mut text = format!("{}\n{}", heading(result), piped(&means(result), true));
    for detector in ranked(result).into_iter().filter(|_| per_set) {
        let table = piped(&openood(detector, result), false);
        text.push_str(&format!("\n**{}**\n\n{table}", detector.detector));
    }
    let notes = legend(result).into_iter().map(|line| format!("- {line}\n"));
    format!("{text}\n{}", notes.collect::<String>())
}

fn heading(result: &Benchmarked) -> String {
    let names: Vec<&str> = result
        .networks
        .iter()
        .map(|network| network.network.as_str())
        .collect();
    let images = result.networks.first().map_or(0, |network| network.n_in);
    let variant = if result.full_spectrum {
        ", full spectrum"
    } else {
        ""
    };
    let accuracy = result.accuracy.map_or_else(|| "-".to_owned(), percent);
    format!(
        "{}{variant} · {} · {images} in-distribution images, accuracy {accuracy} %\n",
        result.title,
        names.join(", ")
    )
}

/// A row a detector: its means, what was published of it, and its knobs. Those that were published and not scored come last.
fn means(result: &Benchmarked) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).into()];
    rows.extend(ranked(result).into_iter().map(|detector| row(detector).into()));
    let others = result.published.iter().flat_map(|table| &table.others);
    rows.extend(others.map(|row| other(row).into()));
    if result.published.is_none() {
        rows.iter_mut().for_each(|row| {
            row.drain(5..7);
        });
    }
    rows
}

/// The best first, by the mean over the near sets, or the far ones where no near set was scored.
fn ranked(result: &Benchmarked) -> Vec<&OfDetector> {
    let auroc = |detector: &OfDetector| {
        let means = detector.near.as_ref().or(detector.far.as_ref());
        means.map_or(f64::NEG_INFINITY, |measures| measures.auroc.mean)
    };
    let mut all: Vec<&OfDetector> = result
        .detectors
        .iter()
        .filter(|detector| detector.missing.is_none())
        .collect();
    all.sort_by(|a, b| auroc(b).total_cmp(&auroc(a)));
    all
}

const HEAD: [&str; 8] = [
    "%",
    "near FPR95 ↓",
    "near AUROC ↑",
    "far FPR95 ↓",
    "far AUROC ↑",
    "published near",
    "published far",
    "knobs",
];

fn row(detector: &OfDetector) -> [String; 8] {
    let of = |group: Group, metric: fn(&OverNetworks) -> Spread| {
        let means = detector.mean(group);
        means.map_or_else(|| "-".to_owned(), |means| percent(metric(means)))
    };
    let published = |value: fn(&LeaderboardRow) -> f64| {
        let row = detector.published.as_ref();
        row.map_or_else(String::new, |row| format!("{:.2}", value(row)))
    };
    [
        detector.detector.to_owned(),
        of(Group::Near, |means| means.fpr95),
        of(Group::Near, |means| means.auroc),
        of(Group::Far, |means| means.fpr95),
        of(Group::Far, |means| means.auroc),
        published(|row| row.near_auroc),
        published(|row| row.far_auroc),
        report::knobs_of(detector.detector, &detector.knobs),
    ]
}

/// A detector that was published and not scored.
fn other(row: &LeaderboardRow) -> [String; 8] {
    let none = || "-".to_owned();
    [
        row.detector.key().to_owned(),
        none(),
        none(),
        none(),
        none(),
        format!("{:.2}", row.near_auroc),
        format!("{:.2}", row.far_auroc),
        String::new(),
    ]
}

/// OpenOOD's table of one detector.
fn openood(detector: &OfDetector, result: &Benchmarked) -> Vec<Vec<String>> {
    let head = ["", "FPR@95", "AUROC", "AUPR_IN", "AUPR_OUT", "ACC"];
    let accuracy = result.accuracy.map_or_else(|| "-".to_owned(), percent);
    let row = |row: super::result::Row| {
        let values = row.measures.each().into_iter().map(|value| percent(*value));
        std::iter::once(row.name.to_owned())
            .chain(values)
            .chain([accuracy.clone()])
            .collect()
    };
    std::iter::once(head.map(str::to_owned).to_vec())
        .chain(detector.rows().into_iter().map(row))
        .collect()
}

/// Names from the left and numbers from the right; where the rows end in words, these from the left too.
fn aligned(rows: &[Vec<String>], end_in_words: bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| {
            if is_words(column, columns, end_in_words) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// The same in Markdown.
fn piped(rows: &[Vec<String>], end_in_words: bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let rule = (0..columns).map(|column| match is_words(column, columns, end_in_words) {
        true => "---|",
        false => "---:|",
    });
    let rule = format!("|{}\n", rule.collect::<String>());
    let mut lines = rows.iter().map(|cells| format!("| {} |\n", cells.join(" | ")));
    let head = lines.next().unwrap_or_default();
    format!("{head}{rule}{}", lines.collect::<String>())
}

fn is_words(column: usize, columns: usize, end_in_words: bool) -> bool {
    column == 0 || (end_in_words && column + 1 == columns)
}

/// What the numbers are, and what is to be known of them.
fn legend(result: &Benchmarked) -> Vec<String> {
    let fpr = match result.positive {
        Positive::OutOfDistribution => {
            "OOD positive: FPR95 is the share of ID images rejected where 95 % of the OOD images are"
        }
        Positive::InDistribution => {
            "ID positive: FPR95 is the share of OOD images accepted where 95 % of the ID images are"
        }
    };
    let spread = match result.networks.len() {
        1 => "",
        _ => "; ±: standard deviation over the networks",
    };
    let mut lines = Vec::new();
    if result.full_spectrum {
        let share = |of: &Accuracy| {
            let accuracy = of.accuracy.map_or_else(|| "-".to_owned(), percent);
            format!("{} {accuracy} % of {}", of.set, of.n_in)
        };
        let shares: Vec<String> = result.accuracy_by_set.iter().map(share).collect();
        lines.push(format!("accuracy set by set: {}", shares.join(", ")));
    }
    lines.push(format!(
        "{fpr}; near and far: plain means over their sets{spread}"
    ));
    if let Some(table) = &result.published {
        lines.push(format!("published: AUROC from {} ({})", table.source, table.date));
    }
    if !result.is_whole {
        lines.push(format!(
            "these averages are not the benchmark's: {}",
            result.departures.join("; ")
        ));
    }
    lines.extend(result.notes.iter().cloned());
    let missing = result
        .detectors
        .iter()
        .filter_map(|detector| detector.missing.as_ref());
    lines.extend(missing.map(|why| format!("missing: {why}")));
    lines
}

fn percent(value: Spread) -> String {
    let mean = 100.0 * value.mean;
    match value.sd {
        Some(sd) => format!("{mean:.2} ± {:.2}", 100.0 * sd),
        None => format!("{mean:.2}"),
    }
}
