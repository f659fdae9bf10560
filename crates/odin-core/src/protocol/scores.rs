//! Scores of a set's images, a column a setting.
use serde::{Deserialize, Serialize};

use crate::setting::{Detector, Setting, Settings};

/// What is known of a scored image whatever the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredImage {
    /// Its number in the data set.
    pub index: u32,
    /// Its class, where the set has labels (in-distribution sets only).
    pub label: Option<u16>,
    /// The class that the network gives it (unperturbed).
    pub prediction: u16,
}

/// Images with their scores by each setting; higher is more in-distribution. Every column is as long as the list of images.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScoreTable {
    settings: Settings,
    images: Vec<ScoredImage>,
    /// In the order of the settings.
    columns: Vec<Vec<f64>>,
}

impl ScoreTable {
    pub fn new(settings: Settings) -> Self {
        let columns = vec![Vec::new(); settings.iter().len()];
        Self {
            settings,
            images: Vec::new(),
            columns,
        }
    }

    /// Adds an image with its scores, one a setting.
    pub fn push(&mut self, image: ScoredImage, scores: &[f64]) {
        assert_eq!(scores.len(), self.columns.len(), "an image has a score a setting");
        self.images.push(image);
        for (column, &score) in self.columns.iter_mut().zip(scores) {
            column.push(score);
        }
    }

    /// Adds the images of another part of the same set. A column that one of the two lacks is dropped: a detector may turn out
    /// to have no scores after the first images had theirs.
    pub fn append(&mut self, part: Self) {
        if self.columns.is_empty() && self.images.is_empty() {
            *self = part;
            return;
        }
        let both: Settings = self
            .settings
            .iter()
            .filter(|one| part.by(one).is_some())
            .copied()
            .collect();
        let joined = |setting: &Setting| {
            let columns = [self.by(setting), part.by(setting)];
            columns.into_iter().flatten().flatten().copied().collect()
        };
        self.columns = both.iter().map(joined).collect();
        self.settings = both;
        self.images.extend(part.images);
    }

    pub fn len(&self) -> usize {
        self.images.len()
    }

    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn images(&self) -> &[ScoredImage] {
        &self.images
    }

    /// Scores by a setting, image by image; `None` where the table has no such column.
    pub fn by(&self, setting: &Setting) -> Option<&[f64]> {
        let place = self.settings.iter().position(|known| known == setting)?;
        self.columns.get(place).map(Vec::as_slice)
    }

    /// Scores by a detector whatever its knobs are.
    pub fn of(&self, detector: Detector) -> Option<&[f64]> {
        let place = self.settings.place(detector)?;
        self.columns.get(place).map(Vec::as_slice)
    }

    /// Each setting with its column.
    pub fn columns(&self) -> impl Iterator<Item = (&Setting, &[f64])> {
        self.settings.iter().zip(self.columns.iter().map(Vec::as_slice))
    }

    /// Puts the images into file order.
    pub fn sort(&mut self) {
        let mut places: Vec<usize> = (0..self.images.len()).collect();
        places.sort_by_key(|&place| self.images.get(place).map(|image| image.index));
        self.images = in_order(&self.images, &places);
        for column in &mut self.columns {
            *column = in_order(column, &places);
        }
    }

    /// Whether each image was classified rightly; `None` where one of them has no label.
    pub fn correct(&self) -> Option<Vec<bool>> {
        let correct = |image: &ScoredImage| image.label.map(|label| label == image.prediction);
        self.images.iter().map(correct).collect()
    }
}

fn in_order<T: Copy>(values: &[T], places: &[usize]) -> Vec<T> {
    places
        .iter()
        .filter_map(|&place| values.get(place).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Magnitude, Temperature};

    fn image(index: u32) -> ScoredImage {
        ScoredImage {
            index,
            label: Some(1),
            prediction: index as u16,
        }
    }

    #[test]
    fn parts_join_and_come_into_file_order_with_their_scores() {
        let settings = Settings::new(Temperature::ONE, Magnitude::ZERO);
        let n = settings.iter().len();
        let part = |indices: &[u32]| {
            let mut part = ScoreTable::new(settings.clone());
            for &index in indices {
                part.push(image(index), &vec![f64::from(index); n]);
            }
            part
        };
        let mut all = ScoreTable::default();
        all.append(part(&[5, 1]));
        all.append(part(&[3]));
        all.sort();
        assert_eq!(
            all.images().iter().map(|i| i.index).collect::<Vec<_>>(),
            [1, 3, 5]
        );
        assert_eq!(all.columns().count(), n);
        assert!(all.columns().all(|(_, column)| column == [1.0, 3.0, 5.0]));
        assert_eq!(all.of(Detector::Energy), Some([1.0, 3.0, 5.0].as_slice()));
        assert_eq!(all.by(&Setting::new(Detector::Odin)), None, "it is at another T");
        assert_eq!(all.correct(), Some(vec![true, false, false]));
    }
}
