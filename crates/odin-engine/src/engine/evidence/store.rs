//! Evidence on every set that is or was scored, within the room there is.
use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::lent::Lent;
use super::scoring::{Scoring, Wanted};
use super::set::Evidence;
use super::{Row, Shown};
use odin_core::protocol::ScoreTable;
use odin_core::runs::evidence::{Budget, Disk, EvidenceKey, Folder, Kind};
use odin_core::units::LogOdds;

/// Sets on disk that stay open though nothing scores them any more: each holds a lock, and with it an open file.
const IDLE_SETS: usize = 64;

/// Sets opened last of which fitted detectors keep what they have, whatever its size: the two sides of a job, and the images
/// that its detectors are fitted on.
const LATEST: u64 = 3;

/// Evidence on every set that an engine has scored.
pub(crate) struct Store {
    sets: HashMap<EvidenceKey, Evidence>,
    disk: Option<Disk>,
    memory: u64,
    /// Counts the jobs begun; what was used long ago goes first.
    clock: u64,
    warnings: Vec<String>,
}

impl Store {
    /// `runs` is the folder under which evidence is kept on disk, where the budget has room for it.
    pub(crate) fn new(runs: &Path, budget: Budget) -> Self {
        Self {
            sets: HashMap::new(),
            disk: (budget.disk > 0).then(|| Disk::new(runs, budget.disk)),
            memory: budget.memory,
            clock: 0,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn get(&self, key: &EvidenceKey) -> Option<&Evidence> {
        self.sets.get(key)
    }

    /// The scores of those of the images for which the evidence on their set suffices, in their order.
    pub(crate) fn table(
        &mut self,
        key: &EvidenceKey,
        images: impl Iterator<Item = u32>,
        scoring: &Scoring,
        label: impl Fn(u32) -> Option<u16>,
    ) -> ScoreTable {
        match self.sets.get_mut(key) {
            Some(evidence) => evidence.table(images, scoring, label, self.clock),
            None => ScoreTable::new(scoring.settings()),
        }
    }

    /// Lends the images as fitted detectors take them; what is lent counts as no memory until it is back.
    pub(crate) fn lend(&mut self, key: &EvidenceKey, images: &[u32], scoring: &Scoring) -> Lent {
        let clock = self.clock;
        let evidence = self.sets.get_mut(key);
        evidence.map_or_else(Lent::default, |evidence| evidence.lend(images, scoring, clock))
    }

    /// What was lent is back; it goes where the set has been closed meanwhile.
    pub(crate) fn take_back(&mut self, key: &EvidenceKey, lent: Lent) {
        if let Some(evidence) = self.sets.get_mut(key) {
            evidence.take_back(lent);
        }
    }

    /// The evidence on a set, with what is on disk of what is wanted.
    pub(crate) fn open(&mut self, key: &EvidenceKey, wanted: &Wanted) -> &Evidence {
        self.clock += 1;
        let evidence = self.sets.entry(key.clone()).or_default();
        evidence.opened = self.clock;
        let mut open = || -> io::Result<()> {
            if let (None, Some(disk)) = (&evidence.folder, &self.disk) {
                evidence.folder = Some(disk.folder(key)?);
            } else if let Some(folder) = &mut evidence.folder {
                folder.try_to_write()?;
            }
            evidence.load(wanted, self.clock)
        };
        if let Err(error) = open() {
            // Scoring goes on without a disk.
            self.warnings
                .push(format!("evidence cannot be kept on disk: {error}"));
            self.disk = None;
            evidence.folder = None;
        }
        evidence
    }

    /// Keeps what a batch has shown, in memory and on disk.
    pub(crate) fn keep(&mut self, key: &EvidenceKey, wanted: &Wanted, shown: Shown) {
        let evidence = self.sets.entry(key.clone()).or_default();
        let new = evidence.keep(wanted, shown);
        let (Some(folder), Some(disk)) = (&mut evidence.folder, &mut self.disk) else {
            return;
        };
        match write(folder, wanted, &new) {
            Ok(bytes) => disk.grown(bytes),
            Err(error) => {
                let why = format!("evidence is kept in memory only from now on: {error}");
                self.warnings.push(why);
                self.disk = None;
                self.sets.values_mut().for_each(|evidence| evidence.folder = None);
            }
        }
    }

    /// Drops from memory what was used longest ago, until the rest fits. Logits of sets that are `in_use` stay.
    pub(crate) fn make_room(&mut self, in_use: impl Fn(&EvidenceKey) -> bool) {
        self.close_idle(&in_use);
        let mut bytes: u64 = self.sets.values().map(Evidence::bytes).sum();
        if bytes <= self.memory {
            return;
        }
        let of = |(key, evidence): (&EvidenceKey, &Evidence)| {
            let parts = evidence.parts(in_use(key)).into_iter();
            parts.map(|part| (key.clone(), part)).collect::<Vec<_>>()
        };
        let mut parts: Vec<_> = self.sets.iter().flat_map(of).collect();
        // A knob that moves comes back to what its detector keeps of the sets that were opened last.
        parts.retain(|(_, part)| !part.is_prepared() || part.used + LATEST <= self.clock);
        parts.sort_by_key(|(_, part)| part.used);
        for (key, part) in parts {
            if bytes <= self.memory / 10 * 9 {
                break;
            }
            if let Some(evidence) = self.sets.get_mut(&key) {
                evidence.drop_part(&part);
                bytes = bytes.saturating_sub(part.bytes);
            }
        }
    }

    /// Closes the sets that were opened longest ago, of those that are on disk and not `in_use`: an engine that lives long may
    /// score thousands.
    fn close_idle(&mut self, in_use: impl Fn(&EvidenceKey) -> bool) {
        let is_idle = |(key, evidence): &(&EvidenceKey, &Evidence)| evidence.folder.is_some() && !in_use(key);
        let idle = self.sets.iter().filter(is_idle);
        let mut idle: Vec<_> = idle
            .map(|(key, evidence)| (evidence.opened, key.clone()))
            .collect();
        idle.sort_unstable_by_key(|(opened, _)| std::cmp::Reverse(*opened));
        for (_, key) in idle.iter().skip(IDLE_SETS) {
            self.sets.remove(key);
        }
    }

    /// What a person should know, each once.
    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

/// Logits first, scores last: what a later part needs is there when the later part is.
fn write(folder: &mut Folder, wanted: &Wanted, new: &Shown) -> io::Result<u64> {
    let (t, magnitude) = wanted.odin;
    let mut bytes = append_rows(folder, Kind::Logits, &new.logits)?;
    bytes += append_rows(folder, Kind::Features, &new.features)?;
    let signs: Vec<_> = new
        .signs
        .iter()
        .map(|(image, bits)| (*image, bits.as_ref()))
        .collect();
    bytes += folder.append(Kind::Signs(t), &signs)?;
    bytes += append_scores(folder, Kind::Scores(t, magnitude), &new.scores)?;
    for (movement, scores) in &new.moved_scores {
        bytes += append_scores(folder, Kind::Moved(*movement), scores)?;
    }
    for (movement, rows) in &new.moved_features {
        bytes += append_rows(folder, Kind::Moved(*movement), rows)?;
    }
    Ok(bytes)
}

fn append_rows(folder: &mut Folder, kind: Kind, rows: &[Row]) -> io::Result<u64> {
    let bytes_of = |row: &[f32]| row.iter().flat_map(|z| z.to_le_bytes()).collect::<Vec<u8>>();
    let all: Vec<_> = rows.iter().map(|(image, row)| (*image, bytes_of(row))).collect();
    let all: Vec<_> = all.iter().map(|(image, row)| (*image, row.as_slice())).collect();
    folder.append(kind, &all)
}

fn append_scores(folder: &mut Folder, kind: Kind, scores: &[(u32, LogOdds)]) -> io::Result<u64> {
    let all: Vec<_> = scores
        .iter()
        .map(|(image, score)| (*image, score.0.to_le_bytes()))
        .collect();
    let all: Vec<_> = all
        .iter()
        .map(|(image, score)| (*image, score.as_slice()))
        .collect();
    folder.append(kind, &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_core::setting::Settings;
    use odin_core::units::{Magnitude, Temperature};

    fn key(number: usize) -> EvidenceKey {
        EvidenceKey {
            weights: "w".to_owned(),
            architecture: "a".to_owned(),
            normalisation: "n".to_owned(),
            dataset: number.to_string(),
            arithmetic: "f32".to_owned(),
        }
    }

    #[test]
    fn of_thousands_of_sets_a_few_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::new(folder.path(), Budget::default());
        let wanted = Wanted::of(&Settings::new(Temperature::ONE, Magnitude::ZERO));
        let shown = Shown {
            logits: vec![(0, [1.0, 2.0].into())],
            ..Shown::default()
        };
        for number in 0..200 {
            store.open(&key(number), &wanted);
            store.keep(&key(number), &wanted, shown.clone());
            store.make_room(|other| *other == key(3));
        }
        assert_eq!(store.sets.len(), IDLE_SETS + 1, "one is in use");
        assert!(store.get(&key(3)).is_some() && store.get(&key(199)).is_some());
        assert!(store.get(&key(4)).is_none());
        // What was closed is there again when it is asked for.
        assert!(store.open(&key(4), &wanted).is_enough(0, &wanted));
        assert!(store.take_warnings().is_empty());
    }
}
