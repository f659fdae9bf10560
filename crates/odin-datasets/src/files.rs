//! Reading by position from files that may be truncated, huge or not files at all.
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::DatasetError;

/// A regular file, open, with its length when it was opened.
pub(super) struct OpenFile {
    pub path: PathBuf,
    pub len: u64,
    file: File,
}

impl OpenFile {
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::io(path, source);
        // Looked at before it is opened: opening a FIFO would wait for a writer.
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            return Err(DatasetError::malformed(path, "not a regular file"));
        }
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        if len == 0 {
            return Err(DatasetError::malformed(path, "the file is empty; get it again"));
        }
        Ok(Self {
            path: path.to_owned(),
            len,
            file,
        })
    }

    /// Fills `buffer` from `offset` on, without moving a cursor: any number of threads may read at once.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), DatasetError> {
        self.file.read_exact_at(buffer, offset).map_err(|source| {
            if source.kind() == std::io::ErrorKind::UnexpectedEof {
                DatasetError::malformed(
                    &self.path,
                    format!(
                        "ends within the {} bytes at offset {offset}; get it again",
                        buffer.len()
                    ),
                )
            } else {
                DatasetError::io(&self.path, source)
            }
        })
    }

    /// A buffered reader of the `len` bytes from `offset` on, with a cursor of its own.
    pub(crate) fn section(&self, offset: u64, len: u64) -> impl Read + Seek + '_ {
        let end = offset.saturating_add(len).min(self.len);
        BufReader::with_capacity(
            1 << 16,
            Section {
                file: &self.file,
                start: offset,
                at: offset,
                end,
            },
        )
    }

    /// A buffered reader of the whole file, with a cursor of its own.
    pub(crate) fn reader(&self) -> impl Read + Seek + '_ {
        self.section(0, self.len)
    }

    /// Adds the file's bytes to a digest.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        let mut buffer = vec![0; 1 << 18];
        let mut offset = 0;
        loop {
            let n = match self.file.read_at(&mut buffer, offset) {
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(DatasetError::io(&self.path, source)),
            };
            let Some(read) = buffer.get(..n).filter(|read| !read.is_empty()) else {
                return Ok(());
            };
            hasher.update(read);
            offset = offset.saturating_add(n as u64);
        }
    }
}

struct Section<'a> {
    file: &'a File,
    start: u64,
    at: u64,
    end: u64,
}

impl Seek for Section<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => self.start.checked_add(n),
            SeekFrom::End(n) => self.end.checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = at
            .filter(|at| *at >= self.start)
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at - self.start)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let n = self
            .file
            .read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.at)?;
        self.at = self.at.saturating_add(n as u64);
        Ok(n)
    }
}
