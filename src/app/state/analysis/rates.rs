//! The rates at a threshold, by the convention that says which set is positive. With OOD positive, the images below the
//! threshold are called positive.
use odin_metrics::{Comparison, OperatingPoint, Positive};

/// So many of so many images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub count: u64,
    pub of: u64,
}

impl Rate {
    /// A fraction.
    pub fn value(self) -> f64 {
        self.count as f64 / self.of.max(1) as f64
    }
}

/// The strictest threshold that reaches a TPR.
pub(super) fn threshold_at_tpr(comparison: &Comparison, positive: Positive, tpr: f64) -> f64 {
    match positive {
        Positive::InDistribution => comparison.threshold_at_tpr(tpr),
        // 1 − 0.9 is a little less than 0.1. Above the highest score, every image is called OOD.
        Positive::OutOfDistribution => comparison
            .threshold_at_fpr(1.0 - tpr + 1e-12)
            .unwrap_or(f64::INFINITY),
    }
}

/// The threshold at which the FPR is at most this; `None` where even the strictest one exceeds it.
pub(super) fn threshold_at_fpr(comparison: &Comparison, positive: Positive, fpr: f64) -> Option<f64> {
    match positive {
        Positive::InDistribution => comparison.threshold_at_fpr(fpr),
        Positive::OutOfDistribution => Some(comparison.threshold_at_tpr(1.0 - fpr)),
    }
}

/// TPR and FPR.
pub(super) fn rates(point: &OperatingPoint, positive: Positive) -> [Rate; 2] {
    let ins = Rate {
        count: point.true_positives,
        of: point.n_in,
    };
    let outs = Rate {
        count: point.false_positives,
        of: point.n_out,
    };
    let below = |rate: Rate| Rate {
        count: rate.of - rate.count,
        ..rate
    };
    match positive {
        Positive::InDistribution => [ins, outs],
        Positive::OutOfDistribution => [below(outs), below(ins)],
    }
}

/// A point (FPR, TPR) of the ROC, from one that counts ID as positive.
pub(super) fn on_roc((fpr, tpr): (f64, f64), positive: Positive) -> (f64, f64) {
    match positive {
        Positive::InDistribution => (fpr, tpr),
        Positive::OutOfDistribution => (1.0 - tpr, 1.0 - fpr),
    }
}
