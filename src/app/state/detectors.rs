//! The Detectors screen: every detector against the sets of the selected job's network, by one metric.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::groups::GroupLists;
use super::jobs::Job;
use super::scores::Listed;
use odin_core::protocol::{JobId, Side};
use odin_core::ranking::{Average, Candidate, Cell, CellScores, Distance, Distances, Ranked, rank};
use odin_core::session::{Detector, Metric};
use odin_core::setting::{Setting, movement};
use odin_metrics::Conventions;

/// The same for every cell: each replicate draws the same images for all detectors.
const SEED: u64 = 0;

/// What the screen shows, and what was measured for it.
#[derive(Debug, Clone, Default)]
pub struct Detectors {
    /// The row that the cursor is on.
    pub chosen: Detector,
    /// The average that the rows are sorted by.
    pub by: Average,
    /// Whether detectors are scored too that need passes of their own through the network.
    pub with_passes: bool,
    /// The sets, from left to right, by the jobs that they are of.
    pub columns: Vec<DetectorColumn>,
    /// The detectors, the best first; then those that have no numbers yet.
    pub rows: Vec<Ranked>,
    /// How many of the sets have numbers.
    pub measured: usize,
    cells: HashMap<JobId, HashMap<Setting, Measured>>,
    /// What the rows were ranked from.
    ranked: Option<Basis>,
    /// Reports taken so far.
    reports: u64,
    /// Whether a job's cells are being measured in the background.
    pub(in crate::app) is_measuring: bool,
    /// When a job's cells were last asked for.
    measured_at: HashMap<JobId, Duration>,
}

/// A detector against a set, as far as it was measured.
#[derive(Debug, Clone, Default)]
struct Measured {
    /// How many images of each side there were when it was last asked for.
    of: (usize, usize),
    /// `None` before the first answer, and where the scores cannot be measured.
    cell: Option<Arc<Cell>>,
}

/// What rows are ranked from beside the columns: where both are the same, so are they.
#[derive(Debug, Clone, PartialEq)]
struct Basis {
    /// Job by job.
    settings: Vec<Vec<Setting>>,
    own: Option<JobId>,
    by: Average,
    metric: Metric,
    conventions: Conventions,
    reports: u64,
}

/// An OOD set of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorColumn {
    pub job: JobId,
    pub dataset: String,
    pub distance: Option<Distance>,
}

/// One job's cells, to be measured in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorsRequest {
    pub job: JobId,
    pub replicates: usize,
    pub scores: Arc<DetectorScores>,
}

/// The scores of one job by several settings, image by image in one order.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorScores {
    /// Of each ID image, if every one has a label: whether the network gives it.
    correct: Option<Vec<bool>>,
    by: Vec<(Setting, Vec<f64>, Vec<f64>)>,
    groups: GroupLists,
}

/// The answer to a [`DetectorsRequest`]; a detector whose scores cannot be measured is not among the cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectorsReport {
    pub job: JobId,
    pub cells: Vec<(Setting, Cell)>,
}

impl DetectorsRequest {
    /// Takes up to a few seconds: not for the thread that draws.
    pub fn compute(&self) -> DetectorsReport {
        let DetectorScores { correct, by, groups } = self.scores.as_ref();
        let groups = groups.resampling(self.replicates, SEED);
        let cell = |(setting, ins, outs): &(Setting, Vec<f64>, Vec<f64>)| {
            let scores = CellScores {
                ins,
                correct: correct.as_deref(),
                outs,
                in_groups: groups.in_groups,
                out_groups: groups.out_groups,
            };
            let set = u64::from(self.job.number());
            let cell = Cell::measure(scores, self.replicates, SEED, set).ok()?;
            Some((*setting, cell))
        };
        DetectorsReport {
            job: self.job,
            cells: by.iter().filter_map(cell).collect(),
        }
    }
}

impl DetectorScores {
    /// By these settings, which have scored every image that ODIN has; of the ID images those of the table, which are in
    /// ascending order.
    fn of(job: &Job, settings: &[Setting], ins: &[u32]) -> Self {
        let listed = |side, setting: &Setting| -> Vec<Listed> {
            let all = job.scores.listed(side, setting);
            all.filter(|image| side == Side::Out || ins.binary_search(&image.image.index).is_ok())
                .collect()
        };
        let odin = job.setting(Detector::Odin);
        let (of_ins, of_outs) = (listed(Side::In, &odin), listed(Side::Out, &odin));
        let number = |image: &Listed| image.image.index;
        let correct = of_ins.iter();
        let correct = correct.map(|image| image.label.map(|label| label == image.prediction));
        let scores = |side, setting| listed(side, setting).iter().map(|image| image.score).collect();
        Self {
            correct: correct.collect(),
            groups: job
                .groups
                .of(of_ins.iter().map(number), of_outs.iter().map(number)),
            by: settings
                .iter()
                .map(|setting| (*setting, scores(Side::In, setting), scores(Side::Out, setting)))
                .collect(),
        }
    }
}

/// The ID images that every job of a table has scored, of the jobs that have scored any, in ascending order: so that averages
/// over their sets are of the same images while scores arrive.
fn common_ins(jobs: &[&Job]) -> Vec<u32> {
    let of = |job: &&Job| -> Vec<u32> {
        let odin = job.setting(Detector::Odin);
        let listed = job.scores.listed(Side::In, &odin);
        listed.map(|image| image.image.index).collect()
    };
    let scored = jobs.iter().map(of).filter(|ins| !ins.is_empty());
    let both = |mut all: Vec<u32>, more: Vec<u32>| {
        all.retain(|image| more.binary_search(image).is_ok());
        all
    };
    scored.reduce(both).unwrap_or_default()
}

/// Images of each side that a job of the table is measured on by now: of the ID images as many as every job has that has any.
fn counts(job: &Job, table: &[&Job]) -> Option<(usize, usize)> {
    let of = |job: &Job| job.scores.counts(&job.setting(Detector::Odin));
    let (ins, outs) = of(job).filter(|(ins, outs)| *ins > 0 && *outs > 0)?;
    let all = table.iter().filter_map(|other| of(other));
    let least = all.map(|(ins, _)| ins).filter(|ins| *ins > 0).min();
    Some((least.unwrap_or(ins), outs))
}

/// The detectors that the screen shows numbers of, in the order of the table of detectors.
pub(in crate::app) fn scored(job: &Job, with_passes: bool) -> Vec<Setting> {
    let settings = Detector::ALL.into_iter().map(|detector| job.setting(detector));
    settings
        .filter(|setting| with_passes || movement(setting).is_none())
        .collect()
}

/// Whether two jobs stand in one table: the same network and in-distribution images, against another set.
fn is_of_one_table(a: &Job, b: &Job) -> bool {
    let (a, b) = (&a.spec, &b.spec);
    a.network == b.network
        && a.weights == b.weights
        && a.in_dataset == b.in_dataset
        && a.choice() == b.choice()
}

impl Detectors {
    /// The jobs whose sets stand beside the selected one's, that one included; of two jobs on one set the selected one, or
    /// the first.
    pub(in crate::app) fn jobs(jobs: &[Job], selected: usize) -> Vec<usize> {
        let Some(own) = jobs.get(selected) else {
            return Vec::new();
        };
        let mut sets = HashSet::new();
        let mut places = Vec::new();
        for (place, job) in jobs.iter().enumerate() {
            let is_own_set = place != selected && job.spec.dataset == own.spec.dataset;
            if is_of_one_table(own, job) && !is_own_set && sets.insert(job.spec.dataset.as_str()) {
                places.push(place);
            }
        }
        places
    }

    /// What of a job of the table is to be measured; `None` where all of it is.
    pub(in crate::app) fn lacking(&self, job: &Job, table: &[&Job]) -> Option<Vec<Setting>> {
        let odin = job.setting(Detector::Odin);
        let (ins, outs) = counts(job, table)?;
        let grows = table.iter().any(|job| job.is_active());
        let known = self.cells.get(&job.id);
        let is_lacking = |setting: &Setting| {
            let known = known.and_then(|cells| cells.get(setting));
            // While scores arrive, a few more images are no reason.
            let is_stale = |known: &Measured| match grows {
                true => known.of.0 * 10 < ins * 9 || known.of.1 * 10 < outs * 9,
                false => known.of != (ins, outs),
            };
            known.is_none_or(is_stale)
                && !job.fit.missing.contains_key(&setting.detector())
                && job.scores.has_as_many(setting, &odin)
        };
        let mut lacking = scored(job, self.with_passes);
        lacking.retain(is_lacking);
        (!lacking.is_empty()).then_some(lacking)
    }

    /// The request that measures these.
    pub(in crate::app) fn request(
        &mut self,
        job: &Job,
        table: &[&Job],
        settings: &[Setting],
        replicates: usize,
        now: Duration,
    ) -> DetectorsRequest {
        self.is_measuring = true;
        self.measured_at.insert(job.id, now);
        let of = counts(job, table).unwrap_or_default();
        let cells = self.cells.entry(job.id).or_default();
        for setting in settings {
            cells.entry(*setting).or_default().of = of;
        }
        DetectorsRequest {
            job: job.id,
            replicates,
            scores: Arc::new(DetectorScores::of(job, settings, &common_ins(table))),
        }
    }

    /// When the job's cells were last asked for.
    pub(in crate::app) fn measured_at(&self, job: JobId) -> Option<Duration> {
        self.measured_at.get(&job).copied()
    }

    /// Takes what was measured.
    pub(in crate::app) fn take(&mut self, report: DetectorsReport) {
        self.is_measuring = false;
        self.reports += 1;
        let cells = self.cells.entry(report.job).or_default();
        for (setting, cell) in report.cells {
            cells.entry(setting).or_default().cell = Some(Arc::new(cell));
        }
    }

    /// Ranks the detectors anew, where anything has changed that the rows are ranked from. Tells whether the table has other
    /// jobs than before.
    pub(in crate::app) fn rank(
        &mut self,
        jobs: &[Job],
        selected: usize,
        distances: Option<&Distances>,
        metric: Metric,
        conventions: &Conventions,
    ) -> bool {
        let places = Self::jobs(jobs, selected);
        let of_table: Vec<&Job> = places.iter().filter_map(|place| jobs.get(*place)).collect();
        let columns: Vec<DetectorColumn> = of_table
            .iter()
            .map(|job| DetectorColumn {
                job: job.id,
                dataset: job.spec.dataset.clone(),
                distance: distances.and_then(|known| known.of(&job.spec.dataset)),
            })
            .collect();
        let settings = |job: &&Job| Detector::ALL.map(|detector| job.setting(detector)).to_vec();
        let basis = Basis {
            settings: of_table.iter().map(settings).collect(),
            own: jobs.get(selected).map(|job| job.id),
            by: self.by,
            metric,
            conventions: *conventions,
            reports: self.reports,
        };
        if columns == self.columns && self.ranked.as_ref() == Some(&basis) {
            return false;
        }
        let of = |columns: &[DetectorColumn]| columns.iter().map(|column| column.job).collect::<Vec<_>>();
        let has_other_jobs = of(&columns) != of(&self.columns);
        self.columns = columns;
        self.ranked = Some(basis);
        // What is at knobs that no detector is at any more will not be asked for again.
        for job in &of_table {
            if let Some(cells) = self.cells.get_mut(&job.id) {
                cells.retain(|setting, _| job.setting(setting.detector()) == *setting);
            }
        }
        let Some(own) = jobs.get(selected) else {
            self.rows.clear();
            return has_other_jobs;
        };
        // Averages are over the sets that have numbers by now.
        let is_measured = |job: &&Job| {
            let cells = self.cells.get(&job.id);
            cells.is_some_and(|cells| cells.values().any(|known| known.cell.is_some()))
        };
        let measured: Vec<bool> = of_table.iter().map(is_measured).collect();
        self.measured = measured.iter().filter(|measured| **measured).count();
        let candidates: Vec<Candidate> = Detector::ALL
            .into_iter()
            .map(|detector| Candidate {
                setting: own.setting(detector),
                cells: of_table
                    .iter()
                    .zip(&measured)
                    .filter(|(_, measured)| **measured)
                    .map(|(job, _)| self.cells.get(&job.id)?.get(&job.setting(detector))?.cell.clone())
                    .collect(),
            })
            .collect();
        let distances = self.columns.iter().map(|column| column.distance);
        let distances: Vec<Option<Distance>> = distances
            .zip(&measured)
            .filter_map(|(distance, measured)| measured.then_some(distance))
            .collect();
        self.rows = rank(&candidates, &distances, self.by, metric, conventions);
        for row in &mut self.rows {
            let mut found = std::mem::take(&mut row.sets).into_iter();
            let next = |measured: &bool| measured.then(|| found.next().flatten()).flatten();
            row.sets = measured.iter().map(next).collect();
        }
        has_other_jobs
    }

    /// Images of both sides that a job's cells are of, where it has any.
    pub fn images(&self, job: JobId) -> Option<(u64, u64)> {
        let cells = self.cells.get(&job)?.values();
        cells.filter_map(|known| Some(known.cell.as_ref()?.images)).max()
    }
}
