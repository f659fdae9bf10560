//! The paper's table as data: a row is a network on one out-of-distribution set, the baseline beside another detector.
use std::path::PathBuf;

use crate::report::published::PublishedBeside;
use crate::runs::{self, TunedOn};
use crate::session::{Detector, Metric};
use crate::setting::Setting;
use odin_datasets::{Choice, Part, Sampling};
use odin_metrics::{Conventions, Interval};

/// What every format is written from.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The detector that stands beside the baseline.
    pub detector: Detector,
    pub conventions: Conventions,
    pub rows: Vec<Row>,
}

/// A metric, a fraction, and its 95 % interval where that is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub interval: Option<Interval>,
}

/// The headline metrics in the order of [`Metric::ALL`].
pub type Estimates = [Estimate; Metric::ALL.len()];

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub network: String,
    /// `None` stands for the set that the network's card names.
    pub in_dataset: Option<String>,
    pub dataset: String,
    /// Of the detector beside the baseline.
    pub setting: Setting,
    /// Images left out at the start of each set; `None` where the images are no such slice, or nobody knows.
    pub skip: Option<usize>,
    /// Which images of each set they are, where that is known.
    pub chosen: Option<Choice>,
    pub n_in: u64,
    pub n_out: u64,
    /// Whether all images are scored.
    pub is_complete: bool,
    pub baseline: Option<Estimates>,
    /// Of the detector beside the baseline.
    pub beside: Option<Estimates>,
    /// 95 % intervals of the detector's metrics minus the baseline's, of the same images drawn again; in the order of
    /// [`Metric::ALL`].
    pub difference: Option<[Interval; Metric::ALL.len()]>,
    /// Whether and on which images T and ε were chosen.
    pub tuned: Option<Tuned>,
    pub published: Option<PublishedBeside>,
    /// What only a run on disk tells.
    pub run: Option<Box<RunFacts>>,
}

/// The images on which T and ε were chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tuned {
    /// Images that the row leaves out.
    OnValidation {
        /// How many of each set, ID and OOD, where that is known.
        images: Option<[u64; 2]>,
        /// The out-of-distribution set that they are of, where it is not the row's own.
        dataset: Option<String>,
    },
    /// Images that the row is about: its numbers are better than those of new images would be.
    OnReported,
    /// In-distribution images alone.
    OnId,
    /// Images of this other out-of-distribution set.
    OnSet(String),
}

impl Tuned {
    /// What a session says of a job, or of the run that it became.
    pub fn of(tuned: runs::Tuned) -> Self {
        let runs::Tuned {
            on, images, dataset, ..
        } = tuned;
        match (on, dataset) {
            (TunedOn::Validation, dataset) => Self::OnValidation {
                images: images.map(|images| [images as u64; 2]),
                dataset,
            },
            (TunedOn::Set, Some(dataset)) => Self::OnSet(dataset),
            // Sessions have no `set` without its name.
            (TunedOn::Set, None) => Self::OnSet("another set".to_owned()),
            (TunedOn::Reported, _) => Self::OnReported,
            (TunedOn::Id, _) => Self::OnId,
        }
    }

    /// As CSV and JSON have it, in the words of sessions.
    pub fn key(&self) -> &'static str {
        match self {
            Self::OnValidation { .. } => "validation",
            Self::OnReported => "reported",
            Self::OnId => "id",
            Self::OnSet(_) => "set",
        }
    }

    /// The other out-of-distribution set, where it is one of another set.
    pub fn dataset(&self) -> Option<&str> {
        match self {
            Self::OnValidation { dataset, .. } => dataset.as_deref(),
            Self::OnSet(set) => Some(set),
            Self::OnReported | Self::OnId => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    pub folder: PathBuf,
    pub device: String,
    pub seconds: f64,
    /// Share of the in-distribution images that are classified correctly; `None` without labels.
    pub accuracy: Option<f64>,
    /// Log-odds at which 95 % of the in-distribution images are accepted.
    pub threshold_at_tpr95: f64,
    /// With OSCR and CCR, which the table does not show.
    pub baseline: runs::Detector,
    pub beside: runs::Detector,
    pub grid: Option<runs::Grid>,
}

/// One side of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Baseline,
    Beside,
}

impl Row {
    /// The choice, where it takes a seeded sample of the images and not a slice of the file.
    pub fn sample(&self) -> Option<Choice> {
        let is_some = |choice: &Choice| choice.limit.is_some() || choice.part != Part::Whole;
        self.chosen
            .filter(|choice| choice.sampling == Sampling::Sample && is_some(choice))
    }

    pub fn estimate(&self, side: Side, metric: Metric) -> Option<Estimate> {
        let all = match side {
            Side::Baseline => self.baseline,
            Side::Beside => self.beside,
        };
        all.map(|all| of(&all, metric))
    }

    /// The side that is better by this metric: `None` where one is missing, where both print alike, and where the
    /// difference may be chance or is not known to be more.
    pub fn better(&self, metric: Metric) -> Option<Side> {
        let baseline = self.estimate(Side::Baseline, metric)?.value;
        let beside = self.estimate(Side::Beside, metric)?.value;
        let as_printed = |value: f64| (1e4 * value).round();
        let is_tie = as_printed(baseline) == as_printed(beside);
        let may_be_chance = self.difference.is_none_or(|all| {
            let Interval { low, high } = of(&all, metric);
            low <= 0.0 && 0.0 <= high
        });
        if is_tie || may_be_chance {
            return None;
        }
        Some(if (beside > baseline) == metric.higher_is_better() {
            Side::Beside
        } else {
            Side::Baseline
        })
    }
}

fn of<T: Copy>(all: &[T; Metric::ALL.len()], metric: Metric) -> T {
    let [fpr95, detection_error, auroc, aupr_in, aupr_out] = *all;
    match metric {
        Metric::Fpr95 => fpr95,
        Metric::DetectionError => detection_error,
        Metric::Auroc => auroc,
        Metric::AuprIn => aupr_in,
        Metric::AuprOut => aupr_out,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::networks::{Measures, Published, PublishedRow};
    use crate::report::published::{Measured, WeightsUsed, published_beside};
    use crate::setting::odin;
    use crate::units::{Magnitude, Temperature};

    pub(crate) fn estimates(value: f64, low: f64, high: f64) -> Option<Estimates> {
        let interval = Some(Interval { low, high });
        Some([Estimate { value, interval }; 5])
    }

    /// One row with published numbers, and one that is still being scored, with a name that every format must escape.
    pub(crate) fn table(detector: Detector) -> Table {
        let measures = |fpr95| Measures {
            fpr95,
            detection_error: 4.7,
            auroc: 99.1,
            aupr_in: 99.1,
            aupr_out: 99.1,
        };
        let published = Published {
            source: "a paper".into(),
            weights: None,
            temperature: Temperature::PAPER,
            skip: 1000,
            rows: vec![PublishedRow {
                set: "Imagenet".into(),
                magnitude: Magnitude::PAPER,
                baseline: measures(34.7),
                odin: measures(4.3),
            }],
        };
        let measured = Measured {
            weights: WeightsUsed::OfCard,
            is_cards_in_dataset: true,
            dataset: "Imagenet",
            skip: Some(1000),
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
        };
        let known = Row {
            network: "densenet10".into(),
            in_dataset: None,
            dataset: "Imagenet".into(),
            setting: match detector {
                Detector::Odin => odin(Temperature::PAPER, Magnitude::PAPER),
                other => Setting::new(other),
            },
            skip: Some(1000),
            chosen: None,
            n_in: 9000,
            n_out: 9000,
            is_complete: true,
            baseline: estimates(0.347, 0.337, 0.357),
            beside: estimates(0.043, 0.039, 0.048),
            difference: Some(
                [Interval {
                    low: -0.31,
                    high: -0.29,
                }; 5],
            ),
            tuned: None,
            published: published_beside(&published, &measured),
            run: None,
        };
        let part = Row {
            dataset: "a|b_c, \"d\"".into(),
            is_complete: false,
            beside: None,
            published: None,
            ..known.clone()
        };
        Table {
            detector,
            conventions: Conventions::default(),
            rows: vec![known, part],
        }
    }

    #[test]
    fn better_is_what_leads_by_more_than_chance() {
        let table = table(Detector::Odin);
        let [row, part] = table.rows.try_into().unwrap();
        assert_eq!(row.better(Metric::Fpr95), Some(Side::Beside), "lower is better");
        assert_eq!(
            row.better(Metric::Auroc),
            Some(Side::Baseline),
            "higher is better"
        );
        assert_eq!(part.better(Metric::Fpr95), None, "nothing to compare with");
        let tie = Row {
            beside: estimates(0.347_04, 0.3, 0.4),
            ..row.clone()
        };
        assert_eq!(tie.better(Metric::Fpr95), None, "both print as 34.70");
        let difference = |low, high| Row {
            difference: Some([Interval { low, high }; 5]),
            ..row.clone()
        };
        assert_eq!(difference(-0.4, 0.01).better(Metric::Fpr95), None, "chance");
        assert_eq!(difference(-0.4, -0.2).better(Metric::Fpr95), Some(Side::Beside));
    }
}
