//! Values by image number.
use std::collections::HashMap;

use crate::scoring::Signs;
use odin_core::units::LogOdds;

/// A row of f32 values an image, of those that are known: a sample may be a small part of a large set.
#[derive(Default)]
pub(super) struct FloatRows {
    /// Read from disk, if there is anything.
    pub loaded: bool,
    pub used: u64,
    width: usize,
    places: HashMap<u32, usize>,
    values: Vec<f32>,
}

impl FloatRows {
    /// False where the image's are known already, or are not as many as the others'.
    pub(super) fn keep(&mut self, image: u32, row: &[f32]) -> bool {
        if self.width == 0 {
            self.width = row.len();
        }
        if row.len() != self.width || row.is_empty() || self.places.contains_key(&image) {
            return false;
        }
        self.places.insert(image, self.places.len());
        self.values.extend(row);
        true
    }

    /// The same from a file.
    pub(super) fn keep_bytes(&mut self, image: u32, bytes: &[u8]) {
        let values = bytes.as_chunks().0.iter();
        let row: Vec<f32> = values.map(|value| f32::from_le_bytes(*value)).collect();
        self.keep(image, &row);
    }

    pub(super) fn row(&self, image: u32) -> Option<&[f32]> {
        let from = self.places.get(&image)?.checked_mul(self.width)?;
        self.values.get(from..from + self.width)
    }

    /// The rows of those of the images that are known, one after another.
    pub(super) fn gather(&self, images: &[u32]) -> Vec<f32> {
        let rows = images.iter().filter_map(|image| self.row(*image));
        rows.flatten().copied().collect()
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn bytes(&self) -> u64 {
        (size_of_val(self.values.as_slice()) + self.places.len() * size_of::<(u32, usize)>()) as u64
    }
}

/// Values of one kind, and when they were last used.
#[derive(Default)]
pub(super) struct PerImage<V> {
    pub loaded: bool,
    values: Vec<V>,
    pub bytes: u64,
    pub used: u64,
}

impl PerImage<Option<Signs>> {
    pub(super) fn get(&self, image: u32) -> Option<Signs> {
        self.values.get(image as usize)?.clone()
    }

    /// False where the image's are known already.
    pub(super) fn keep_signs(&mut self, image: u32, signs: Signs) -> bool {
        if self.get(image).is_some() {
            return false;
        }
        let place = image as usize;
        if self.values.len() <= place {
            self.bytes += ((place + 1 - self.values.len()) * size_of::<Option<Signs>>()) as u64;
            self.values.resize(place + 1, None);
        }
        if let Some(value) = self.values.get_mut(place) {
            self.bytes += signs.len() as u64;
            *value = Some(signs);
        }
        true
    }
}

impl PerImage<f64> {
    pub(super) fn get(&self, image: u32) -> Option<f64> {
        self.values
            .get(image as usize)
            .copied()
            .filter(|score| !score.is_nan())
    }

    /// False where the image's is known already.
    pub(super) fn keep_score(&mut self, image: u32, score: LogOdds) -> bool {
        if self.get(image).is_some() {
            return false;
        }
        let place = image as usize;
        if self.values.len() <= place {
            self.values.resize(place + 1, f64::NAN);
            self.bytes = size_of_val(self.values.as_slice()) as u64;
        }
        if let Some(value) = self.values.get_mut(place) {
            *value = score.0;
        }
        true
    }

    /// The same from a file.
    pub(super) fn keep_bytes(&mut self, image: u32, bytes: &[u8]) {
        if let Ok(bytes) = bytes.try_into() {
            self.keep_score(image, LogOdds(f64::from_le_bytes(bytes)));
        }
    }
}
