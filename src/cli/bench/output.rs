//! What a benchmark comes to, as CSV.
use clap::ValueEnum;

use super::result::Benchmarked;
use odin_core::benchmarks::{Group, Spread};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For the terminal
    Table,
    /// Markdown
    Md,
    /// A line a detector and set, and one a detector and group (nearood, farood); metrics are fractions
    Csv,
}

/// A line a detector and row of OpenOOD's table. Published values, in % as printed, stand in the lines of the means.
pub(super) fn csv(result: &Benchmarked) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "benchmark",
        "detector",
        "knobs",
        "group",
        "set",
        "networks",
        "n_out",
        "fpr95",
        "fpr95_sd",
        "auroc",
        "auroc_sd",
        "aupr_in",
        "aupr_in_sd",
        "aupr_out",
        "aupr_out_sd",
        "accuracy",
        "accuracy_sd",
        "published_auroc",
        "is_whole",
        "missing",
    ])?;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let spread = |of: Option<Spread>| [number(of.map(|of| of.mean)), number(of.and_then(|of| of.sd))];
    for detector in &result.detectors {
        let knobs = detector
            .knobs
            .iter()
            .map(|(knob, value)| format!("{knob}={value}"));
        let first = [
            result.benchmark.clone(),
            detector.detector.to_owned(),
            knobs.collect::<Vec<_>>().join(";"),
        ];
        let networks = result.networks.len().to_string();
        let mut lines: Vec<Vec<String>> = Vec::new();
        for row in detector.rows() {
            let published = detector.published.as_ref().filter(|_| row.n_out.is_none());
            let published = published.map(|published| match row.group {
                Group::Near => published.near_auroc,
                Group::Far => published.far_auroc,
            });
            let mut line = vec![
                row.group.name().to_owned(),
                row.name.to_owned(),
                networks.clone(),
                row.n_out.map(|count| count.to_string()).unwrap_or_default(),
            ];
            line.extend(
                row.measures
                    .each()
                    .into_iter()
                    .flat_map(|value| spread(Some(*value))),
            );
            line.extend(spread(result.accuracy));
            line.extend([number(published), result.is_whole.to_string(), String::new()]);
            lines.push(line);
        }
        if let Some(why) = &detector.missing {
            let mut line = vec![String::new(); 16];
            line.push(why.clone());
            lines.push(line);
        }
        for line in lines {
            writer.write_record(first.iter().chain(&line))?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
