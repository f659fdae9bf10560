//! A search over T and ε: the images that choose the best cell, kept apart from those that it is reported on. The dashboard's
//! Grid and the command line share it.
use odin_datasets::Part;
use odin_metrics::Metric;

use crate::protocol::JobSpec;

/// How the images of each set of a comparison are split in two: some choose, the others report. Which are which is a seeded
/// sample, or the order of the file where the job takes its images so; groups of images stay together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    validation: usize,
}

impl Split {
    /// As many validation images as asked for, and at most half of the smaller set, so that as many are left to report on.
    /// `smaller` counts the images of that set after `skip` and `limit`. `None` where it has fewer than two, or none is asked
    /// for.
    pub fn of(asked: usize, smaller: usize) -> Option<Self> {
        let validation = asked.min(smaller / 2);
        (validation > 0).then_some(Self { validation })
    }

    /// How many images of each set choose.
    pub fn validation(self) -> usize {
        self.validation
    }

    /// The images that choose.
    pub fn chosen_on(self, base: &JobSpec) -> JobSpec {
        JobSpec {
            part: Part::Validation(self.validation),
            ..base.clone()
        }
    }

    /// The images that report.
    pub fn rest(self, base: &JobSpec) -> JobSpec {
        JobSpec {
            part: Part::Report(self.validation),
            ..base.clone()
        }
    }
}

/// Place of the best value by the metric, of equally good ones the first; `None` where there is none.
pub fn best(metric: Metric, values: impl IntoIterator<Item = f64>) -> Option<usize> {
    let better = |best: (usize, f64), next: (usize, f64)| {
        if metric.is_better(next.1, best.1) {
            next
        } else {
            best
        }
    };
    values
        .into_iter()
        .enumerate()
        .reduce(better)
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_always_left_to_report_on() {
        assert_eq!(Split::of(1000, 40).map(Split::validation), Some(20));
        assert_eq!(Split::of(1000, 10_000).map(Split::validation), Some(1000));
        assert_eq!(Split::of(1000, 1003).map(Split::validation), Some(501));
        assert_eq!((Split::of(1000, 1), Split::of(0, 40)), (None, None));
    }

    #[test]
    fn of_equally_good_cells_the_first_is_best() {
        assert_eq!(best(Metric::Auroc, [0.5, 0.9, 0.9]), Some(1));
        assert_eq!(best(Metric::Fpr95, [0.5, 0.9, 0.5]), Some(0));
        assert_eq!(best(Metric::Fpr95, []), None);
    }
}
