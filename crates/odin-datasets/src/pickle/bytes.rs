//! The bytes of a pickle, read forward and never beyond the end.
use std::io::{Read, Seek};

use super::error::PickleError;
use super::value::Span;

/// Longer names do not occur. Of a longer text (the source of a class in a legacy file, pixels as Python 2 wrote them)
/// so many bytes are kept.
pub const MAX_NAME: usize = 4096;

pub(super) struct Bytes<R> {
    reader: R,
    pub at: u64,
    len: u64,
}

impl<R: Read + Seek> Bytes<R> {
    /// `len` bytes from where `reader` stands.
    pub(super) fn new(reader: R, len: u64) -> Self {
        Self { reader, at: 0, len }
    }

    fn left(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    fn check(&self, promised: u64) -> Result<(), PickleError> {
        match self.left() {
            left if promised <= left => Ok(()),
            0 => Err(PickleError::End),
            left => Err(PickleError::Truncated { promised, left }),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), PickleError> {
        self.check(buffer.len() as u64)?;
        self.reader
            .read_exact(buffer)
            .map_err(|error| match error.kind() {
                // Cut short since its length was taken.
                std::io::ErrorKind::UnexpectedEof => PickleError::End,
                _ => PickleError::Io(error),
            })?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    /// The next `length` bytes, which must be few enough to keep.
    pub(super) fn take(&mut self, length: usize) -> Result<Vec<u8>, PickleError> {
        self.check(length as u64)?;
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn length1(&mut self) -> Result<u64, PickleError> {
        self.byte().map(u64::from)
    }

    pub(super) fn length4(&mut self) -> Result<u64, PickleError> {
        self.array().map(|bytes| u32::from_le_bytes(bytes).into())
    }

    pub(super) fn length8(&mut self) -> Result<u64, PickleError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Passes over `length` bytes: where they are.
    pub(super) fn skip(&mut self, length: u64) -> Result<Span, PickleError> {
        self.check(length)?;
        let span = Span {
            at: self.at,
            len: length,
        };
        let step = i64::try_from(length).map_err(|_| PickleError::End)?;
        self.reader.seek_relative(step)?;
        self.at += length;
        Ok(span)
    }

    /// A string of `length` bytes: where it is, and its first bytes.
    pub(super) fn string(&mut self, length: u64) -> Result<(Span, Vec<u8>), PickleError> {
        self.check(length)?;
        let span = Span {
            at: self.at,
            len: length,
        };
        let kept = self.take(usize::try_from(length).map_or(MAX_NAME, |length| length.min(MAX_NAME)))?;
        self.skip(length - kept.len() as u64)?;
        Ok((span, kept))
    }

    /// The text up to the end of the line.
    pub(super) fn line(&mut self) -> Result<String, PickleError> {
        let mut bytes = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                _ if bytes.len() >= MAX_NAME => {
                    return Err(PickleError::Malformed {
                        what: "a name without end",
                        at: self.at,
                    });
                }
                byte => bytes.push(byte),
            }
        }
    }
}
