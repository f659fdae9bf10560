//! Writing files so that they arrive whole or not at all. Imports nothing of this crate.
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Fills a file beside its place and then moves it there. A link stays a link: what it points to is replaced. The file
/// keeps the permissions of the one that it replaces; a new one is readable by all, as files are.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    Prepared::write(path, fill)?.persist()
}

/// Writes these files, all or none as far as can be: each is complete beside its place before the first is moved there, so
/// that a full disk leaves what was there before.
///
/// # Errors
/// The first file that cannot be written, and why.
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> Result<(), (PathBuf, io::Error)> {
    let mut prepared = Vec::new();
    for (path, bytes) in files {
        let file = Prepared::write(path, |file| file.write_all(bytes));
        prepared.push((path, file.map_err(|error| (path.clone(), error))?));
    }
    for (path, file) in prepared {
        file.persist().map_err(|error| (path.clone(), error))?;
    }
    Ok(())
}

/// A file that is complete and not yet in its place; dropped, it is gone.
struct Prepared {
    file: NamedTempFile,
    target: PathBuf,
}

impl Prepared {
    fn write(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(folder)?;
        fill(file.as_file_mut())?;
        file.as_file().set_permissions(permissions(&target)?)?;
        file.as_file().sync_all()?;
        Ok(Self { file, target })
    }

    fn persist(self) -> io::Result<()> {
        self.file.persist(&self.target).map_err(|error| error.error)?;
        Ok(())
    }
}

fn permissions(target: &Path) -> io::Result<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(target) {
        Ok(metadata) => Ok(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Permissions::from_mode(0o644)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_of_them_cannot_be_written_none_is() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::write(path("in"), "before").unwrap();
        fs::write(path("file"), "").unwrap();
        let files = [
            (path("in"), b"after".to_vec()),
            (path("new"), Vec::new()),
            (path("file/below"), Vec::new()),
        ];
        let (wrong, _) = write_together(&files).unwrap_err();
        assert_eq!(wrong, path("file/below"));
        assert_eq!(fs::read(path("in")).unwrap(), b"before");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "no part is left");
        write_together(&files[..2]).unwrap();
        assert_eq!(fs::read(path("in")).unwrap(), b"after");
    }
}
