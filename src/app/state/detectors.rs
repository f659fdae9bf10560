//! The Detectors screen: every detector against the sets of the selected job's network, by one metric.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::groups::GroupLists;
use super::jobs::Job;
use super::scores::Listed;
use odin_core::protocol::{JobId, Side};
use odin_core::ranking::{Average, Candidate, Cell, CellScores, Distance, Ranked, rank};
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
    cells: HashMap<JobId, HashMap<Setting, Arc<Cell>>>,
    /// Whether a job's cells are being measured in the background.
    pub(in crate::app) is_measuring: bool,
    /// When a job's cells were last asked for.
    measured_at: HashMap<JobId, Duration>,
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
    /// By these settings, which have scored every image that ODIN has; of the ID images those of the table.
    fn of(job: &Job, settings: &[Setting], ins: &BTreeSet<u32>) -> Self {
        let (scores, odin) = (&job.scores, &job.setting(Detector::Odin));
        let listed = |side, setting: &Setting| {
            let is_of_table = |image: &Listed| side == Side::Out || ins.contains(&image.image.index);
            scores
                .listed(side, setting)
                .filter(is_of_table)
                .collect::<Vec<Listed>>()
        };
        let list = |side, setting: &Setting| -> Vec<f64> {
            listed(side, setting).iter().map(|image| image.score).collect()
        };
        let numbers = |side| listed(side, odin).into_iter().map(|image| image.image.index);
        let groups = job.groups.of(numbers(Side::In), numbers(Side::Out));
        let correct = listed(Side::In, odin).into_iter();
        let correct = correct.map(|image| image.label.map(|label| label == image.prediction));
        Self {
            correct: correct.collect(),
            groups,
            by: settings
                .iter()
                .map(|setting| (*setting, list(Side::In, setting), list(Side::Out, setting)))
                .collect(),
        }
    }
}

/// The ID images that every job of a table has scored, of the jobs that have scored any: so that averages over their sets
/// are of the same images while scores arrive.
fn common_ins(jobs: &[&Job]) -> BTreeSet<u32> {
    let of = |job: &&Job| -> BTreeSet<u32> {
        let odin = job.setting(Detector::Odin);
        let listed = job.scores.listed(Side::In, &odin);
        listed.map(|image| image.image.index).collect()
    };
    let scored = jobs.iter().map(of).filter(|ins| !ins.is_empty());
    scored
        .reduce(|all, more| all.intersection(&more).copied().collect())
        .unwrap_or_default()
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
    let of = |job: &Job| {
        let spec = &job.spec;
        (
            spec.network.clone(),
            spec.weights.clone(),
            spec.in_dataset.clone(),
            spec.choice(),
        )
    };
    of(a) == of(b)
}

impl Detectors {
    /// The jobs whose sets stand beside the selected one's, that one included; of two jobs on one set the selected one, or
    /// the first.
    pub(in crate::app) fn jobs(jobs: &[Job], selected: usize) -> Vec<usize> {
        let Some(own) = jobs.get(selected) else {
            return Vec::new();
        };
        let mut all: Vec<usize> = Vec::new();
        for (place, job) in jobs.iter().enumerate() {
            let is_other = |known: &&usize| {
                jobs.get(**known)
                    .is_some_and(|of| of.spec.dataset == job.spec.dataset)
            };
            let is_own_set = place != selected && job.spec.dataset == own.spec.dataset;
            if is_of_one_table(own, job) && !is_own_set && all.iter().find(is_other).is_none() {
                all.push(place);
            }
        }
        all
    }

    /// What of a job of the table is to be measured; `None` where all of it is.
    pub(in crate::app) fn lacking(&self, job: &Job, table: &[&Job]) -> Option<Vec<Setting>> {
        let odin = job.setting(Detector::Odin);
        let counts = |of: &Job| of.scores.counts(&of.setting(Detector::Odin));
        let (ins, outs) = counts(job).filter(|(ins, outs)| *ins > 0 && *outs > 0)?;
        // Of jobs that have scored as many, the images are the same or soon will be.
        let all = table.iter().filter_map(|other| counts(other));
        let least = all
            .map(|(ins, _)| ins)
            .filter(|ins| *ins > 0)
            .min()
            .unwrap_or(ins);
        let known = self.cells.get(&job.id);
        let is_lacking = |setting: &Setting| {
            let known = known.and_then(|cells| cells.get(setting));
            // While scores arrive, a few more images are no reason.
            let is_stale = |cell: &Arc<Cell>| {
                let (known_ins, known_outs) = (cell.images.0 as usize, cell.images.1 as usize);
                match job.is_active() || ins > least {
                    true => known_ins * 10 < least * 9 || known_outs * 10 < outs * 9,
                    false => (known_ins, known_outs) != (least, outs),
                }
            };
            known.is_none_or(is_stale)
                && !job.fit.missing.contains_key(&setting.detector())
                && job.scores.has_as_many(setting, &odin)
        };
        let lacking: Vec<Setting> = scored_settings(self, job)
            .into_iter()
            .filter(is_lacking)
            .collect();
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
        let cells = self.cells.entry(report.job).or_default();
        for (setting, cell) in report.cells {
            cells.insert(setting, Arc::new(cell));
        }
    }

    /// Ranks the detectors anew, from what is measured.
    pub(in crate::app) fn rank(
        &mut self,
        jobs: &[Job],
        selected: usize,
        distances: &BTreeMap<String, Distance>,
        metric: Metric,
        conventions: &Conventions,
    ) {
        let places = Self::jobs(jobs, selected);
        let of_table: Vec<&Job> = places.iter().filter_map(|place| jobs.get(*place)).collect();
        self.columns = of_table
            .iter()
            .map(|job| DetectorColumn {
                job: job.id,
                dataset: job.spec.dataset.clone(),
                distance: distances.get(&job.spec.dataset).copied(),
            })
            .collect();
        // What is at knobs that no detector is at any more will not be asked for again.
        for job in &of_table {
            if let Some(cells) = self.cells.get_mut(&job.id) {
                cells.retain(|setting, _| job.setting(setting.detector()) == *setting);
            }
        }
        let Some(own) = jobs.get(selected) else {
            self.rows.clear();
            return;
        };
        // Averages are over the sets that have numbers by now.
        let is_measured = |job: &&Job| self.cells.get(&job.id).is_some_and(|cells| !cells.is_empty());
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
                    .map(|(job, _)| self.cells.get(&job.id)?.get(&job.setting(detector)).cloned())
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
    }

    /// Images of both sides that a job's cells are of, where it has any.
    pub fn images(&self, job: JobId) -> Option<(u64, u64)> {
        self.cells.get(&job)?.values().map(|cell| cell.images).max()
    }
}

fn scored_settings(detectors: &Detectors, job: &Job) -> Vec<Setting> {
    scored(job, detectors.with_passes)
}
