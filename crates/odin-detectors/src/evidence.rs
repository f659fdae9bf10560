//! What a network said: arrays, checked.
use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;

/// A row of finite f32 values an image, all of one width. Clones and parts share the values.
#[derive(Debug, Clone)]
pub struct Rows {
    values: Arc<Vec<f32>>,
    rows: Range<usize>,
    width: usize,
}

impl Rows {
    /// From values row by row. `what` says in errors what they are, as in "logits of the images".
    ///
    /// # Errors
    /// Where the values are no whole rows, or one of them is NaN or infinite.
    pub fn new(what: &'static str, values: impl Into<Arc<Vec<f32>>>, width: usize) -> Result<Self, Error> {
        let values = values.into();
        let length = values.len();
        if width == 0 || length % width != 0 {
            return Err(Error::Ragged { what, length, width });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                what,
                row: place / width,
                column: place % width,
                value: values.get(place).copied().unwrap_or(f32::NAN),
            });
        }
        Ok(Self {
            rows: 0..length / width,
            values,
            width,
        })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values[self.rows.start * self.width..self.rows.end * self.width]
    }

    /// Row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values().chunks_exact(self.width)
    }

    /// Some of the rows; what there is of them.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let at = |row: usize| (self.rows.start + row).min(self.rows.end);
        Self {
            values: Arc::clone(&self.values),
            rows: at(rows.start)..at(rows.end),
            width: self.width,
        }
    }

    pub(crate) fn to_f64(&self) -> Vec<f64> {
        self.values().iter().map(|&value| f64::from(value)).collect()
    }

    /// That there are so many rows and columns.
    pub(crate) fn check(&self, what: &'static str, rows: usize, width: usize) -> Result<(), Error> {
        for (unit, expected, found) in [("rows", rows, self.len()), ("columns", width, self.width)] {
            if expected != found {
                return Err(Error::Shape {
                    what,
                    unit,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// The network's last layer: logits = W h + b.
#[derive(Debug, Clone)]
pub struct LastLayer {
    /// [C, D]
    pub weight: Rows,
    /// [C]
    pub bias: Vec<f32>,
}

/// Images of the in-distribution set that detectors are fitted on.
#[derive(Debug, Clone)]
pub struct FitImages {
    /// [M, C]
    pub logits: Rows,
    /// [M, D]
    pub features: Option<Rows>,
    /// [M], each below C.
    pub labels: Option<Arc<Vec<u16>>>,
    /// [M, D], of the images moved as AdaSCALE says.
    pub perturbed_features: Option<Rows>,
}

/// Logits with the right classes.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// [V, C]
    pub logits: Rows,
    /// [V], each below C.
    pub labels: Arc<Vec<u16>>,
}

/// What is known before any image is scored; what is not there leaves the detectors that need it without scores.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The network's last layer.
    pub last_layer: Option<LastLayer>,
    /// Training images.
    pub fit_images: Option<FitImages>,
    /// In-distribution images that the network was not trained on.
    pub validation: Option<Labelled>,
}

/// Images to be scored.
#[derive(Debug, Clone)]
pub struct Images {
    /// [N, C]
    pub logits: Rows,
    /// [N, D]
    pub features: Option<Rows>,
    /// [N, C], of the images moved as ODIN or i-ODIN says, whichever is to be scored.
    pub perturbed_logits: Option<Rows>,
    /// [N, D], of the images moved as AdaSCALE says.
    pub perturbed_features: Option<Rows>,
}

impl Images {
    /// Images of which there are only logits.
    pub fn of_logits(logits: Rows) -> Self {
        Self {
            logits,
            features: None,
            perturbed_logits: None,
            perturbed_features: None,
        }
    }
}
