//! What is known before any image is scored, and what several detectors derive from it.
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::error::Error;
use crate::evidence::{FitImages, Known, Rows};
use crate::log_odds::argmax;
use crate::need::Need;
use crate::number::{class_means, descending, energy, make_unit};
use crate::spread::{Classes, Directions, Gaussian};

/// What all detectors are fitted on: checked once, and shared. What is derived from it is computed when a detector first
/// asks.
#[derive(Debug, Default)]
pub struct Fit {
    known: Known,
    classes: Option<usize>,
    width: Option<usize>,
    weight: OnceLock<Vec<f64>>,
    mean: OnceLock<Vec<f64>>,
    unit: OnceLock<Vec<f64>>,
    energies: OnceLock<Vec<f64>>,
    guesses: OnceLock<Vec<usize>>,
    ascending: OnceLock<Vec<f32>>,
    order: OnceLock<Vec<u16>>,
    // Of features as they are, and of norm 1.
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

    /// Mean features of the fit images [D].
    pub(crate) fn mean(&self) -> &[f64] {
        kept::<Vec<_>, _>(&self.mean, || {
            let features = self.features();
            let mut mean = vec![0.0; features.width()];
            for row in features.iter() {
                for (sum, &value) in mean.iter_mut().zip(row) {
                    *sum += f64::from(value);
                }
            }
            for value in &mut mean {
                *value /= features.len() as f64;
            }
            mean
        })
    }

    /// Features of the fit images, each image's of norm 1 [M, D].
    pub(crate) fn unit(&self) -> &[f64] {
        kept::<Vec<_>, _>(&self.unit, || {
            let mut unit = self.features().to_f64();
            unit.par_chunks_exact_mut(self.features().width())
                .for_each(make_unit);
            unit
        })
    }

    /// log Σ exp z of the fit images [M].
    pub(crate) fn energies(&self) -> &[f64] {
        kept::<Vec<_>, _>(&self.energies, || {
            self.images().logits.iter().map(energy).collect()
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

    /// All values of the fit images' features in ascending order [M · D].
    pub(crate) fn ascending(&self) -> &[f32] {
        kept::<Vec<_>, _>(&self.ascending, || {
            let mut values = self.features().values().to_vec();
            values.par_sort_unstable_by(f32::total_cmp);
            values
        })
    }

    /// Features [M, D] as they are or of norm 1, and their mean [D].
    fn centred(&self, is_unit: bool) -> (Vec<f64>, Vec<f64>) {
        if !is_unit {
            return (self.features().to_f64(), self.mean().to_vec());
        }
        let width = self.features().width();
        let rows = self.unit().chunks_exact(width);
        let all = std::iter::repeat(Some(0));
        (self.unit().to_vec(), class_means(rows, all, 1, width).0)
    }

    /// Gaussians of the classes, which all have images; `None` where features do not vary.
    pub(crate) fn class_gaussians(&self, is_unit: bool) -> Option<Arc<Classes>> {
        let found = kept(&self.class_gaussians[usize::from(is_unit)], || {
            let (features, mean) = self.centred(is_unit);
            let classes = self.images().logits.width();
            Classes::new(features, &mean, self.labels(), classes).map(Arc::new)
        });
        found.clone()
    }

    /// One Gaussian over all; `None` where features do not vary.
    pub(crate) fn one_gaussian(&self, is_unit: bool) -> Option<Arc<Gaussian>> {
        let found = kept(&self.one_gaussian[usize::from(is_unit)], || {
            let (features, mean) = self.centred(is_unit);
            Gaussian::new(features, &mean).map(Arc::new)
        });
        found.clone()
    }

    /// Principal directions; `None` where they are not found.
    pub(crate) fn directions(&self) -> Option<Arc<Directions>> {
        let found = kept(&self.directions, || {
            let features = self.features().to_f64();
            Directions::new(features, self.weight(), &self.bias()).map(Arc::new)
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
