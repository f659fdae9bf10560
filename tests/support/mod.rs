//! What several integration tests need.
#![allow(dead_code)] // each test uses a part of it
pub mod home;
#[cfg(unix)]
pub mod terminal;

use std::path::{Path, PathBuf};

/// A file of the data that lies beside the repository and is not part of it; where it is absent, says so and
/// gives `None`.
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if file.exists() {
        Some(file)
    } else {
        println!("skipped: {} is not here", file.display());
        None
    }
}
