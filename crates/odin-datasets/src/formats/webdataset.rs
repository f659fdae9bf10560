//! WebDataset: tar archives of samples, each a few files whose names differ after the first dot (`0001.jpg`,
//! `0001.cls`). The archives are read in place.
use std::path::{Path, PathBuf};

use crate::decode;
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::gzip;
use crate::image::Raster;

/// A class file holds a number.
const MAX_LABEL: u64 = 32;
/// A tar archive ends with two blocks of zeros.
const BLOCK: usize = 512;
/// No image file is larger.
const MAX_IMAGE: u64 = 1 << 28;

struct Member {
    shard: usize,
    offset: u64,
    len: u64,
    name: PathBuf,
}

pub(crate) struct Shards {
    files: Vec<OpenFile>,
    images: Vec<Member>,
}

/// A sample as far as it is read.
#[derive(Default)]
struct Sample {
    key: PathBuf,
    image: Option<Member>,
    label: Option<u16>,
}

impl Shards {
    /// The samples of the archives in order, and their labels where all have a `.cls`.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<(Self, Option<Vec<u16>>), DatasetError> {
        let mut shards = Self {
            files: Vec::new(),
            images: Vec::new(),
        };
        let mut labels = Vec::new();
        for path in paths {
            let before = shards.images.len();
            shards.read(path, &mut labels)?;
            if shards.images.len() == before {
                return Err(DatasetError::malformed(path, "a tar archive without images"));
            }
        }
        let labelled = labels.iter().flatten().count();
        if labelled == 0 {
            return Ok((shards, None));
        }
        if let Some(without) = labels.iter().position(Option::is_none) {
            let path = shards.path(without);
            let why = format!(
                "has no `.cls`, and {labelled} other images have one: give all images labels, or none"
            );
            return Err(DatasetError::malformed(&path, why));
        }
        Ok((shards, Some(labels.into_iter().flatten().collect())))
    }

    fn read(&mut self, path: &Path, labels: &mut Vec<Option<u16>>) -> Result<(), DatasetError> {
        let malformed = |why: String| DatasetError::malformed(path, why);
        let damaged =
            |error: std::io::Error| malformed(format!("a damaged tar archive ({error}); get it again"));
        let file = OpenFile::open(path)?;
        if gzip::is_gzip(&file)? {
            return Err(malformed(
                "a packed archive; gunzip it: plain archives are read in place".to_owned(),
            ));
        }
        let shard = self.files.len();
        let mut sample = Sample::default();
        let mut archive = tar::Archive::new(file.reader());
        for entry in archive.entries_with_seek().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = entry.path().map_err(damaged)?.into_owned();
            let (offset, len) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(len).is_none_or(|end| end > file.len) {
                return Err(malformed(format!("ends within {}; get it again", name.display())));
            }
            let base = name
                .file_name()
                .map(|base| base.to_string_lossy().into_owned())
                .unwrap_or_default();
            let (stem, ending) = base.split_once('.').unwrap_or((&base, ""));
            let key = name.with_file_name(stem);
            if key != sample.key {
                self.add(
                    std::mem::replace(
                        &mut sample,
                        Sample {
                            key,
                            ..Sample::default()
                        },
                    ),
                    labels,
                );
            }
            if ending == "cls" {
                let mut text = vec![0; len.min(MAX_LABEL) as usize];
                file.read_at(&mut text, offset)?;
                let text = String::from_utf8_lossy(&text);
                let label = text
                    .trim()
                    .parse()
                    .map_err(|_| malformed(format!("{}: `{}` is no label", name.display(), text.trim())))?;
                sample.label = Some(label);
            } else if sample.image.is_none() && decode::is_image(&name) {
                sample.image = Some(Member {
                    shard,
                    offset,
                    len,
                    name,
                });
            }
        }
        self.add(sample, labels);
        drop(archive);
        // A file that is cut off between two of its members would seem to be whole.
        let mut end = [1; BLOCK];
        if file.len >= BLOCK as u64 {
            file.read_at(&mut end, file.len - BLOCK as u64)?;
        }
        if end != [0; BLOCK] {
            return Err(malformed(
                "ends without the end mark of a tar archive: some of it is missing; get it again".to_owned(),
            ));
        }
        self.files.push(file);
        Ok(())
    }

    fn add(&mut self, sample: Sample, labels: &mut Vec<Option<u16>>) {
        if let Some(image) = sample.image {
            self.images.push(image);
            labels.push(sample.label);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.images.len()
    }

    pub(crate) fn name(&self, index: usize) -> Option<&Path> {
        self.images.get(index).map(|member| member.name.as_path())
    }

    fn path(&self, index: usize) -> PathBuf {
        let (member, file) = self.member(index);
        file.path.join(&member.name)
    }

    #[expect(
        clippy::expect_used,
        reason = "the data set checks the index, and every shard was opened"
    )]
    fn member(&self, index: usize) -> (&Member, &OpenFile) {
        let member = self.images.get(index).expect("the data set checks the index");
        (
            member,
            self.files.get(member.shard).expect("its archive was opened"),
        )
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, DatasetError> {
        let (member, file) = self.member(index);
        if member.len > MAX_IMAGE {
            return Err(DatasetError::CorruptImage {
                path: self.path(index),
                why: format!("{} bytes; at most {MAX_IMAGE} are read", member.len),
            });
        }
        let mut bytes = vec![0; member.len as usize];
        file.read_at(&mut bytes, member.offset).map(|()| bytes)
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        decode::bytes(&self.bytes(index)?, &self.path(index))
    }

    pub(crate) fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        decode::size_of_bytes(&self.bytes(index)?, &self.path(index))
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        self.files.iter().try_for_each(|file| file.hash(hasher))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn open(shards: &[Vec<u8>]) -> Result<(Shards, Option<Vec<u16>>), String> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..shards.len())
            .map(|i| folder.path().join(format!("{i}.tar")))
            .collect();
        paths
            .iter()
            .zip(shards)
            .for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
        Shards::open(&paths).map_err(|error| error.to_string())
    }

    const JPEG: &[u8] = include_bytes!("../fixtures/jpeg/420.jpg");
    const PNG: &[u8] = include_bytes!("../fixtures/jpeg/420.png");

    #[test]
    fn samples_are_images_with_their_labels_over_all_shards() {
        let first = tar_of(&[
            ("a/0001.jpg", JPEG),
            ("a/0001.cls", b"7\n"),
            ("a/0001.json", b"{}"),
            ("a/0002.cls", b"11"),
            ("a/0002.seg.png", b"?"),
        ]);
        let second = tar_of(&[("b/0001.png", PNG), ("b/0001.cls", b"3")]);
        let (shards, labels) = open(&[first.clone(), second]).unwrap();
        // 0002's mask has a name of an image: what it is shows when it is decoded.
        assert_eq!((shards.len(), labels), (3, Some(vec![7, 11, 3])));
        assert_eq!(shards.name(2), Some(Path::new("b/0001.png")));
        assert_eq!(shards.raster(0).unwrap(), shards.raster(2).unwrap());
        assert_eq!(shards.size(0).unwrap(), (23, 37));
        let error = shards.raster(1).unwrap_err();
        assert!(
            matches!(error, DatasetError::CorruptImage { .. })
                && error.to_string().contains("0.tar/a/0002.seg.png")
        );

        assert_eq!(open(&[tar_of(&[("1.jpg", JPEG)])]).unwrap().1, None);
        for (shard, expected) in [
            (
                tar_of(&[("1.jpg", JPEG), ("2.jpg", JPEG), ("2.cls", b"1")]),
                "1.jpg: has no `.cls`, and 1 other images",
            ),
            (
                tar_of(&[("1.jpg", JPEG), ("1.cls", b"cat")]),
                "1.cls: `cat` is no label",
            ),
            (tar_of(&[("1.txt", b"?")]), "a tar archive without images"),
            (first[..900].to_vec(), "ends within a/0001.jpg"),
            (first[..first.len() - 1024].to_vec(), "without the end mark"),
            (vec![7; 2000], "a damaged tar archive"),
            (crate::formats::idx::tests::gz(&first), "gunzip it"),
        ] {
            let error = open(&[shard]).err().expect(expected);
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
