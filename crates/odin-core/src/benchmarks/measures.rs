//! A benchmark's numbers: by OpenOOD's conventions, averaged over sets, with their spread over networks.
use serde::Serialize;

use odin_metrics::{Comparison, Conventions, MetricsError, Positive};

/// What is measured of one detector against OOD images: fractions, or something else of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measures<T = f64> {
    /// The share of the negative images taken for positive ones at the first threshold at which at least 95 % of the positive
    /// images are found.
    pub fpr95: T,
    pub auroc: T,
    /// Area under precision over recall by trapezoids, ID positive.
    pub aupr_in: T,
    /// The same, OOD positive.
    pub aupr_out: T,
}

/// Mean and standard deviation of a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub mean: f64,
    /// Over the networks, divided by their number as OpenOOD's; `None` with one network.
    pub sd: Option<f64>,
}

/// The same for every metric.
pub type OverNetworks = Measures<Spread>;

impl Measures {
    /// Of scores that are higher where an image is more in-distribution.
    ///
    /// # Errors
    /// A side without a score, or a score that is not a number.
    pub fn of(ins: &[f64], outs: &[f64], positive: Positive) -> Result<Self, MetricsError> {
        let comparison = Comparison::new(ins, outs)?;
        let openood = comparison.openood();
        let fpr95 = match positive {
            Positive::OutOfDistribution => openood.fpr95,
            Positive::InDistribution => comparison.summary(&Conventions::default()).fpr95,
        };
        Ok(Self {
            fpr95,
            auroc: openood.auroc,
            aupr_in: openood.aupr_in,
            aupr_out: openood.aupr_out,
        })
    }

    /// The plain mean over sets, however many images each has; `None` of no set.
    pub fn mean(of: &[Self]) -> Option<Self> {
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        (!of.is_empty()).then(|| Measures::gathered(of).map(mean))
    }

    /// The same metric of each, for every metric.
    fn gathered(of: &[Self]) -> Measures<Vec<f64>> {
        let values = |metric: fn(&Self) -> f64| of.iter().map(metric).collect();
        Measures {
            fpr95: values(|one| one.fpr95),
            auroc: values(|one| one.auroc),
            aupr_in: values(|one| one.aupr_in),
            aupr_out: values(|one| one.aupr_out),
        }
    }

    /// Over networks, one entry each; `None` of no network.
    pub fn over_networks(of: &[Self]) -> Option<OverNetworks> {
        (!of.is_empty()).then(|| Measures::gathered(of).map(|values| Spread::of_some(&values)))
    }
}

impl<T> Measures<T> {
    fn map<U>(self, f: impl Fn(T) -> U) -> Measures<U> {
        Measures {
            fpr95: f(self.fpr95),
            auroc: f(self.auroc),
            aupr_in: f(self.aupr_in),
            aupr_out: f(self.aupr_out),
        }
    }

    /// In the order of OpenOOD's tables.
    pub fn each(&self) -> [&T; 4] {
        [&self.fpr95, &self.auroc, &self.aupr_in, &self.aupr_out]
    }
}

impl Spread {
    /// Of values one a network; `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        (!values.is_empty()).then(|| Self::of_some(values))
    }

    fn of_some(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        Self {
            mean,
            sd: (values.len() > 1).then(|| square.sqrt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positive_class_decides_the_fpr_and_nothing_else() {
        let ins: Vec<f64> = (0..40).map(|n| f64::from(n) + 10.0).collect();
        let outs: Vec<f64> = (0..20).map(|n| 0.9 * f64::from(n)).collect();
        let out = Measures::of(&ins, &outs, Positive::OutOfDistribution).unwrap();
        let of_in = Measures::of(&ins, &outs, Positive::InDistribution).unwrap();
        // 19 of 20 OOD images score 16.2 or less, as do the ID images 10 to 16.
        assert_eq!(out.fpr95, 7.0 / 40.0);
        // 38 of 40 ID images score 12 or more, as do the OOD images 12.6, 13.5, … 17.1.
        assert_eq!(of_in.fpr95, 6.0 / 20.0);
        assert_eq!(
            (out.auroc, out.aupr_in, out.aupr_out),
            (of_in.auroc, of_in.aupr_in, of_in.aupr_out)
        );
        assert!(Measures::of(&[], &outs, Positive::OutOfDistribution).is_err());
    }

    #[test]
    fn the_deviation_is_divided_by_the_number_of_networks() {
        let two = Spread::of(&[0.5, 0.7]).unwrap();
        assert!((two.mean - 0.6).abs() < 1e-15 && (two.sd.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(Spread::of(&[0.5]).unwrap().sd, None);
        assert_eq!(Spread::of(&[]), None);
        let one = |auroc| Measures {
            fpr95: 0.0,
            auroc,
            aupr_in: 1.0,
            aupr_out: 1.0,
        };
        assert_eq!(Measures::mean(&[one(0.25), one(0.75)]).unwrap().auroc, 0.5);
        assert_eq!(Measures::mean(&[]), None);
    }
}
