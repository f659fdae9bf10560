//! A setting that was pinned (A), to be compared with the one shown (B).
use std::sync::Arc;

use super::analysis::{Analysis, Changes95, ImageScores, fitting, is_complete};
use super::jobs::Job;
use super::scores::ScoreSet;
use odin_core::protocol::{Generation, JobId, JobSpec};
use odin_core::setting::Setting;
use odin_metrics::{Changes, Conventions};

#[derive(Debug, Clone)]
pub struct Pin {
    /// Pins are counted, to tell a change from this one from that of an earlier one.
    pub(in crate::app) number: u64,
    pub job: JobId,
    pub network: String,
    pub dataset: String,
    pub setting: Setting,
    /// The analysis at the moment it was pinned, and the scores that it is of.
    pub analysis: Analysis,
    pub(in crate::app) scores: Arc<ImageScores>,
    /// What was scored.
    pub(in crate::app) spec: JobSpec,
    /// The last change from it that was computed.
    pub(in crate::app) change: Option<(ChangeTo, Changes95)>,
}

/// What a pinned setting was compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::app) struct ChangeTo {
    pub(in crate::app) job: JobId,
    pub(in crate::app) setting: Setting,
    pub(in crate::app) conventions: Conventions,
}

impl Pin {
    /// Whether the job is of the same network and images, so that the two can be compared image by image.
    pub(in crate::app) fn is_paired_with(&self, job: &Job) -> bool {
        let same = JobSpec {
            settings: self.spec.settings.clone(),
            ..job.spec.clone()
        };
        same == self.spec
    }

    /// The change from what is pinned to an analysis of a job, with its paired intervals, once that is computed.
    pub fn changes_to(&self, job: &Job, analysis: &Analysis) -> Option<Changes> {
        fitting(self.known(job.id, analysis), &analysis.summary)
    }

    /// Whether the change is of all images of the analysis, from at least so many replicates.
    pub(in crate::app) fn has_changes_to(&self, job: &Job, analysis: &Analysis, replicates: usize) -> bool {
        is_complete(self.known(job.id, analysis), &analysis.summary, replicates)
    }

    fn known(&self, job: JobId, analysis: &Analysis) -> Option<&Changes95> {
        let (to, changes) = self.change.as_ref()?;
        (*to == ChangeTo::of(job, analysis)).then_some(changes)
    }
}

impl ChangeTo {
    pub(in crate::app) fn of(job: JobId, analysis: &Analysis) -> Self {
        Self {
            job,
            setting: analysis.setting,
            conventions: analysis.conventions,
        }
    }
}

/// A pinned setting whose scores are on their way: it was pinned when the dashboard was left.
#[derive(Debug, Clone)]
pub(in crate::app) struct Pinning {
    pub(in crate::app) job: JobId,
    pub(in crate::app) setting: Setting,
    pub(in crate::app) spec: JobSpec,
    pub(in crate::app) generation: Generation,
    pub(in crate::app) scores: ScoreSet,
}
