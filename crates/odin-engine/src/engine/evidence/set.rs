//! Evidence on the images of one set, in memory.
use std::collections::HashMap;

use super::{At, Shown};
use crate::scoring::Signs;
use odin_core::protocol::{ScoreTable, ScoredImage};
use odin_core::runs::evidence::{Folder, Kind};
use odin_core::setting::{Setting, Settings, perturbation};
use odin_core::units::{LogOdds, Magnitude, Temperature};
use odin_detectors::{argmax, score_logits};

/// Evidence on one set of images scored with one network, by the images' numbers in the set.
#[derive(Default)]
pub(crate) struct Evidence {
    logits: Logits,
    signs: HashMap<At, PerImage<Option<Signs>>>,
    scores: HashMap<At, PerImage<f64>>,
    /// What follows from the logits alone, by setting: arithmetic that is done once an image.
    derived: HashMap<Setting, PerImage<f64>>,
    /// When it was last opened.
    pub(super) opened: u64,
    /// Where it is kept on disk, if anywhere.
    pub(super) folder: Option<Folder>,
}

/// Unperturbed logits.
#[derive(Default)]
struct Logits {
    /// Read from disk, if there is anything.
    loaded: bool,
    classes: usize,
    /// NaN where an image's are not known.
    values: Vec<f32>,
}

/// Values of one kind, and when they were last used.
#[derive(Default)]
struct PerImage<V> {
    loaded: bool,
    values: Vec<V>,
    bytes: u64,
    used: u64,
}

/// A part of the evidence that can be dropped from memory: which, when it was used, its bytes.
pub(super) struct Part {
    what: PartOf,
    pub used: u64,
    pub bytes: u64,
}

enum PartOf {
    Logits,
    Signs(At),
    Scores(At),
    Derived(Setting),
}

impl Evidence {
    /// Reads what is on disk of what scores at (T, ε) need, unless it is in memory already.
    pub(super) fn load(&mut self, t: Temperature, magnitude: Magnitude, now: u64) -> std::io::Result<()> {
        // Taken out while the values it reads are put into the rest.
        let Some(mut folder) = self.folder.take() else {
            self.touch(t, magnitude, now);
            return Ok(());
        };
        let read = self.load_from(&mut folder, t, magnitude);
        self.folder = Some(folder);
        self.touch(t, magnitude, now);
        read
    }

    fn load_from(
        &mut self,
        folder: &mut Folder,
        t: Temperature,
        magnitude: Magnitude,
    ) -> std::io::Result<()> {
        if !self.logits.loaded {
            self.logits.loaded = true;
            folder.read(Kind::Logits, |image, bytes| {
                let row: Vec<f32> = bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect();
                self.logits.keep(image, &row);
            })?;
        }
        if magnitude.is_zero() {
            return Ok(());
        }
        let signs = self.signs.entry(At::temperature(t)).or_default();
        if !signs.loaded {
            signs.loaded = true;
            folder.read(Kind::Signs(t), |image, bytes| {
                signs.keep_signs(image, bytes.into());
            })?;
        }
        let scores = self.scores.entry(At::new(t, magnitude)).or_default();
        if !scores.loaded {
            scores.loaded = true;
            folder.read(Kind::Scores(t, magnitude), |image, bytes| {
                if let Ok(bytes) = bytes.try_into() {
                    scores.keep_score(image, LogOdds(f64::from_le_bytes(bytes)));
                }
            })?;
        }
        Ok(())
    }

    fn touch(&mut self, t: Temperature, magnitude: Magnitude, now: u64) {
        if !magnitude.is_zero() {
            self.signs.entry(At::temperature(t)).or_default().used = now;
            self.scores.entry(At::new(t, magnitude)).or_default().used = now;
        }
    }

    /// Keeps what is new of what a batch has shown, and gives that back to be written down: what is known stays, to the
    /// last bit.
    pub(super) fn keep(&mut self, t: Temperature, magnitude: Magnitude, mut shown: Shown) -> Shown {
        shown
            .logits
            .retain(|(image, logits)| self.logits.keep(*image, logits));
        if !magnitude.is_zero() {
            let signs = self.signs.entry(At::temperature(t)).or_default();
            shown
                .signs
                .retain(|(image, bits)| signs.keep_signs(*image, bits.clone()));
            let scores = self.scores.entry(At::new(t, magnitude)).or_default();
            shown
                .scores
                .retain(|(image, score)| scores.keep_score(*image, *score));
        }
        shown
    }

    /// Signs of the gradient at T of an image whose logits are known too: with them a new ε costs one forward pass.
    pub(crate) fn signs(&self, image: u32, t: Temperature) -> Option<Signs> {
        self.logits.row(image)?;
        self.signs.get(&At::temperature(t))?.get(image)
    }

    /// Whether what is known suffices for the image's scores.
    pub(crate) fn is_enough(&self, image: u32, settings: &Settings) -> bool {
        let (t, magnitude) = settings.perturbation();
        let is_passed = || self.scores.get(&At::new(t, magnitude))?.get(image);
        self.logits.row(image).is_some() && (magnitude.is_zero() || is_passed().is_some())
    }

    /// The scores of those of the images for which what is known suffices, in their order.
    pub(crate) fn table(
        &mut self,
        images: impl Iterator<Item = u32>,
        settings: &Settings,
        label: impl Fn(u32) -> Option<u16>,
        now: u64,
    ) -> ScoreTable {
        let images: Vec<u32> = images.filter(|&image| self.is_enough(image, settings)).collect();
        if images.is_empty() {
            return ScoreTable::new(settings.clone());
        }
        for setting in settings.iter() {
            self.derive(setting, &images, now);
        }
        let columns: Vec<&PerImage<f64>> = settings
            .iter()
            .map(|setting| match perturbation(setting) {
                Some((t, magnitude)) if !magnitude.is_zero() => self.scores.get(&At::new(t, magnitude)),
                _ => self.derived.get(setting),
            })
            .map(|column| column.expect("the images that are known have a score by every setting"))
            .collect();
        let mut table = ScoreTable::new(settings.clone());
        let mut row = Vec::with_capacity(columns.len());
        for image in images {
            row.clear();
            row.extend(columns.iter().map(|column| column.get(image).unwrap_or(f64::NAN)));
            let logits = self.logits.row(image).expect("an image is known by its logits");
            let scored = ScoredImage {
                index: image,
                label: label(image),
                prediction: argmax(logits) as u16,
            };
            table.push(scored, &row);
        }
        table
    }

    /// Computes what the images lack of a setting's scores that follow from the logits.
    fn derive(&mut self, setting: &Setting, images: &[u32], now: u64) {
        let at = match perturbation(setting) {
            Some((_, magnitude)) if !magnitude.is_zero() => return,
            Some((t, _)) => Some(t),
            None => None,
        };
        let column = self.derived.entry(*setting).or_default();
        column.used = now;
        for &image in images {
            let Some(logits) = self.logits.row(image).filter(|_| column.get(image).is_none()) else {
                continue;
            };
            let score = match at {
                Some(t) => Some(LogOdds::of(logits, t).0),
                None => score_logits(setting, logits),
            };
            column.keep_score(image, LogOdds(score.unwrap_or(f64::NAN)));
        }
    }

    /// What could be dropped from memory, and would be read from disk or computed again. Without the logits where
    /// they are in use.
    pub(super) fn parts(&self, logits_in_use: bool) -> Vec<Part> {
        let signs = self.signs.iter().map(|(at, all)| Part {
            what: PartOf::Signs(*at),
            used: all.used,
            bytes: all.bytes,
        });
        let scores = self.scores.iter().map(|(at, all)| Part {
            what: PartOf::Scores(*at),
            used: all.used,
            bytes: all.bytes,
        });
        let derived = self.derived.iter().map(|(setting, all)| Part {
            what: PartOf::Derived(*setting),
            used: all.used,
            bytes: all.bytes,
        });
        let logits = (!logits_in_use).then(|| Part {
            what: PartOf::Logits,
            used: 0,
            bytes: self.logits.bytes(),
        });
        signs.chain(scores).chain(derived).chain(logits).collect()
    }

    pub(super) fn drop_part(&mut self, part: &Part) {
        match &part.what {
            PartOf::Signs(at) => drop(self.signs.remove(at)),
            PartOf::Scores(at) => drop(self.scores.remove(at)),
            PartOf::Derived(setting) => drop(self.derived.remove(setting)),
            PartOf::Logits => self.logits = Logits::default(),
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> u64 {
        let signs: u64 = self.signs.values().map(|all| all.bytes).sum();
        let scores: u64 = self.scores.values().map(|all| all.bytes).sum();
        let derived: u64 = self.derived.values().map(|all| all.bytes).sum();
        self.logits.bytes() + signs + scores + derived
    }
}

impl Logits {
    /// False where the image's are known already, or are not of as many classes as the others'.
    fn keep(&mut self, image: u32, row: &[f32]) -> bool {
        if self.classes == 0 {
            self.classes = row.len();
        }
        if row.len() != self.classes || row.is_empty() || self.row(image).is_some() {
            return false;
        }
        let from = image as usize * self.classes;
        let end = from + self.classes;
        if self.values.len() < end {
            self.values.resize(end, f32::NAN);
        }
        if let Some(place) = self.values.get_mut(from..end) {
            place.copy_from_slice(row);
        }
        true
    }

    fn row(&self, image: u32) -> Option<&[f32]> {
        let from = (image as usize).checked_mul(self.classes)?;
        let row = self.values.get(from..from + self.classes)?;
        let is_known = row.first().is_some_and(|z| !z.is_nan());
        is_known.then_some(row)
    }

    fn bytes(&self) -> u64 {
        size_of_val(self.values.as_slice()) as u64
    }
}

impl PerImage<Option<Signs>> {
    fn get(&self, image: u32) -> Option<Signs> {
        self.values.get(image as usize)?.clone()
    }

    /// False where the image's are known already.
    fn keep_signs(&mut self, image: u32, signs: Signs) -> bool {
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
    fn get(&self, image: u32) -> Option<f64> {
        self.values
            .get(image as usize)
            .copied()
            .filter(|score| !score.is_nan())
    }

    /// False where the image's is known already.
    fn keep_score(&mut self, image: u32, score: LogOdds) -> bool {
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
}
