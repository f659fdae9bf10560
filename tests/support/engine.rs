//! The other program, `odin-engine`, which tests of scoring need.
use std::path::{Path, PathBuf};

/// `odin-engine` beside the `odin` under test; where it is not built, says so and gives `None`. `make test` builds both, and
/// sets `ODIN_TEST_ENGINE=required`, so that there nothing is skipped.
pub fn engine() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_odin")).with_file_name("odin-engine");
    if program.is_file() {
        return Some(program);
    }
    let is_required = std::env::var_os("ODIN_TEST_ENGINE").is_some_and(|value| value == "required");
    assert!(!is_required, "{} is not built", program.display());
    println!("skipped: {} is not built", program.display());
    None
}
