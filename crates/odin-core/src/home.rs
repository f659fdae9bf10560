//! Where cards, data, sessions and runs lie. Imports nothing of this crate.
//!
//! The first of these that holds `models/` and `data/` is home: `$ODIN_HOME`; the current folder or one above it; a
//! folder above the program (a checkout, from `target/release/`); what `make install` left beside it.
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[error(
    "no models/ and data/ found. Looked in: {}. Start odin within its checkout, or set ODIN_HOME to a folder that holds them",
    list(.looked)
)]
pub struct NoHome {
    looked: Vec<PathBuf>,
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|p| p.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The folder that holds `models/`, `data/`, `sessions/` and `runs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    pub fn find() -> Result<Self, NoHome> {
        let program = std::env::current_exe().and_then(|exe| exe.canonicalize()).ok();
        let mut looked: Vec<PathBuf> = std::env::var_os("ODIN_HOME")
            .map(PathBuf::from)
            .into_iter()
            .collect();
        if looked.is_empty() {
            let ancestors = |path: &Path| path.ancestors().map(Path::to_owned).collect::<Vec<_>>();
            looked.extend(
                std::env::current_dir()
                    .map(|dir| ancestors(&dir))
                    .unwrap_or_default(),
            );
            if let Some(folder) = program.as_deref().and_then(Path::parent) {
                looked.push(folder.join("../share/odin"));
                looked.extend(ancestors(folder));
            }
        }
        let is_home = |path: &PathBuf| path.join("models").is_dir() && path.join("data").is_dir();
        match looked.iter().find(|path| is_home(path)) {
            Some(found) => Ok(Self(found.canonicalize().unwrap_or_else(|_| found.clone()))),
            None => Err(NoHome { looked }),
        }
    }

    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn models(&self) -> PathBuf {
        self.0.join("models")
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub fn sessions(&self) -> PathBuf {
        self.0.join("sessions")
    }

    /// Where runs and evidence are kept: `$ODIN_RUNS`; `runs/` here; where that cannot be written (an installed
    /// program), `odin/runs` in the user's data folder.
    pub fn runs(&self) -> PathBuf {
        if let Some(folder) = std::env::var_os("ODIN_RUNS").filter(|folder| !folder.is_empty()) {
            return PathBuf::from(folder);
        }
        let here = self.0.join("runs");
        if is_writable(&here) || (!here.exists() && is_writable(&self.0)) {
            return here;
        }
        let var = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let data = var("XDG_DATA_HOME").or_else(|| Some(var("HOME")?.join(".local/share")));
        data.map_or(here, |data| data.join("odin/runs"))
    }
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
