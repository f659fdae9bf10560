//! One program at a time on a session: a lock file beside it, `.NAME.yaml.lock`, that says who has it.
//!
//! The lock is the operating system's, so that a program that was killed leaves none behind.
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// While it lives, the session is ours.
#[derive(Debug)]
pub struct Lock {
    // Holds the lock; closing it lets go.
    _file: File,
    path: PathBuf,
}

/// Who has a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub host: String,
    /// Seconds since 1970.
    pub since: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another program has it; who, if that could be read.
    #[error("{} is open in another odin{}", session.display(), held_by(holder.as_ref()))]
    Held {
        session: PathBuf,
        holder: Option<Holder>,
    },
    /// There can be no lock here: a folder that cannot be written, or a file system without locks.
    #[error("{}: no lock: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| {
        let since = UNIX_EPOCH + Duration::from_secs(holder.since);
        format!(
            " (process {} on {}, started {})",
            holder.pid,
            holder.host,
            ago(since, SystemTime::now())
        )
    })
}

/// A time in the past as people say it: `just now`, `3 minutes ago`, `2 days ago`.
pub fn ago(then: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(then).unwrap_or_default().as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

impl Lock {
    /// Takes the session, unless another program has it.
    ///
    /// # Errors
    /// Another program has it, or no lock can be made there.
    pub fn take(session: &Path) -> Result<Self, LockError> {
        let path = lock_path(session);
        let failed = |cause| LockError::Io {
            path: path.clone(),
            cause,
        };
        // A holder that lets go removes the file: whoever locked the removed one tries again.
        for _ in 0..100 {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let _ = file.read_to_string(&mut text);
                    return Err(LockError::Held {
                        session: session.to_owned(),
                        holder: serde_yaml::from_str(&text).ok(),
                    });
                }
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
            if !is_still_there(&file, &path) {
                continue;
            }
            write_holder(&mut file).map_err(failed)?;
            return Ok(Self { _file: file, path });
        }
        Err(failed(io::Error::other("it keeps being taken and let go")))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock goes, so that nobody can have taken it.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock_path(session: &Path) -> PathBuf {
    // Two links to one file are one session.
    let target = fs::canonicalize(session).unwrap_or_else(|_| session.to_owned());
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".lock");
    target.with_file_name(name)
}

fn is_still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let holder = Holder {
        pid: std::process::id(),
        host: host(),
        since: since.as_secs(),
    };
    let text = serde_yaml::to_string(&holder).map_err(io::Error::other)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

fn host() -> String {
    match rustix::system::uname().nodename().to_string_lossy() {
        name if name.is_empty() => "this host".to_owned(),
        name => name.into_owned(),
    }
}

/// Where a copy of a session goes: the first of `NAME-copy.yaml`, `NAME-copy2.yaml`, … that is free.
pub fn copy_path(session: &Path) -> PathBuf {
    let stem = session
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let named = |number: u64| {
        let number = if number < 2 {
            String::new()
        } else {
            number.to_string()
        };
        session.with_file_name(format!("{stem}-copy{number}.yaml"))
    };
    (1..)
        .map(named)
        .find(|path| !path.exists())
        .expect("a folder holds fewer files than there are numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_holder_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        fs::write(&path, "x").unwrap();
        let link = folder.path().join("link.yaml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let lock = Lock::take(&path).unwrap();
        let error = Lock::take(&link).unwrap_err();
        let LockError::Held {
            holder: Some(holder), ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(holder.pid, std::process::id());
        let text = error.to_string();
        assert!(
            text.contains("is open in another odin (process ") && text.contains("just now"),
            "{text}"
        );
        drop(lock);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "the file and the link"
        );
        // What a killed program left says nothing.
        fs::write(
            folder.path().join(".x.yaml.lock"),
            "pid: 1\nhost: gone\nsince: 0\n",
        )
        .unwrap();
        Lock::take(&path).unwrap();
    }

    #[test]
    fn many_at_once_never_have_it_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        let taken = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(_lock) = Lock::take(&path) {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            taken.fetch_add(1, SeqCst);
                            inside.fetch_sub(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }

    #[test]
    fn times_and_copies() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let said = |seconds| ago(at(0), at(seconds));
        assert_eq!(
            [said(5), said(61), said(7300)],
            ["just now", "1 minute ago", "2 hours ago"]
        );
        assert_eq!(
            (said(200_000), ago(at(9), at(0))),
            ("2 days ago".to_owned(), "just now".to_owned())
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        assert_eq!(copy_path(&path), folder.path().join("x-copy.yaml"));
        fs::write(folder.path().join("x-copy.yaml"), "").unwrap();
        assert_eq!(copy_path(&path), folder.path().join("x-copy2.yaml"));
    }
}
