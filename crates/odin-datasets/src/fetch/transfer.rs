//! One request to one server, and what of its answer is added to the part.
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::{Agent, Body};

use super::checksum;
use super::error::FetchError;
use super::options::{Options, Progress};
use super::place::Place;
use crate::Download;

/// Why an attempt did not bring the file.
#[derive(Debug)]
pub(super) enum Failure {
    /// Worth asking the same server again, after the wait that it asked for.
    Again { why: String, after: Option<Duration> },
    /// This server will not do.
    Mirror(String),
    /// This machine is at fault, so another server would not help.
    Here(FetchError),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Here(error)
    }
}

fn again(why: impl Into<String>) -> Failure {
    Failure::Again {
        why: why.into(),
        after: None,
    }
}

/// Which answer the part is the beginning of.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Origin {
    url: String,
    /// What `If-Range` takes: a strong ETag or the time of the last change.
    validator: Option<String>,
}

impl Origin {
    fn read(place: &Place) -> Self {
        let text = fs::read(&place.origin).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn of(url: &str, headers: &HeaderMap) -> Self {
        let etag = text(headers, "etag").filter(|etag| !etag.starts_with("W/"));
        Self {
            url: url.to_owned(),
            validator: etag.or_else(|| text(headers, "last-modified")).map(str::to_owned),
        }
    }

    fn write(&self, place: &Place) -> Result<(), FetchError> {
        let text = serde_json::to_vec(self).map_err(io::Error::other);
        text.and_then(|text| fs::write(&place.origin, text))
            .map_err(|source| FetchError::io("write", &place.origin, source))
    }
}

pub(super) fn agent(options: &Options) -> Agent {
    let mut config = Agent::config_builder();
    if !options.proxy {
        config = config.proxy(None);
    }
    config
        .http_status_as_error(false)
        .user_agent(concat!("odin/", env!("CARGO_PKG_VERSION")))
        .max_redirects(8)
        .timeout_resolve(Some(options.connect))
        .timeout_connect(Some(options.connect))
        .timeout_recv_response(Some(options.connect))
        .timeout_per_read(Some(options.stall))
        .build()
        .new_agent()
}

/// Asks for what the part still lacks. Afterwards the part is complete, and the value says whether it holds more than
/// one answer's bytes.
pub(super) fn attempt(
    agent: &Agent,
    url: &str,
    download: &Download,
    place: &Place,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> Result<bool, Failure> {
    let have = place.part_len();
    match download.bytes {
        Some(bytes) if have == bytes && have > 0 => return Ok(true),
        Some(bytes) if have > bytes => place.discard_part()?,
        _ => {}
    }
    let asked = resume_from(url, download, place);
    let request = agent.get(url).config();
    // What is promised over a safe line is not taken from an open one.
    let mut request = request.https_only(url.starts_with("https:")).build();
    if let Some((from, validator)) = &asked {
        request = request.header("Range", format!("bytes={from}-"));
        if let Some(validator) = validator {
            request = request.header("If-Range", validator);
        }
    }
    let response = request.call().map_err(unanswered)?;
    let (start, total) = match beginning(&response, asked.map(|(from, _)| from)) {
        Ok(Beginning::At { start, total }) => (start, total),
        Ok(Beginning::Complete) => return Ok(true),
        Err(Beyond::Stale(why)) => {
            place.discard_part()?;
            return Err(again(why));
        }
        Err(Beyond::Failure(failure)) => return Err(failure),
    };
    let limit = download.bytes.unwrap_or(options.max_bytes);
    match (total, download.bytes) {
        (Some(total), Some(bytes)) if total != bytes => {
            let why = format!("offers {total} bytes where the card says {bytes}");
            return Err(Failure::Mirror(why));
        }
        (Some(total), None) if total > limit => {
            let why =
                format!("offers {total} bytes, more than the {limit} that are taken unless a card says more");
            return Err(Failure::Mirror(why));
        }
        _ => {}
    }
    // The old bytes go before the new origin comes: never may one be taken for the other's.
    let file = open_part(place, start)?;
    Origin::of(url, response.headers()).write(place)?;
    watch(Progress::Receiving {
        url,
        at: start,
        total: total.or(download.bytes),
    });
    let (at, broken) = receive(response, file, start, limit, place, watch)?;
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    match broken {
        Some(error) => Err(again(format!("broke off after {at}{of} bytes: {error}"))),
        None if total.is_some_and(|total| at < total) => Err(again(format!("ends after {at}{of} bytes"))),
        None if at == 0 => Err(Failure::Mirror("sends an empty file".to_owned())),
        None => Ok(start > 0),
    }
}

/// From which byte on to ask, and what must not have changed since.
fn resume_from(url: &str, download: &Download, place: &Place) -> Option<(u64, Option<String>)> {
    let have = place.part_len();
    let origin = Origin::read(place);
    let same = origin.validator.filter(|_| origin.url == url);
    // Without a sum nobody would notice that the halves belong to different files.
    (have > 0 && (same.is_some() || checksum::has_sum(download))).then_some((have, same))
}

enum Beginning {
    At { start: u64, total: Option<u64> },
    Complete,
}

enum Beyond {
    /// The part is no beginning of what the server has.
    Stale(String),
    Failure(Failure),
}

impl From<Failure> for Beyond {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Where in the file the answer starts, if it is an answer.
fn beginning(response: &Response<Body>, asked: Option<u64>) -> Result<Beginning, Beyond> {
    let status = response.status();
    let headers = response.headers();
    let range = text(headers, "content-range").and_then(content_range);
    match (status, asked) {
        (StatusCode::OK, _) => {
            if text(headers, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                let why = "answers with a web page instead of the file: the link may be dead";
                return Err(Failure::Mirror(why.to_owned()).into());
            }
            // A server that knows no ranges sends the whole file again.
            Ok(Beginning::At {
                start: 0,
                total: response.body().content_length(),
            })
        }
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => match range {
            Some((Some((first, last)), total)) if first == asked && total.is_none_or(|all| last < all) => {
                Ok(Beginning::At {
                    start: asked,
                    total: total.or(last.checked_add(1)),
                })
            }
            _ => Err(Beyond::Stale(format!(
                "was asked for the bytes from {asked} on and sends others"
            ))),
        },
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(asked)) => match range {
            Some((None, Some(total))) if total == asked => Ok(Beginning::Complete),
            _ => Err(Beyond::Stale(format!("has no bytes from {asked} on"))),
        },
        _ => Err(refused(status, headers).into()),
    }
}

fn refused(status: StatusCode, headers: &HeaderMap) -> Failure {
    let why = format!("answers {status}");
    let busy = matches!(status.as_u16(), 408 | 425 | 429);
    if !busy && !status.is_server_error() {
        return Failure::Mirror(why);
    }
    let seconds = text(headers, "retry-after").and_then(|seconds| seconds.parse().ok());
    Failure::Again {
        why,
        after: seconds.map(Duration::from_secs),
    }
}

/// Why there was no answer at all.
fn unanswered(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => again("does not answer in time"),
        // A name that is not known or a port that is closed stays so for a while.
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Failure::Mirror("refuses the connection".to_owned())
        }
        ureq::Error::Io(error) => again(error.to_string()),
        ureq::Error::Protocol(error) => again(error.to_string()),
        ureq::Error::HostNotFound => {
            Failure::Mirror("there is no such server, or no network here".to_owned())
        }
        ureq::Error::TooManyRedirects => Failure::Mirror("redirects without end".to_owned()),
        ureq::Error::RequireHttpsOnly(_) => {
            Failure::Mirror("redirects from https to an address without".to_owned())
        }
        error => Failure::Mirror(error.to_string()),
    }
}

/// The part, open behind its first `start` bytes. A new beginning drops what was there.
fn open_part(place: &Place, start: u64) -> Result<File, FetchError> {
    let mut options = OpenOptions::new();
    if start > 0 {
        options.append(true);
    } else {
        options.create(true).write(true).truncate(true);
    }
    options
        .open(&place.part)
        .map_err(|source| FetchError::io("write", &place.part, source))
}

/// How far the part reaches when the answer ends, and the error that it ended with, if any.
fn receive(
    response: Response<Body>,
    mut file: File,
    start: u64,
    limit: u64,
    place: &Place,
    watch: &mut dyn FnMut(Progress),
) -> Result<(u64, Option<io::Error>), Failure> {
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 128 << 10];
    let mut at = start;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => return Ok((at, None)),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok((at, Some(error))),
        };
        if n as u64 > limit.saturating_sub(at) {
            place.discard_part()?;
            return Err(Failure::Mirror(format!("sends more than {limit} bytes")));
        }
        file.write_all(buffer.get(..n).unwrap_or_default())
            .map_err(|source| FetchError::io("write", &place.part, source))?;
        at += n as u64;
        watch(Progress::At(at));
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// First and last byte, and the total.
type ContentRange = (Option<(u64, u64)>, Option<u64>);

/// Reads `bytes 5-9/10`; `*` stands for what is not known.
fn content_range(value: &str) -> Option<ContentRange> {
    let (range, total) = value.strip_prefix("bytes")?.trim().split_once('/')?;
    let range = match range {
        "*" => None,
        range => {
            let (first, last) = range.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        }
    };
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((range, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_or_refused() {
        assert_eq!(content_range("bytes 5-9/10"), Some((Some((5, 9)), Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((Some((5, 9)), None)));
        assert_eq!(content_range("bytes */10"), Some((None, Some(10))));
        for wrong in [
            "",
            "bytes",
            "5-9/10",
            "bytes 5/10",
            "bytes a-b/c",
            "bytes 5-9/99999999999999999999",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }
}
