//! Writing a run: a folder that readers may look into at any time.
//!
//! Scores come first and the manifest that speaks of them last, so that a manifest never promises more than there is.
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::manifest::{FORMAT, Grid, Identity, Images, Manifest, State};
use super::npz::{About, write_scores};
use super::record::Record;
use super::tuned::Tuned;
use super::write::{WriteError, write_json};
use crate::protocol::ScoreTable;

/// The libtorch that tch 0.24 is for.
const LIBTORCH: &str = "2.11";

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const IN_SCORES: &str = "in.npz";
pub(super) const OUT_SCORES: &str = "out.npz";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const GRID: &str = "grid.json";
/// Held by the writer for as long as it writes; a reader that can take it knows that a run was broken off.
pub(super) const LOCK: &str = ".lock";

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{}: another odin is writing this run", path.display())]
    Busy { path: PathBuf },
    #[error("{}: cannot make a folder for the run: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A run that is being written.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    manifest: Manifest,
    about: [About; 2],
    _lock: File,
}

/// Where a run comes from and where it is computed, for people to read.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub weights: String,
    pub session: String,
    pub queue: String,
    pub device: String,
    /// How T and ε were chosen, where they were tuned.
    pub tuned: Option<Tuned>,
}

/// Whether a program is writing the run of this identity now.
pub fn is_being_written(runs: &Path, identity: &Identity) -> bool {
    let Ok(lock) = File::open(runs.join(identity.folder_name()).join(LOCK)) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

impl RunFolder {
    /// Begins a run in its folder under `runs`, over what an earlier one of the same identity left there.
    ///
    /// # Errors
    /// Another program writes there, or the folder cannot be written.
    pub fn start(runs: &Path, identity: Identity, origin: Origin) -> Result<Self, StartError> {
        let path = runs.join(identity.folder_name());
        let failed = |source| StartError::Folder {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StartError::Busy { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let manifest = Manifest {
            format: FORMAT,
            key: identity.key(),
            state: State::Running,
            reason: None,
            identity,
            images: Images::default(),
            weights: origin.weights,
            session: origin.session,
            queue: origin.queue,
            tuned: origin.tuned,
            device: origin.device,
            odin: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: LIBTORCH.to_owned(),
            started: now(),
            ended: None,
            seconds: 0.0,
            files: BTreeMap::new(),
        };
        let run = Self {
            path,
            manifest,
            about: Default::default(),
            _lock: lock,
        };
        run.write_manifest()?;
        Ok(run)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says more of the images, ID and OOD, than their scores do, from the next time that they are written.
    pub fn tell(&mut self, ins: About, outs: About) {
        self.about = [ins, outs];
    }

    /// Keeps what is scored so far, in any order.
    pub fn keep(
        &mut self,
        ins: &ScoreTable,
        outs: &ScoreTable,
        images: Images,
        seconds: f64,
    ) -> Result<(), WriteError> {
        let [about_in, about_out] = &self.about;
        write_scores(&self.path.join(IN_SCORES), ins, about_in)?;
        write_scores(&self.path.join(OUT_SCORES), outs, about_out)?;
        self.manifest.images = images;
        self.manifest.seconds = seconds;
        self.write_manifest()
    }

    /// Ends the run with its scores in file order, its metrics and, of a sweep, its grid.
    pub fn finish(
        &mut self,
        ins: &ScoreTable,
        outs: &ScoreTable,
        record: &Record,
        grid: Option<&Grid>,
    ) -> Result<PathBuf, WriteError> {
        let total = Images {
            ins: ins.len(),
            outs: outs.len(),
            total_in: ins.len(),
            total_out: outs.len(),
        };
        self.manifest.device = record.device.clone();
        self.keep(ins, outs, total, record.seconds)?;
        write_json(&self.path.join(METRICS), record)?;
        if let Some(grid) = grid {
            write_json(&self.path.join(GRID), grid)?;
        }
        for name in [IN_SCORES, OUT_SCORES, METRICS]
            .into_iter()
            .chain(grid.map(|_| GRID))
        {
            let path = self.path.join(name);
            let bytes = fs::read(&path).map_err(|source| WriteError { path, source })?;
            let hash = blake3::hash(&bytes).to_hex().to_string();
            self.manifest.files.insert(name.to_owned(), hash);
        }
        self.end(State::Finished, None)?;
        Ok(self.path.clone())
    }

    /// Ends the run with the reason why it cannot go on; what was kept stays.
    pub fn fail(&mut self, reason: &str) -> Result<(), WriteError> {
        self.end(State::Failed, Some(reason.to_owned()))
    }

    fn end(&mut self, state: State, reason: Option<String>) -> Result<(), WriteError> {
        if state != State::Finished {
            self.manifest.files.clear();
        }
        self.manifest.state = state;
        self.manifest.reason = reason;
        self.manifest.ended = Some(now());
        self.write_manifest()
    }

    fn write_manifest(&self) -> Result<(), WriteError> {
        write_json(&self.path.join(MANIFEST), &self.manifest)
    }
}

/// The time in UTC, to the second.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
