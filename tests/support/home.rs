//! A small home for whole-program tests: a random network `small` and noise sets, made in a temporary folder.
use std::path::Path;
use std::process::{Command, Output};

use odin_core::networks::Architecture;

use super::weights;

pub struct TestHome(tempfile::TempDir);

impl TestHome {
    pub fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary folder"));
        let noise = |kind: &str, seed: u64| {
            format!("title: noise\nsource: {{format: {kind}, count: 60, size: [32, 32], seed: {seed}}}\n")
        };
        home.write("data/one.yaml", &noise("uniform", 1));
        home.write("data/two.yaml", &noise("gaussian", 2));
        home.write(
            "models/small.yaml",
            "title: small\narchitecture: {kind: densenet-bc, depth: 10, growth: 4}\nclasses: 5\n\
             weights: small.safetensors\nin_dataset: one\nnormalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.25, 0.3]}\n",
        );
        let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
        weights::write_random(&architecture, 5, 1, &home.path().join("models/small.safetensors"));
        home
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Runs the program in this home.
    pub fn odin(&self, arguments: &[&str]) -> Output {
        let Some(program) = option_env!("CARGO_BIN_EXE_odin") else {
            unreachable!("only tests of the package odin-tui run it")
        };
        Command::new(program)
            .args(arguments)
            .env("ODIN_HOME", self.path())
            .env_remove("ODIN_RUNS")
            // As a person runs it, not as `cargo run` does.
            .env_remove("CARGO")
            .current_dir(self.path())
            .output()
            .expect("odin runs")
    }

    /// Standard output of a run that must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.odin(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Standard error of a run that must end with exit code 2, one line, and nothing on standard output.
    pub fn refuse(&self, arguments: &[&str]) -> String {
        let output = self.odin(arguments);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        error
    }
}
