//! Bringing files to this machine: downloading, resuming, checking, unpacking, and the moment of arrival.
//!
//! Works on the [`Download`] of a card and the folder that its paths start from, whatever the card is of. Everything
//! that comes from outside (servers, archives, cards) is taken for hostile. What is under way lies in `NAME.part` and
//! its companions beside the target; the target itself appears whole or not at all. Nothing here prints, knows of
//! networks, or looks into the images.
mod checksum;
mod error;
mod mirrors;
mod options;
mod place;
mod stage;
mod transfer;
mod unpack;

use std::fs::File;
use std::path::{Path, PathBuf};

pub use error::{FetchError, Tried};
pub use options::{Options, Progress};
pub use unpack::Limits;

use crate::{Archive, Download};
use place::Place;
use stage::stage;
use unpack::UnpackError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Arrived(PathBuf),
    /// It was here before; nothing was done.
    Present(PathBuf),
}

/// How much of a download is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Present,
    /// Bytes of an earlier attempt, from which the next goes on.
    Partial(u64),
    Absent,
}

/// Brings one download by the first mirror that has it. `root` is the folder of the card.
///
/// # Errors
/// Where no mirror has it whole, the sums differ, or it cannot be written; what arrived so far is kept for the next time.
pub fn fetch(
    download: &Download,
    root: &Path,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<Outcome, FetchError> {
    let place = Place::of(download, root)?;
    if place.is_taken() {
        return Ok(Outcome::Present(place.target));
    }
    let _lock = place.lock()?;
    // Another fetch may have brought it between the look and the lock.
    if place.is_taken() {
        return Ok(Outcome::Present(place.target));
    }
    place.discard_staged()?;
    mirrors::bring(download, &place, options, watch)?;
    Ok(Outcome::Arrived(place.target))
}

/// Whether a file given by hand must have the card's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Sums,
    /// The person knows better.
    Nothing,
}

/// Does with `file` what [`fetch`] does with what it downloads. The file itself stays as it is.
///
/// # Errors
/// Where the file cannot be read, is another than the card says, or cannot be unpacked.
pub fn place(
    download: &Download,
    root: &Path,
    file: &Path,
    check: Check,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<Outcome, FetchError> {
    let place = Place::of(download, root)?;
    if place.is_taken() {
        return Ok(Outcome::Present(place.target));
    }
    let reading = |source| FetchError::io("read", file, source);
    if std::fs::metadata(file).map_err(reading)?.is_dir() {
        return Err(FetchError::Folder {
            file: file.to_owned(),
            target: place.target,
        });
    }
    if check == Check::Sums {
        watch(Progress::Checking);
        let opened = File::open(file).map_err(reading)?;
        if let Some(mismatch) = checksum::verify(opened, download).map_err(reading)? {
            return Err(FetchError::Sum {
                file: file.to_owned(),
                mismatch: mismatch.to_string(),
            });
        }
    }
    let _lock = place.lock()?;
    if place.is_taken() {
        return Ok(Outcome::Present(place.target));
    }
    place.discard_staged()?;
    watch(Progress::Unpacking);
    let kind = match download.unpack {
        Archive::None => Archive::None,
        // People repack archives: what it is now counts.
        other => unpack::kind_of(file).map_err(reading)?.unwrap_or(other),
    };
    stage(kind, file, &place, options).map_err(|error| match error {
        UnpackError::Archive(why) => FetchError::Archive {
            file: file.to_owned(),
            why,
        },
        UnpackError::Here(error) => error,
    })?;
    place.arrive(&place.staged)?;
    Ok(Outcome::Arrived(place.target))
}

pub fn state(download: &Download, root: &Path) -> State {
    match Place::of(download, root) {
        Ok(place) if place.is_taken() => State::Present,
        Ok(place) => match place.part_len() {
            0 => State::Absent,
            len => State::Partial(len),
        },
        Err(_) => State::Absent,
    }
}

/// The one of a card's downloads that `file` is: by its sums, else by its name.
///
/// # Errors
/// Where the file cannot be read.
pub fn which<'a>(downloads: &'a [Download], file: &Path) -> Result<Option<&'a Download>, FetchError> {
    if let [only] = downloads {
        return Ok(Some(only));
    }
    let reading = |source| FetchError::io("read", file, source);
    for download in downloads.iter().filter(|d| checksum::has_sum(d)) {
        let opened = File::open(file).map_err(reading)?;
        if checksum::verify(opened, download).map_err(reading)?.is_none() {
            return Ok(Some(download));
        }
    }
    let name = file.file_name().and_then(|name| name.to_str());
    let called = |download: &&Download| {
        let urls = download
            .urls
            .iter()
            .filter_map(|url| url.split(['?', '#']).next()?.rsplit('/').next());
        let into = download.into.file_name().and_then(|name| name.to_str());
        name.is_some() && urls.chain(into).any(|known| Some(known) == name)
    };
    Ok(downloads.iter().find(called))
}

/// Refuses a card whose downloads would get in each other's way.
///
/// # Errors
/// Names the two places that lie in each other.
pub fn check_apart(downloads: &[Download]) -> Result<(), FetchError> {
    let mut seen: Vec<&Path> = Vec::new();
    for download in downloads {
        let into = download.into.as_path();
        if let Some(other) = seen.iter().find(|s| s.starts_with(into) || into.starts_with(s)) {
            return Err(FetchError::Card(format!(
                "two downloads go into {} and {}: give each a place of its own",
                other.display(),
                into.display()
            )));
        }
        seen.push(into);
    }
    Ok(())
}
