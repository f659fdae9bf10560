//! Images as fitted detectors take them, and the scores that these give.
use std::collections::HashMap;

use super::At;
use super::rows::FloatRows;
use super::scoring::{FitId, Fitting};
use odin_core::setting::{Move, Setting, needs_features};
use odin_detectors::{Error, Fitted, Images, Prepared, Rows};

/// Settings whose scores are kept: all detectors, and the values that a knob had lately.
const MOST_COLUMNS: usize = 64;

/// What images are prepared for: the detectors of a fit that look at the same of each image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PreparedFor {
    fit: FitId,
    pub with_features: bool,
    pub moved: Option<At>,
}

impl PreparedFor {
    pub(super) fn new(setting: &Setting, fitting: &Fitting, movement: Option<Move>) -> Self {
        Self {
            fit: fitting.id,
            with_features: needs_features(setting.detector()),
            moved: movement.map(At::moved),
        }
    }
}

/// Images prepared for the detectors of one fit, in the order in which they became known.
pub(super) struct PreparedImages {
    pub used: u64,
    prepared: Prepared,
    /// By image number.
    rows: HashMap<u32, usize>,
    images: Vec<u32>,
    /// Scores by setting, of the first of the images; the setting used last comes last.
    columns: Vec<(Setting, Vec<f64>)>,
    /// Values an image that detectors look at.
    width: usize,
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
            columns: Vec::new(),
            width: 0,
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
        self.width = widths.iter().flatten().map(|rows| rows.width()).sum();
        for image in new {
            self.rows.insert(image, self.images.len());
            self.images.push(image);
        }
        Ok(())
    }

    /// Has every prepared image scored by the setting; false where it was told to stop before that was done.
    pub(super) fn score(
        &mut self,
        setting: &Setting,
        fitted: &Fitted,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, String> {
        let known = self.columns.iter().position(|(known, _)| known == setting);
        let (_, mut column) = known.map_or((*setting, Vec::new()), |place| self.columns.remove(place));
        let more = match column.len() == self.images.len() {
            true => Ok(Some(Vec::new())),
            false => fitted.scores_until(column.len(), setting, &self.prepared, stop),
        };
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
        let is_done = more.is_some();
        column.extend(more.into_iter().flatten());
        self.columns.push((*setting, column));
        if self.columns.len() > MOST_COLUMNS {
            self.columns.remove(0);
        }
        Ok(is_done)
    }

    /// The scores of these images by the setting, which has scored them.
    pub(super) fn column(&self, setting: &Setting, images: &[u32]) -> Vec<f64> {
        let known = self.columns.iter().find(|(known, _)| known == setting);
        let scores = known.map_or(&[][..], |(_, scores)| scores.as_slice());
        let score = |image: &u32| self.rows.get(image).and_then(|row| scores.get(*row)).copied();
        images
            .iter()
            .map(|image| score(image).unwrap_or(f64::NAN))
            .collect()
    }

    /// In memory: the images, what detectors keep of them, and the scores.
    pub(super) fn bytes(&self) -> u64 {
        let scores: usize = self.columns.iter().map(|(_, scores)| 8 * scores.len()).sum();
        let images = self.images.len() * (4 * self.width + 16);
        (images + self.prepared.kept_bytes() + scores) as u64
    }
}
