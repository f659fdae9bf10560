//! SVHN's `.mat` files: MATLAB 5, in which `X` holds the images and `y` their labels, 10 for the digit 0.
use std::path::Path;

use super::mat5;
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::image::{MAX_PIXELS, Raster};

pub(crate) struct Svhn {
    pixels: Vec<u8>,
    pub height: usize,
    pub width: usize,
    pub count: usize,
}

impl Svhn {
    /// The images, and their labels. They are unpacked into memory: a compressed file has no random access.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<u16>), DatasetError> {
        let file = OpenFile::open(path)?;
        let malformed = |why: String| DatasetError::malformed(path, why);
        let mut found = mat5::matrices(&file, &["X", "y"])?;
        let mut take = |name: &str| {
            found
                .remove(name)
                .ok_or_else(|| malformed(format!("has no variable `{name}`: not an SVHN file")))
        };
        let (images, labels) = (take("X")?, take("y")?);
        let (height, width, count) = match images.dimensions[..] {
            [height, width, 3, count] => (height, width, count),
            // MATLAB drops a last dimension of 1.
            [height, width, 3] => (height, width, 1),
            ref other => {
                return Err(malformed(format!(
                    "`X` has dimensions {other:?}, not [32, 32, 3, count]"
                )));
            }
        };
        if images.kind != mat5::BYTES || height.saturating_mul(width) > MAX_PIXELS || images.values.is_empty()
        {
            return Err(malformed(format!(
                "`X` must be bytes, {height}×{width}×3×{count} of them"
            )));
        }
        let labels = labels
            .numbers()
            .into_iter()
            .enumerate()
            .map(|(index, value)| match value {
                10.0 => Ok(0),
                0.0 | 1.0 | 2.0 | 3.0 | 4.0 | 5.0 | 6.0 | 7.0 | 8.0 | 9.0 => Ok(value as u16),
                _ => Err(malformed(format!(
                    "image {index} has label {value} in `y`; SVHN's are 1 to 10, 10 for the digit 0"
                ))),
            });
        Ok((
            Self {
                pixels: images.values,
                height,
                width,
                count,
            },
            labels.collect::<Result<_, _>>()?,
        ))
    }

    pub(crate) fn raster(&self, index: usize) -> Raster<u8> {
        let size = 3 * self.height * self.width;
        let pixels = self.pixels.chunks_exact(size).nth(index).unwrap_or_default();
        Raster::column_major(self.height, self.width, pixels)
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.pixels);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::formats::mat5::{BYTES, COMPRESSED, MATRIX};

    fn part(kind: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = [kind.to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    fn array(class: u32, name: &str, dimensions: &[u32], kind: u32, values: &[u8]) -> Vec<u8> {
        let flags = [class.to_le_bytes(), [0; 4]].concat();
        let dimensions: Vec<u8> = dimensions.iter().flat_map(|d| d.to_le_bytes()).collect();
        // A name of at most four bytes lies in its tag.
        let mut small = [
            (1u32 | (name.len() as u32) << 16).to_le_bytes().as_slice(),
            name.as_bytes(),
        ]
        .concat();
        small.resize(8, 0);
        part(
            MATRIX,
            &[part(6, &flags), part(5, &dimensions), small, part(kind, values)].concat(),
        )
    }

    fn deflate(element: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(element).unwrap();
        let packed = encoder.finish().unwrap();
        [
            &COMPRESSED.to_le_bytes()[..],
            &(packed.len() as u32).to_le_bytes(),
            &packed,
        ]
        .concat()
    }

    fn mat(elements: &[Vec<u8>]) -> Vec<u8> {
        let mut out = b"MATLAB 5.0 MAT-file".to_vec();
        out.resize(124, b' ');
        out.extend(b"\x00\x01IM");
        out.extend(elements.concat());
        out
    }

    fn open(bytes: &[u8]) -> Result<(Svhn, Vec<u16>), DatasetError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Svhn::open(file.path())
    }

    fn images() -> Vec<u8> {
        array(9, "X", &[2, 3, 3, 2], BYTES, &(0..36).collect::<Vec<u8>>())
    }

    #[test]
    fn images_and_labels_are_read_compressed_or_not() {
        let labels = array(9, "y", &[2, 1], BYTES, &[10, 3]);
        let wide: Vec<u8> = [10.0f64, 3.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let doubles = array(6, "y", &[2, 1], 9, &wide);
        for elements in [
            [images(), labels.clone()],
            [deflate(&labels), deflate(&images())],
            [images(), doubles],
        ] {
            let (set, labels) = open(&mat(&elements)).unwrap();
            assert_eq!((labels, set.count, set.height, set.width), (vec![0, 3], 2, 2, 3));
            assert_eq!(set.raster(1).samples[..6], [18, 20, 22, 19, 21, 23]);
        }
    }

    #[test]
    fn files_that_are_not_svhn_are_refused() {
        let labels = || array(9, "y", &[2, 1], BYTES, &[1, 2]);
        let whole = mat(&[deflate(&images()), labels()]);
        let lying = array(9, "X", &[60000, 60000, 3, 9], BYTES, &[0; 40]);
        let mut vast = images();
        vast[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut swollen = images();
        // The tag of the values: tag of the matrix, flags, dimensions and name come before it.
        swollen[8 + 16 + 24 + 8 + 4..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
        for (bytes, expected) in [
            (vec![], "the file is empty"),
            (b"MATLAB 5.0".to_vec(), "less than a MATLAB header"),
            (vec![b'x'; 200], "not a little-endian MATLAB 5 file"),
            (
                [b"MATLAB 7.3 MAT-file".as_slice(), &[0; 200]].concat(),
                "MATLAB 7.3 (HDF5)",
            ),
            (whole[..170].to_vec(), "truncated; get it again"),
            (mat(&[images()]), "has no variable `y`"),
            (
                mat(&[lying, labels()]),
                "`X` has dimensions [60000, 60000, 3, 9] and 40 bytes",
            ),
            (mat(&[vast]), "4294967295 bytes are promised"),
            (
                mat(&[deflate(&swollen)]),
                "4294967295 bytes are promised where at most",
            ),
            (
                mat(&[array(9, "X", &[2, 2], BYTES, &[0; 4]), labels()]),
                "`X` has dimensions [2, 2]",
            ),
            (
                mat(&[images(), array(9, "y", &[2, 1], BYTES, &[1, 11])]),
                "image 1 has label 11",
            ),
        ] {
            let error = open(&bytes).err().expect(expected).to_string();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
