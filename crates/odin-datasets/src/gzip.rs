//! Gzip that cannot swell beyond what it should hold.
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::error::DatasetError;
use super::files::OpenFile;

/// Beyond this a file is better unpacked: plain files are read in place.
pub(super) const MAX_UNPACKED: u64 = 1 << 30;

/// Deflate cannot pack more densely than this, so a header that claims more is lying.
pub(super) const MAX_RATIO: u64 = 1100;

pub(super) fn is_gzip(file: &OpenFile) -> Result<bool, DatasetError> {
    let mut magic = [0; 2];
    if file.len < 2 {
        return Ok(false);
    }
    file.read_at(&mut magic, 0)?;
    Ok(magic == [0x1f, 0x8b])
}

/// The first bytes of what `file` unpacks to: `len` of them, or all there are.
pub(super) fn head(file: &OpenFile, len: u64) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(file.section(0, file.len)).take(len);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| broken(file, &error))?;
    Ok(bytes)
}

/// All of what `file` unpacks to, which must be `expected` bytes; its checksum is verified.
pub(super) fn unpack(file: &OpenFile, expected: u64) -> Result<Vec<u8>, DatasetError> {
    let malformed = |why: String| Err(DatasetError::malformed(&file.path, why));
    if expected > MAX_UNPACKED {
        return malformed(format!(
            "would unpack to {expected} bytes, more than the {MAX_UNPACKED} that are kept in memory; \
             gunzip it and name the plain file, which is read in place"
        ));
    }
    if expected > file.len.saturating_mul(MAX_RATIO) {
        return malformed(format!(
            "its header promises {expected} bytes, more than {} bytes of gzip can hold; get it again",
            file.len
        ));
    }
    let mut bytes = Vec::new();
    // One byte more than expected, to notice surplus and to reach the checksum at the end.
    let mut reader = MultiGzDecoder::new(file.section(0, file.len)).take(expected.saturating_add(1));
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| broken(file, &error))?;
    let got = bytes.len() as u64;
    match got.cmp(&expected) {
        std::cmp::Ordering::Equal => Ok(bytes),
        std::cmp::Ordering::Less => malformed(format!(
            "unpacks to {got} bytes where its header promises {expected}: truncated; get it again"
        )),
        std::cmp::Ordering::Greater => malformed(format!(
            "holds more than the {expected} bytes that its header promises; get it again"
        )),
    }
}

fn broken(file: &OpenFile, error: &std::io::Error) -> DatasetError {
    DatasetError::malformed(
        &file.path,
        format!("broken or truncated gzip ({error}); get it again"),
    )
}
