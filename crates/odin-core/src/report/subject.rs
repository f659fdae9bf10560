//! A run, read and measured anew from its saved scores.
use std::path::Path;

use super::difference::differences;
use super::names::{group, short};
use super::published::{Measured, PublishedBeside, WeightsUsed, published_beside};
use super::table::{Estimate, Row, RunFacts, Table, Tuned};
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::runs::{self, Detector, Grid, Groups, Run, RunError, Scores, State};
use crate::session::{self, Metric};
use crate::setting;
use odin_datasets::{Part, Sampling};
use odin_metrics::{Comparison, Conventions, Interval, MetricsError, Side};

/// A run that cannot be reported.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{run}: {source}")]
    Metrics { run: String, source: MetricsError },
}

pub struct Subject {
    pub run: Run,
    pub ins: Scores,
    pub outs: Scores,
    pub baseline: Comparison,
    pub odin: Comparison,
    pub baseline_metrics: Detector,
    pub odin_metrics: Detector,
    pub conventions: Conventions,
    /// 95 % intervals of ODIN's metrics minus the baseline's, in the order of [`Metric::ALL`].
    pub difference: [Interval; Metric::ALL.len()],
    /// What others measured with these weights on these images.
    pub published: Option<PublishedBeside>,
    /// Of a sweep.
    pub grid: Option<Grid>,
    /// Images left out at the start of each set, those that a sweep chose on among them; `None` where the images are
    /// no such slice.
    pub skip: Option<usize>,
    /// Share of the in-distribution images that are classified correctly.
    pub accuracy: Option<f64>,
}

impl Subject {
    /// Reads the run's scores and measures them, with intervals from so many bootstrap `replicates`. Published numbers
    /// come from the network's card, where there is a `home` that holds it.
    ///
    /// # Errors
    /// Scores that cannot be read, or of which one side has none yet.
    pub fn read(
        run: Run,
        home: Option<&Home>,
        conventions: Conventions,
        replicates: usize,
    ) -> Result<Self, SubjectError> {
        let (ins, outs) = (run.scores(Side::In)?, run.scores(Side::Out)?);
        let correct = ins.correct();
        let failed = |source| SubjectError::Metrics {
            run: run.name(),
            source,
        };
        let compare =
            |a: &[f64], b: &[f64]| Comparison::with_correct(a, correct.as_deref(), b).map_err(failed);
        let baseline = compare(&ins.baseline, &outs.baseline)?;
        let odin = compare(&ins.odin, &outs.odin)?;
        let groups = Groups {
            ins: ins.group.as_deref(),
            outs: outs.group.as_deref(),
        };
        let measure = |a: &[f64], b: &[f64]| {
            runs::detector([a, b], correct.as_deref(), groups, &conventions, replicates, 0).map_err(failed)
        };
        let difference = differences(&ins, &outs, &conventions, replicates).map_err(failed)?;
        let share = |all: &[bool]| all.iter().filter(|&&one| one).count() as f64 / all.len() as f64;
        let grid = run.grid()?;
        let skip = skip(&run, &ins, grid.as_ref());
        Ok(Self {
            baseline_metrics: measure(&ins.baseline, &outs.baseline)?,
            odin_metrics: measure(&ins.odin, &outs.odin)?,
            published: home.and_then(|home| published(&run, skip, home)),
            accuracy: correct.as_deref().map(share),
            difference,
            grid,
            skip,
            conventions,
            baseline,
            odin,
            ins,
            outs,
            run,
        })
    }

    /// Whether every image of the job is scored.
    pub fn is_complete(&self) -> bool {
        self.run.state == State::Finished
    }

    /// The set, in short, for legends and rows.
    pub fn set(&self) -> String {
        short(&self.run.dataset)
    }

    /// The lowest log-odds that are called in-distribution, when 95 % of the ID images are.
    pub fn threshold(&self) -> f64 {
        self.odin.threshold_at_tpr(0.95)
    }

    /// The heading over its network and in-distribution set.
    pub fn group(&self) -> String {
        group(&self.run.network, Some(&self.run.in_dataset))
    }

    /// On which images T and ε were chosen, where the run is a finished sweep or its session says that they were tuned.
    pub fn tuned(&self) -> Option<Tuned> {
        let Some(grid) = &self.grid else {
            let manifest = self.run.manifest.as_ref()?;
            return manifest.tuned.clone().map(Tuned::of);
        };
        Some(if grid.tested_apart {
            // Where images come in groups, the sets differ.
            let on = grid
                .cells
                .get(grid.best)
                .map(|cell| [cell.odin.n_in, cell.odin.n_out]);
            Tuned::OnValidation {
                images: Some(on.unwrap_or([grid.validation_images as u64; 2])),
                dataset: None,
            }
        } else {
            Tuned::OnReported
        })
    }

    fn row(&self) -> Row {
        let run = &self.run;
        let estimates = |metrics: &Detector| {
            Some(Metric::ALL.map(|metric| {
                let (value, interval) = of(metrics, metric);
                Estimate {
                    value,
                    interval: Some(interval),
                }
            }))
        };
        Row {
            network: run.network.clone(),
            in_dataset: Some(run.in_dataset.clone()),
            dataset: run.dataset.clone(),
            setting: setting::odin(run.temperature, run.magnitude),
            skip: self.skip,
            chosen: run.chosen,
            n_in: self.ins.len() as u64,
            n_out: self.outs.len() as u64,
            is_complete: self.is_complete(),
            baseline: estimates(&self.baseline_metrics),
            beside: estimates(&self.odin_metrics),
            difference: Some(self.difference),
            tuned: self.tuned(),
            published: self.published.clone(),
            run: Some(Box::new(RunFacts {
                folder: run.folder.clone(),
                device: run.device.clone(),
                seconds: run.seconds,
                accuracy: self.accuracy,
                threshold_at_tpr95: self.threshold(),
                baseline: self.baseline_metrics.clone(),
                beside: self.odin_metrics.clone(),
                grid: self.grid.clone(),
            })),
        }
    }
}

/// The table of runs that were measured by the same conventions.
pub fn table_of(subjects: &[Subject]) -> Table {
    Table {
        detector: session::Detector::Odin,
        conventions: subjects
            .first()
            .map(|subject| subject.conventions)
            .unwrap_or_default(),
        rows: subjects.iter().map(Subject::row).collect(),
    }
}

/// A metric's value and interval, as fractions.
fn of(metrics: &Detector, metric: Metric) -> (f64, Interval) {
    match metric {
        Metric::Fpr95 => (metrics.fpr95, metrics.fpr95_ci),
        Metric::DetectionError => (metrics.detection_error, metrics.detection_error_ci),
        Metric::Auroc => (metrics.auroc, metrics.auroc_ci),
        Metric::AuprIn => (metrics.aupr_in, metrics.aupr_in_ci),
        Metric::AuprOut => (metrics.aupr_out, metrics.aupr_out_ci),
    }
}

/// Where the images begin, in each set: by what is known of their choice, and by the images themselves where that is nothing.
fn skip(run: &Run, ins: &Scores, grid: Option<&Grid>) -> Option<usize> {
    if let Some(choice) = run.chosen {
        let set_aside = match choice.part {
            Part::Report(images) => Some(images),
            Part::Whole | Part::Validation(_) => None,
        };
        let is_some = choice.limit.is_some() || set_aside.is_some() || grid.is_some();
        if choice.sampling == Sampling::Sample && is_some {
            return None;
        }
        let chosen_on = grid
            .filter(|grid| grid.tested_apart)
            .map(|grid| grid.validation_images);
        let Some(left_out) = chosen_on.or(set_aside) else {
            return Some(choice.skip);
        };
        // Groups stay together, so that what is left of them is no slice.
        let has_groups = run
            .manifest
            .as_ref()
            .is_some_and(|it| it.identity.groups.is_some());
        return (!has_groups).then_some(choice.skip + left_out);
    }
    let first = *ins.index.first()?;
    let is_slice = ins
        .index
        .iter()
        .copied()
        .eq(first..first + ins.index.len() as i64);
    usize::try_from(first).ok().filter(|_| is_slice)
}

/// Without a manifest nobody knows the weights, nor whether a limit left images out.
fn published(run: &Run, skip: Option<usize>, home: &Home) -> Option<PublishedBeside> {
    let identity = &run.manifest.as_ref()?.identity;
    let card = NetworkCard::find(&run.network, &home.model_folders()).ok()?;
    let measured = Measured {
        weights: WeightsUsed::Known {
            digest: &identity.network.digest,
            is_cards_file: is_same_file(&run.manifest.as_ref()?.weights, &card.weights_path()),
        },
        is_cards_in_dataset: run.in_dataset == card.in_dataset,
        dataset: &run.dataset,
        skip: skip.filter(|_| identity.limit.is_none()),
        temperature: run.temperature,
        magnitude: run.magnitude,
    };
    published_beside(card.published.as_ref()?, &measured)
}

fn is_same_file(a: &str, b: &Path) -> bool {
    let a = Path::new(a);
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
