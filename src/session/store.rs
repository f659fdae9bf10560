//! Sessions on disk.
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::SessionError;
use super::schema::Session;
use crate::files;

impl Session {
    /// Reads a session file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else than the schema allows: then with its line and column.
    pub fn load(path: &Path) -> Result<Self, SessionError> {
        let text = fs::read_to_string(path).map_err(|source| SessionError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Reads a session from text; `path` is for messages only.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, SessionError> {
        serde_yaml::from_str(text).map_err(|error| {
            let message = error.to_string();
            let (line, column) = error
                .location()
                .map_or((1, 1), |place| (place.line(), place.column()));
            // The place goes in front; once is enough.
            let suffix = format!(" at line {line} column {column}");
            let message = message.strip_suffix(&suffix).unwrap_or(&message).to_owned();
            SessionError::Invalid {
                path: path.to_owned(),
                line,
                column,
                message,
            }
        })
    }

    /// Writes the session in place of the file, all of it or nothing. Comments at the head of the file stay.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SessionError> {
        let body = serde_yaml::to_string(self).map_err(|error| SessionError::Encode {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        self.replace(path, &body).map_err(|source| SessionError::Save {
            path: path.to_owned(),
            source,
        })
    }

    fn replace(&self, path: &Path, body: &str) -> io::Result<()> {
        let head = match fs::read_to_string(path) {
            Ok(text) => head_comment(&text).to_owned(),
            Err(_) => String::new(),
        };
        files::write_whole(path, |file| {
            file.write_all(head.as_bytes())?;
            file.write_all(body.as_bytes())
        })
    }
}

/// The comments and empty lines before the first line of YAML.
fn head_comment(text: &str) -> &str {
    let end = text
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        .map(str::len)
        .sum();
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Device, Magnitude, Temperature};

    fn parse(text: &str) -> Result<Session, String> {
        Session::parse(text, Path::new("s.yaml")).map_err(|error| error.to_string())
    }

    const SMALL: &str = "\
version: 1
name: small
defaults: {temperature: 10, device: cpu, limit: 500}
queues:
  - name: first
    jobs:
      - {network: a, dataset: x}
      - {network: a, dataset: y, temperature: 2.5, magnitude: 0.002, batch: 8}
  - name: second
    device: cuda:1
    jobs: [{network: b, dataset: z, limit: 9}]
";

    #[test]
    fn jobs_take_what_they_do_not_say_from_the_defaults() {
        let specs = parse(SMALL).unwrap().job_specs();
        let (queue, device, first) = &specs[0];
        assert_eq!((queue.as_str(), *device), ("first", Device::Cpu));
        assert_eq!(
            (first.temperature.get(), first.magnitude),
            (10.0, Magnitude::PAPER)
        );
        assert_eq!((first.limit, first.batch), (Some(500), None));
        assert_eq!((specs[1].2.temperature.get(), specs[1].2.batch), (2.5, Some(8)));
        assert_eq!((specs[2].1, specs[2].2.limit), (Device::Cuda(1), Some(9)));
    }

    #[test]
    fn errors_name_the_file_the_place_and_what_was_expected() {
        let cases = [
            (
                "temperature: 2.5",
                "temperature: -1",
                "s.yaml:8:47: ",
                "temperature must be a finite number above 0",
            ),
            (
                "magnitude: 0.002",
                "magnitude: big",
                "s.yaml:8:63: ",
                "expected a magnitude",
            ),
            (
                "batch: 8",
                "batch: 0",
                "s.yaml:8:",
                "`auto` or a number of images",
            ),
            (
                "batch: 8",
                "bach: 8",
                "s.yaml:8:",
                "unknown field `bach`, expected one of",
            ),
            (
                "device: cuda:1",
                "device: gpu",
                "s.yaml:10:13: ",
                "use auto, cpu or cuda:N",
            ),
            ("version: 1", "version: 2", "s.yaml:1:10: ", "expected version 1"),
            ("name: small\n", "", "s.yaml:1:1: ", "missing field `name`"),
        ];
        for (from, to, place, expected) in cases {
            let error = parse(&SMALL.replace(from, to)).unwrap_err();
            assert!(
                error.starts_with(place) && error.contains(expected),
                "{to}: {error}"
            );
            assert!(!error.contains(" at line "), "{error}");
        }
        for broken in [
            "",
            "[",
            "version: 1\n\tname: x",
            "\u{0}",
            "- 1",
            "version: 1\nversion: 1",
        ] {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_saved_session_reads_back_and_keeps_its_head() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/s.yaml");
        let mut session = parse(SMALL).unwrap();
        session.save(&path).unwrap();
        fs::write(&path, format!("# What this is for.\n\n# More.\n{SMALL}")).unwrap();
        session.set_parameters(1, Temperature::PAPER, Magnitude::ZERO);
        session.set_parameters(0, Temperature::new(10.0).unwrap(), Magnitude::PAPER);
        session.view.job = 1;
        session.save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# What this is for.\n\n# More.\nversion: 1\n"),
            "{text}"
        );
        assert!(
            text.contains("temperature: 1000\n") && !text.contains("null, "),
            "{text}"
        );
        let back = Session::load(&path).unwrap();
        assert_eq!(back, session);
        assert_eq!(
            back.queues[0].jobs[0].temperature, None,
            "what equals the default is left to it"
        );
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no scraps"
        );
    }

    #[test]
    fn a_save_that_fails_leaves_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let error = parse(SMALL).unwrap().save(folder.path()).unwrap_err();
        assert!(error.to_string().contains("cannot save the session"), "{error}");
    }

    #[test]
    fn the_demo_session_is_a_session() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions/demo.yaml");
        let session = Session::load(&path).unwrap();
        let sets: Vec<_> = session
            .job_specs()
            .into_iter()
            .map(|(_, _, spec)| spec.dataset)
            .collect();
        assert_eq!(sets, ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]);
    }
}
