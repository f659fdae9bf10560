//! `odin import tmuxp` as its user runs it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use odin_core::session::Session;
use support::home::TestHome;
use support::shared;

const LAYOUT: &str = "session_name: lab\nwindows:\n- window_name: w\n  panes:\n  - shell_command:\n    - cd code\n    \
                      - python main.py --nn small --dataset two --magnitude 0.001 --temperature 10\n    - ./other.sh\n";

#[test]
fn a_layout_becomes_a_session_that_runs() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write("layout.yaml", LAYOUT);
    let told = home.succeed(&["import", "tmuxp", "layout.yaml", "-o", "sessions/lab.yaml"]);
    assert!(
        told.contains("1 job in 1 queue") && told.contains("./other.sh") && told.contains("cd code"),
        "{told}"
    );
    let text = std::fs::read_to_string(home.path().join("sessions/lab.yaml")).unwrap();
    assert!(
        text.starts_with("# From layout.yaml")
            && text.contains("# Not translated")
            && text.contains("other.sh"),
        "{text}"
    );
    assert!(home.succeed(&["run", "lab"]).contains("1 of 1 job succeeded"));
    assert!(
        home.refuse(&["import", "tmuxp", "layout.yaml", "-o", "sessions/lab.yaml"])
            .contains("--force")
    );
    home.succeed(&[
        "import",
        "tmuxp",
        "layout.yaml",
        "-o",
        "sessions/lab.yaml",
        "--force",
    ]);
    let printed = home.succeed(&["import", "tmuxp", "layout.yaml"]);
    assert!(Session::parse(&printed, "x".as_ref()).is_ok(), "{printed}");
    home.write("vim.yaml", "session_name: x\nwindows: [{panes: [vim]}]\n");
    assert!(
        home.refuse(&["import", "tmuxp", "vim.yaml"])
            .contains("nothing here for odin")
    );
}

#[test]
fn a_disk_that_is_full_leaves_the_old_session_whole() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    home.write("layout.yaml", LAYOUT);
    home.write("sessions/lab.yaml", "# mine\n");
    let command = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} import tmuxp layout.yaml -o sessions/lab.yaml --force",
        env!("CARGO_BIN_EXE_odin")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(home.path())
        .env("ODIN_HOME", home.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("sessions/lab.yaml: cannot save the session"),
        "{error}"
    );
    assert_eq!(
        std::fs::read_to_string(home.path().join("sessions/lab.yaml")).unwrap(),
        "# mine\n"
    );
    assert_eq!(
        std::fs::read_dir(home.path().join("sessions")).unwrap().count(),
        1,
        "no scraps"
    );
}

#[test]
fn the_files_that_this_program_replaces_are_read_whole() {
    if support::engine().is_none() {
        return;
    }
    for (file, jobs) in [("odin.yaml", 14), ("produce_score.yaml", 6)] {
        let Some(path) = shared(&format!("data/tmuxp/{file}")) else {
            return;
        };
        let home = TestHome::new();
        let text = home.succeed(&["import", "tmuxp", path.to_str().unwrap()]);
        let session = Session::parse(&text, file.as_ref()).unwrap();
        assert_eq!(session.job_specs().len(), jobs, "{text}");
        let names: Vec<&str> = session.queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(names, ["densenet10", "densenet100"]);
        assert!(!text.contains("Not translated"), "{text}");
    }
}
