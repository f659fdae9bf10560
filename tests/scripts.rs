//! The scripts of scripts/, by their own tests in Python.
use std::path::Path;
use std::process::Command;

#[test]
fn the_scripts_pass_their_own_tests() {
    let Some(python) = ["python3", "python"].into_iter().find(|python| {
        let asked = Command::new(python)
            .args(["-c", "import sys; sys.exit(sys.version_info < (3, 8))"])
            .output();
        asked.is_ok_and(|asked| asked.status.success())
    }) else {
        println!("skipped: no Python 3.8 or newer here");
        return;
    };
    let output = Command::new(python)
        .args(["-B", "-m", "unittest", "discover", "-s", "scripts/tests"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
