//! The table of runs on disk.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::rows::{DetectorRow, DetectorTable, Knobs, Missing, SetColumn};
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::ranking::{Average, Candidate, Cell, CellScores, Distance, Distances, rank};
use crate::report::names::short;
use crate::report::subject::SubjectError;
use crate::runs::{ByDetector, Columns, Fit, Run, RunError, Scores, State};
use crate::setting::{self, Detector, Setting};
use odin_datasets::SetNames;
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
        let (ins, in_columns) = run.scores_by_detector(Side::In)?;
        let (outs, out_columns) = run.scores_by_detector(Side::Out)?;
        Ok(Self {
            ins,
            outs,
            in_columns,
            out_columns,
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

    /// Scores of both sides by a detector, where both have some.
    fn columns_of(&self, detector: Detector) -> Option<(&[f64], &[f64])> {
        Some((self.in_columns.get(&detector)?, self.out_columns.get(&detector)?))
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
    fit: Option<&'a Fit>,
    runs: Vec<Option<&'a Read>>,
}

impl<'a> Entry<'a> {
    /// Set by set.
    fn settings(&self) -> impl Iterator<Item = Option<Setting>> {
        let of = |read: &Read| read.settings.get(&self.detector).copied();
        self.runs.iter().map(move |run| run.and_then(of))
    }

    /// That of the first set that has one.
    fn setting(&self) -> Option<Setting> {
        self.settings().flatten().next()
    }

    /// Of each detector an entry a setting and fit. Of runs on the same set that have both, the last is taken.
    fn all(runs: &[(usize, &'a Read)], sets: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (set, read) in runs {
            let settings = read.settings.iter();
            let both = settings.filter(|(detector, _)| read.columns_of(**detector).is_some());
            for (&detector, &setting) in both {
                let fit = read.fit_of(detector);
                let is_it = |entry: &&mut Self| entry.setting() == Some(setting) && entry.fit == fit;
                let known = all.iter_mut().find(is_it);
                let entry = match known {
                    Some(entry) => entry,
                    None => {
                        all.push(Self {
                            detector,
                            fit,
                            runs: vec![None; sets],
                        });
                        all.last_mut().expect("one was pushed")
                    }
                };
                if let Some(run) = entry.runs.get_mut(*set) {
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
            let is_apart = (0..first.runs.len()).all(|set| {
                let all = std::iter::once(&first).chain(&same);
                all.filter(|entry| entry.has(set)).count() <= 1
            }) && same.iter().all(|entry| entry.fit == first.fit);
            if is_apart {
                for entry in same {
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

    fn has(&self, set: usize) -> bool {
        self.runs.get(set).is_some_and(Option::is_some)
    }

    fn knobs(&self) -> Knobs {
        let mut settings = self.settings().flatten();
        match settings.next() {
            Some(first) if settings.all(|other| other == first) => Knobs::Same(first),
            Some(_) => Knobs::BySet(self.settings().collect()),
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
    let names = home.map_or_else(SetNames::default, |home| {
        odin_datasets::set_names(&home.data_folders())
    });
    let standing = card.map(|card| (names.of(&card.in_dataset), Distances::new(&card, &names)));
    let columns: Vec<SetColumn> = sets
        .iter()
        .map(|read| SetColumn {
            name: read.run.dataset.clone(),
            distance: standing
                .as_ref()
                .filter(|(own, _)| *own == names.of(&read.run.in_dataset))
                .and_then(|(_, distances)| distances.of(&read.run.dataset)),
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
        let both = read.columns_of(entry.detector);
        let (ins, outs) = both.expect("an entry's runs have scores by its detector");
        let correct = read.ins.correct();
        let scores = CellScores {
            ins,
            correct: correct.as_deref(),
            outs,
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
    let mut all: Vec<(Detector, &str, BTreeSet<usize>)> = Vec::new();
    for (set, read) in placed {
        for (&detector, why) in &read.missing {
            // One that another run on the same images has is not missing.
            if entries
                .iter()
                .any(|entry| entry.detector == detector && entry.has(*set))
            {
                continue;
            }
            match all.iter_mut().find(|known| (known.0, known.1) == (detector, why)) {
                Some((_, _, of)) => {
                    of.insert(*set);
                }
                None => all.push((detector, why, BTreeSet::from([*set]))),
            }
        }
    }
    let named = |(detector, why, of): (Detector, &str, BTreeSet<usize>)| Missing {
        detector,
        why: why.to_owned(),
        sets: match of.len() == sets.len() {
            true => Vec::new(),
            false => of
                .iter()
                .filter_map(|set| Some(short(&sets.get(*set)?.name)))
                .collect(),
        },
    };
    all.into_iter().map(named).collect()
}
