//! Evidence on the images of one set, in memory.
use std::collections::{HashMap, HashSet};

use super::lent::Lent;
use super::prepared::{Known, PreparedFor, PreparedImages};
use super::rows::{FloatRows, PerImage};
use super::scoring::{How, Scoring, Wanted};
use super::{At, Shown};
use crate::scoring::Signs;
use odin_core::protocol::{ScoreTable, ScoredImage};
use odin_core::runs::evidence::{Folder, Kind};
use odin_core::setting::{Move, Setting, perturbation};
use odin_core::units::{LogOdds, Temperature};
use odin_detectors::{argmax, score_logits};

/// Evidence on one set of images scored with one network, by the images' numbers in the set.
#[derive(Default)]
pub(crate) struct Evidence {
    logits: FloatRows,
    features: FloatRows,
    signs: HashMap<At, PerImage<Option<Signs>>>,
    /// Log-odds after ODIN's pass, and after that of i-ODIN.
    scores: HashMap<At, PerImage<f64>>,
    moved_features: HashMap<At, FloatRows>,
    /// What follows from the logits alone, by setting: arithmetic that is done once an image.
    derived: HashMap<Setting, PerImage<f64>>,
    /// For fitted detectors: with features, and with features moved somehow.
    prepared: HashMap<PreparedFor, PreparedImages>,
    /// When it was last opened.
    pub(super) opened: u64,
    /// Where it is kept on disk, if anywhere.
    pub(super) folder: Option<Folder>,
}

/// A part of the evidence that can be dropped from memory: which, when it was used, its bytes.
pub(super) struct Part {
    what: PartOf,
    pub used: u64,
    pub bytes: u64,
}

enum PartOf {
    Logits,
    Features,
    Signs(At),
    Scores(At),
    MovedFeatures(At),
    Derived(Setting),
    Prepared(PreparedFor),
}

impl Part {
    /// Whether it is what fitted detectors keep, which may take seconds to compute again.
    pub(super) fn is_prepared(&self) -> bool {
        matches!(self.what, PartOf::Prepared(_))
    }
}

impl Evidence {
    /// Reads what is on disk of what scores need, unless it is in memory already.
    pub(super) fn load(&mut self, wanted: &Wanted, now: u64) -> std::io::Result<()> {
        // Taken out while the values it reads are put into the rest.
        let Some(mut folder) = self.folder.take() else {
            self.touch(wanted, now);
            return Ok(());
        };
        let read = self.load_from(&mut folder, wanted);
        self.folder = Some(folder);
        self.touch(wanted, now);
        read
    }

    fn load_from(&mut self, folder: &mut Folder, wanted: &Wanted) -> std::io::Result<()> {
        read_rows(&mut self.logits, folder, Kind::Logits)?;
        if wanted.features {
            read_rows(&mut self.features, folder, Kind::Features)?;
        }
        if let Some((t, magnitude)) = wanted.odin_pass() {
            let signs = self.signs.entry(At::temperature(t)).or_default();
            if !signs.loaded {
                signs.loaded = true;
                folder.read(Kind::Signs(t), |image, bytes| {
                    signs.keep_signs(image, bytes.into());
                })?;
            }
            let scores = self.scores.entry(At::new(t, magnitude)).or_default();
            read_scores(scores, folder, Kind::Scores(t, magnitude))?;
        }
        for &movement in &wanted.moves {
            let (at, kind) = (At::moved(movement), Kind::Moved(movement));
            match movement {
                Move::GreatestGradient(..) => read_scores(self.scores.entry(at).or_default(), folder, kind)?,
                Move::LeastGradient { .. } => {
                    read_rows(self.moved_features.entry(at).or_default(), folder, kind)?;
                }
            }
        }
        Ok(())
    }

    fn touch(&mut self, wanted: &Wanted, now: u64) {
        self.logits.used = now;
        if wanted.features {
            self.features.used = now;
        }
        if let Some((t, magnitude)) = wanted.odin_pass() {
            self.signs.entry(At::temperature(t)).or_default().used = now;
            self.scores.entry(At::new(t, magnitude)).or_default().used = now;
        }
        for &movement in &wanted.moves {
            let at = At::moved(movement);
            match movement {
                Move::GreatestGradient(..) => self.scores.entry(at).or_default().used = now,
                Move::LeastGradient { .. } => self.moved_features.entry(at).or_default().used = now,
            }
        }
    }

    /// Keeps what is new of what a batch has shown, and gives that back to be written down: what is known stays, to the
    /// last bit.
    pub(super) fn keep(&mut self, wanted: &Wanted, mut shown: Shown) -> Shown {
        let (t, magnitude) = wanted.odin;
        let Shown {
            logits,
            features,
            signs,
            scores,
            moved_scores,
            moved_features,
        } = &mut shown;
        logits.retain(|(image, row)| self.logits.keep(*image, row));
        // Of an image that was known before, features that nobody wants may lie on disk, unread.
        let new: HashSet<u32> = logits.iter().map(|(image, _)| *image).collect();
        features.retain(|(image, row)| {
            (wanted.features || new.contains(image)) && self.features.keep(*image, row)
        });
        if !signs.is_empty() {
            let known = self.signs.entry(At::temperature(t)).or_default();
            signs.retain(|(image, bits)| known.keep_signs(*image, bits.clone()));
        }
        if !scores.is_empty() {
            let known = self.scores.entry(At::new(t, magnitude)).or_default();
            scores.retain(|(image, score)| known.keep_score(*image, *score));
        }
        for (movement, scores) in moved_scores {
            let known = self.scores.entry(At::moved(*movement)).or_default();
            scores.retain(|(image, score)| known.keep_score(*image, *score));
        }
        for (movement, rows) in moved_features {
            let known = self.moved_features.entry(At::moved(*movement)).or_default();
            rows.retain(|(image, row)| known.keep(*image, row));
        }
        shown
    }

    /// Signs of the gradient at T of an image whose logits are known too: with them a new ε costs one forward pass.
    pub(crate) fn signs(&self, image: u32, t: Temperature) -> Option<Signs> {
        self.logits.row(image)?;
        self.signs.get(&At::temperature(t))?.get(image)
    }

    /// Whether the logits are known, and the features where they are wanted: the plain pass.
    pub(crate) fn has_plain(&self, image: u32, wanted: &Wanted) -> bool {
        self.logits.row(image).is_some() && (!wanted.features || self.features.row(image).is_some())
    }

    /// Whether ODIN's pass was made where it is wanted.
    pub(crate) fn has_odin(&self, image: u32, wanted: &Wanted) -> bool {
        let score = |(t, magnitude)| self.scores.get(&At::new(t, magnitude))?.get(image);
        wanted.odin_pass().is_none_or(|at| score(at).is_some())
    }

    /// Whether the pass over the image so moved was made.
    pub(crate) fn has_moved(&self, image: u32, movement: Move) -> bool {
        let at = At::moved(movement);
        match movement {
            Move::GreatestGradient(..) => self.scores.get(&at).and_then(|all| all.get(image)).is_some(),
            Move::LeastGradient { .. } => {
                let moved = self.moved_features.get(&at);
                moved.and_then(|all| all.row(image)).is_some()
            }
        }
    }

    /// Whether what is known suffices for the image's scores.
    pub(crate) fn is_enough(&self, image: u32, wanted: &Wanted) -> bool {
        self.has_plain(image, wanted)
            && self.has_odin(image, wanted)
            && wanted
                .moves
                .iter()
                .all(|&movement| self.has_moved(image, movement))
    }

    /// The scores of those of the images for which what is known suffices, in their order. Fitted detectors have scored them
    /// before: see [`lend`](Self::lend).
    pub(crate) fn table(
        &mut self,
        images: impl Iterator<Item = u32>,
        scoring: &Scoring,
        label: impl Fn(u32) -> Option<u16>,
        now: u64,
    ) -> ScoreTable {
        let images: Vec<u32> = images
            .filter(|&image| self.is_enough(image, scoring.wanted()))
            .collect();
        for (setting, how) in scoring.by() {
            if matches!(how, How::Logits) {
                self.derive_from_logits(setting, &images, now);
            }
        }
        let columns: Vec<Vec<f64>> = scoring
            .by()
            .iter()
            .map(|(setting, how)| self.column(setting, how, &images))
            .collect();
        let mut table = ScoreTable::new(scoring.settings());
        let mut row = Vec::with_capacity(columns.len());
        for (place, image) in images.into_iter().enumerate() {
            row.clear();
            row.extend(columns.iter().filter_map(|column| column.get(place)));
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

    fn derive_from_logits(&mut self, setting: &Setting, images: &[u32], now: u64) {
        let column = self.derived.entry(*setting).or_default();
        column.used = now;
        let at = temperature_of(setting);
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

    /// Prepares the images for the fitted detectors that are to score them, and lends what is prepared: it is away until
    /// [`take_back`](Self::take_back).
    pub(crate) fn lend(&mut self, images: &[u32], scoring: &Scoring, now: u64) -> Lent {
        let mut lent = Lent::default();
        for (setting, how) in scoring.by() {
            let How::Fitted(fitting, fitted, movement) = how else {
                continue;
            };
            let key = PreparedFor::new(setting, fitting, *movement);
            if lent.is_to_score(key, setting, fitted) {
                continue;
            }
            let prepared = self.prepared.remove(&key);
            let mut prepared = prepared.unwrap_or_else(|| PreparedImages::new(fitting));
            prepared.used = now;
            let known = Known {
                logits: &self.logits,
                features: key.with_features.then_some(&self.features),
                moved: key.moved.and_then(|at| self.moved_features.get(&at)),
            };
            match prepared.extend(images, &known) {
                Ok(()) => lent.add(key, prepared, setting, fitted),
                Err(why) => {
                    self.prepared.insert(key, prepared);
                    lent.failed.push((*setting, why.to_string()));
                }
            }
        }
        lent
    }

    /// What was lent is back.
    pub(super) fn take_back(&mut self, lent: Lent) {
        self.prepared.extend(lent.into_parts());
    }

    /// The images' scores by a setting, which were derived.
    fn column(&self, setting: &Setting, how: &How, images: &[u32]) -> Vec<f64> {
        if images.is_empty() {
            return Vec::new();
        }
        let per_image = |known: Option<&PerImage<f64>>| -> Vec<f64> {
            let score = |image: &u32| known.and_then(|known| known.get(*image));
            // NaN: a detector on the logits that has no score for them.
            images
                .iter()
                .map(|image| score(image).unwrap_or(f64::NAN))
                .collect()
        };
        match how {
            How::Odin(t, magnitude) => per_image(self.scores.get(&At::new(*t, *magnitude))),
            How::Moved(movement) => per_image(self.scores.get(&At::moved(*movement))),
            How::Logits => per_image(self.derived.get(setting)),
            How::Fitted(fitting, _, movement) => {
                let prepared = self.prepared.get(&PreparedFor::new(setting, fitting, *movement));
                let prepared =
                    prepared.expect("a fitted detector has scored the images before they are told");
                prepared.column(setting, images)
            }
        }
    }

    /// The logits of these images, one after another, and how many classes there are.
    pub(crate) fn logits(&self, images: &[u32]) -> (Vec<f32>, usize) {
        (self.logits.gather(images), self.logits.width())
    }

    /// The features of these images, where they are known.
    pub(crate) fn features(&self, images: &[u32]) -> (Vec<f32>, usize) {
        (self.features.gather(images), self.features.width())
    }

    /// The features of these images moved so.
    pub(crate) fn moved_features(&self, images: &[u32], movement: Move) -> (Vec<f32>, usize) {
        let moved = self.moved_features.get(&At::moved(movement));
        moved.map_or((Vec::new(), 0), |rows| (rows.gather(images), rows.width()))
    }

    /// What could be dropped from memory, and would be read from disk or computed again. Without the logits and features
    /// where they are in use.
    pub(super) fn parts(&self, in_use: bool) -> Vec<Part> {
        let part = |what, used, bytes| Part { what, used, bytes };
        let signs = self.signs.iter();
        let scores = self.scores.iter();
        let moved = self.moved_features.iter().filter(|_| !in_use);
        let derived = self.derived.iter();
        let prepared = self.prepared.iter();
        let rows = [
            part(PartOf::Logits, self.logits.used, self.logits.bytes()),
            part(PartOf::Features, self.features.used, self.features.bytes()),
        ];
        signs
            .map(|(at, all)| part(PartOf::Signs(*at), all.used, all.bytes))
            .chain(scores.map(|(at, all)| part(PartOf::Scores(*at), all.used, all.bytes)))
            .chain(moved.map(|(at, all)| part(PartOf::MovedFeatures(*at), all.used, all.bytes())))
            .chain(derived.map(|(setting, all)| part(PartOf::Derived(*setting), all.used, all.bytes)))
            .chain(prepared.map(|(key, all)| part(PartOf::Prepared(*key), all.used, all.bytes())))
            .chain(rows.into_iter().filter(|_| !in_use))
            .collect()
    }

    pub(super) fn drop_part(&mut self, part: &Part) {
        match &part.what {
            PartOf::Signs(at) => drop(self.signs.remove(at)),
            PartOf::Scores(at) => drop(self.scores.remove(at)),
            PartOf::MovedFeatures(at) => drop(self.moved_features.remove(at)),
            PartOf::Derived(setting) => drop(self.derived.remove(setting)),
            PartOf::Prepared(key) => drop(self.prepared.remove(key)),
            PartOf::Logits => self.logits = FloatRows::default(),
            PartOf::Features => self.features = FloatRows::default(),
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> u64 {
        let signs: u64 = self.signs.values().map(|all| all.bytes).sum();
        let scores: u64 = self.scores.values().map(|all| all.bytes).sum();
        let moved: u64 = self.moved_features.values().map(FloatRows::bytes).sum();
        let derived: u64 = self.derived.values().map(|all| all.bytes).sum();
        let prepared: u64 = self.prepared.values().map(PreparedImages::bytes).sum();
        self.logits.bytes() + self.features.bytes() + signs + scores + moved + derived + prepared
    }
}

/// The T of log-odds that follow from the logits: ODIN's, or i-ODIN's, at ε = 0.
fn temperature_of(setting: &Setting) -> Option<Temperature> {
    let odin = perturbation(setting).map(|(t, _)| t);
    odin.or_else(|| odin_core::setting::unmoved(setting))
}

fn read_rows(rows: &mut FloatRows, folder: &mut Folder, kind: Kind) -> std::io::Result<()> {
    if rows.loaded {
        return Ok(());
    }
    rows.loaded = true;
    folder.read(kind, |image, bytes| rows.keep_bytes(image, bytes))
}

fn read_scores(scores: &mut PerImage<f64>, folder: &mut Folder, kind: Kind) -> std::io::Result<()> {
    if scores.loaded {
        return Ok(());
    }
    scores.loaded = true;
    folder.read(kind, |image, bytes| scores.keep_bytes(image, bytes))
}
