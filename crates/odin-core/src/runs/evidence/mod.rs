//! Evidence on disk, under `runs/evidence/`: what scoring has shown, so that no later session need show it again.
//!
//! A folder a set of images scored with one network, named after what its scores depend on; in it a file a kind of
//! evidence, to which each batch appends one record ([`record`]). A killed program leaves at most one torn record at
//! the end of a file, which is cut off before anything follows it. One program writes a folder at a time.
mod budget;
mod disk;
mod folder;
mod record;

pub use budget::{Budget, BudgetError};
pub use disk::{Disk, Usage};
pub use folder::Folder;

use serde::{Deserialize, Serialize};

use crate::setting::Move;
use crate::units::{Magnitude, Temperature};

/// What evidence belongs to. Anything that changes a score is in it, or in the [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EvidenceKey {
    /// Digest of the weights' content.
    pub weights: String,
    /// The network that they were put into.
    pub architecture: String,
    pub normalisation: String,
    /// Digest of the images' content and preprocessing.
    pub dataset: String,
    /// Precision, and the number of the scoring rules that were followed.
    pub arithmetic: String,
}

impl EvidenceKey {
    /// A name for it: 32 hexadecimal digits.
    fn name(&self) -> String {
        let Self {
            weights,
            architecture,
            normalisation,
            dataset,
            arithmetic,
        } = self;
        let mut hasher = blake3::Hasher::new();
        for field in [weights, architecture, normalisation, dataset, arithmetic] {
            hasher.update(&(field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        }
        hasher.finalize().to_hex().chars().take(32).collect()
    }
}

/// What a file holds, image by image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// f32 a class, unperturbed.
    Logits,
    /// What the last layer takes: f32 a feature, unperturbed.
    Features,
    /// One bit an input value: whether the gradient at T is ≥ 0.
    Signs(Temperature),
    /// The log-odds at (T, ε), f64.
    Scores(Temperature, Magnitude),
    /// Of the image so moved: its log-odds at T, f64, or its features, f32 each.
    Moved(Move),
}

impl Kind {
    fn file_name(self) -> String {
        match self {
            Self::Logits => "logits".to_owned(),
            Self::Features => "features".to_owned(),
            Self::Signs(t) => format!("signs-T{t}"),
            Self::Scores(t, magnitude) => format!("scores-T{t}-e{magnitude}"),
            Self::Moved(Move::GreatestGradient(t, magnitude)) => format!("moved-greatest-T{t}-e{magnitude}"),
            Self::Moved(Move::LeastGradient { percent, step }) => format!("moved-least-{percent}-by{step}"),
        }
    }

    /// Whether a file of this name holds evidence.
    fn is_name(name: &str) -> bool {
        ["logits", "features"].contains(&name)
            || ["signs-", "scores-", "moved-"]
                .iter()
                .any(|start| name.starts_with(start))
    }
}
