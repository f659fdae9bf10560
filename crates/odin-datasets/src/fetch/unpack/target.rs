//! The folder that an archive is unpacked into, and what may land there.
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::super::error::FetchError;

/// Folders are made along with a file, so that a short archive could ask for very many.
const MAX_DEPTH: usize = 64;

/// What an archive may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub entries: u64,
    pub bytes: u64,
}

impl Limits {
    /// Pictures and tensors hardly shrink when packed, so an archive that holds a hundred times its length is a bomb.
    pub(super) fn of_archive(len: u64) -> Self {
        Self {
            entries: 2_000_000,
            bytes: len.saturating_mul(100).clamp(1 << 30, 256 << 30),
        }
    }
}

#[derive(Debug)]
pub(in super::super) enum UnpackError {
    /// The archive is broken or not to be trusted.
    Archive(String),
    Here(FetchError),
}

impl From<FetchError> for UnpackError {
    fn from(error: FetchError) -> Self {
        Self::Here(error)
    }
}

pub(super) fn bad(why: impl Into<String>) -> UnpackError {
    UnpackError::Archive(why.into())
}

/// The folder that is being filled, and how full it is.
pub(super) struct Target<'a> {
    pub(super) folder: &'a Path,
    pub(super) limits: Limits,
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Target<'_> {
    /// Counts an entry and says where it belongs.
    pub(super) fn place(&mut self, name: &Path) -> Result<PathBuf, UnpackError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(bad(format!("holds more than {} files", self.limits.entries)));
        }
        if name.components().count() > MAX_DEPTH {
            return Err(bad(format!("nests folders more than {MAX_DEPTH} deep")));
        }
        let mut path = self.folder.to_owned();
        for component in name.components() {
            match component {
                Component::Normal(part) => path.push(part),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(bad(format!("`{}` would land outside the folder", name.display())));
                }
            }
        }
        Ok(path)
    }

    pub(super) fn make_folder(&self, path: &Path) -> Result<(), UnpackError> {
        fs::create_dir_all(path).map_err(|source| here(path, source))
    }

    /// Writes a file of `size` bytes, neither more nor fewer.
    pub(super) fn fill(
        &mut self,
        path: &Path,
        name: &Path,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<(), UnpackError> {
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.bytes {
            let most = self.limits.bytes;
            return Err(bad(format!("would unpack to more than {most} bytes: a bomb")));
        }
        if path == self.folder {
            return Err(bad(format!("`{}` names no file", name.display())));
        }
        if let Some(parent) = path.parent() {
            self.make_folder(parent)?;
        }
        let file = File::create(path).map_err(|source| here(path, source))?;
        let mut file = BufWriter::with_capacity(128 << 10, file);
        // One byte more than announced, to notice surplus.
        let mut from = from.take(size.saturating_add(1));
        let mut buffer = [0; 16 << 10];
        let mut at: u64 = 0;
        loop {
            let n = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(bad(format!("is broken within `{}` ({error})", name.display()))),
            };
            at += n as u64;
            file.write_all(buffer.get(..n).unwrap_or_default())
                .map_err(|source| here(path, source))?;
        }
        file.flush().map_err(|source| here(path, source))?;
        if at != size {
            return Err(bad(format!(
                "`{}` should hold {size} bytes and {}",
                name.display(),
                if at < size {
                    format!("ends after {at}")
                } else {
                    "holds more".to_owned()
                }
            )));
        }
        Ok(())
    }
}

/// An error of writing. Names that cannot be on this machine's file systems are the archive's fault.
fn here(path: &Path, source: io::Error) -> UnpackError {
    use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory};
    match source.kind() {
        InvalidFilename | InvalidInput | IsADirectory | NotADirectory => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name: String = name.chars().take(80).collect();
            bad(format!(
                "holds a file that cannot be written, `{name}` ({source})"
            ))
        }
        _ => FetchError::io("write", path, source).into(),
    }
}
