//! Where cards, data, sessions and runs lie. Imports nothing of this crate.
//!
//! The first of these that holds `models/` and `data/` is home: `$ODIN_HOME`; the current folder or one above it; a
//! folder above the program (a checkout, from `target/release/`); what `make install` left beside it. Behind it stands what
//! came with the program, so that the cards and sessions shipped are known in a folder of one's own too.
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
pub struct Home {
    own: PathBuf,
    /// What came with the program, where that is another folder.
    shipped: Option<PathBuf>,
}

impl Home {
    pub fn find() -> Result<Self, NoHome> {
        let beside = beside_the_program();
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
            looked.extend(beside.clone());
        }
        let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let Some(own) = looked.iter().find(|path| is_home(path)).map(absolute) else {
            return Err(NoHome { looked });
        };
        let shipped = beside.iter().find(|path| is_home(path)).map(absolute);
        Ok(Self {
            shipped: shipped.filter(|shipped| *shipped != own),
            own,
        })
    }

    /// This folder and no other.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            own: path.into(),
            shipped: None,
        }
    }

    /// With what came with the program behind it.
    #[must_use]
    pub fn with_shipped(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            shipped: Some(folder.into()),
            ..self
        }
    }

    pub fn path(&self) -> &Path {
        &self.own
    }

    /// Where new cards and weights of networks are written.
    pub fn models(&self) -> PathBuf {
        self.own.join("models")
    }

    pub fn data(&self) -> PathBuf {
        self.own.join("data")
    }

    pub fn sessions(&self) -> PathBuf {
        self.own.join("sessions")
    }

    /// Where networks' cards are looked for, in this order.
    pub fn model_folders(&self) -> Vec<PathBuf> {
        self.folders("models")
    }

    /// Where data cards are looked for, in this order.
    pub fn data_folders(&self) -> Vec<PathBuf> {
        self.folders("data")
    }

    /// Where benchmarks' cards are looked for, in this order.
    pub fn benchmark_folders(&self) -> Vec<PathBuf> {
        self.folders("data/benchmarks")
    }

    /// Where sessions are looked for by name, in this order.
    pub fn session_folders(&self) -> Vec<PathBuf> {
        self.folders("sessions")
    }

    fn folders(&self, name: &str) -> Vec<PathBuf> {
        let shipped = self.shipped.iter();
        std::iter::once(&self.own)
            .chain(shipped)
            .map(|folder| folder.join(name))
            .collect()
    }

    /// Where runs and evidence are kept: `$ODIN_RUNS`; `runs/` here; where that cannot be written (an installed
    /// program), `odin/runs` in the user's data folder.
    pub fn runs(&self) -> PathBuf {
        if let Some(folder) = std::env::var_os("ODIN_RUNS").filter(|folder| !folder.is_empty()) {
            return PathBuf::from(folder);
        }
        let here = self.own.join("runs");
        if is_writable(&here) || (!here.exists() && is_writable(&self.own)) {
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

fn is_home(path: &Path) -> bool {
    path.join("models").is_dir() && path.join("data").is_dir()
}

/// What `make install` left beside the program, and the folders above it, among them a checkout.
fn beside_the_program() -> Vec<PathBuf> {
    let program = std::env::current_exe().and_then(|exe| exe.canonicalize());
    let Some(folder) = program.as_deref().ok().and_then(Path::parent) else {
        return Vec::new();
    };
    let installed = folder.join("../share/odin");
    std::iter::once(installed)
        .chain(folder.ancestors().map(Path::to_owned))
        .collect()
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
