//! Settings measured on validation images, all of them in full or in a race, and which may be the best.
use std::collections::VecDeque;

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use serde::Serialize;

use super::client::{Client, PendingSet, no_scores};
use super::comparison::{REPLICATES, Sets, groups};
use odin_core::protocol::{FittedOn, JobSpec, ScoreTable};
use odin_core::setting::{Setting, Settings};
use odin_core::sweep;
use odin_core::tuning::{Pass, pass_of};
use odin_core::units::Devices;
use odin_datasets::{Part, Sampling};
use odin_metrics::{Conventions, Interval, Judge, Measured, Metric, Paired, Race, Resampling, Summary};

/// Settings that are asked for before the first is there: the engine need not wait while metrics are computed.
const AHEAD: usize = 3;

/// Where settings are measured, and what is best.
pub(super) struct Search<'a> {
    pub client: &'a Client,
    pub devices: &'a Devices,
    /// The comparison whose validation images choose.
    pub spec: &'a JobSpec,
    pub sets: &'a Sets,
    /// How many images of each set choose.
    pub validation: usize,
    pub metric: Metric,
    /// Whether settings may be left at few images where these, and other settings on all images, tell what they are worth.
    pub race: bool,
}

/// A setting, and what it came to.
pub(super) struct Cell {
    pub setting: Setting,
    /// On the most images that it was measured on; why it has no scores.
    pub seen: Result<Seen, String>,
    /// Whether with 95 % confidence it may be the best.
    pub may_be_best: bool,
    /// Whether it was measured on fewer images than the best, as a race leaves it.
    pub is_on_few: bool,
}

impl Cell {
    /// ◆ for the one that is chosen, ≈ for those that cannot be told from it.
    pub(super) fn mark(&self, chosen: Setting) -> char {
        match self.may_be_best {
            _ if self.setting == chosen => '◆',
            true => '≈',
            false => ' ',
        }
    }

    /// Its value in a grid, with its mark before it.
    pub(super) fn in_grid(&self, chosen: Setting, metric: Metric) -> String {
        match &self.seen {
            Ok(seen) => {
                let value = percent(metric.of(&seen.summary));
                let value = format!("{}{value}", self.mark(chosen)).trim_start().to_owned();
                if self.is_on_few {
                    format!("({value})")
                } else {
                    value
                }
            }
            Err(_) => "-".to_owned(),
        }
    }
}

pub(super) fn percent(value: f64) -> String {
    format!("{:.2}", 100.0 * value)
}

/// What the marks of these cells mean.
pub(super) fn marks(cells: &[Cell]) -> String {
    let mut marks = vec!["◆ the best"];
    if cells.iter().filter(|cell| cell.may_be_best).count() > 1 {
        marks.push("≈ cannot be told from it, with 95 % confidence");
    }
    if cells.iter().any(|cell| cell.is_on_few) {
        marks.push("( ) on few images, which told the race enough");
    }
    format!("{}\n", marks.join(" · "))
}

/// What validation images tell of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub summary: Summary,
    /// Of the metric, 95 %.
    pub interval: Interval,
}

/// What was found.
pub(super) struct Found {
    /// In the order of the settings.
    pub cells: Vec<Cell>,
    /// Place of the best; of equally good ones the first.
    pub best: usize,
    pub cost: Cost,
    pub fitted_on: Option<FittedOn>,
}

/// What a search costs: images passed through the network as a setting moves them, each as often as settings do. The plain
/// passes, which all share, are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Cost {
    /// What was needed, whether known from before or not.
    pub needed: usize,
    /// What is needed to measure every setting on all validation images.
    pub of_the_full_grid: usize,
    /// Of those needed, how many were computed now.
    pub computed: usize,
}

impl Cost {
    /// What a race has saved, where there was one.
    pub(super) fn saved(&self) -> String {
        if self.needed >= self.of_the_full_grid {
            return String::new();
        }
        format!(
            "the race took {} of the full grid's {} passes of moved images ({:.1} %)\n",
            self.needed,
            self.of_the_full_grid,
            100.0 * self.needed as f64 / self.of_the_full_grid as f64
        )
    }

    /// Settings of a heat, `before` being the images that they were on before.
    fn add_heat(&mut self, heat: &[OfHeat], before: usize) {
        let images = heat.iter().map(OfHeat::images).max().unwrap_or(before);
        self.needed += distinct_passes(heat.iter().map(|one| &one.setting)) * (images - before.min(images));
        let with_pass = heat.iter().filter(|one| pass_of(&one.setting).is_some());
        self.computed += with_pass.map(|one| one.computed).sum::<usize>();
    }
}

/// Passes over moved images that the settings need; settings may share one.
fn distinct_passes<'a>(settings: impl Iterator<Item = &'a Setting>) -> usize {
    let mut known: Vec<Pass> = Vec::new();
    for pass in settings.filter_map(pass_of) {
        if !known.contains(&pass) {
            known.push(pass);
        }
    }
    known.len()
}

/// A setting on the images of one heat.
struct OfHeat {
    setting: Setting,
    seen: Result<(Seen, Measured), String>,
    /// Images that took a pass through the network.
    computed: usize,
    /// Of ID and OOD images, where they come in groups.
    groups: [Option<Vec<u32>>; 2],
    fitted_on: Option<FittedOn>,
}

impl OfHeat {
    /// Of both sets.
    fn images(&self) -> usize {
        let measured = self.seen.as_ref().ok();
        measured.map_or(0, |(_, measured)| measured.images.iter().map(Vec::len).sum())
    }
}

impl Search<'_> {
    /// Measures the settings; `bar` counts those of each heat.
    ///
    /// # Errors
    /// Images cannot be scored, or no setting has scores.
    pub(super) fn run(&self, settings: &[Setting], bar: &ProgressBar) -> anyhow::Result<Found> {
        let passes = distinct_passes(settings.iter());
        // Without passes of their own nothing is saved, and the first images of a file are no sample of it.
        let race = self.race && passes > 1 && self.spec.sampling == Sampling::Sample;
        let mut race = match race {
            true => {
                let places = settings.iter().zip(0..);
                let free = places.filter_map(|(setting, place)| pass_of(setting).is_none().then_some(place));
                Race::new(settings.len(), self.validation).with_free(free)
            }
            false => Race::in_full(settings.len(), self.validation),
        };
        let unknown = |setting: &Setting| Cell {
            setting: *setting,
            seen: Err("it was not measured".to_owned()),
            may_be_best: false,
            is_on_few: false,
        };
        let mut cells: Vec<Cell> = settings.iter().map(unknown).collect();
        let (mut cost, mut on_all, mut fitted_on) = (Cost::default(), 0, None);
        let (mut before, what) = (0, bar.message());
        while let Some(heat) = race.heat() {
            let (asked, wanted) = (heat.candidates.to_vec(), heat.images);
            bar.set_message(format!("{what}: {wanted} images of each set"));
            bar.set_length(asked.len() as u64);
            bar.set_position(0);
            let measured = self.heat(&asked, settings, wanted, bar)?;
            cost.add_heat(&measured, before);
            let images = measured.iter().map(OfHeat::images).max().unwrap_or_default();
            match wanted < self.validation {
                true => before = images,
                false => on_all = on_all.max(images),
            }
            let groups = measured
                .iter()
                .find(|one| one.seen.is_ok())
                .map(|one| one.groups.clone());
            let mut of_race = Vec::with_capacity(measured.len());
            for (&place, one) in asked.iter().zip(measured) {
                fitted_on = one.fitted_on.or(fitted_on);
                let (seen, measured) = match one.seen {
                    Ok((seen, measured)) => (Ok(seen), Some(measured)),
                    Err(why) => (Err(why), None),
                };
                of_race.push(measured);
                if let Some(cell) = cells.get_mut(place) {
                    cell.is_on_few = wanted < self.validation && seen.is_ok();
                    cell.seen = seen;
                }
            }
            let [in_groups, out_groups] = groups.unwrap_or_default();
            race.finish_heat(of_race, &self.judge(in_groups.as_deref(), out_groups.as_deref()))?;
        }
        for &place in race.standing() {
            if let Some(cell) = cells.get_mut(place) {
                cell.may_be_best = true;
            }
        }
        cost.of_the_full_grid = passes * on_all;
        let standing: Vec<usize> = race
            .standing()
            .iter()
            .copied()
            .filter(|&one| race.is_measured(one))
            .collect();
        let value = |&place: &usize| {
            let seen = cells.get(place).and_then(|cell| cell.seen.as_ref().ok());
            seen.map_or(f64::NAN, |seen| self.metric.of(&seen.summary))
        };
        let Some(place) = sweep::best(self.metric, standing.iter().map(value)) else {
            let why = cells.into_iter().find_map(|cell| cell.seen.err());
            bail!(
                "{}",
                why.unwrap_or_else(|| "there is no setting to try".to_owned())
            );
        };
        Ok(Found {
            best: *standing
                .get(place)
                .context("the best is one of those that are left")?,
            cells,
            cost,
            fitted_on,
        })
    }

    fn heat(
        &self,
        asked: &[usize],
        settings: &[Setting],
        images: usize,
        bar: &ProgressBar,
    ) -> anyhow::Result<Vec<OfHeat>> {
        let mut waiting = VecDeque::new();
        let mut measured = Vec::with_capacity(asked.len());
        let mut to_ask = asked.iter().filter_map(|&place| settings.get(place));
        loop {
            while waiting.len() < AHEAD
                && let Some(setting) = to_ask.next()
            {
                waiting.push_back((*setting, self.ask(setting, images)));
            }
            let Some((setting, pending)) = waiting.pop_front() else {
                return Ok(measured);
            };
            measured.push(self.measure(setting, pending)?);
            bar.inc(1);
        }
    }

    fn ask(&self, setting: &Setting, images: usize) -> [PendingSet; 2] {
        let spec = JobSpec {
            settings: Settings::only(*setting),
            part: Part::Validation(images),
            ..self.spec.clone()
        };
        self.client.ask_for_both(&spec, self.devices)
    }

    fn measure(&self, setting: Setting, pending: [PendingSet; 2]) -> anyhow::Result<OfHeat> {
        // In file order, as replicates of two settings belong together image by image.
        let [ins, outs] = self.client.finish_both(pending)?;
        let groups = [
            groups(&self.sets.ins, &ins.scores),
            groups(&self.sets.outs, &outs.scores),
        ];
        let seen = match (ins.scores.by(&setting), outs.scores.by(&setting)) {
            (Some(in_scores), Some(out_scores)) => {
                let judge = self.judge(groups[0].as_deref(), groups[1].as_deref());
                let paired = Paired::resampled(in_scores, None, out_scores, &judge.resampling)?;
                let numbers = |table: &ScoreTable| table.images().iter().map(|image| image.index).collect();
                let measured = Measured {
                    images: [numbers(&ins.scores), numbers(&outs.scores)],
                    scores: [in_scores.to_vec(), out_scores.to_vec()],
                    worth: judge.worth(&paired),
                };
                Ok((seen(self.metric, &paired), measured))
            }
            _ => Err(no_scores(&setting, [&ins, &outs])),
        };
        let images = ins.scores.len() + outs.scores.len();
        Ok(OfHeat {
            setting,
            seen,
            computed: images - ins.from_evidence - outs.from_evidence,
            groups,
            fitted_on: ins.fitted_on,
        })
    }

    fn judge<'g>(&self, in_groups: Option<&'g [u32]>, out_groups: Option<&'g [u32]>) -> Judge<'g> {
        Judge {
            metric: self.metric,
            conventions: Conventions::default(),
            resampling: Resampling {
                replicates: REPLICATES,
                seed: self.spec.seed,
                in_groups,
                out_groups,
                ..Resampling::default()
            },
        }
    }
}

fn seen(metric: Metric, paired: &Paired) -> Seen {
    let conventions = Conventions::default();
    Seen {
        summary: paired.summaries.by(&conventions),
        interval: metric.interval_of(paired.intervals().by(&conventions)),
    }
}
