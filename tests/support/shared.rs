//! The data that lies beside the repository and is not part of it.
use std::path::{Path, PathBuf};

/// A file of that data; where it is absent, says so and gives `None`.
pub fn shared(path: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())
        .expect("a package lies within its workspace");
    let file = root.join("../shared").join(path);
    if file.exists() {
        Some(file)
    } else {
        println!("skipped: {} is not here", file.display());
        None
    }
}
