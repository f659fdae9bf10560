//! Zip archives. The format's own entry reader, and none of its unpacking.
use std::io::{Read, Seek};
use std::path::Path;

use ::zip::ZipArchive;
use ::zip::result::ZipError;

use super::target::{Target, UnpackError, bad};

pub(super) fn unpack(reader: impl Read + Seek, target: &mut Target) -> Result<(), UnpackError> {
    let broken = |error: ZipError| bad(format!("broken or truncated zip ({error})"));
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        // Packers on Windows write backslashes, against the standard.
        let name = entry.name().replace('\\', "/");
        let path = target.place(Path::new(&name))?;
        match entry.unix_mode().unwrap_or(0) & 0o170_000 {
            0 | 0o100_000 | 0o040_000 => {}
            0o120_000 => return Err(bad(format!("`{name}` is a link, which is not unpacked"))),
            _ => return Err(bad(format!("`{name}` is neither a file nor a folder"))),
        }
        if name.ends_with('/') {
            target.make_folder(&path)?;
        } else {
            let size = entry.size();
            target.fill(&path, Path::new(&name), size, &mut entry)?;
        }
    }
    Ok(())
}
