//! What is known before any image is scored, and what several detectors derive from it.
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::ascending::Ascending;
use crate::error::Error;
use crate::evidence::{FitImages, Known, Rows};
use crate::linear::{add_square, gram};
use crate::log_odds::argmax;
use crate::need::Need;
use crate::number::{class_means, descending, make_unit};
use crate::sparse::Table;
use crate::spread::{Classes, Directions, Gaussian, Within, subtract};
use crate::vector::energies;

/// What all detectors are fitted on: checked once, and shared. What is derived from it is computed when a detector first
/// asks.
#[derive(Debug, Default)]
pub struct Fit {
    known: Known,
    classes: Option<usize>,
    width: Option<usize>,
    weight: OnceLock<Vec<f64>>,
    table: OnceLock<Table>,
    unit: OnceLock<Vec<f64>>,
    energies: OnceLock<Vec<f64>>,
    guesses: OnceLock<Vec<usize>>,
    ascending: OnceLock<Ascending>,
    order: OnceLock<Vec<u16>>,
    // Of features as they are, and of norm 1.
    mean: [OnceLock<Vec<f64>>; 2],
    within: [OnceLock<Arc<Within>>; 2],
    class_gaussians: [OnceLock<Option<Arc<Classes>>>; 2],
    one_gaussian: [OnceLock<Option<Arc<Gaussian>>>; 2],
    directions: OnceLock<Option<Arc<Directions>>>,
}

impl Fit {
    /// From what is known.
    ///
    /// # Errors
    /// Where arrays do not go with each other, or a label is of no class.
    pub fn new(known: Known) -> Result<Arc<Self>, Error> {
        let mut fit = Self::default();
        if let Some(layer) = &known.last_layer {
            let rows = layer.bias.len();
            layer
                .weight
                .check("the last layer's weight", rows, layer.weight.width())?;
            if let Some(column) = layer.bias.iter().position(|b| !b.is_finite()) {
                return Err(Error::NotFinite {
                    what: "the last layer's bias",
                    row: 0,
                    column,
                    value: layer.bias.get(column).copied().unwrap_or(f32::NAN),
                });
            }
            fit.classes = Some(rows);
            fit.width = Some(layer.weight.width());
        }
        if let Some(images) = &known.fit_images {
            let count = images.logits.len();
            let classes = *fit.classes.get_or_insert(images.logits.width());
            images.logits.check("logits of the fit images", count, classes)?;
            check_features(
                &images.features,
                "features of the fit images",
                count,
                &mut fit.width,
            )?;
            check_features(
                &images.perturbed_features,
                "perturbed features of the fit images",
                count,
                &mut fit.width,
            )?;
            if let Some(labels) = &images.labels {
                check_labels(labels, "the fit images", count, classes)?;
            }
        }
        if let Some(images) = &known.validation {
            let count = images.logits.len();
            let classes = *fit.classes.get_or_insert(images.logits.width());
            images
                .logits
                .check("logits of the validation images", count, classes)?;
            check_labels(&images.labels, "the validation images", count, classes)?;
        }
        fit.known = known;
        Ok(Arc::new(fit))
    }

    /// Whether that need is met; what images bring is none of this.
    pub fn meets(&self, need: Need) -> bool {
        let images = self.known.fit_images.as_ref();
        match need {
            Need::Features | Need::Gradient => true,
            Need::LastLayer => self.known.last_layer.is_some(),
            Need::FitImages => images.is_some_and(|images| !images.logits.is_empty()),
            Need::FitLabels => images.is_some_and(|images| images.labels.is_some()),
            Need::ValidationLabels => {
                let validation = self.known.validation.as_ref();
                validation.is_some_and(|images| !images.logits.is_empty())
            }
        }
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Classes, where anything says.
    pub(crate) fn classes(&self) -> Option<usize> {
        self.classes
    }

    /// Features, where anything says.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// The last layer's weight [C, D].
    pub(crate) fn weight(&self) -> &[f64] {
        kept::<Vec<_>, _>(&self.weight, || self.layer().weight.to_f64())
    }

    pub(crate) fn bias(&self) -> Vec<f64> {
        self.layer().bias.iter().map(|&b| f64::from(b)).collect()
    }

    fn layer(&self) -> &crate::evidence::LastLayer {
        let layer = self.known.last_layer.as_ref();
        layer.expect("the last layer is among the detector's needs, which are checked first")
    }

    pub(crate) fn images(&self) -> &FitImages {
        let images = self.known.fit_images.as_ref();
        images.expect("fit images are among the detector's needs, which are checked first")
    }

    /// [M, D]
    pub(crate) fn features(&self) -> &Rows {
        let features = self.images().features.as_ref();
        features.expect("features are among the detector's needs, which are checked first")
    }

    pub(crate) fn labels(&self) -> &[u16] {
        let labels = self.images().labels.as_ref();
        labels.expect("fit labels are among the detector's needs, which are checked first")
    }

    /// The last layer's weight, to be multiplied with rows that are mostly 0.
    pub(crate) fn table(&self) -> &Table {
        kept(&self.table, || {
            let weight = &self.layer().weight;
            Table::transposed(weight.values(), weight.width())
        })
    }

    /// Mean features of the fit images [D].
    pub(crate) fn mean(&self) -> &[f64] {
        self.mean_of(false)
    }

    fn mean_of(&self, is_unit: bool) -> &[f64] {
        kept::<Vec<_>, _>(&self.mean[usize::from(is_unit)], || {
            let all = std::iter::repeat(Some(0));
            class_means(self.each_row(is_unit), all, 1, self.features().width()).0
        })
    }

    /// Some of the fit images' features, as they are or each image's of norm 1. Never all of them: they are twice as large in
    /// f64.
    pub(crate) fn rows(&self, is_unit: bool, rows: Range<usize>) -> Vec<f64> {
        let mut features = self.features().part(rows).to_f64();
        if is_unit {
            features
                .chunks_exact_mut(self.features().width())
                .for_each(make_unit);
        }
        features
    }

    /// Some of the fit images' features of norm 1. Kept where all of them take 128 MB at most.
    pub(crate) fn unit(&self, rows: Range<usize>) -> Cow<'_, [f64]> {
        const MOST: usize = 1 << 24;
        let (count, width) = (self.features().len(), self.features().width());
        if count * width > MOST {
            return Cow::Owned(self.rows(true, rows));
        }
        let unit = kept::<Vec<_>, _>(&self.unit, || self.rows(true, 0..count));
        Cow::Borrowed(&unit[rows.start * width..rows.end * width])
    }

    fn each_row(&self, is_unit: bool) -> impl Iterator<Item = Vec<f64>> {
        (0..self.features().len()).map(move |row| self.rows(is_unit, row..row + 1))
    }

    /// log Σ exp z of the fit images [M].
    pub(crate) fn energies(&self) -> &[f64] {
        kept::<Vec<_>, _>(&self.energies, || {
            let logits = &self.images().logits;
            let none = vec![0.0; logits.width()];
            energies(logits.values(), logits.width(), &none, |_| 1.0)
        })
    }

    /// Guessed classes of the fit images [M].
    pub(crate) fn guesses(&self) -> &[usize] {
        kept::<Vec<_>, _>(&self.guesses, || {
            self.images().logits.iter().map(argmax).collect()
        })
    }

    /// The classes of the fit images that are guessed correctly, `None` for the others [M].
    pub(crate) fn correct(&self) -> impl Iterator<Item = Option<usize>> {
        let pairs = self.labels().iter().zip(self.guesses());
        pairs.map(|(&label, &guess)| (usize::from(label) == guess).then_some(guess))
    }

    /// The percentile of all values of the fit images' features.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let ascending = kept(&self.ascending, || Ascending::new(self.features().values()));
        ascending.percentile(percent)
    }

    /// The spread about the means of the classes.
    fn within(&self, is_unit: bool) -> Arc<Within> {
        let found = kept(&self.within[usize::from(is_unit)], || {
            let (features, labels) = (self.features(), self.labels());
            let width = features.width();
            let classes = labels.iter().map(|&label| Some(usize::from(label)));
            let (means, counts) = class_means(
                self.each_row(is_unit),
                classes,
                self.images().logits.width(),
                width,
            );
            let scatter = gram(features.len(), width, |rows| {
                let mut part = self.rows(is_unit, rows.clone());
                for (row, &label) in part.chunks_exact_mut(width).zip(&labels[rows]) {
                    subtract(row, &means[usize::from(label) * width..][..width]);
                }
                part
            });
            Arc::new(Within {
                scatter,
                means,
                counts,
            })
        });
        Arc::clone(found)
    }

    /// Σ (h − μ)(h − μ)ᵀ over the fit images [D, D]: from that within the classes where there are labels, so that all images
    /// are gone through once.
    fn scatter(&self, is_unit: bool) -> DMatrix<f64> {
        let mean = self.mean_of(is_unit);
        if self.images().labels.is_some() {
            return self.within(is_unit).about(mean);
        }
        gram(self.features().len(), mean.len(), |rows| {
            let mut part = self.rows(is_unit, rows);
            subtract(&mut part, mean);
            part
        })
    }

    /// Σ h hᵀ over the fit images' features of norm 1 [D, D].
    pub(crate) fn unit_gram(&self) -> DMatrix<f64> {
        let mut gram = self.scatter(true);
        add_square(&mut gram, self.features().len() as f64, self.mean_of(true));
        gram
    }

    /// Gaussians of the classes, which all have images; `None` where features do not vary.
    pub(crate) fn class_gaussians(&self, is_unit: bool) -> Option<Arc<Classes>> {
        let found = kept(&self.class_gaussians[usize::from(is_unit)], || {
            let count = self.features().len();
            Classes::new(&self.within(is_unit), self.mean_of(is_unit), count).map(Arc::new)
        });
        found.clone()
    }

    /// One Gaussian over all; `None` where features do not vary.
    pub(crate) fn one_gaussian(&self, is_unit: bool) -> Option<Arc<Gaussian>> {
        let found = kept(&self.one_gaussian[usize::from(is_unit)], || {
            let count = self.features().len();
            Gaussian::new(&self.scatter(is_unit), self.mean_of(is_unit), count).map(Arc::new)
        });
        found.clone()
    }

    /// Principal directions; `None` where they are not found.
    pub(crate) fn directions(&self) -> Option<Arc<Directions>> {
        let found = kept(&self.directions, || {
            let count = self.features().len();
            let (weight, bias) = (self.weight(), self.bias());
            Directions::new(self.scatter(false), self.mean(), count, weight, &bias).map(Arc::new)
        });
        found.clone()
    }

    /// The places of each fit image's features from the greatest down [M, D].
    pub(crate) fn order(&self) -> &[u16] {
        kept::<Vec<_>, _>(&self.order, || orders(self.features()))
    }
}

/// What is computed at the first call. The threads of a parallel computation take on other work while they wait, which
/// may come here for the same value: it is computed twice then, where a lock would wait for itself.
fn kept<T, F: FnOnce() -> T>(lock: &OnceLock<T>, compute: F) -> &T {
    if let Some(value) = lock.get() {
        return value;
    }
    let value = compute();
    lock.get_or_init(|| value)
}

/// The places of each row's values from the greatest down.
fn orders(rows: &Rows) -> Vec<u16> {
    let mut order = vec![0; rows.values().len()];
    order
        .par_chunks_exact_mut(rows.width())
        .zip(rows.values().par_chunks_exact(rows.width()))
        .for_each(|(order, row)| order.copy_from_slice(&descending(row)));
    order
}

/// That features have the width that others have, which is theirs where they are the first.
pub(crate) fn check_features(
    features: &Option<Rows>,
    what: &'static str,
    count: usize,
    width: &mut Option<usize>,
) -> Result<(), Error> {
    let Some(features) = features else {
        return Ok(());
    };
    if features.width() > usize::from(u16::MAX) {
        return Err(Error::Wide {
            what,
            width: features.width(),
        });
    }
    features.check(what, count, *width.get_or_insert(features.width()))
}

fn check_labels(labels: &[u16], what: &'static str, count: usize, classes: usize) -> Result<(), Error> {
    if labels.len() != count {
        return Err(Error::Shape {
            what: "labels of the images",
            unit: "rows",
            expected: count,
            found: labels.len(),
        });
    }
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(row) => Err(Error::Label {
            what,
            row,
            label: labels.get(row).copied().unwrap_or_default(),
            classes,
        }),
        None => Ok(()),
    }
}
