//! The evidence on one set of images scored with one network.
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::record::{self, Entry, MAGIC};
use super::{EvidenceKey, Kind};
use crate::files;

/// Open for reading; and for writing, unless another program writes there.
pub struct Folder {
    path: PathBuf,
    /// Held as long as this program writes here.
    lock: Option<File>,
    /// Bytes of each file up to which it is known to be whole.
    sound: HashMap<String, u64>,
}

impl Folder {
    pub(super) fn open(root: &Path, key: &EvidenceKey) -> io::Result<Self> {
        let path = root.join(key.name());
        fs::create_dir_all(&path)?;
        let note = path.join("key.json");
        if !note.exists() {
            let text = serde_json::to_string_pretty(key).map_err(io::Error::other)?;
            files::write_whole(&note, |file| file.write_all(text.as_bytes()))?;
        }
        let mut folder = Self {
            path,
            lock: None,
            sound: HashMap::new(),
        };
        folder.try_to_write()?;
        Ok(folder)
    }

    /// Whether this program may write here by now.
    pub fn try_to_write(&mut self) -> io::Result<bool> {
        if self.lock.is_none() {
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.path.join("lock"))?;
            match lock.try_lock() {
                Ok(()) => self.lock = Some(lock),
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(self.lock.is_some())
    }

    /// Calls `each` with every image of the kind: its number and its bytes.
    pub fn read(&mut self, kind: Kind, each: impl FnMut(u32, &[u8])) -> io::Result<()> {
        let name = kind.file_name();
        let path = self.path.join(&name);
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            content => content?,
        };
        let sound = record::decode(&content, each) as u64;
        if self.lock.is_some() {
            let file = OpenOptions::new().write(true).open(&path)?;
            if sound < content.len() as u64 {
                // What a killed program left half written; nothing may follow it.
                file.set_len(sound)?;
            }
            // Used now: of the kinds of evidence on disk, those used longest ago make room first.
            file.set_modified(SystemTime::now())?;
            self.sound.insert(name, sound);
        }
        Ok(())
    }

    /// Appends a batch's images, all of as many bytes; tells how many bytes the file has grown by. While another program
    /// writes here, nothing is written.
    ///
    /// # Errors
    /// The disk is full or fails; the file is as it was before.
    pub fn append(&mut self, kind: Kind, entries: &[Entry]) -> io::Result<u64> {
        if entries.is_empty() || self.lock.is_none() {
            return Ok(0);
        }
        let name = kind.file_name();
        let mut file = self.to_append(&name)?;
        let mut length = file.metadata()?.len();
        if self.sound.get(&name) != Some(&length) {
            self.read(kind, |_, _| {})?;
            // It may have been removed, to make room, and be another file by now.
            file = self.to_append(&name)?;
            length = file.metadata()?.len();
        }
        let mut bytes = if length == 0 { MAGIC.to_vec() } else { Vec::new() };
        bytes.extend(record::encode(entries));
        if let Err(error) = file.write_all(&bytes) {
            file.set_len(length)?;
            return Err(error);
        }
        self.sound.insert(name, length + bytes.len() as u64);
        Ok(bytes.len() as u64)
    }

    fn to_append(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path.join(name))
    }
}
