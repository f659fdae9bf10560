//! Unpacking what strangers packed: nothing lands outside the folder, and nothing swells without bound.
//!
//! Only folders and plain files are unpacked. Links and devices are refused rather than weighed: no data set needs
//! them, and every trick needs one.
mod meter;
mod tar;
mod target;
mod zip;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::FetchError;
use crate::Archive;

pub use target::Limits;
pub(super) use target::UnpackError;
use target::{Target, bad};

/// The kind of archive by its content.
pub(super) fn kind_of(file: &Path) -> io::Result<Option<Archive>> {
    let mut head = Vec::new();
    File::open(file)?.take(512).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [0x1f, 0x8b, ..] => Some(Archive::TarGz),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Archive::Zip),
        head if head.get(257..262) == Some(b"ustar") => Some(Archive::Tar),
        _ => None,
    })
}

/// Unpacks `file` into `folder`, which must not exist yet.
pub(super) fn unpack(
    archive: Archive,
    file: &Path,
    folder: &Path,
    limits: Option<Limits>,
) -> Result<(), UnpackError> {
    let reading = |source| FetchError::io("read", file, source);
    let mut opened = File::open(file).map_err(reading)?;
    let len = opened.seek(SeekFrom::End(0)).map_err(reading)?;
    opened.rewind().map_err(reading)?;
    fs::create_dir(folder).map_err(|source| FetchError::io("create", folder, source))?;
    let mut target = Target {
        folder,
        limits: limits.unwrap_or_else(|| Limits::of_archive(len)),
        entries: 0,
        bytes: 0,
    };
    let reader = BufReader::with_capacity(128 << 10, opened);
    match archive {
        Archive::Tar => tar::unpack(reader, &mut target)?,
        Archive::TarGz => tar::unpack(MultiGzDecoder::new(reader), &mut target)?,
        Archive::Zip => zip::unpack(reader, &mut target)?,
        Archive::None => return Err(bad("is no archive, says the card")),
    }
    match target.entries {
        0 => Err(bad("the archive holds nothing")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
