//! NumPy's arrays: `.npy` files, and those in an `.npz`. Plain ones are read in place (300K random images take 0.9 GB),
//! packed ones are unpacked into memory once. No size in them is believed.
use std::io::Read;
use std::path::{Path, PathBuf};

use super::array::Shape;
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::gzip::{MAX_RATIO, MAX_UNPACKED};
use crate::image::Raster;

/// Headers of real files have 128 bytes.
const MAX_HEADER: usize = 1 << 16;

/// An array of numbers, one of the file's.
pub(crate) struct Array {
    file: OpenFile,
    /// The file's path, with the array's name where it lies in an archive.
    path: PathBuf,
    header: Header,
    /// Where the values start in the file.
    first: u64,
    /// All of a packed array's bytes.
    unpacked: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    /// As NumPy writes it: `|u1`, `<i8`.
    kind: String,
    fortran: bool,
    dimensions: Vec<usize>,
    /// The bytes before the values.
    len: usize,
}

impl Array {
    /// The array of an `.npy` file, or the one called `name` in an `.npz`; without a name, its only one.
    pub(crate) fn open(path: &Path, name: Option<&str>) -> Result<Self, DatasetError> {
        let file = OpenFile::open(path)?;
        let mut magic = [0; 4];
        if file.len >= 4 {
            file.read_at(&mut magic, 0)?;
        }
        if magic == *b"PK\x03\x04" {
            return Self::in_archive(file, name);
        }
        if let Some(name) = name {
            return Err(DatasetError::malformed(
                path,
                format!("not an .npz archive, so it has no array `{name}`"),
            ));
        }
        let mut head = vec![0; file.len.min(MAX_HEADER as u64) as usize];
        file.read_at(&mut head, 0)?;
        let header = header(&head).map_err(|why| DatasetError::malformed(path, why))?;
        let array = Self {
            path: path.to_owned(),
            first: header.len as u64,
            unpacked: None,
            header,
            file,
        };
        let len = array.file.len;
        array.check_len(len)
    }

    fn in_archive(file: OpenFile, name: Option<&str>) -> Result<Self, DatasetError> {
        let damaged = |error: &dyn std::fmt::Display| {
            DatasetError::malformed(
                &file.path,
                format!("a damaged .npz archive ({error}); get it again"),
            )
        };
        let mut archive = zip::ZipArchive::new(file.reader()).map_err(|error| damaged(&error))?;
        let names: Vec<String> = archive
            .file_names()
            .filter_map(|n| n.strip_suffix(".npy"))
            .map(str::to_owned)
            .collect();
        let chosen = match (name, names.as_slice()) {
            (Some(name), _) if names.iter().any(|known| known == name) => name,
            (None, [only]) => only,
            (name, _) => {
                let mut names = names.clone();
                names.sort();
                let names = names.join(", ");
                let why = match name {
                    Some(name) => format!("has no array `{name}`, only {names}"),
                    None => format!(
                        "has several arrays; name one of {names}: that of the images as `key:` beside `format: numpy`, that of \
                         the labels as `label_key:`"
                    ),
                };
                return Err(DatasetError::malformed(&file.path, why));
            }
        };
        let path = file.path.join(chosen);
        let entry = archive
            .by_name(&format!("{chosen}.npy"))
            .map_err(|error| damaged(&error))?;
        let (start, size, packed) = (entry.data_start(), entry.size(), entry.compressed_size());
        if entry.compression() == zip::CompressionMethod::Stored {
            if start.checked_add(size).is_none_or(|end| end > file.len) {
                return Err(damaged(&"it ends within the array"));
            }
            drop(entry);
            drop(archive);
            let mut head = vec![0; size.min(MAX_HEADER as u64) as usize];
            file.read_at(&mut head, start)?;
            let header = header(&head).map_err(|why| DatasetError::malformed(&path, why))?;
            let array = Self {
                path,
                first: start + header.len as u64,
                unpacked: None,
                header,
                file,
            };
            return array.check_len(size);
        }
        if size > MAX_UNPACKED || size > packed.saturating_mul(MAX_RATIO) {
            let why = format!(
                "would unpack to {size} bytes, where at most {MAX_UNPACKED} are kept in memory; save it with \
                 `np.savez`, which does not pack"
            );
            return Err(DatasetError::malformed(&path, why));
        }
        let mut bytes = Vec::new();
        entry
            .take(size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&error))?;
        drop(archive);
        let header = header(&bytes).map_err(|why| DatasetError::malformed(&path, why))?;
        let len = bytes.len() as u64;
        let array = Self {
            path,
            first: header.len as u64,
            unpacked: Some(bytes),
            header,
            file,
        };
        array.check_len(len)
    }

    /// `len` is what header and values must take together.
    fn check_len(self, len: u64) -> Result<Self, DatasetError> {
        let malformed = |why: String| Err(DatasetError::malformed(&self.path, why));
        let dimensions = &self.header.dimensions;
        if dimensions.contains(&0) {
            return malformed(format!("holds nothing: its dimensions are {dimensions:?}"));
        }
        let width = match self.header.kind.trim_start_matches(['|', '<', '=']) {
            "u1" | "i1" | "b1" => 1,
            "u2" | "i2" => 2,
            "u4" | "i4" => 4,
            "u8" | "i8" => 8,
            other => {
                return malformed(format!(
                    "holds values of type `{other}`; images are bytes (uint8) from 0 to 255, labels whole numbers: save \
                     images from 0 to 1 as `(255 * x).round().astype(\"uint8\")`"
                ));
            }
        };
        if self.header.fortran && dimensions.len() > 1 {
            return malformed("is in Fortran order; save it with `np.ascontiguousarray`".to_owned());
        }
        let values = dimensions
            .iter()
            .try_fold(width, |n: u64, &d| n.checked_mul(d as u64));
        let expected = values.and_then(|values| values.checked_add(self.header.len as u64));
        if expected != Some(len) {
            return malformed(format!(
                "has {len} bytes where its dimensions {dimensions:?} need {}: truncated, or its header lies; get it again",
                expected.map_or("more than there are".to_owned(), |n| n.to_string())
            ));
        }
        Ok(self)
    }

    #[expect(
        clippy::expect_used,
        reason = "the length was checked when the array was opened"
    )]
    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, DatasetError> {
        let at = self.first.saturating_add(offset);
        match &self.unpacked {
            Some(bytes) => {
                let found = usize::try_from(at)
                    .ok()
                    .and_then(|at| bytes.get(at..)?.get(..len));
                Ok(found
                    .expect("within the array, whose length was checked")
                    .to_vec())
            }
            None => {
                let mut bytes = vec![0; len];
                self.file.read_at(&mut bytes, at).map(|()| bytes)
            }
        }
    }
}

/// The header of an `.npy` file: a Python dictionary of three entries.
fn header(bytes: &[u8]) -> Result<Header, String> {
    let cut = || "ends within its header; get it again".to_owned();
    let Some(rest) = bytes.strip_prefix(b"\x93NUMPY") else {
        return Err("not a NumPy array (starts with \\x93NUMPY)".to_owned());
    };
    let (len, before) = match *rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        [version @ (0 | 4..), _, ..] => {
            return Err(format!("of version {version} of NumPy's format, not known here"));
        }
        _ => return Err(cut()),
    };
    let end = len
        .checked_add(before)
        .filter(|end| *end <= MAX_HEADER)
        .ok_or("a header without end")?;
    let text = bytes.get(before..end).ok_or_else(cut)?;
    let text = String::from_utf8_lossy(text);
    let value = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let broken = || "a header that is not NumPy's".to_owned();
    let kind = value("descr").ok_or_else(broken)?;
    let Some((kind, _)) = kind.strip_prefix('\'').and_then(|kind| kind.split_once('\'')) else {
        return Err("a structured array; images are plain bytes".to_owned());
    };
    let fortran = value("fortran_order").ok_or_else(broken)?.starts_with("True");
    let shape = value("shape")
        .and_then(|shape| shape.strip_prefix('(')?.split_once(')'))
        .ok_or_else(broken)?;
    let sides = shape.0.split(',').map(str::trim).filter(|side| !side.is_empty());
    let dimensions: Vec<usize> = sides
        .map(|side| side.parse().map_err(|_| broken()))
        .collect::<Result<_, _>>()?;
    Ok(Header {
        kind: kind.to_owned(),
        fortran,
        dimensions,
        len: end,
    })
}

/// A range of the images of an array.
pub(crate) struct NumpyImages {
    array: Array,
    pub shape: Shape,
    /// The first image that is taken.
    first: usize,
}

impl NumpyImages {
    /// `rows` are the first image and the one after the last, where not all are taken.
    pub(crate) fn open(
        path: &Path,
        name: Option<&str>,
        rows: Option<[usize; 2]>,
    ) -> Result<Self, DatasetError> {
        let array = Array::open(path, name)?;
        let malformed = |why: String| DatasetError::malformed(&array.path, why);
        if !array.header.kind.ends_with("u1") {
            return Err(malformed(format!(
                "holds values of type `{}`; images are bytes (uint8): where all lie from 0 to 255, save it with \
                 `.astype(\"uint8\")`",
                array.header.kind
            )));
        }
        let mut shape = Shape::of(&array.header.dimensions).map_err(|why| malformed(why.to_string()))?;
        let [first, end] = check_rows(rows, shape.count).map_err(malformed)?;
        shape.count = end - first;
        Ok(Self { array, shape, first })
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        let size = self.shape.bytes();
        let offset = ((self.first + index) as u64).saturating_mul(size as u64);
        Ok(self.shape.raster(self.array.read(offset, size)?))
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        hasher.update(format!("{:?}", self.shape).as_bytes());
        for index in 0..self.shape.count {
            let offset = ((self.first + index) as u64).saturating_mul(self.shape.bytes() as u64);
            hasher.update(&self.array.read(offset, self.shape.bytes())?);
        }
        Ok(())
    }
}

/// The labels of an array [count] or [count, 1].
pub(crate) fn labels(
    path: &Path,
    name: Option<&str>,
    rows: Option<[usize; 2]>,
) -> Result<Vec<u16>, DatasetError> {
    let array = Array::open(path, name)?;
    let malformed = |why: String| DatasetError::malformed(&array.path, why);
    let (&[count] | &[count, 1]) = array.header.dimensions.as_slice() else {
        let why = format!(
            "labels have 1 dimension, this file has {:?}; are images and labels swapped?",
            array.header.dimensions
        );
        return Err(malformed(why));
    };
    let [first, end] = check_rows(rows, count).map_err(malformed)?;
    let width = match array.header.kind.chars().last() {
        Some('2') => 2,
        Some('4') => 4,
        Some('8') => 8,
        _ => 1,
    };
    let signed = array.header.kind.contains('i');
    let bytes = array.read((first * width) as u64, (end - first) * width)?;
    let label = |(index, bytes): (usize, &[u8])| {
        let negative = signed && bytes.last().is_some_and(|&last| last >= 0x80);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let value = i64::from_le_bytes(wide);
        u16::try_from(value).map_err(|_| malformed(format!("image {index} has label {value}, which is none")))
    };
    bytes.chunks_exact(width).enumerate().map(label).collect()
}

fn check_rows(rows: Option<[usize; 2]>, count: usize) -> Result<[usize; 2], String> {
    match rows {
        None => Ok([0, count]),
        Some([first, end]) if first < end && end <= count => Ok([first, end]),
        Some([first, end]) => Err(format!(
            "`rows: [{first}, {end}]` are not among its {count} (from 0, without the last)"
        )),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    pub fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        let text = format!("{text:<117}\n");
        let len = (text.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &len, text.as_bytes(), values].concat()
    }

    fn npz(entries: &[(&str, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(
                *name,
                zip::write::FileOptions::default().compression_method(method),
            )
            .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn images_and_labels_are_read_packed_or_not() {
        let pixels: Vec<u8> = (0..4 * 2 * 3 * 3).collect();
        let images = npy("|u1", "(4, 2, 3, 3)", &pixels);
        let labels_of = |kind, width: usize| {
            let values = (5..9u64).flat_map(|n| n.to_le_bytes()[..width].to_vec());
            npy(kind, "(4,)", &values.collect::<Vec<_>>())
        };
        let plain = file(&images);
        let set = NumpyImages::open(plain.path(), None, Some([1, 3])).unwrap();
        assert_eq!((set.shape.count, set.shape.height, set.shape.width), (2, 2, 3));
        let second = Raster::interleaved(2, 3, &pixels[18..36]);
        assert_eq!(set.raster(0).unwrap(), second);
        for (kind, width) in [("|u1", 1), ("<i4", 4), ("<i8", 8), ("<u2", 2)] {
            let plain = file(&labels_of(kind, width));
            assert_eq!(labels(plain.path(), None, Some([1, 4])).unwrap(), [6, 7, 8]);
        }
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let entries = [
                ("test_images.npy", images.clone()),
                ("test_labels.npy", npy("|u1", "(4, 1)", &[3, 2, 1, 0])),
            ];
            let both = file(&npz(&entries, method));
            let set = NumpyImages::open(both.path(), Some("test_images"), None).unwrap();
            assert_eq!((set.shape.count, set.raster(1).unwrap()), (4, second.clone()));
            assert_eq!(
                labels(both.path(), Some("test_labels"), None).unwrap(),
                [3, 2, 1, 0]
            );
            let error = NumpyImages::open(both.path(), None, None)
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains("several arrays; name one of test_images, test_labels"),
                "{error}"
            );
            let error = NumpyImages::open(both.path(), Some("x"), None)
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains("no array `x`, only test_images, test_labels"),
                "{error}"
            );
        }
    }

    #[test]
    fn arrays_that_are_not_what_they_say_are_refused() {
        let whole = npy("|u1", "(2, 2, 2)", &[7; 8]);
        for (bytes, expected) in [
            (b"no array".to_vec(), "not a NumPy array"),
            (whole[..9].to_vec(), "ends within its header"),
            (whole[..60].to_vec(), "ends within its header"),
            (
                whole[..whole.len() - 1].to_vec(),
                "has 135 bytes where its dimensions [2, 2, 2] need 136",
            ),
            (
                npy("|u1", "(18446744073709551615, 4294967296, 3)", &[]),
                "need more than there are",
            ),
            (npy("|u1", "(0, 2, 2)", &[]), "holds nothing"),
            (npy("|u1", "(-1, 2, 2)", &[]), "a header that is not NumPy's"),
            (npy("<f4", "(1, 1, 1)", &[0; 4]), "holds values of type `f4`"),
            (npy("|O", "(1, 1, 1)", &[0; 8]), "holds values of type `O`"),
            (npy("<i8", "(1, 1, 1)", &[0; 8]), "images are bytes"),
            (npy("|u1", "(8,)", &[7; 8]), "are images and labels swapped?"),
            (
                String::from_utf8_lossy(&whole[10..128])
                    .replace("False", "True ")
                    .into_bytes(),
                "not a NumPy array",
            ),
        ] {
            let error = NumpyImages::open(file(&bytes).path(), None, None)
                .err()
                .expect(expected)
                .to_string();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
        let error = NumpyImages::open(file(&whole).path(), None, Some([1, 3]))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("`rows: [1, 3]` are not among its 2"), "{error}");
        let error = labels(file(&npy("<i2", "(1,)", &[0xff, 0xff])).path(), None, None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("image 0 has label -1, which is none"), "{error}");
        let archive = npz(&[("a.npy", whole)], zip::CompressionMethod::Deflated);
        for length in [4, 20, archive.len() / 2, archive.len() - 1] {
            assert!(
                NumpyImages::open(file(&archive[..length]).path(), None, None).is_err(),
                "{length}"
            );
        }
    }
}
