//! Where a download arrives, what lies beside it until then, and who may work on it.
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::FetchError;
use crate::Download;

#[derive(Debug)]
pub(super) struct Place {
    pub target: PathBuf,
    /// What has come so far, byte for byte as it was sent.
    pub part: PathBuf,
    /// Where the part came from.
    pub origin: PathBuf,
    /// Unpacked or copied, and not yet moved to the target.
    pub staged: PathBuf,
    lock: PathBuf,
}

/// Held while a fetch works. The system lets go of it however the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still locked; one that is left behind does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

impl Place {
    pub(super) fn of(download: &Download, root: &Path) -> Result<Self, FetchError> {
        let into = &download.into;
        let inside = |component| matches!(component, Component::Normal(_) | Component::CurDir);
        let name = into.file_name().filter(|_| into.components().all(inside));
        let Some(name) = name else {
            return Err(FetchError::Card(format!(
                "`into: {}` leads out of the card's folder",
                into.display()
            )));
        };
        let target = root.join(into);
        let beside = |ending: &str| {
            let mut name = OsString::from(name);
            name.push(ending);
            target.with_file_name(name)
        };
        Ok(Self {
            part: beside(".part"),
            origin: beside(".part.json"),
            staged: beside(".part.new"),
            lock: beside(".part.lock"),
            target,
        })
    }

    /// Whether something is there already. An empty folder is nothing.
    pub(super) fn is_taken(&self) -> bool {
        let empty = |mut entries: fs::ReadDir| entries.next().is_none();
        self.target.symlink_metadata().is_ok() && !fs::read_dir(&self.target).is_ok_and(empty)
    }

    pub(super) fn part_len(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |metadata| metadata.len())
    }

    pub(super) fn lock(&self) -> Result<Lock, FetchError> {
        if let Some(folder) = self.target.parent() {
            fs::create_dir_all(folder).map_err(|source| FetchError::io("create", folder, source))?;
        }
        loop {
            let file = OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(false)
                .open(&self.lock)
                .map_err(|source| FetchError::io("write", &self.lock, source))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(FetchError::Busy(self.target.clone())),
                // Some network file systems know no locks: going on without is better than not at all.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // The one before may have removed the file after it was opened here: then this lock guards nothing.
            if is_at(&file, &self.lock) {
                return Ok(Lock {
                    path: self.lock.clone(),
                    _file: file,
                });
            }
        }
    }

    pub(super) fn discard_part(&self) -> Result<(), FetchError> {
        remove(&self.part)?;
        remove(&self.origin)
    }

    pub(super) fn discard_staged(&self) -> Result<(), FetchError> {
        remove(&self.staged)
    }

    /// Moves what is ready to the target, in one step, and tidies up.
    pub(super) fn arrive(&self, ready: &Path) -> Result<(), FetchError> {
        let arrive = || {
            if ready.is_file() {
                File::open(ready)?.sync_all()?;
            }
            fs::rename(ready, &self.target)
        };
        arrive().map_err(|source| FetchError::io("create", &self.target, source))?;
        self.discard_part()
    }
}

/// Removes a file or a folder, if there is one.
fn remove(path: &Path) -> Result<(), FetchError> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::io("remove", path, error)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if id(&a) == id(&b))
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Archive;

    fn download(into: &str) -> Download {
        Download {
            urls: Vec::new(),
            bytes: None,
            md5: None,
            sha256: None,
            into: into.into(),
            unpack: Archive::None,
        }
    }

    #[test]
    fn a_card_cannot_lead_out_of_its_folder() {
        for into in ["/etc/x", "../x", "a/../../x", "a/..", "", ".", "/"] {
            let refused = Place::of(&download(into), Path::new("/root"));
            assert!(matches!(refused, Err(FetchError::Card(_))), "{into}");
        }
        let place = Place::of(&download("./a/b.mat"), Path::new("/root")).unwrap();
        assert_eq!(place.part, Path::new("/root/a/b.mat.part"));
    }

    #[test]
    fn one_at_a_time_and_no_trace_of_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::of(&download("x"), root.path()).unwrap();
        let lock = place.lock().unwrap();
        assert!(matches!(place.lock(), Err(FetchError::Busy(_))));
        drop(lock);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        drop(place.lock().unwrap());
    }

    #[test]
    fn an_empty_folder_is_nothing_and_all_else_is_something() {
        let root = tempfile::tempdir().unwrap();
        let taken = |name: &str| Place::of(&download(name), root.path()).unwrap().is_taken();
        fs::create_dir_all(root.path().join("full/inner")).unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        assert!(!taken("absent") && !taken("full/inner"));
        assert!(taken("full") && taken("file"));
    }
}
