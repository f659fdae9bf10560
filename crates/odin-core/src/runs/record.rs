//! What a finished comparison comes to, as it is printed and kept: the JSON of `odin score`.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::{Magnitude, Temperature};
use odin_datasets::Choice;
use odin_metrics::{Comparison, Conventions, Interval, Intervals, MetricsError, Paired, Resampling, Summary};

/// One detector's metrics with 95 % intervals; fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    pub fpr95: f64,
    pub detection_error: f64,
    pub auroc: f64,
    pub aupr_in: f64,
    pub aupr_out: f64,
    pub oscr: Option<f64>,
    /// By false positive rate, `None` where the OOD images are too few to tell it from 0; and `None` without labels.
    pub ccr_at_fpr: Option<BTreeMap<String, Option<f64>>>,
    pub fpr95_ci: Interval,
    pub detection_error_ci: Interval,
    pub auroc_ci: Interval,
    pub aupr_in_ci: Interval,
    pub aupr_out_ci: Interval,
    pub oscr_ci: Option<Interval>,
    pub ccr_at_fpr_ci: Option<BTreeMap<String, Option<Interval>>>,
}

/// A network, an in-distribution set and an out-of-distribution set at one (T, ε).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub network: String,
    pub weights: String,
    pub in_dataset: String,
    pub dataset: String,
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    /// Which images of each set they are; records of before do not say.
    #[serde(default)]
    pub chosen: Option<Choice>,
    pub n_in: usize,
    pub n_out: usize,
    /// Images of both sets whose scores were known from earlier runs.
    #[serde(default)]
    pub n_from_evidence: usize,
    pub device: String,
    pub seconds: f64,
    /// Of the images that were computed; `None` where none was.
    pub images_per_second: Option<f64>,
    /// Share of the in-distribution images that are classified rightly; `None` without labels.
    pub accuracy: Option<f64>,
    /// The choices on which papers differ and under which the metrics stand.
    pub conventions: Conventions,
    pub baseline: Detector,
    pub odin: Detector,
    /// The detectors that were asked for by name, by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detectors: BTreeMap<String, ByDetector>,
    /// What they were fitted on, where any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}

/// The images that detectors were fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    pub dataset: String,
    /// How many of its images, a sample.
    pub images: usize,
    /// Of the sample.
    pub seed: u64,
}

/// What there is of a detector that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ByDetector {
    Measured {
        #[serde(flatten)]
        metrics: Box<Detector>,
        /// By their names.
        knobs: BTreeMap<String, f64>,
        /// Whether it may be the best of those measured, by FPR at TPR 95 %: the paired bootstrap cannot tell it from the one that
        /// leads. Records of before do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        may_be_best: Option<bool>,
    },
    /// It cannot score here; why.
    Missing { missing: String },
}

/// The group of each image, on a side whose images come in groups.
#[derive(Debug, Clone, Copy, Default)]
pub struct Groups<'a> {
    pub ins: Option<&'a [u32]>,
    pub outs: Option<&'a [u32]>,
}

/// Metrics and intervals of one detector's scores. Where images come in groups, the intervals are of whole groups.
///
/// # Errors
/// A side without scores, or scores that are not numbers.
pub fn detector(
    [ins, outs]: [&[f64]; 2],
    correct: Option<&[bool]>,
    groups: Groups<'_>,
    conventions: &Conventions,
    replicates: usize,
    seed: u64,
) -> Result<Detector, MetricsError> {
    let comparison = Comparison::with_correct(ins, correct, outs)?;
    let summary = comparison.summary(conventions);
    if groups.ins.is_none() && groups.outs.is_none() {
        let intervals = comparison.intervals(conventions, replicates, seed);
        return Ok(join(&summary, &intervals));
    }
    let resampling = Resampling {
        replicates,
        seed,
        in_groups: groups.ins,
        out_groups: groups.outs,
        ..Resampling::default()
    };
    let intervals = Paired::resampled(ins, correct, outs, &resampling)?.intervals();
    Ok(join(&summary, intervals.by(conventions)))
}

fn join(m: &Summary, ci: &Intervals) -> Detector {
    fn by_fpr<T: Copy>(all: &Option<[(f64, T); 4]>) -> Option<BTreeMap<String, T>> {
        all.as_ref().map(|all| {
            all.iter()
                .map(|&(fpr, value)| (format!("{fpr}"), value))
                .collect()
        })
    }
    Detector {
        fpr95: m.fpr95,
        detection_error: m.detection_error,
        auroc: m.auroc,
        aupr_in: m.aupr_in,
        aupr_out: m.aupr_out,
        oscr: m.oscr,
        ccr_at_fpr: by_fpr(&m.ccr_at_fpr),
        fpr95_ci: ci.fpr95,
        detection_error_ci: ci.detection_error,
        auroc_ci: ci.auroc,
        aupr_in_ci: ci.aupr_in,
        aupr_out_ci: ci.aupr_out,
        oscr_ci: ci.oscr,
        ccr_at_fpr_ci: by_fpr(&ci.ccr_at_fpr),
    }
}
