//! What a candidate's scores are worth.
use crate::comparison::Comparison;
use crate::conventions::Conventions;
use crate::error::MetricsError;
use crate::metric::Metric;
use crate::paired::{Paired, Resampling};
use crate::summaries::Summaries;

/// By what candidates are compared: a metric, and images that are drawn alike for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// What is best.
    pub metric: Metric,
    /// By which conventions.
    pub conventions: Conventions,
    /// How replicates are drawn.
    pub resampling: Resampling<'a>,
}

/// An estimate, turned so that higher is better, and its replicates; the n-th of each candidate is of the same draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// Of the images themselves.
    pub estimate: f64,
    /// Of each draw.
    pub replicates: Vec<f64>,
}

impl Judge<'_> {
    /// What scores that are paired with their replicates are worth.
    pub fn worth(&self, paired: &Paired) -> Worth {
        let of = |summaries: &Summaries| self.upwards(self.metric.of(&summaries.by(&self.conventions)));
        Worth {
            estimate: of(&paired.summaries),
            replicates: paired.replicates.iter().map(of).collect(),
        }
    }

    pub(super) fn measure(&self, [ins, outs]: [&[f64]; 2]) -> Result<Worth, MetricsError> {
        Ok(self.worth(&Paired::resampled(ins, None, outs, &self.resampling)?))
    }

    pub(super) fn estimate(&self, [ins, outs]: [&[f64]; 2]) -> Result<f64, MetricsError> {
        let summary = Comparison::new(ins, outs)?.summary(&self.conventions);
        Ok(self.upwards(self.metric.of(&summary)))
    }

    fn upwards(&self, value: f64) -> f64 {
        if self.metric.higher_is_better() {
            value
        } else {
            -value
        }
    }
}

impl Worth {
    pub(super) fn as_candidate(&self) -> (f64, &[f64]) {
        (self.estimate, &self.replicates)
    }
}

/// A candidate as a heat has measured it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Numbers of the ID and OOD images, ascending.
    pub images: [Vec<u32>; 2],
    /// Their scores.
    pub scores: [Vec<f64>; 2],
    /// What these are worth.
    pub worth: Worth,
}

impl Measured {
    /// Images of both sets.
    pub(super) fn rows(&self) -> usize {
        self.scores.iter().map(Vec::len).sum()
    }
}
