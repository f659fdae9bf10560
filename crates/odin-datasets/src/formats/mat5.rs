//! MATLAB 5 files: the arrays of numbers in them, compressed or not. No size in them is believed.
use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::gzip::{MAX_RATIO, MAX_UNPACKED};

const HEADER: u64 = 128;

/// Types of a data element, as MATLAB numbers them, with the bytes of a value.
const NUMBERS: [(u32, usize); 8] = [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (6, 4), (7, 4), (9, 8)];
pub(crate) const BYTES: u32 = 2;
pub(crate) const MATRIX: u32 = 14;
pub(crate) const COMPRESSED: u32 = 15;

/// An array of numbers.
pub(crate) struct Matrix {
    pub dimensions: Vec<usize>,
    /// The type in which the values are stored.
    pub kind: u32,
    pub values: Vec<u8>,
}

/// Those of the arrays called `wanted` that `file` has.
pub(crate) fn matrices(file: &OpenFile, wanted: &[&str]) -> Result<BTreeMap<String, Matrix>, DatasetError> {
    let malformed = |why: String| Err(DatasetError::malformed(&file.path, why));
    let mut header = [0; HEADER as usize];
    if file.len < HEADER {
        return malformed(format!(
            "has {} bytes, less than a MATLAB header; get it again",
            file.len
        ));
    }
    file.read_at(&mut header, 0)?;
    if header.starts_with(b"MATLAB 7.3") || header.starts_with(b"\x89HDF") {
        return malformed("a MATLAB 7.3 (HDF5) file; save it with `-v7`".to_owned());
    }
    if !header.starts_with(b"MATLAB 5.0") || !header.ends_with(b"\x00\x01IM") {
        return malformed(
            "not a little-endian MATLAB 5 file (`MATLAB 5.0` at the start, IM at 126)".to_owned(),
        );
    }
    let mut found = BTreeMap::new();
    let mut at = HEADER;
    while at < file.len && found.len() < wanted.len() {
        let (named, end) = element(file, at, wanted)?;
        found.extend(named);
        at = end;
    }
    Ok(found)
}
impl Matrix {
    pub(super) fn numbers(&self) -> Vec<f64> {
        let size = NUMBERS
            .iter()
            .find(|(kind, _)| *kind == self.kind)
            .map_or(1, |(_, size)| *size);
        let number = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
            let whole = u64::from_le_bytes(wide);
            match self.kind {
                1 => f64::from(whole as u8 as i8),
                3 => f64::from(whole as u16 as i16),
                5 => f64::from(whole as u32 as i32),
                7 => f64::from(f32::from_bits(whole as u32)),
                9 => f64::from_bits(whole),
                _ => whole as f64,
            }
        };
        self.values.chunks_exact(size).map(number).collect()
    }
}

type Named = Option<(String, Matrix)>;

/// The element at `offset`, where it is a wanted array, and the offset of the next.
fn element(file: &OpenFile, offset: u64, wanted: &[&str]) -> Result<(Named, u64), DatasetError> {
    let malformed = |why: String| {
        DatasetError::malformed(&file.path, format!("in the element at offset {offset}: {why}"))
    };
    let mut tag = [0; 8];
    file.read_at(&mut tag, offset)?;
    let (kind, len) = (word(&tag, 0), u64::from(word(&tag, 4)));
    let start = offset.saturating_add(8);
    let end = start.saturating_add(len);
    if end > file.len {
        let left = file.len.saturating_sub(start);
        return Err(malformed(format!(
            "{len} bytes are promised, {left} are left: truncated; get it again"
        )));
    }
    let body = file.section(start, len);
    let named = match kind {
        COMPRESSED => {
            let left = len.saturating_mul(MAX_RATIO).min(MAX_UNPACKED);
            let mut reader = Reader {
                input: ZlibDecoder::new(body),
                left,
            };
            match reader.tag().map_err(&malformed)?.kind {
                MATRIX => matrix(&mut reader, wanted).map_err(&malformed)?,
                _ => None,
            }
        }
        MATRIX => matrix(
            &mut Reader {
                input: body,
                left: len,
            },
            wanted,
        )
        .map_err(&malformed)?,
        _ => None,
    };
    Ok((named, end))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |four| u32::from_le_bytes(*four))
}

/// Reads no more than `left` bytes, whatever the sizes within say.
struct Reader<R> {
    input: R,
    left: u64,
}

struct Tag {
    kind: u32,
    len: u64,
    /// Values of at most four bytes lie in the tag itself.
    small: Option<[u8; 4]>,
}

impl<R: Read> Reader<R> {
    fn bytes(&mut self, len: u64) -> Result<Vec<u8>, String> {
        if len > self.left {
            return Err(format!(
                "{len} bytes are promised where at most {} can be",
                self.left
            ));
        }
        self.left -= len;
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(len).read_to_end(&mut bytes);
        read.map_err(|error| format!("broken or truncated ({error}); get it again"))?;
        if (bytes.len() as u64) < len {
            return Err(format!(
                "{len} bytes are promised, {} are there: truncated; get it again",
                bytes.len()
            ));
        }
        Ok(bytes)
    }

    fn tag(&mut self) -> Result<Tag, String> {
        let bytes = self.bytes(8)?;
        let (kind, len) = (word(&bytes, 0), word(&bytes, 4));
        Ok(match kind >> 16 {
            0 => Tag {
                kind,
                len: u64::from(len),
                small: None,
            },
            n => Tag {
                kind: kind & 0xffff,
                len: u64::from(n.min(4)),
                small: Some(len.to_le_bytes()),
            },
        })
    }

    /// The next element within a matrix: its type and its bytes.
    fn next(&mut self) -> Result<(u32, Vec<u8>), String> {
        let tag = self.tag()?;
        if let Some(small) = tag.small {
            return Ok((tag.kind, small.into_iter().take(tag.len as usize).collect()));
        }
        let bytes = self.bytes(tag.len)?;
        // Padding to eight bytes, which the last element of a file may lack.
        let padding = (8 - tag.len % 8) % 8;
        self.bytes(padding.min(self.left))?;
        Ok((tag.kind, bytes))
    }
}

/// The matrix that `reader` stands in, or none where it is another one or no array of numbers.
fn matrix<R: Read>(reader: &mut Reader<R>, wanted: &[&str]) -> Result<Named, String> {
    let class = word(&reader.next()?.1, 0) & 0xff;
    // Cells, structures, objects, text and sparse arrays come before the numbers.
    if !(6..=15).contains(&class) {
        return Ok(None);
    }
    let dimensions = reader.next()?.1;
    let dimensions: Vec<usize> = dimensions
        .chunks_exact(4)
        .map(|four| word(four, 0) as usize)
        .collect();
    let name = reader.next()?.1;
    let Some(name) = wanted.iter().find(|known| known.as_bytes() == name) else {
        return Ok(None);
    };
    let (kind, values) = reader.next()?;
    let size = NUMBERS
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or(0, |(_, size)| *size);
    let expected = dimensions.iter().try_fold(size, |n, d| n.checked_mul(*d));
    if size == 0 || expected != Some(values.len()) {
        let len = values.len();
        return Err(format!(
            "`{name}` has dimensions {dimensions:?} and {len} bytes of values of type {kind}"
        ));
    }
    Ok(Some((
        (*name).to_owned(),
        Matrix {
            dimensions,
            kind,
            values,
        },
    )))
}
