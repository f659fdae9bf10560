//! What tuning comes to, as JSON and CSV.
use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;

use super::choose::{Chosen, Report, Reported, Tried, Tuning};
use crate::cli::search::{Cell, Cost};
use odin_core::runs::{self, Fit};
use odin_core::session;
use odin_core::setting::Setting;
use odin_core::tuning::Landed;
use odin_metrics::{Interval, Metric, Summary};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For the terminal: what was tried, and what is reported
    Table,
    /// Markdown: what is reported
    Md,
    /// What is reported, a line a choice and set; every metric a fraction
    Csv,
}

type Knobs = BTreeMap<String, f64>;

/// The whole, as `--json` prints it. Metrics are fractions.
#[derive(Serialize)]
pub(super) struct Tuned {
    pub network: String,
    pub in_dataset: String,
    pub detector: &'static str,
    #[serde(skip)]
    pub metric: Metric,
    #[serde(rename = "metric")]
    metric_key: String,
    pub validation_images: usize,
    /// The knobs that were tuned, with the values tried.
    pub tried: BTreeMap<&'static str, Vec<f64>>,
    pub chosen: Vec<Choice>,
    pub reported: Vec<OnSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}

/// What was chosen.
#[derive(Serialize)]
pub(super) struct Choice {
    /// The set whose validation images chose; `None` where in-distribution images alone did.
    pub on: Option<String>,
    pub knobs: Knobs,
    cells: Vec<OfCell>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<Cost>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OfCell {
    Measured {
        knobs: Knobs,
        validation: Box<Summary>,
        /// Of the metric.
        interval: Interval,
        may_be_best: bool,
        /// Whether the race left it at few images; what it comes to is of those.
        on_few_images: bool,
    },
    Mean {
        knobs: Knobs,
        mean_max_softmax: f64,
    },
    Missing {
        knobs: Knobs,
        missing: String,
    },
}

/// A choice on a set's images that chose nothing.
#[derive(Serialize)]
pub(super) struct OnSet {
    pub chosen_on: Option<String>,
    pub dataset: String,
    pub knobs: Knobs,
    tuned: session::Tuned,
    pub n_in: usize,
    pub n_out: usize,
    #[serde(flatten)]
    pub metrics: runs::Detector,
}

/// What is chosen on the row's set comes to this on the column's.
#[derive(Serialize)]
pub(super) struct Table {
    pub sets: Vec<String>,
    pub rows: Vec<TableRow>,
}

#[derive(Serialize)]
pub(super) struct TableRow {
    pub chosen_on: String,
    pub knobs: Knobs,
    /// In the order of the sets.
    pub on: Vec<Landed>,
    /// The mean over the sets that it was not chosen on.
    pub others: Landed,
}

impl Tuned {
    pub(super) fn new(
        (network, in_dataset): (&str, &str),
        tuning: &Tuning,
        chosen: &[Chosen],
        report: &Report,
    ) -> Self {
        let name = |set: Option<usize>| set.map(|set| tuning.dataset(set).to_owned());
        let row = |one: &Reported| {
            let by = chosen.get(one.chosen);
            OnSet {
                chosen_on: name(by.and_then(|by| by.set)),
                dataset: tuning.dataset(one.set).to_owned(),
                knobs: by.map(|by| by.setting.by_key()).unwrap_or_default(),
                tuned: one.tuned.clone(),
                n_in: one.images.0,
                n_out: one.images.1,
                metrics: one.metrics.clone(),
            }
        };
        let fitted_on = chosen.iter().find_map(|one| one.fitted_on.clone());
        let seed = tuning.comparisons.first().map_or(0, |(spec, _)| spec.fit.seed);
        Self {
            network: network.to_owned(),
            in_dataset: in_dataset.to_owned(),
            detector: tuning.grid.detector().key(),
            metric: tuning.metric,
            metric_key: tuning.metric.key().replace('-', "_"),
            validation_images: tuning.split.validation(),
            tried: tuning
                .grid
                .axes()
                .iter()
                .map(|axis| (axis.knob.key, axis.values.clone()))
                .collect(),
            chosen: chosen.iter().map(|one| choice(one, name(one.set))).collect(),
            reported: report.rows.iter().map(row).collect(),
            transfer: report.transfer.as_ref().map(|transfer| Table {
                sets: (0..tuning.comparisons.len())
                    .map(|set| tuning.dataset(set).to_owned())
                    .collect(),
                rows: chosen
                    .iter()
                    .zip(&transfer.0)
                    .map(|(one, row)| TableRow {
                        chosen_on: name(one.set).unwrap_or_default(),
                        knobs: one.setting.by_key(),
                        on: row.on.clone(),
                        others: row.others,
                    })
                    .collect(),
            }),
            fit: fitted_on.map(|on| Fit {
                dataset: on.dataset,
                images: on.images,
                seed,
            }),
        }
    }
}

fn choice(chosen: &Chosen, on: Option<String>) -> Choice {
    let (cells, passes) = match &chosen.tried {
        Tried::Cells(cells, cost) => {
            let passes = (cost.of_the_full_grid > 0).then_some(*cost);
            (cells.iter().map(of_cell).collect(), passes)
        }
        Tried::Means(means) => {
            let of = |(setting, mean): &(Setting, f64)| OfCell::Mean {
                knobs: setting.by_key(),
                mean_max_softmax: *mean,
            };
            (means.iter().map(of).collect(), None)
        }
    };
    Choice {
        on,
        knobs: chosen.setting.by_key(),
        cells,
        passes,
    }
}

fn of_cell(cell: &Cell) -> OfCell {
    let knobs = cell.setting.by_key();
    match &cell.seen {
        Ok(seen) => OfCell::Measured {
            knobs,
            validation: Box::new(seen.summary),
            interval: seen.interval,
            may_be_best: cell.may_be_best,
            on_few_images: cell.is_on_few,
        },
        Err(why) => OfCell::Missing {
            knobs,
            missing: why.clone(),
        },
    }
}

/// A line a choice and set.
pub(super) fn csv(tuned: &Tuned) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let first = tuned.reported.first();
    let knobs: Vec<&str> = first
        .iter()
        .flat_map(|row| row.knobs.keys().map(String::as_str))
        .collect();
    let mut header = vec!["chosen_on", "dataset"];
    header.extend(&knobs);
    header.extend([
        "n_in",
        "n_out",
        "fpr95",
        "detection_error",
        "auroc",
        "aupr_in",
        "aupr_out",
    ]);
    header.extend(["metric", "value", "low", "high", "loss", "loss_low", "loss_high"]);
    writer.write_record(&header)?;
    let mut landed = tuned
        .transfer
        .iter()
        .flat_map(|table| &table.rows)
        .flat_map(|row| &row.on);
    for row in &tuned.reported {
        let m = &row.metrics;
        let mut line = vec![
            row.chosen_on.clone().unwrap_or_else(|| "id".to_owned()),
            row.dataset.clone(),
        ];
        line.extend(row.knobs.values().map(f64::to_string));
        line.extend([row.n_in, row.n_out].map(|count| count.to_string()));
        line.extend(
            [m.fpr95, m.detection_error, m.auroc, m.aupr_in, m.aupr_out].map(|value| value.to_string()),
        );
        let (value, interval) = of_metric(tuned.metric, m);
        line.push(tuned.metric.key().replace('-', "_"));
        line.extend([value, interval.low, interval.high].map(|value| value.to_string()));
        let loss = landed.next().map(|landed| landed.loss);
        let loss = loss.map(|loss| [loss.difference, loss.interval.low, loss.interval.high]);
        line.extend(loss.map_or_else(Default::default, |loss| loss.map(|value| value.to_string())));
        writer.write_record(&line)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A metric and its 95 % interval.
pub(super) fn of_metric(metric: Metric, of: &runs::Detector) -> (f64, Interval) {
    match metric {
        Metric::Fpr95 => (of.fpr95, of.fpr95_ci),
        Metric::DetectionError => (of.detection_error, of.detection_error_ci),
        Metric::Auroc => (of.auroc, of.auroc_ci),
        Metric::AuprIn => (of.aupr_in, of.aupr_in_ci),
        Metric::AuprOut => (of.aupr_out, of.aupr_out_ci),
    }
}
