//! Finds out by content what a file is, and takes it out of the archives round it, in memory. Nothing is unpacked to
//! disk, and nothing here looks inside a pickle or a tensor.
use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::ReadError;

/// A checkpoint's bytes, and how to read them.
pub(super) struct Content {
    pub bytes: Vec<u8>,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Safetensors,
    /// PyTorch's zip format: `NAME/data.pkl` and `NAME/data/0`, …; the folder is `NAME/`.
    TorchZip {
        folder: String,
    },
    /// A program with its weights, by `torch.jit.save`.
    TorchScript,
    /// The index of weights in several safetensors files, as JSON.
    Index,
    /// One pickle after another, then raw data: PyTorch before 1.6, and any pickle that is no checkpoint.
    Pickle,
}

/// A WRN-28-10 in double precision takes 0.3 GB.
pub(super) const MAX_FILE: u64 = 4 << 30;
const MAX_UNPACKED: u64 = 1 << 30;
/// `.tar.gz` is two; a zip may be round that.
const MAX_DEPTH: usize = 4;
/// Enough of a file to tell what it is: a tar header.
const HEAD: usize = 512;

pub(super) fn open(path: &Path) -> Result<Content, ReadError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(ReadError::why("is a folder; name the file of weights in it"));
    }
    // A device or a pipe may never end.
    if !metadata.is_file() {
        return Err(ReadError::why("is not a file"));
    }
    if metadata.len() > MAX_FILE {
        return Err(ReadError::why(format!(
            "is larger than {} GiB, the most that is read",
            MAX_FILE >> 30
        )));
    }
    let mut bytes = std::fs::read(path)?;
    if is_json(&bytes) {
        return Ok(Content {
            bytes,
            kind: Kind::Index,
        });
    }
    for _ in 0..MAX_DEPTH {
        let inner = match shape(&bytes) {
            Shape::Empty => return Err(ReadError::why("is empty; get it anew")),
            Shape::Safetensors => {
                return Ok(Content {
                    bytes,
                    kind: Kind::Safetensors,
                });
            }
            Shape::Pickle => {
                return Ok(Content {
                    bytes,
                    kind: Kind::Pickle,
                });
            }
            Shape::Gzip => gunzip(&bytes)?,
            Shape::Tar => untar(&bytes)?,
            Shape::Zip => match unzip(&bytes)? {
                Zip::Torch(folder) => {
                    return Ok(Content {
                        bytes,
                        kind: Kind::TorchZip { folder },
                    });
                }
                Zip::Script => {
                    return Ok(Content {
                        bytes,
                        kind: Kind::TorchScript,
                    });
                }
                Zip::Wrapper(inner) => inner,
            },
            Shape::Onnx => {
                return Err(not_scored(
                    "an ONNX model, which cannot be scored: libtorch does not run ONNX, and the gradient to the image is needed",
                ));
            }
            Shape::Other(what) => {
                return Err(ReadError::why(format!(
                    "is {what}; safetensors, .pth or .pt files are read"
                )));
            }
        };
        bytes = inner;
    }
    Err(ReadError::why(
        "holds an archive in an archive in an archive; unpack it",
    ))
}

/// Whether the file begins as an object of JSON does. No pickle begins so, and safetensors begin with a length.
fn is_json(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes).trim_ascii_start();
    head.first() == Some(&b'{') && head.get(1..).unwrap_or_default().trim_ascii_start().first() == Some(&b'"')
}

enum Shape {
    Empty,
    Safetensors,
    Pickle,
    Gzip,
    Tar,
    Zip,
    Onnx,
    Other(Cow<'static, str>),
}

/// Whether these are the bytes of a checkpoint of PyTorch.
pub(super) fn is_torch(bytes: &[u8]) -> bool {
    matches!(shape(bytes), Shape::Zip | Shape::Pickle)
}

/// Judges by the first bytes.
fn shape(head: &[u8]) -> Shape {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let other = |what: &'static str| Shape::Other(Cow::Borrowed(what));
    match head {
        [] => Shape::Empty,
        _ if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") => Shape::Zip,
        _ if starts(b"\x1f\x8b") => Shape::Gzip,
        [0x80, 2..=5, ..] => Shape::Pickle,
        _ if head.get(8) == Some(&b'{') => Shape::Safetensors,
        _ if is_tar(head) => Shape::Tar,
        // A text pickle (protocol 0) begins with a class or function.
        [b'c', ..] if head.iter().take(80).any(|&b| b == b'\n') => Shape::Pickle,
        _ if is_onnx(head) => Shape::Onnx,
        _ if starts(b"\x89HDF") => other("an HDF5 file (of Keras?)"),
        _ if starts(b"\xfd7zXZ") => other("an xz archive; unpack it"),
        _ if starts(b"BZh") => other("a bzip2 archive; unpack it"),
        _ if starts(b"7z\xbc\xaf") => other("a 7-Zip archive; unpack it"),
        _ if starts(b"version https://git-lfs") => {
            other("a Git LFS pointer, not the file itself; `git lfs pull` brings it")
        }
        _ if looks_like_html(head) => {
            other("a web page, not weights: the link it came from no longer gives the file")
        }
        _ => {
            let first: Vec<String> = head.iter().take(4).map(|b| format!("{b:02x}")).collect();
            Shape::Other(format!("of no known kind (it begins with {})", first.join(" ")).into())
        }
    }
}

fn looks_like_html(head: &[u8]) -> bool {
    let start = String::from_utf8_lossy(head.get(..HEAD).unwrap_or(head))
        .trim_start()
        .to_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml")
}

/// By the sum over its header, which archives older than the `ustar` mark have too.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..HEAD) else {
        return false;
    };
    let octal = |field: &[u8]| {
        let text: String = field
            .iter()
            .map(|&b| b as char)
            .filter(char::is_ascii_digit)
            .collect();
        u32::from_str_radix(&text, 8).ok()
    };
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) })
        .sum();
    header.get(148..156).and_then(octal) == Some(sum) && header.first() != Some(&0)
}

fn is_candidate(head: &[u8]) -> bool {
    !matches!(shape(head), Shape::Empty | Shape::Onnx | Shape::Other(_))
}

/// The whole of a stream, or an error where it is damaged or beyond the limit.
fn read_limited(stream: impl Read, start: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    let mut bytes = start;
    let left = (MAX_UNPACKED + 1).saturating_sub(bytes.len() as u64);
    stream
        .take(left)
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError::why(format!("is a damaged archive ({error}); get it anew")))?;
    if bytes.len() as u64 > MAX_UNPACKED {
        return Err(ReadError::why(format!(
            "unpacks to more than {} GiB, the most that is read",
            MAX_UNPACKED >> 30
        )));
    }
    Ok(bytes)
}

/// The first bytes of a stream.
fn read_head(stream: &mut impl Read) -> Result<Vec<u8>, ReadError> {
    let mut head = Vec::new();
    stream
        .by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| ReadError::why(format!("is a damaged archive ({error}); get it anew")))?;
    Ok(head)
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut stream = MultiGzDecoder::new(bytes);
    // A look at the start first, so that a gigabyte of nothing is not unpacked to find that out.
    let head = read_head(&mut stream)?;
    match shape(&head) {
        Shape::Empty => Err(ReadError::why("is a gzip file with nothing in it; get it anew")),
        Shape::Other(what) => Err(ReadError::why(format!("is a gzip file whose content is {what}"))),
        _ => read_limited(stream, head),
    }
}

/// What an archive holds: the one checkpoint among its files, or an error that says which files there are.
#[derive(Default)]
struct Found {
    inner: Option<Vec<u8>>,
    candidates: Vec<String>,
    others: Vec<String>,
}

impl Found {
    fn look(&mut self, name: String, mut stream: impl Read) -> Result<(), ReadError> {
        let head = read_head(&mut stream)?;
        if !is_candidate(&head) {
            self.others.push(name);
            return Ok(());
        }
        if self.inner.is_none() {
            self.inner = Some(read_limited(stream, head)?);
        }
        self.candidates.push(name);
        Ok(())
    }

    fn one(self, archive: &str) -> Result<Vec<u8>, ReadError> {
        let list = |names: &[String]| {
            let shown: Vec<&str> = names.iter().take(6).map(String::as_str).collect();
            let more = names.len().saturating_sub(shown.len());
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("{}{more}", shown.join(", "))
        };
        match (self.inner, self.candidates.as_slice()) {
            (Some(inner), [_]) => Ok(inner),
            (_, []) if self.others.is_empty() => Err(ReadError::why(format!(
                "is a {archive} archive with nothing in it"
            ))),
            (_, []) => Err(ReadError::why(format!(
                "is a {archive} archive that holds no checkpoint, only {}",
                list(&self.others)
            ))),
            (_, several) => Err(ReadError::why(format!(
                "holds several checkpoints ({}); unpack it and name one",
                list(several)
            ))),
        }
    }
}

fn untar(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let damaged =
        |error: std::io::Error| ReadError::why(format!("is a damaged tar archive ({error}); get it anew"));
    let mut archive = tar::Archive::new(bytes);
    let mut found = Found::default();
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        if entry.header().entry_type().is_file() {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            found.look(name, entry)?;
        }
    }
    let names = &found.others;
    let holds = |name: &str| names.iter().chain(&found.candidates).any(|n| n == name);
    if holds("storages") && holds("tensors") && holds("pickle") {
        return Err(ReadError::why(
            "is of PyTorch 0.1.1 to 0.1.9 (a tar of storages, tensors and pickle); load it with `torch.load` and save \
             its state_dict anew",
        ));
    }
    found.one("tar")
}

/// What `torch.export` makes, by the names in its archive: those of PyTorch since 2.6, and before.
fn exported<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let (mut is_exported, mut is_compiled) = (false, false);
    for name in names {
        let behind = name.split_once('/').map_or(name, |(_, behind)| behind);
        is_exported |= behind == "archive_format"
            || (behind.starts_with("models/") && behind.ends_with(".json"))
            || name == "serialized_exported_program.json";
        is_compiled |= behind.starts_with("data/aotinductor/");
    }
    match (is_compiled, is_exported) {
        (true, _) => Some(
            "an AOTInductor package (.pt2), which cannot be scored: it is compiled for one machine, without the gradient to \
             the image",
        ),
        (false, true) => {
            Some("a program of `torch.export` (.pt2), which cannot be scored: only Python runs it")
        }
        (false, false) => None,
    }
}

/// What the file is, and why it cannot be scored; what can be done is the same for all.
fn not_scored(what: &str) -> ReadError {
    ReadError::why(format!(
        "is {what}. The Python file that `odin export-script` prints makes a TorchScript program of the network that it was \
         made from, and that can be scored"
    ))
}

/// Whether a file begins as ONNX does: the version of its format, then a field of its model (producer, domain, graph or operator
/// sets) that is no longer than the file.
fn is_onnx(head: &[u8]) -> bool {
    let [0x08, 1..=32, tag, length @ ..] = head else {
        return false;
    };
    // Fields 2 (producer), 3, 4, 6, 7 (graph) and 8 (operator sets) have a length; 5 is a number.
    let has_length = matches!(tag, 0x12 | 0x1a | 0x22 | 0x32 | 0x3a | 0x42);
    let first = length.first().copied().unwrap_or_default();
    let rest = length.get(1..).unwrap_or_default();
    match tag {
        // The producer's name is short, and text.
        0x12 | 0x1a | 0x22 => {
            first < 0x80
                && rest
                    .iter()
                    .take(usize::from(first))
                    .all(|b| b.is_ascii_graphic() || *b == b' ')
        }
        0x28 => true,
        _ => has_length && first > 0,
    }
}

enum Zip {
    Torch(String),
    Script,
    Wrapper(Vec<u8>),
}

fn unzip(bytes: &[u8]) -> Result<Zip, ReadError> {
    let damaged = |error: &dyn std::fmt::Display| {
        ReadError::why(format!(
            "is a damaged or cut-off zip archive ({error}); get it anew"
        ))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let is_there = |name: &str| archive.file_names().any(|n| n == name);
    // PyTorch puts everything into one folder, named as it likes.
    let folder = archive
        .file_names()
        .filter_map(|name| name.strip_suffix("data.pkl"))
        .find(|prefix| prefix.matches('/').count() == 1 && prefix.ends_with('/'));
    if let Some(prefix) = folder {
        let code = format!("{prefix}code/");
        let is_script = is_there(&format!("{prefix}constants.pkl"))
            || archive.file_names().any(|name| name.starts_with(&code));
        return Ok(if is_script {
            Zip::Script
        } else {
            Zip::Torch(prefix.to_owned())
        });
    }
    if let Some(what) = exported(archive.file_names()) {
        return Err(not_scored(what));
    }
    let mut found = Found::default();
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(|e| damaged(&e))?;
        if entry.is_file() {
            let name = entry.name().to_owned();
            found.look(name, entry)?;
        }
    }
    found.one("zip").map(Zip::Wrapper)
}
