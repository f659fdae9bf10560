//! Writing files so that they arrive whole or not at all. Imports nothing of this crate.
use std::fs::{self, File, Permissions};
use std::io;
use std::path::Path;

/// Fills a file beside its place and then moves it there. A link stays a link: what it points to is replaced. The file
/// keeps the permissions of the one that it replaces; a new one is readable by all, as files are.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
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
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

fn permissions(target: &Path) -> io::Result<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(target) {
        Ok(metadata) => Ok(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Permissions::from_mode(0o644)),
        Err(error) => Err(error),
    }
}
