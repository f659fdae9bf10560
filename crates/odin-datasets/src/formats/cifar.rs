//! CIFAR's binary files: fixed records, read one at a time from where they lie.
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::image::Raster;

pub(crate) const SIDE: usize = 32;
pub(crate) const PIXELS: usize = 3 * SIDE * SIDE;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CifarKind {
    /// One label byte a record.
    Cifar10,
    /// Two, of which the second, the fine one, counts.
    Cifar100,
}

impl CifarKind {
    pub(crate) fn classes(self) -> u16 {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    pub(crate) fn record(self) -> usize {
        match self {
            Self::Cifar10 => 1 + PIXELS,
            Self::Cifar100 => 2 + PIXELS,
        }
    }
}

/// Images of 32×32 in planar RGB, at even distances in several files.
pub(crate) struct CifarFiles {
    parts: Vec<Part>,
}

pub(crate) struct Part {
    pub file: OpenFile,
    /// Where the first image starts, and how far it is from one to the next.
    pub first: u64,
    pub stride: u64,
    /// The images up to the end of this part, those of earlier parts included.
    pub end: usize,
}

impl CifarFiles {
    /// CIFAR's binary files in order, and the labels of all their images.
    pub(crate) fn open(kind: CifarKind, paths: &[PathBuf]) -> Result<(Self, Vec<u16>), DatasetError> {
        let record = kind.record();
        let mut parts = Vec::new();
        let mut labels = Vec::new();
        for path in paths {
            let file = OpenFile::open(path)?;
            if file.len % record as u64 != 0 {
                let why = format!(
                    "has {} bytes, no multiple of the {record} of a {kind:?} record: truncated, or another format; \
                     get it again",
                    file.len
                );
                return Err(DatasetError::malformed(path, why));
            }
            let mut prefix = vec![0; record - PIXELS];
            for offset in (0..file.len).step_by(record) {
                file.read_at(&mut prefix, offset)?;
                let label = u16::from(prefix.last().copied().unwrap_or_default());
                if label >= kind.classes() {
                    let why = format!(
                        "the record at offset {offset} has label {label}, but {kind:?} has {} classes; \
                         is it another format?",
                        kind.classes()
                    );
                    return Err(DatasetError::malformed(path, why));
                }
                labels.push(label);
            }
            let first = (record - PIXELS) as u64;
            parts.push(Part {
                file,
                first,
                stride: record as u64,
                end: labels.len(),
            });
        }
        Ok((Self { parts }, labels))
    }

    pub(crate) fn new(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        let which = self.parts.partition_point(|part| part.end <= index);
        let before = which
            .checked_sub(1)
            .and_then(|i| self.parts.get(i))
            .map_or(0, |part| part.end);
        let mut samples = vec![0; PIXELS];
        if let Some(part) = self.parts.get(which) {
            let offset = (index.saturating_sub(before) as u64).saturating_mul(part.stride);
            part.file
                .read_at(&mut samples, offset.saturating_add(part.first))?;
        }
        Ok(Raster::planar(SIDE, SIDE, samples))
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        self.parts.iter().try_for_each(|part| part.file.hash(hasher))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    /// A record whose pixels all have the value of `pixel`.
    pub fn record(labels: &[u8], pixel: u8) -> Vec<u8> {
        [labels, &[pixel; PIXELS]].concat()
    }

    fn open(kind: CifarKind, contents: &[Vec<u8>]) -> Result<(CifarFiles, Vec<u16>), DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..contents.len())
            .map(|i| folder.path().join(format!("{i}.bin")))
            .collect();
        paths
            .iter()
            .zip(contents)
            .for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        CifarFiles::open(kind, &paths)
    }

    #[test]
    fn several_files_are_one_set() {
        let first = [record(&[3], 10), record(&[9], 11)].concat();
        let (files, labels) = open(CifarKind::Cifar10, &[first, record(&[0], 12)]).unwrap();
        assert_eq!(labels, [3, 9, 0]);
        for (index, pixel) in [10, 11, 12].into_iter().enumerate() {
            assert_eq!(files.raster(index).unwrap().samples, [pixel; PIXELS]);
        }
    }

    #[test]
    fn cifar_100_gives_the_fine_label() {
        let (files, labels) = open(CifarKind::Cifar100, &[record(&[1, 99], 5)]).unwrap();
        assert_eq!((labels, files.raster(0).unwrap().samples[0]), (vec![99], 5));
    }

    #[test]
    fn other_files_are_refused() {
        let refused = |kind, bytes| open(kind, &[bytes]).err().expect("should be refused").to_string();
        let error = refused(CifarKind::Cifar10, record(&[1], 0)[..3000].to_vec());
        assert!(
            error.contains("has 3000 bytes, no multiple of the 3073 of a Cifar10 record"),
            "{error}"
        );
        let error = refused(CifarKind::Cifar10, [record(&[9], 0), record(&[10], 0)].concat());
        assert!(
            error.contains("the record at offset 3073 has label 10, but Cifar10 has 10 classes"),
            "{error}"
        );
        assert!(refused(CifarKind::Cifar100, vec![]).contains("the file is empty"));
    }
}
