//! Reading a run, wherever its folder lies now; also while it is written, and what `odin score --save` left.
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::folder::{GRID, IN_SCORES, LOCK, MANIFEST, METRICS, OUT_SCORES};
use super::manifest::{FORMAT, Grid, Images, Manifest, State};
use super::npz::{self, Columns, Scores};
use super::record::Record;
use crate::units::{Magnitude, Temperature};
use odin_datasets::Choice;
use odin_metrics::Side;

/// No manifest, record or grid is longer.
const MAX_JSON: u64 = 16 << 20;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{}: no run: it holds neither manifest.json nor metrics.json", path.display())]
    NoRun { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {why}", path.display())]
    Damaged { path: PathBuf, why: String },
}

/// A run on disk, and what it is about.
#[derive(Debug, Clone)]
pub struct Run {
    pub folder: PathBuf,
    pub network: String,
    pub in_dataset: String,
    pub dataset: String,
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    pub device: String,
    pub seconds: f64,
    /// When it began; `None` for what `odin score --save` left.
    pub started: Option<String>,
    pub images: Images,
    pub state: State,
    /// Which images of each set they are; what `odin score --save` of before left does not say.
    pub chosen: Option<Choice>,
    /// `None` for what `odin score --save` left.
    pub manifest: Option<Manifest>,
}

impl Run {
    /// # Errors
    /// The folder holds no run, or one that this program cannot read.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        let manifest_path = folder.join(MANIFEST);
        if manifest_path.is_file() {
            let manifest: Manifest = json(&manifest_path)?;
            return Self::of_manifest(folder, manifest);
        }
        if folder.join(METRICS).is_file() {
            return Ok(Self::of_record(folder, json(&folder.join(METRICS))?));
        }
        Err(RunError::NoRun {
            path: folder.to_owned(),
        })
    }

    fn of_manifest(folder: &Path, manifest: Manifest) -> Result<Self, RunError> {
        if manifest.format != FORMAT {
            let why = format!(
                "written by another odin (format {}, this one reads {FORMAT})",
                manifest.format
            );
            return Err(RunError::Damaged {
                path: folder.join(MANIFEST),
                why,
            });
        }
        let identity = manifest.identity.clone();
        let mut run = Self {
            folder: folder.to_owned(),
            network: identity.network.name,
            in_dataset: identity.in_dataset.name,
            dataset: identity.dataset.name,
            temperature: identity.temperature,
            magnitude: identity.magnitude,
            device: manifest.device.clone(),
            seconds: manifest.seconds,
            started: Some(manifest.started.clone()),
            images: manifest.images,
            state: manifest.state,
            chosen: Some(manifest.identity.choice()),
            manifest: Some(manifest),
        };
        // A sweep is about its best cell.
        if run.is_sweep() && run.state == State::Finished {
            let record: Record = json(&folder.join(METRICS))?;
            (run.temperature, run.magnitude) = (record.temperature, record.magnitude);
            // And about the images that it was not chosen on.
            run.chosen = record.chosen.or(run.chosen);
        }
        Ok(run)
    }

    fn of_record(folder: &Path, record: Record) -> Self {
        let images = Images {
            ins: record.n_in,
            outs: record.n_out,
            total_in: record.n_in,
            total_out: record.n_out,
        };
        Self {
            folder: folder.to_owned(),
            network: record.network,
            in_dataset: record.in_dataset,
            dataset: record.dataset,
            temperature: record.temperature,
            magnitude: record.magnitude,
            device: record.device,
            seconds: record.seconds,
            started: None,
            images,
            state: State::Finished,
            chosen: record.chosen,
            manifest: None,
        }
    }

    /// The name of its folder.
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }

    pub fn is_sweep(&self) -> bool {
        self.manifest.as_ref().is_some_and(|m| m.identity.sweep.is_some())
    }

    /// Whether a program is writing it now.
    pub fn is_being_written(&self) -> bool {
        let Ok(lock) = fs::File::open(self.folder.join(LOCK)) else {
            return false;
        };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// One side's scores: all of a finished run, those there are of another.
    pub fn scores(&self, side: Side) -> Result<Scores, RunError> {
        self.read_scores(side, Scores::read)
    }

    /// As [`scores`](Self::scores), and beside them those by each detector that the run has scores of.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn scores_by_detector(&self, side: Side) -> Result<(Scores, Columns), RunError> {
        self.read_scores(side, |bytes| {
            Ok((Scores::read(bytes)?, npz::read_columns(bytes)?))
        })
    }

    fn read_scores<T>(&self, side: Side, decode: impl FnOnce(&[u8]) -> io::Result<T>) -> Result<T, RunError> {
        let name = scores_file(side);
        decode(&self.read(name)?).map_err(|error| RunError::Damaged {
            path: self.folder.join(name),
            why: error.to_string(),
        })
    }

    /// The cells of a finished sweep.
    pub fn grid(&self) -> Result<Option<Grid>, RunError> {
        if !self.is_sweep() || self.state != State::Finished {
            return Ok(None);
        }
        let bytes = self.read(GRID)?;
        let grid: Grid = parse(&self.folder.join(GRID), &bytes)?;
        let expected = self.manifest.as_ref().and_then(|m| m.identity.sweep.as_ref());
        let cells = expected.map_or(0, |sweep| sweep.temperatures.len() * sweep.magnitudes.len());
        if grid.cells.len() != cells || grid.best >= cells {
            let why = format!("{} cells, and its manifest speaks of {cells}", grid.cells.len());
            return Err(RunError::Damaged {
                path: self.folder.join(GRID),
                why,
            });
        }
        Ok(Some(grid))
    }

    /// What it came to when it finished.
    pub fn record(&self) -> Result<Record, RunError> {
        parse(&self.folder.join(METRICS), &self.read(METRICS)?)
    }

    /// A file of the run; of a finished one, it must be the file that was written.
    fn read(&self, name: &str) -> Result<Vec<u8>, RunError> {
        let path = self.folder.join(name);
        let bytes = fs::read(&path).map_err(|source| RunError::Read {
            path: path.clone(),
            source,
        })?;
        let promised = self.manifest.as_ref().and_then(|m| m.files.get(name));
        if promised.is_some_and(|hash| *hash != blake3::hash(&bytes).to_hex().to_string()) {
            let why = "not the file that its manifest speaks of: changed, or copied in part".to_owned();
            return Err(RunError::Damaged { path, why });
        }
        Ok(bytes)
    }
}

fn scores_file(side: Side) -> &'static str {
    match side {
        Side::In => IN_SCORES,
        Side::Out => OUT_SCORES,
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, RunError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_JSON).read_to_end(&mut bytes))
        .map_err(|source| RunError::Read {
            path: path.to_owned(),
            source,
        })?;
    parse(path, &bytes)
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, RunError> {
    serde_json::from_slice(bytes).map_err(|error| RunError::Damaged {
        path: path.to_owned(),
        why: error.to_string(),
    })
}
