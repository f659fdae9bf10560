//! The table of runs on disk.
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::rows::{DetectorRow, DetectorTable, Knobs, Missing, SetColumn};
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::ranking::{Average, Candidate, Cell, CellScores, Distance, rank};
use crate::report::subject::SubjectError;
use crate::runs::{ByDetector, Columns, Fit, Run, RunError, Scores, State};
use crate::setting::{self, Detector, Setting};
use odin_detectors::Need;
use odin_metrics::{Conventions, Metric, Side};

/// What the table is to show.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub metric: Metric,
    pub conventions: Conventions,
    /// The average that it is sorted by.
    pub by: Average,
    pub replicates: usize,
}

/// A run, read.
struct Read {
    run: Run,
    ins: Scores,
    outs: Scores,
    in_columns: Columns,
    out_columns: Columns,
    settings: BTreeMap<Detector, Setting>,
    missing: BTreeMap<Detector, String>,
    fit: Option<Fit>,
}

impl Read {
    fn of(run: Run) -> Result<Self, RunError> {
        let mut settings = BTreeMap::from([
            (Detector::Baseline, Setting::new(Detector::Baseline)),
            (Detector::Odin, setting::odin(run.temperature, run.magnitude)),
        ]);
        let (mut missing, mut fit) = (BTreeMap::new(), None);
        if run.state == State::Finished {
            let record = run.record()?;
            fit = record.fit;
            for (key, entry) in record.detectors {
                let Some(detector) = Detector::from_key(&key) else {
                    continue;
                };
                match entry {
                    ByDetector::Missing { missing: why } => {
                        missing.insert(detector, why);
                    }
                    // ODIN's are the run's.
                    ByDetector::Measured { knobs, .. } if !settings.contains_key(&detector) => {
                        settings.insert(detector, of_knobs(detector, &knobs));
                    }
                    ByDetector::Measured { .. } => {}
                }
            }
        }
        Ok(Self {
            ins: run.scores(Side::In)?,
            outs: run.scores(Side::Out)?,
            in_columns: run.columns(Side::In)?,
            out_columns: run.columns(Side::Out)?,
            run,
            settings,
            missing,
            fit,
        })
    }

    fn is_complete(&self) -> bool {
        (self.ins.len(), self.outs.len()) == (self.run.images.total_in, self.run.images.total_out)
    }

    /// Runs of the same belong into one table: the network, the ID set and which of its images.
    fn group(&self) -> (String, String, &[i64]) {
        let identity = self.run.manifest.as_ref().map(|manifest| &manifest.identity);
        let network = identity.map_or(&self.run.network, |identity| &identity.network.digest);
        let ins = identity.map_or(&self.run.in_dataset, |identity| &identity.in_dataset.digest);
        (network.clone(), ins.clone(), &self.ins.index)
    }

    /// Runs of the same are of one column: the OOD set and which of its images.
    fn set(&self) -> (String, &[i64]) {
        let identity = self.run.manifest.as_ref().map(|manifest| &manifest.identity);
        let set = identity.map_or(&self.run.dataset, |identity| &identity.dataset.digest);
        (set.clone(), &self.outs.index)
    }

    /// The fit of a detector that has one.
    fn fit_of(&self, detector: Detector) -> Option<&Fit> {
        let needs = |need: &Need| matches!(need, Need::FitImages | Need::FitLabels);
        self.fit.as_ref().filter(|_| detector.needs().iter().any(needs))
    }
}

/// Knobs that this program does not know are of a newer one.
fn of_knobs(detector: Detector, knobs: &BTreeMap<String, f64>) -> Setting {
    knobs
        .iter()
        .fold(Setting::new(detector), |setting, (knob, value)| {
            setting.with(knob, *value).unwrap_or(setting)
        })
}

/// A row that is to be: a detector with its knobs and its fit, and the run of each set that has it.
struct Entry<'a> {
    detector: Detector,
    settings: Vec<Option<Setting>>,
    fit: Option<&'a Fit>,
    runs: Vec<Option<&'a Read>>,
}

impl<'a> Entry<'a> {
    fn setting(&self) -> Option<Setting> {
        self.settings.iter().flatten().next().copied()
    }

    /// Of each detector an entry a setting and fit. Of runs on the same set that have both, the last is taken.
    fn all(runs: &[(usize, &'a Read)], sets: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (set, read) in runs {
            let both = read.settings.iter().filter(|(detector, _)| {
                read.in_columns.contains_key(detector) && read.out_columns.contains_key(detector)
            });
            for (&detector, &setting) in both {
                let fit = read.fit_of(detector);
                let is_it = |entry: &&mut Self| entry.setting() == Some(setting) && entry.fit == fit;
                let known = all.iter_mut().find(is_it);
                let entry = match known {
                    Some(entry) => entry,
                    None => {
                        all.push(Self {
                            detector,
                            settings: vec![None; sets],
                            fit,
                            runs: vec![None; sets],
                        });
                        all.last_mut().expect("one was pushed")
                    }
                };
                if let (Some(place), Some(run)) = (entry.settings.get_mut(*set), entry.runs.get_mut(*set)) {
                    *place = Some(setting);
                    *run = Some(read);
                }
            }
        }
        Self::joined(all)
    }

    /// Where no set has two settings of a detector, they were chosen set by set, and are one row.
    fn joined(all: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        let mut rest = all;
        while !rest.is_empty() {
            let mut first = rest.remove(0);
            let is_of = |entry: &Self| entry.detector == first.detector;
            let (same, others): (Vec<Self>, Vec<Self>) = rest.into_iter().partition(is_of);
            rest = others;
            let is_apart = (0..first.settings.len()).all(|set| {
                let has = |entry: &Self| entry.settings.get(set).is_some_and(Option::is_some);
                std::iter::once(&first)
                    .chain(&same)
                    .filter(|entry| has(entry))
                    .count()
                    <= 1
            }) && same.iter().all(|entry| entry.fit == first.fit);
            if is_apart {
                for entry in same {
                    let both = first.settings.iter_mut().zip(entry.settings);
                    both.for_each(|(place, setting)| *place = place.or(setting));
                    let both = first.runs.iter_mut().zip(entry.runs);
                    both.for_each(|(place, run)| *place = place.or(run));
                }
                joined.push(first);
            } else {
                joined.push(first);
                joined.extend(same);
            }
        }
        joined
    }

    fn knobs(&self) -> Knobs {
        let mut settings = self.settings.iter().flatten();
        match settings.next() {
            Some(first) if settings.all(|other| other == first) => Knobs::Same(*first),
            Some(_) => Knobs::BySet(self.settings.clone()),
            None => Knobs::Same(Setting::new(self.detector)),
        }
    }
}

/// A table for each network and choice of ID images among the runs, in their order. Where its card can be read, it says which
/// sets are near and which far.
///
/// # Errors
/// Scores that cannot be read, or of which one side has none yet.
pub fn detector_tables(
    runs: Vec<Run>,
    home: Option<&Home>,
    asked: &Asked,
) -> Result<Vec<DetectorTable>, SubjectError> {
    let reads: Vec<Read> = runs.into_iter().map(Read::of).collect::<Result<_, _>>()?;
    let mut groups: Vec<Vec<&Read>> = Vec::new();
    for read in &reads {
        let is_its =
            |group: &&mut Vec<&Read>| group.first().is_some_and(|first| first.group() == read.group());
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(read),
            None => groups.push(vec![read]),
        }
    }
    groups.iter().map(|group| table(group, home, asked)).collect()
}

fn table(group: &[&Read], home: Option<&Home>, asked: &Asked) -> Result<DetectorTable, SubjectError> {
    let first = group.first().expect("a group begins with a run");
    let mut sets: Vec<&Read> = Vec::new();
    let mut placed: Vec<(usize, &Read)> = Vec::new();
    for read in group {
        let place = sets.iter().position(|set| set.set() == read.set());
        let place = place.unwrap_or_else(|| {
            sets.push(read);
            sets.len() - 1
        });
        placed.push((place, read));
    }
    let card = home.and_then(|home| NetworkCard::find(&first.run.network, &home.model_folders()).ok());
    let columns: Vec<SetColumn> = sets
        .iter()
        .map(|read| SetColumn {
            name: read.run.dataset.clone(),
            distance: card
                .as_ref()
                .filter(|card| card.in_dataset == read.run.in_dataset)
                .and_then(|card| Distance::of(card, &read.run.dataset)),
            n_out: read.outs.len() as u64,
        })
        .collect();
    let entries = Entry::all(&placed, sets.len());
    let candidates = measured(&entries, asked)?;
    let distances: Vec<Option<Distance>> = columns.iter().map(|set| set.distance).collect();
    let mut fits: Vec<Fit> = Vec::new();
    for fit in entries.iter().filter_map(|entry| entry.fit) {
        if !fits.contains(fit) {
            fits.push(fit.clone());
        }
    }
    let rows = rank(
        &candidates,
        &distances,
        asked.by,
        asked.metric,
        &asked.conventions,
    );
    let rows = rows.into_iter().filter_map(|row| {
        let entry = entries.get(row.candidate)?;
        Some(DetectorRow {
            detector: entry.detector,
            knobs: entry.knobs(),
            fit: entry.fit.filter(|_| fits.len() > 1).cloned(),
            sets: row.sets,
            averages: row.averages,
            may_be_best: row.may_be_best,
        })
    });
    Ok(DetectorTable {
        network: first.run.network.clone(),
        in_dataset: first.run.in_dataset.clone(),
        n_in: first.ins.len() as u64,
        metric: asked.metric,
        conventions: asked.conventions,
        by: asked.by,
        replicates: asked.replicates,
        rows: rows.collect(),
        missing: missing(&entries, &placed, &columns),
        sets: columns,
        fits,
        is_partial: !group.iter().all(|read| read.is_complete()),
    })
}

/// Every entry against every set that it has, on all cores.
fn measured(entries: &[Entry], asked: &Asked) -> Result<Vec<Candidate>, SubjectError> {
    let cell = |entry: &Entry, set: usize, read: &Read| {
        let column = |columns: &'_ Columns| columns.get(&entry.detector).cloned().unwrap_or_default();
        let (ins, outs) = (column(&read.in_columns), column(&read.out_columns));
        let correct = read.ins.correct();
        let scores = CellScores {
            ins: &ins,
            correct: correct.as_deref(),
            outs: &outs,
            in_groups: read.ins.group.as_deref(),
            out_groups: read.outs.group.as_deref(),
        };
        let measured = Cell::measure(scores, asked.replicates, 0, set as u64);
        measured.map(Arc::new).map_err(|source| SubjectError::Metrics {
            run: format!("{}, {}", read.run.name(), entry.detector),
            source,
        })
    };
    let one = |entry: &Entry| -> Result<Candidate, SubjectError> {
        let cells: Result<_, _> = entry
            .runs
            .par_iter()
            .enumerate()
            .map(|(set, read)| read.map(|read| cell(entry, set, read)).transpose())
            .collect();
        Ok(Candidate {
            setting: entry.setting().unwrap_or(Setting::new(entry.detector)),
            cells: cells?,
        })
    };
    entries.par_iter().map(one).collect()
}

/// Detectors that the runs could not score, each with why and, where others could, on which sets.
fn missing(entries: &[Entry], placed: &[(usize, &Read)], sets: &[SetColumn]) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    for (set, read) in placed {
        let Some(name) = sets.get(*set).map(|set| crate::report::names::short(&set.name)) else {
            continue;
        };
        for (detector, why) in &read.missing {
            let is_it = |missing: &&mut Missing| missing.detector == *detector && missing.why == *why;
            match all.iter_mut().find(is_it) {
                Some(known) if known.sets.contains(&name) => {}
                Some(known) => known.sets.push(name.clone()),
                None => all.push(Missing {
                    detector: *detector,
                    why: why.clone(),
                    sets: vec![name.clone()],
                }),
            }
        }
    }
    // One that another run on the same images has is not missing.
    for missing in &mut all {
        let of_it = entries.iter().filter(|entry| entry.detector == missing.detector);
        let has: Vec<usize> = of_it
            .flat_map(|entry| entry.runs.iter().enumerate())
            .filter_map(|(set, run)| run.map(|_| set))
            .collect();
        let lacks = |name: &String| {
            let named = |set: &&usize| {
                sets.get(**set)
                    .is_some_and(|set| crate::report::names::short(&set.name) == *name)
            };
            !has.iter().any(|set| named(&set))
        };
        missing.sets.retain(lacks);
    }
    all.retain(|missing| !missing.sets.is_empty());
    for missing in &mut all {
        if missing.sets.len() == sets.len() {
            missing.sets.clear();
        }
    }
    all
}
