//! Making what has been downloaded ready to arrive.
use std::fs::File;
use std::path::Path;

use super::error::FetchError;
use super::options::Options;
use super::place::Place;
use super::unpack::{self, UnpackError};
use crate::Archive;

/// Puts what `file` holds beside the target, ready to be moved there. Leaves nothing where it fails.
pub(super) fn stage(kind: Archive, file: &Path, place: &Place, options: &Options) -> Result<(), UnpackError> {
    let staged = match kind {
        Archive::None => {
            copy(file, &place.staged).map_err(|source| FetchError::io("write", &place.staged, source).into())
        }
        archive => unpack::unpack(archive, file, &place.staged, options.limits),
    };
    if staged.is_err() {
        // The first error is the one to tell; what stays behind now, the next fetch removes.
        let _ = place.discard_staged();
    }
    staged
}

/// A copy with a new file's permissions: the person's may be read-only.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::io::copy(&mut File::open(from)?, &mut File::create(to)?).map(drop)
}
