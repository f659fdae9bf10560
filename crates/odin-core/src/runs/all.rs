//! The runs of a folder: all of them, or one by its name or identity.
use std::path::{Path, PathBuf};

use super::folder::{MANIFEST, METRICS};
use super::manifest::State;
use super::open::{Run, RunError};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Finished,
    Running,
    /// Begun, and nobody goes on with it.
    Interrupted,
    Failed,
    /// Its manifest cannot be read.
    Unreadable,
}

/// A run among those of a folder.
#[derive(Debug)]
pub struct Entry {
    pub path: PathBuf,
    pub condition: Condition,
    pub run: Result<Run, RunError>,
}

impl Entry {
    fn look(path: PathBuf) -> Self {
        let run = Run::open(&path);
        let condition = match &run {
            Err(_) => Condition::Unreadable,
            Ok(run) => match run.state {
                State::Finished => Condition::Finished,
                State::Failed => Condition::Failed,
                State::Running if run.is_being_written() => Condition::Running,
                State::Running => Condition::Interrupted,
            },
        };
        Self { path, condition, run }
    }

    pub fn name(&self) -> String {
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// Every run in the folder, the newest first; folders that hold something else are left out.
pub fn list(runs: &Path) -> Vec<Entry> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_run = |path: &PathBuf| path.join(MANIFEST).is_file() || path.join(METRICS).is_file();
    let mut all: Vec<Entry> = paths.filter(is_run).map(Entry::look).collect();
    let started = |entry: &Entry| entry.run.as_ref().ok().and_then(|run| run.started.clone());
    all.sort_by(|a, b| started(b).cmp(&started(a)).then_with(|| a.path.cmp(&b.path)));
    all
}

/// The finished run of this identity, whatever its folder is called.
pub fn finished(runs: &Path, key: &str) -> Option<Run> {
    let of_key = |entry: Entry| {
        let run = entry.run.ok()?;
        let same = run.manifest.as_ref().is_some_and(|m| m.key == key);
        (same && run.state == State::Finished && run.record().is_ok()).then_some(run)
    };
    list(runs).into_iter().find_map(of_key)
}

/// Why no run, or no single one, is meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    #[error(
        "no run `{given}`: neither a folder with a run in it nor a name in {} (`odin list runs`)",
        runs.display()
    )]
    Unknown { given: String, runs: PathBuf },
    #[error("`{given}` is the start of {} names: {}", names.len(), names.join(", "))]
    Several { given: String, names: Vec<String> },
}

/// The folder of a run: a path, the name of a folder under `runs`, or the start of just one such name.
pub fn find(given: &str, runs: &Path) -> Result<PathBuf, FindError> {
    let path = Path::new(given);
    if path.join(MANIFEST).is_file() || path.join(METRICS).is_file() {
        return Ok(path.to_owned());
    }
    let names: Vec<String> = list(runs).iter().map(Entry::name).collect();
    if !given.is_empty() && names.iter().any(|name| name == given) {
        return Ok(runs.join(given));
    }
    let starts: Vec<&String> = names.iter().filter(|name| name.starts_with(given)).collect();
    match starts.as_slice() {
        [name] if !given.is_empty() => Ok(runs.join(name)),
        [] => Err(FindError::Unknown {
            given: given.to_owned(),
            runs: runs.to_owned(),
        }),
        many => Err(FindError::Several {
            given: given.to_owned(),
            names: many.iter().map(|&name| name.clone()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::Origin;
    use super::super::manifest::tests::identity;
    use super::super::{Images, RunFolder, StartError};
    use super::*;
    use crate::protocol::ScoreTable;
    use crate::setting::Settings;
    use crate::units::{Magnitude, Temperature};
    use odin_metrics::Side;

    #[test]
    fn a_run_can_be_read_while_it_is_written_moved_and_broken_off() {
        let place = tempfile::tempdir().unwrap();
        let runs = place.path();
        let mut writer = RunFolder::start(runs, identity(), Origin::default()).unwrap();
        let images = Images {
            ins: 0,
            outs: 0,
            total_in: 4,
            total_out: 4,
        };
        let none = ScoreTable::new(Settings::new(Temperature::ONE, Magnitude::ZERO));
        writer.keep(&none, &none, images, 0.5).unwrap();
        // The first batch of a side may come long before that of the other.
        writer.keep(&none, &ScoreTable::default(), images, 0.5).unwrap();
        let busy = RunFolder::start(runs, identity(), Origin::default()).unwrap_err();
        assert!(matches!(busy, StartError::Busy { .. }), "{busy}");
        let all = list(runs);
        assert_eq!((all.len(), all[0].condition), (1, Condition::Running));
        let run = all[0].run.as_ref().unwrap();
        assert_eq!((run.images.total_in, run.scores(Side::In).unwrap().len()), (4, 0));
        drop(writer);
        let moved = runs.join("elsewhere");
        std::fs::rename(&all[0].path, &moved).unwrap();
        assert_eq!(list(runs)[0].condition, Condition::Interrupted);
        assert_eq!(find("else", runs), Ok(moved));
        assert!(find("nothing", runs).is_err() && finished(runs, &identity().key()).is_none());
    }

    #[test]
    fn what_is_no_run_is_left_out_and_what_cannot_be_read_is_named() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("evidence")).unwrap();
        std::fs::create_dir(place.path().join("torn")).unwrap();
        std::fs::write(place.path().join("torn/manifest.json"), "{\"format\": 1").unwrap();
        let all = list(place.path());
        assert_eq!((all.len(), all[0].condition), (1, Condition::Unreadable));
        let error = all[0].run.as_ref().unwrap_err().to_string();
        assert!(error.contains("torn/manifest.json"), "{error}");
        assert!(matches!(Run::open(place.path()), Err(RunError::NoRun { .. })));
    }
}
