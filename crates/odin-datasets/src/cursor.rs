//! Reading a pickle forward, a block at a time.
use super::error::DatasetError;
use super::files::OpenFile;

/// Longer names are no names.
pub(super) const MAX_NAME: u64 = 256;

/// Why the reading of a pickle ends before its end.
pub(super) enum Stop {
    Read(DatasetError),
    Why(String),
}

impl From<DatasetError> for Stop {
    fn from(error: DatasetError) -> Self {
        Self::Read(error)
    }
}

pub(super) fn broken<T>(why: &str) -> Result<T, Stop> {
    Err(Stop::Why(why.to_owned()))
}

/// Reads forward through a file, a block at a time.
pub(super) struct Cursor<'a> {
    file: &'a OpenFile,
    pub at: u64,
    block: Vec<u8>,
    block_at: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(file: &'a OpenFile) -> Self {
        Self {
            file,
            at: 0,
            block: Vec::new(),
            block_at: 0,
        }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let within = |cursor: &Self| {
            let offset = usize::try_from(cursor.at.checked_sub(cursor.block_at)?).ok()?;
            cursor.block.get(offset).copied()
        };
        if within(self).is_none() {
            let left = self.file.len.saturating_sub(self.at).min(1 << 14);
            self.block.resize(left as usize, 0);
            self.block_at = self.at;
            self.file.read_at(&mut self.block, self.at)?;
        }
        let Some(byte) = within(self) else {
            return broken("the file ends here; get it again");
        };
        self.at += 1;
        Ok(byte)
    }

    /// A little-endian number of at most eight bytes.
    pub fn number(&mut self, bytes: usize) -> Result<u64, Stop> {
        let mut wide = [0; 8];
        for slot in wide.iter_mut().take(bytes) {
            *slot = self.byte()?;
        }
        Ok(u64::from_le_bytes(wide))
    }

    pub fn line(&mut self) -> Result<String, Stop> {
        let mut bytes = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                _ if bytes.len() as u64 >= MAX_NAME => return broken("a name without end"),
                byte => bytes.push(byte),
            }
        }
    }

    pub fn skip(&mut self, bytes: u64) -> Result<(), Stop> {
        match self.at.checked_add(bytes).filter(|end| *end <= self.file.len) {
            Some(end) => {
                self.at = end;
                Ok(())
            }
            None => Err(Stop::Why(format!(
                "{bytes} bytes are promised, {} are left; get it again",
                self.file.len - self.at
            ))),
        }
    }
}
