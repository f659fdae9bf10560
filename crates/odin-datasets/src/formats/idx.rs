//! IDX, the format of MNIST and its kin: plain files are read in place, gzipped ones unpacked into memory once.
use std::path::Path;

use super::array::Shape;
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::gzip;
use crate::image::Raster;

const UNSIGNED_BYTE: u8 = 0x08;

/// An IDX file of bytes, of any number of dimensions.
pub(crate) struct IdxFile {
    file: OpenFile,
    dimensions: Vec<usize>,
    header: u64,
    /// The values of a gzipped file, header included.
    unpacked: Option<Vec<u8>>,
}

impl IdxFile {
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = OpenFile::open(path)?;
        let zipped = gzip::is_gzip(&file)?;
        let head = |len: u64| {
            if zipped {
                return gzip::head(&file, len);
            }
            let mut bytes = vec![0; len.min(file.len) as usize];
            file.read_at(&mut bytes, 0).map(|()| bytes)
        };
        let malformed = |why: String| DatasetError::malformed(path, why);
        let rank = match *head(4)?.as_slice() {
            [0, 0, UNSIGNED_BYTE, rank @ 1..=4] => rank,
            [0, 0, UNSIGNED_BYTE, rank] => {
                return Err(malformed(format!(
                    "an IDX file of {rank} dimensions; images have 3 or 4, labels 1"
                )));
            }
            [0, 0, kind @ (0x09 | 0x0b..=0x0e), _] => {
                return Err(malformed(format!(
                    "IDX values of type 0x{kind:02x}; only bytes (0x08) are images or labels"
                )));
            }
            ref other => {
                return Err(malformed(format!(
                    "not an IDX file: starts with {other:02x?} instead of [00, 00, 08, rank]"
                )));
            }
        };
        let header = 4 + 4 * u64::from(rank);
        let bytes = head(header)?;
        let dimensions: Vec<usize> = bytes
            .get(4..)
            .unwrap_or_default()
            .chunks_exact(4)
            .map(|d| d.iter().fold(0, |n, &byte| n << 8 | usize::from(byte)))
            .collect();
        if dimensions.len() != usize::from(rank) {
            return Err(malformed(format!(
                "ends within its header of {header} bytes; get it again"
            )));
        }
        if dimensions.contains(&0) {
            return Err(malformed(format!(
                "holds nothing: its dimensions are {dimensions:?}"
            )));
        }
        let expected = dimensions
            .iter()
            .try_fold(1u64, |n, &d| n.checked_mul(d as u64))
            .and_then(|n| n.checked_add(header))
            .ok_or_else(|| malformed(format!("absurd dimensions {dimensions:?}")))?;
        if !zipped && expected != file.len {
            let kind = if expected > file.len {
                "truncated, or its header lies"
            } else {
                "something follows the values"
            };
            return Err(malformed(format!(
                "has {} bytes where its dimensions {dimensions:?} need {expected}: {kind}; get it again",
                file.len
            )));
        }
        let unpacked = if zipped {
            Some(gzip::unpack(&file, expected)?)
        } else {
            None
        };
        Ok(Self {
            file,
            dimensions,
            header,
            unpacked,
        })
    }

    fn read(&self, start: u64, len: usize) -> Result<Vec<u8>, DatasetError> {
        let start = start.saturating_add(self.header);
        let beyond = || DatasetError::malformed(&self.file.path, format!("nothing at offset {start}"));
        if let Some(bytes) = &self.unpacked {
            let start = usize::try_from(start).ok();
            let end = start.and_then(|start| start.checked_add(len));
            let range = start.zip(end).map(|(start, end)| start..end);
            return Ok(range
                .and_then(|range| bytes.get(range))
                .ok_or_else(beyond)?
                .to_vec());
        }
        let mut bytes = vec![0; len];
        self.file.read_at(&mut bytes, start).map(|()| bytes)
    }

    /// Adds the unpacked bytes to a digest, so that a file and its gzipped copy are the same set.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        match &self.unpacked {
            Some(bytes) => {
                hasher.update(bytes);
                Ok(())
            }
            None => self.file.hash(hasher),
        }
    }
}

/// The labels of a 1-dimensional IDX file.
pub(crate) fn labels(path: &Path) -> Result<Vec<u16>, DatasetError> {
    let file = IdxFile::open(path)?;
    let &[count] = file.dimensions.as_slice() else {
        let why = format!(
            "labels have 1 dimension, this file has {:?}; are images and labels swapped?",
            file.dimensions
        );
        return Err(DatasetError::malformed(path, why));
    };
    Ok(file.read(0, count)?.into_iter().map(u16::from).collect())
}

pub(crate) struct IdxImages {
    file: IdxFile,
    pub shape: Shape,
}

impl IdxImages {
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = IdxFile::open(path)?;
        let shape =
            Shape::of(&file.dimensions).map_err(|why| DatasetError::malformed(path, why.to_string()))?;
        Ok(Self { file, shape })
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        let size = self.shape.bytes();
        let bytes = self.file.read((index as u64).saturating_mul(size as u64), size)?;
        Ok(self.shape.raster(bytes))
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        self.file.hash(hasher)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    pub fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, dimensions.len() as u8];
        bytes.extend(dimensions.iter().flat_map(|d| d.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    pub fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn open(bytes: &[u8]) -> Result<IdxImages, DatasetError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        IdxImages::open(file.path())
    }

    fn refused(bytes: &[u8]) -> String {
        open(bytes).err().expect("should be refused").to_string()
    }

    #[test]
    fn plain_and_gzipped_files_give_the_same_images_and_digest() {
        let values: Vec<u8> = (0..24).collect();
        let plain = idx(&[2, 3, 4], &values);
        let digest = |images: &IdxImages| {
            let mut hasher = blake3::Hasher::new();
            images.hash(&mut hasher).unwrap();
            hasher.finalize()
        };
        let (plain, zipped) = (open(&plain).unwrap(), open(&gz(&plain)).unwrap());
        let shape = &plain.shape;
        assert_eq!((shape.count, shape.height, shape.width), (2, 3, 4));
        assert_eq!(plain.raster(1).unwrap(), Raster::grey(3, 4, &values[12..]));
        assert_eq!(plain.raster(1).unwrap(), zipped.raster(1).unwrap());
        assert_eq!(digest(&plain), digest(&zipped));
    }

    #[test]
    fn colour_comes_in_planes_or_by_the_pixel() {
        let first: Vec<u8> = (0..12).collect();
        let last: Vec<u8> = (0..4).flat_map(|i| [i, i + 4, i + 8]).collect();
        let first = open(&idx(&[1, 3, 2, 2], &first)).unwrap().raster(0).unwrap();
        assert_eq!(
            first,
            open(&idx(&[1, 2, 2, 3], &last)).unwrap().raster(0).unwrap()
        );
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused() {
        let whole = idx(&[2, 2, 2], &[7; 8]);
        let lying = idx(&[u32::MAX, 28, 28], &[0; 40]);
        let overflowing = idx(&[u32::MAX, u32::MAX, u32::MAX, 3], &[0; 40]);
        for (bytes, expected) in [
            (vec![], "the file is empty"),
            (
                b"P6 1 1 255 ...".to_vec(),
                "not an IDX file: starts with [50, 36, 20, 31]",
            ),
            (vec![0, 0, 8], "not an IDX file"),
            (vec![0, 0, 8, 3, 0, 0], "ends within its header of 16 bytes"),
            (vec![0, 0, 0x0d, 3, 0, 0], "type 0x0d"),
            (
                whole[..20].to_vec(),
                "has 20 bytes where its dimensions [2, 2, 2] need 24: truncated",
            ),
            ([&whole[..], &[1]].concat(), "something follows the values"),
            (lying.clone(), "truncated, or its header lies"),
            (overflowing, "absurd dimensions"),
            (idx(&[0, 28, 28], &[]), "holds nothing"),
            (idx(&[4], &[0; 4]), "are images and labels swapped?"),
            (gz(&lying), "more than the 1073741824 that are kept in memory"),
            (gz(&idx(&[500, 1000, 1000], &[0; 40])), "bytes of gzip can hold"),
            (
                gz(&whole[..20]),
                "unpacks to 20 bytes where its header promises 24",
            ),
            (
                gz(&[&whole[..], &[1; 9]].concat()),
                "holds more than the 24 bytes",
            ),
            (
                gz(&whole)[..gz(&whole).len() - 5].to_vec(),
                "broken or truncated gzip",
            ),
        ] {
            let error = refused(&bytes);
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }

    #[test]
    fn a_flipped_bit_in_gzip_is_noticed() {
        let mut zipped = gz(&idx(&[2, 2, 2], &[7; 8]));
        let crc = zipped.len() - 8;
        zipped[crc] ^= 1;
        assert!(refused(&zipped).contains("broken or truncated gzip"));
    }

    #[test]
    fn a_file_cut_short_after_it_was_opened_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), idx(&[2, 2, 2], &[7; 8])).unwrap();
        let images = IdxImages::open(file.path()).unwrap();
        file.as_file().set_len(21).unwrap();
        assert!(images.raster(0).is_ok());
        assert!(
            images
                .raster(1)
                .unwrap_err()
                .to_string()
                .contains("ends within the 4 bytes at offset 20")
        );
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = IdxImages::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
