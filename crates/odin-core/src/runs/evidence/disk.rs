//! All evidence on disk, and the room that it may take.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{EvidenceKey, Folder, Kind};

/// The folders of evidence, and how many bytes they may take together.
pub struct Disk {
    root: PathBuf,
    budget: u64,
    used: u64,
}

/// What evidence takes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub bytes: u64,
    pub files: usize,
    /// Sets of images, each scored with one network.
    pub sets: usize,
}

impl Disk {
    /// In `runs/evidence/`, of at most `budget` bytes.
    pub fn new(runs: &Path, budget: u64) -> Self {
        let root = folder(runs);
        Self {
            used: usage_of(&root).bytes,
            root,
            budget,
        }
    }

    pub fn folder(&self, key: &EvidenceKey) -> io::Result<Folder> {
        Folder::open(&self.root, key)
    }

    /// So many bytes have been written. Where that is too much, the files used longest ago are removed, with what was in
    /// them: it would have to be computed again.
    pub fn grown(&mut self, bytes: u64) {
        self.used += bytes;
        if self.used <= self.budget {
            return;
        }
        let mut files = files(&self.root);
        files.sort_by_key(|file| file.used);
        self.used = files.iter().map(|file| file.bytes).sum();
        // Some room at once, so that this is seldom. The file written last stays.
        files.pop();
        for file in files {
            if self.used <= self.budget / 10 * 9 {
                break;
            }
            if fs::remove_file(&file.path).is_ok() {
                self.used = self.used.saturating_sub(file.bytes);
            }
        }
    }

    /// What the evidence under `runs/` takes.
    pub fn usage(runs: &Path) -> Usage {
        usage_of(&folder(runs))
    }
}

fn folder(runs: &Path) -> PathBuf {
    runs.join("evidence")
}

fn usage_of(root: &Path) -> Usage {
    let files = files(root);
    let mut sets: Vec<_> = files.iter().filter_map(|file| file.path.parent()).collect();
    sets.dedup();
    Usage {
        bytes: files.iter().map(|file| file.bytes).sum(),
        files: files.len(),
        sets: sets.len(),
    }
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Every file of evidence, folder by folder; not the notes and locks beside them.
fn files(root: &Path) -> Vec<Kept> {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries(root).map(|entry| entry.path());
    let kept = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let metadata = entry
            .metadata()
            .ok()
            .filter(|m| m.is_file() && Kind::is_name(name))?;
        Some(Kept {
            path: entry.path(),
            bytes: metadata.len(),
            used: metadata.modified().ok()?,
        })
    };
    folders
        .flat_map(|folder| entries(&folder))
        .filter_map(kept)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::time::Duration;

    use super::*;
    use crate::units::{Magnitude, Temperature};

    fn key(dataset: &str) -> EvidenceKey {
        EvidenceKey {
            weights: "w".into(),
            architecture: "a".into(),
            normalisation: "n".into(),
            dataset: dataset.into(),
            arithmetic: "f32".into(),
        }
    }

    fn read(folder: &mut Folder, kind: Kind) -> Vec<(u32, Vec<u8>)> {
        let mut all = Vec::new();
        folder
            .read(kind, |image, bytes| all.push((image, bytes.to_vec())))
            .unwrap();
        all
    }

    #[test]
    fn a_folder_gives_back_what_was_appended_and_nothing_else() {
        let runs = tempfile::tempdir().unwrap();
        let disk = Disk::new(runs.path(), 1 << 20);
        let signs = Kind::Signs(Temperature::PAPER);
        let scores = Kind::Scores(Temperature::PAPER, Magnitude::PAPER);
        let mut folder = disk.folder(&key("one")).unwrap();
        folder.append(signs, &[(1, b"ab"), (2, b"cd")]).unwrap();
        folder.append(signs, &[(3, b"ef")]).unwrap();
        drop(folder);
        let mut folder = disk.folder(&key("one")).unwrap();
        assert_eq!(read(&mut folder, signs).len(), 3);
        assert!(read(&mut folder, scores).is_empty());
        let mut other = disk.folder(&key("two")).unwrap();
        assert!(read(&mut other, signs).is_empty());
        let usage = Disk::usage(runs.path());
        assert_eq!((usage.files, usage.sets), (1, 1));
    }

    #[test]
    fn a_torn_record_is_cut_off_before_anything_follows() {
        let runs = tempfile::tempdir().unwrap();
        let disk = Disk::new(runs.path(), 1 << 20);
        let mut folder = disk.folder(&key("one")).unwrap();
        folder.append(Kind::Logits, &[(1, b"abcd")]).unwrap();
        drop(folder);
        let file = files(&disk.root).pop().unwrap().path;
        let mut torn = OpenOptions::new().append(true).open(&file).unwrap();
        torn.write_all(&[1, 0, 0, 0, 4, 0]).unwrap();
        // With and without having read it first.
        for image in [2, 3] {
            let mut folder = disk.folder(&key("one")).unwrap();
            if image == 3 {
                assert_eq!(read(&mut folder, Kind::Logits).len(), 2);
                torn.write_all(b"more of the same").unwrap();
            }
            folder.append(Kind::Logits, &[(image, b"efgh")]).unwrap();
        }
        let mut folder = disk.folder(&key("one")).unwrap();
        let images: Vec<u32> = read(&mut folder, Kind::Logits)
            .iter()
            .map(|(image, _)| *image)
            .collect();
        assert_eq!(images, [1, 2, 3]);
    }

    #[test]
    fn one_writes_and_others_only_read() {
        let runs = tempfile::tempdir().unwrap();
        let disk = Disk::new(runs.path(), 1 << 20);
        let mut writer = disk.folder(&key("one")).unwrap();
        let mut reader = disk.folder(&key("one")).unwrap();
        writer.append(Kind::Logits, &[(1, b"abcd")]).unwrap();
        assert!(!reader.try_to_write().unwrap());
        assert_eq!(reader.append(Kind::Logits, &[(2, b"efgh")]).unwrap(), 0);
        assert_eq!(read(&mut reader, Kind::Logits).len(), 1);
        drop(writer);
        assert!(reader.try_to_write().unwrap());
        reader.append(Kind::Logits, &[(2, b"efgh")]).unwrap();
        assert_eq!(read(&mut reader, Kind::Logits).len(), 2);
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let runs = tempfile::tempdir().unwrap();
        let mut disk = Disk::new(runs.path(), 3000);
        let mut folder = disk.folder(&key("one")).unwrap();
        let t = |n: u32| Temperature::new(f64::from(n)).unwrap();
        for n in 1..=4u32 {
            let bytes = folder.append(Kind::Signs(t(n)), &[(0, &[0u8; 900])]).unwrap();
            // Two writes may fall on one tick of the clock.
            let file = OpenOptions::new()
                .write(true)
                .open(folder_path(&disk).join(Kind::Signs(t(n)).file_name()))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(n)))
                .unwrap();
            if n == 3 {
                // Used again: T = 1 is no longer the oldest.
                assert_eq!(read(&mut folder, Kind::Signs(t(1))).len(), 1);
            }
            disk.grown(bytes);
        }
        let there = |folder: &mut Folder, n| read(folder, Kind::Signs(t(n))).len();
        let kept: Vec<usize> = (1..=4).map(|n| there(&mut folder, n)).collect();
        assert_eq!(kept, [1, 0, 0, 1]);
        assert!(Disk::usage(runs.path()).bytes <= 2700);
        // Writing goes on where a file was removed.
        folder.append(Kind::Signs(t(2)), &[(5, b"ab")]).unwrap();
        assert_eq!(read(&mut folder, Kind::Signs(t(2))), [(5, b"ab".to_vec())]);
    }

    fn folder_path(disk: &Disk) -> PathBuf {
        disk.root.join(key("one").name())
    }
}
