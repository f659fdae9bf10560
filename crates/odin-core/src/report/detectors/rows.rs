//! The table as data.
use crate::ranking::{Average, Distance, Estimate};
use crate::runs::Fit;
use crate::setting::{Detector, Setting};
use odin_metrics::{Conventions, Metric};

/// Detectors of one network on the same images, the best first.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorTable {
    pub network: String,
    pub in_dataset: String,
    pub n_in: u64,
    pub metric: Metric,
    pub conventions: Conventions,
    /// The average that it is sorted by.
    pub by: Average,
    pub replicates: usize,
    pub sets: Vec<SetColumn>,
    pub rows: Vec<DetectorRow>,
    pub missing: Vec<Missing>,
    /// What the detectors that need it were fitted on, each version of it.
    pub fits: Vec<Fit>,
    /// Whether not all images of a run are scored.
    pub is_partial: bool,
}

/// An OOD set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetColumn {
    pub name: String,
    pub distance: Option<Distance>,
    pub n_out: u64,
}

/// A detector against each of the sets.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorRow {
    pub detector: Detector,
    pub knobs: Knobs,
    /// What it was fitted on, where that is not the same for all rows.
    pub fit: Option<Fit>,
    /// Set by set.
    pub sets: Vec<Option<Estimate>>,
    /// In the order of [`Average::EACH`].
    pub averages: [Option<Estimate>; 3],
    /// Whether it cannot be told from the best by the average that the table is sorted by.
    pub may_be_best: bool,
}

/// The knobs of a detector.
#[derive(Debug, Clone, PartialEq)]
pub enum Knobs {
    Same(Setting),
    /// They were chosen set by set, as a sweep does.
    BySet(Vec<Option<Setting>>),
}

/// A detector without scores, on some sets or on all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub detector: Detector,
    pub why: String,
    /// The sets; empty for all.
    pub sets: Vec<String>,
}

impl DetectorTable {
    /// Whether there is a set of this kind.
    pub fn has(&self, average: Average) -> bool {
        match average {
            Average::All => true,
            Average::Near => self.has_at(Distance::Near),
            Average::Far => self.has_at(Distance::Far),
        }
    }

    fn has_at(&self, distance: Distance) -> bool {
        self.sets.iter().any(|set| set.distance == Some(distance))
    }

    /// The averages that say more than the sets do, in the order of [`Average::EACH`].
    pub fn averages(&self) -> Vec<Average> {
        let says_more = |average: &Average| match average {
            Average::All => self.sets.len() > 1,
            other => self.has(*other),
        };
        Average::EACH.into_iter().filter(says_more).collect()
    }
}

impl DetectorRow {
    /// An average over its sets.
    pub fn average(&self, average: Average) -> Option<Estimate> {
        let place = Average::EACH.iter().position(|each| *each == average)?;
        self.averages.get(place).copied().flatten()
    }

    /// The name of the detector, with its fit where that tells it from another row.
    pub fn name(&self) -> String {
        match &self.fit {
            Some(fit) => format!("{} ({} images of {})", self.detector, fit.images, fit.dataset),
            None => self.detector.to_string(),
        }
    }
}
