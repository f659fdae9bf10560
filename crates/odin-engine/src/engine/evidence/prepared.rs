//! Images as fitted detectors take them, and the scores that these give.
use std::collections::HashMap;

use super::rows::FloatRows;
use super::scoring::Fitting;
use odin_core::setting::{Detector, Setting};
use odin_detectors::{Error, Fitted, Images, Prepared, Rows};

/// Nearest fit images that are kept of each image, so that another k is a look-up.
const MOST_NEIGHBOURS: u64 = 1000;

/// Images prepared for the detectors of one fit, in the order in which they became known.
pub(super) struct PreparedImages {
    pub used: u64,
    prepared: Prepared,
    /// By image number.
    rows: HashMap<u32, usize>,
    images: Vec<u32>,
    /// Scores by setting, of the first of the images.
    columns: HashMap<Setting, Vec<f64>>,
    bytes: u64,
}

/// What is known of the images.
pub(super) struct Known<'a> {
    pub logits: &'a FloatRows,
    pub features: Option<&'a FloatRows>,
    pub moved: Option<&'a FloatRows>,
}

impl PreparedImages {
    pub(super) fn new(fitting: &Fitting) -> Self {
        Self {
            used: 0,
            prepared: Prepared::new(&fitting.fit),
            rows: HashMap::new(),
            images: Vec::new(),
            columns: HashMap::new(),
            bytes: 0,
        }
    }

    /// Prepares those of the images that are not yet.
    pub(super) fn extend(&mut self, images: &[u32], known: &Known) -> Result<(), Error> {
        let new: Vec<u32> = images
            .iter()
            .copied()
            .filter(|image| !self.rows.contains_key(image))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let rows = |what, of: &FloatRows| Rows::new(what, of.gather(&new), of.width());
        let optional = |what, of: Option<&FloatRows>| of.map(|of| rows(what, of)).transpose();
        self.prepared.push(&Images {
            logits: rows("logits of the images", known.logits)?,
            features: optional("features of the images", known.features)?,
            perturbed_logits: None,
            perturbed_features: optional("features of the moved images", known.moved)?,
        })?;
        let widths = [Some(known.logits), known.features, known.moved];
        let width: usize = widths.iter().flatten().map(|rows| rows.width()).sum();
        self.bytes += (new.len() * (4 * width + 16)) as u64;
        for image in new {
            self.rows.insert(image, self.images.len());
            self.images.push(image);
        }
        Ok(())
    }

    /// Has every prepared image scored by the setting.
    pub(super) fn score(&mut self, setting: &Setting, fitted: &Fitted) -> Result<(), String> {
        let column = self.columns.entry(*setting).or_default();
        if column.len() == self.images.len() {
            return Ok(());
        }
        let more = fitted.scores_since(column.len(), setting, &self.prepared);
        let more = more.map_err(|error| match error {
            // It counts the images as they came.
            Error::Undefined { detector, image } => {
                let image = self.images.get(image).copied().unwrap_or_default();
                Error::Undefined {
                    detector,
                    image: image as usize,
                }
                .to_string()
            }
            other => other.to_string(),
        })?;
        // With what the detector keeps of each image: neighbours most of all.
        let kept = match setting.detector() {
            Detector::Knn | Detector::Nnguide => 8 * MOST_NEIGHBOURS,
            _ => 0,
        };
        self.bytes += (8 + kept) * more.len() as u64;
        column.extend(more);
        Ok(())
    }

    /// The scores of these images by the setting, which has scored them.
    pub(super) fn column(&self, setting: &Setting, images: &[u32]) -> Vec<f64> {
        let scores = self.columns.get(setting).map(Vec::as_slice).unwrap_or_default();
        let score = |image: &u32| self.rows.get(image).and_then(|row| scores.get(*row)).copied();
        images
            .iter()
            .map(|image| score(image).unwrap_or(f64::NAN))
            .collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}
