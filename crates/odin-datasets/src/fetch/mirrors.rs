//! Which server is asked, and how often: mirrors in order, each with retries, until one has the right file.
use std::fs::File;
use std::thread;
use std::time::Duration;

use super::checksum;
use super::error::{FetchError, Tried};
use super::options::{Options, Progress};
use super::place::Place;
use super::stage::stage;
use super::transfer::{self, Failure};
use super::unpack::UnpackError;
use crate::{Archive, Download};

/// Nobody waits longer between two attempts, whatever a server asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// An attempt that brought so much is no failure in a row: long downloads may break off often.
const STRIDE: u64 = 1 << 20;

/// Brings the download to its target, or says what is wrong with each mirror.
pub(super) fn bring(
    download: &Download,
    place: &Place,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    if download.urls.is_empty() {
        return Err(FetchError::Card("it names no `urls`".to_owned()));
    }
    let agent = transfer::agent(options);
    let mut tried: Vec<Tried> = Vec::new();
    for url in &download.urls {
        let got = try_mirror(&agent, url, download, place, options, watch);
        match got {
            Ok(()) => return Ok(()),
            Err(Failure::Here(error)) => return Err(error),
            Err(Failure::Mirror(why) | Failure::Again { why, .. }) => {
                watch(Progress::GivenUp { url, why: &why });
                tried.push(Tried {
                    url: url.clone(),
                    why,
                });
            }
        }
    }
    Err(FetchError::Mirrors {
        tried,
        kept: place.part_len(),
    })
}

fn try_mirror(
    agent: &ureq::Agent,
    url: &str,
    download: &Download,
    place: &Place,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<(), Failure> {
    let mut resumed = transfer_patiently(agent, url, download, place, options, watch)?;
    loop {
        watch(Progress::Checking);
        let opened = File::open(&place.part).map_err(|source| FetchError::io("read", &place.part, source))?;
        let mismatch = checksum::verify(opened, download)
            .map_err(|source| FetchError::io("read", &place.part, source))?;
        let Some(mismatch) = mismatch else { break };
        place.discard_part()?;
        if !resumed {
            return Err(Failure::Mirror(mismatch.to_string()));
        }
        // The fault may lie in what an earlier attempt, or another mirror, left.
        resumed = transfer_patiently(agent, url, download, place, options, watch)?;
    }
    let ready = match download.unpack {
        Archive::None => &place.part,
        archive => {
            watch(Progress::Unpacking);
            stage(archive, &place.part, place, options).map_err(|error| match error {
                UnpackError::Here(error) => Failure::Here(error),
                // Going on from it would bring the same again.
                UnpackError::Archive(why) => match place.discard_part() {
                    Ok(()) => Failure::Mirror(why),
                    Err(error) => Failure::Here(error),
                },
            })?;
            &place.staged
        }
    };
    Ok(place.arrive(ready)?)
}

/// Whether the part holds bytes of more than one answer.
fn transfer_patiently(
    agent: &ureq::Agent,
    url: &str,
    download: &Download,
    place: &Place,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<bool, Failure> {
    let mut failures = 0;
    let mut furthest = place.part_len();
    loop {
        let (why, after) = match transfer::attempt(agent, url, download, place, options, watch) {
            Err(Failure::Again { why, after }) => (why, after),
            other => return other,
        };
        let here = place.part_len();
        if here >= furthest.saturating_add(STRIDE) {
            failures = 0;
        }
        furthest = furthest.max(here);
        failures += 1;
        if failures >= options.attempts {
            return Err(Failure::Mirror(match failures {
                1 => why,
                n => format!("{why} ({n} times in a row)"),
            }));
        }
        let doubled = options.backoff.saturating_mul(1 << (failures - 1).min(16));
        let wait = after.unwrap_or(doubled).min(MAX_WAIT);
        watch(Progress::Retry { why: &why, wait });
        thread::sleep(wait);
    }
}
