//! What a benchmark comes to, for people.
use super::result::{Benchmarked, OfDetector};
use odin_core::benchmarks::{Group, LeaderboardRow, OverNetworks, Spread};
use odin_core::report;
use odin_metrics::Positive;

/// For the terminal; `per_set` adds a table a detector.
pub(super) fn table(result: &Benchmarked, per_set: bool) -> String {
    let mut text = heading(result);
    let mut rows = vec![head(result).map(str::to_owned).to_vec()];
    rows.extend(ranked(result).into_iter().map(|detector| row(detector).to_vec()));
    rows.extend(published_alone(result).map(|row| other(row).to_vec()));
    text.push_str(&format!("\n{}", aligned(&rows)));
    for detector in ranked(result).into_iter().filter(|_| per_set) {
        text.push_str(&format!(
            "\n{}\n{}",
            detector.detector,
            aligned(&openood(detector, result))
        ));
    }
    text.push_str(&format!("\n{}\n", legend(result).join("\n")));
    text
}

/// For a document.
pub(super) fn markdown(result: &Benchmarked, per_set: bool) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
    let block = |rows: &[Vec<String>]| {
        let mut text = String::new();
        for (place, cells) in rows.iter().enumerate() {
            text.push_str(&line(cells));
            if place == 0 {
                text.push_str(&format!(
                    "|---|{}\n",
                    "---:|".repeat(cells.len().saturating_sub(1))
                ));
            }
        }
        text
    };
    let mut rows = vec![head(result).map(str::to_owned).to_vec()];
    rows.extend(ranked(result).into_iter().map(|detector| row(detector).to_vec()));
    rows.extend(published_alone(result).map(|row| other(row).to_vec()));
    let mut text = format!("{}\n{}", heading(result), block(&rows));
    for detector in ranked(result).into_iter().filter(|_| per_set) {
        text.push_str(&format!(
            "\n**{}**\n\n{}",
            detector.detector,
            block(&openood(detector, result))
        ));
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

fn published_alone(result: &Benchmarked) -> impl Iterator<Item = &LeaderboardRow> {
    result.published.iter().flat_map(|table| &table.others)
}

fn head(result: &Benchmarked) -> [&'static str; 8] {
    let mut head = [
        "%",
        "near FPR95 ↓",
        "near AUROC ↑",
        "far FPR95 ↓",
        "far AUROC ↑",
        "published near",
        "published far",
        "knobs",
    ];
    if result.published.is_none() {
        head[5] = "";
        head[6] = "";
    }
    head
}

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
    let none = String::new;
    [
        row.detector.key().to_owned(),
        none(),
        none(),
        none(),
        none(),
        format!("{:.2}", row.near_auroc),
        format!("{:.2}", row.far_auroc),
        none(),
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

/// Names from the left, numbers from the right, and what follows the numbers from the left again.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            0 | 7 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
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
    let mut lines = vec![format!(
        "{fpr}; near and far: plain means over their sets{spread}"
    )];
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
