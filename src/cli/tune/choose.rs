//! Knobs chosen on validation images, and what the choices come to on the others.
use indicatif::ProgressBar;

use crate::cli::client::{Client, no_scores};
use crate::cli::comparison::{REPLICATES, Sets, groups};
use crate::cli::search::{Cell, Cost, Search};
use anyhow::{Context, bail};
use odin_core::protocol::{FittedOn, JobSpec, Side};
use odin_core::runs;
use odin_core::session::{Tuned, TunedOn};
use odin_core::setting::{Setting, Settings};
use odin_core::sweep::{self, Split};
use odin_core::tuning::{Grid, Transfer, mean_max_softmax};
use odin_core::units::Devices;
use odin_metrics::{Conventions, Metric, Paired, Resampling};

/// What is tuned, and on what.
pub(super) struct Tuning<'a> {
    pub grid: &'a Grid,
    pub metric: Metric,
    pub split: Split,
    pub race: bool,
    /// One an OOD set.
    pub comparisons: &'a [(JobSpec, Sets)],
    pub client: &'a Client,
    pub devices: Devices,
}

/// What was chosen.
pub(super) struct Chosen {
    /// Number of the set that it was chosen on; `None` for ID images alone.
    pub set: Option<usize>,
    pub setting: Setting,
    pub tried: Tried,
    pub fitted_on: Option<FittedOn>,
}

/// What the settings came to on the validation images.
pub(super) enum Tried {
    /// By metrics.
    Cells(Vec<Cell>, Cost),
    /// By the mean max softmax of ID images.
    Means(Vec<(Setting, f64)>),
}

/// A choice on the images of one set that chose nothing.
pub(super) struct Reported {
    /// Place among those chosen.
    pub chosen: usize,
    /// Number of the set.
    pub set: usize,
    /// How it was chosen, in the words of sessions.
    pub tuned: Tuned,
    pub images: (usize, usize),
    pub metrics: runs::Detector,
}

/// What the choices come to.
pub(super) struct Report {
    /// Choice by choice, and set by set.
    pub rows: Vec<Reported>,
    /// Where each set chose.
    pub transfer: Option<Transfer>,
}

impl Tuning<'_> {
    pub(super) fn dataset(&self, set: usize) -> &str {
        self.comparisons.get(set).map_or("", |(spec, _)| &spec.dataset)
    }

    /// Chooses by the metric on validation images of this set and of the in-distribution set.
    pub(super) fn by_set(&self, set: usize, bar: &ProgressBar) -> anyhow::Result<Chosen> {
        let (spec, sets) = self
            .comparisons
            .get(set)
            .context("the set is one of those given")?;
        let search = Search {
            client: self.client,
            devices: &self.devices,
            spec,
            sets,
            validation: self.split.validation(),
            metric: self.metric,
            race: self.race,
        };
        bar.set_message(spec.dataset.clone());
        let found = search.run(&self.grid.settings(), bar)?;
        let best = found
            .cells
            .get(found.best)
            .context("the best is one of the cells")?;
        Ok(Chosen {
            set: Some(set),
            setting: best.setting,
            tried: Tried::Cells(found.cells, found.cost),
            fitted_on: found.fitted_on,
        })
    }

    /// Chooses by the greatest mean max softmax of in-distribution validation images.
    pub(super) fn by_id(&self, bar: &ProgressBar) -> anyhow::Result<Chosen> {
        let (spec, _) = self.comparisons.first().context("at least one set is given")?;
        let on = self.split.chosen_on(spec);
        let settings = self.grid.settings();
        bar.set_message("in-distribution images");
        bar.set_length(settings.len() as u64);
        let mut means = Vec::new();
        for setting in settings {
            let settings = Settings::only(setting);
            let request = JobSpec {
                settings,
                ..on.clone()
            }
            .set(Side::In);
            let pending = self.client.ask_for_set(request, &self.devices);
            // In file order, so that the sum is the same whatever came first.
            let scored = self.client.finish_sorted(pending)?;
            bar.inc(1);
            let Some(mean) = scored.scores.by(&setting).and_then(mean_max_softmax) else {
                bail!("{}", no_scores(&setting, [&scored]));
            };
            means.push((setting, mean));
        }
        // Greater is better, as of AUROC; of equal ones the first.
        let best = sweep::best(Metric::Auroc, means.iter().map(|(_, mean)| *mean));
        let best = best
            .and_then(|place| means.get(place))
            .context("there are values to try")?;
        Ok(Chosen {
            set: None,
            setting: best.0,
            tried: Tried::Means(means),
            fitted_on: None,
        })
    }

    /// What each choice comes to on every set's images that chose nothing.
    pub(super) fn report(&self, chosen: &[Chosen], bar: &ProgressBar) -> anyhow::Result<Report> {
        let is_each = chosen.len() > 1;
        bar.set_message("the other images");
        bar.set_length((chosen.len() * self.comparisons.len()) as u64);
        bar.set_position(0);
        let (mut rows, mut table) = (Vec::new(), Vec::new());
        for (place, one) in chosen.iter().enumerate() {
            let mut paired = Vec::new();
            for set in 0..self.comparisons.len() {
                let scored = self.on_rest(one.setting, set)?;
                if is_each {
                    paired.push(scored.paired(self.comparisons.get(set), set)?);
                }
                rows.push(Reported {
                    chosen: place,
                    set,
                    tuned: self.tuned(one, set),
                    images: (scored.ins.len(), scored.outs.len()),
                    metrics: scored.metrics(self.comparisons.get(set))?,
                });
                bar.inc(1);
            }
            table.push(paired);
        }
        Ok(Report {
            rows,
            transfer: match is_each {
                true => Some(Transfer::of(self.metric, &Conventions::default(), &table)?),
                false => None,
            },
        })
    }

    fn tuned(&self, chosen: &Chosen, set: usize) -> Tuned {
        let (on, dataset) = match chosen.set {
            None => (TunedOn::Id, None),
            Some(own) if own == set => (TunedOn::Validation, None),
            Some(other) => (TunedOn::Set, Some(self.dataset(other).to_owned())),
        };
        Tuned {
            on,
            images: Some(self.split.validation()),
            metric: (on != TunedOn::Id).then_some(self.metric),
            dataset,
        }
    }

    fn on_rest(&self, setting: Setting, set: usize) -> anyhow::Result<Scored> {
        let (spec, sets) = self
            .comparisons
            .get(set)
            .context("the set is one of those given")?;
        let spec = JobSpec {
            settings: Settings::only(setting),
            ..self.split.rest(spec)
        };
        let pending = self.client.ask_for_both(&spec, &self.devices);
        let [ins, outs] = self.client.finish_both(pending)?;
        let (Some(in_scores), Some(out_scores)) = (ins.scores.by(&setting), outs.scores.by(&setting)) else {
            bail!("{}", no_scores(&setting, [&ins, &outs]));
        };
        Ok(Scored {
            ins: in_scores.to_vec(),
            outs: out_scores.to_vec(),
            correct: ins.scores.correct(),
            in_groups: groups(&sets.ins, &ins.scores),
            out_groups: groups(&sets.outs, &outs.scores),
        })
    }
}

/// Scores of both sets' images that chose nothing, in file order.
struct Scored {
    ins: Vec<f64>,
    outs: Vec<f64>,
    correct: Option<Vec<bool>>,
    in_groups: Option<Vec<u32>>,
    out_groups: Option<Vec<u32>>,
}

impl Scored {
    fn metrics(&self, comparison: Option<&(JobSpec, Sets)>) -> anyhow::Result<runs::Detector> {
        let groups = runs::Groups {
            ins: self.in_groups.as_deref(),
            outs: self.out_groups.as_deref(),
        };
        Ok(runs::detector(
            [&self.ins, &self.outs],
            self.correct.as_deref(),
            groups,
            &Conventions::default(),
            REPLICATES,
            seed(comparison),
        )?)
    }

    fn paired(&self, comparison: Option<&(JobSpec, Sets)>, set: usize) -> anyhow::Result<Paired> {
        let resampling = Resampling {
            replicates: REPLICATES,
            seed: seed(comparison),
            set: set as u64,
            in_groups: self.in_groups.as_deref(),
            out_groups: self.out_groups.as_deref(),
        };
        Ok(Paired::resampled(&self.ins, None, &self.outs, &resampling)?)
    }
}

fn seed(comparison: Option<&(JobSpec, Sets)>) -> u64 {
    comparison.map_or(0, |(spec, _)| spec.seed)
}
