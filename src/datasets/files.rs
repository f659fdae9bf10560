//! Reading by position from files that may be truncated, huge or not files at all.
use std::fs::File;
use std::io::Read;
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
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
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
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), DatasetError> {
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

    /// A reader from the start. Only one at a time: readers share the file's cursor.
    pub fn reader(&self) -> Result<impl Read + '_, DatasetError> {
        use std::io::Seek;
        (&self.file)
            .rewind()
            .map_err(|source| DatasetError::io(&self.path, source))?;
        Ok(std::io::BufReader::with_capacity(1 << 16, &self.file))
    }

    /// Adds the file's bytes to a digest.
    pub fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
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
