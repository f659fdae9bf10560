//! Tar, plain or within gzip. The format's own entry reader, and none of its unpacking.
use std::io::{self, Read};
use std::rc::Rc;

use super::meter::{Meter, Metered};
use super::target::{Target, UnpackError, bad};

/// The headers of an entry, long names and attributes among them.
const HEADERS: u64 = 1 << 20;

/// What may follow the end: filling up to the block of a tape.
const TAIL: u64 = 16 << 20;

/// Tar ends in two blocks of zeros, of which some writers leave out the second.
const END: u64 = 512;

pub(super) fn unpack(reader: impl Read, target: &mut Target) -> Result<(), UnpackError> {
    let broken = |error: io::Error| bad(format!("broken or truncated tar ({error})"));
    let meter = Rc::new(Meter::default());
    let mut archive = ::tar::Archive::new(Metered {
        inner: reader,
        meter: Rc::clone(&meter),
    });
    let mut entries = archive.entries().map_err(broken)?;
    loop {
        meter.allow(HEADERS);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        // Remarks on the archive as a whole, such as git's.
        if kind.is_pax_global_extensions() {
            continue;
        }
        let name = entry.path().map_err(broken)?.into_owned();
        let path = target.place(&name)?;
        // Tar of before 1988 tells a folder by its name alone.
        let folder = kind.is_dir() || (kind.is_file() && entry.path_bytes().ends_with(b"/"));
        if folder {
            target.make_folder(&path)?;
        } else if kind.is_file() || kind.is_contiguous() {
            let size = entry.size();
            meter.allow(size.saturating_add(HEADERS));
            target.fill(&path, &name, size, &mut entry)?;
        } else {
            let what = match kind {
                k if k.is_symlink() || k.is_hard_link() => "a link",
                k if k.is_character_special() || k.is_block_special() || k.is_fifo() => "a device",
                k if k.is_gnu_sparse() => "a sparse file",
                _ => "neither a file nor a folder",
            };
            return Err(bad(format!(
                "`{}` is {what}, which is not unpacked",
                name.display()
            )));
        }
    }
    // The rest is read so that gzip's own checksum at the very end is held against it.
    meter.allow(TAIL);
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    if meter.zeros() < END {
        return Err(bad("truncated tar: its end is missing"));
    }
    Ok(())
}
