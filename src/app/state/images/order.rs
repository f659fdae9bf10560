//! In which order images are listed, and which of them.
use serde::{Deserialize, Serialize};

use odin_core::protocol::Side;

/// Which images come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageOrder {
    /// In-distribution, the lowest score first: taken for out-of-distribution.
    #[default]
    OodLikeIn,
    /// Out-of-distribution, the highest score first: these fool the detector.
    IdLikeOut,
    /// Of both sets, the nearest to the threshold first.
    AroundThreshold,
    /// In-distribution, the highest score first.
    IdLikeIn,
    /// Out-of-distribution, the lowest score first.
    OodLikeOut,
}

/// Which images are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageFilter {
    #[default]
    All,
    /// In-distribution, and the network's prediction is not the label.
    Misclassified,
    /// In-distribution, and below the threshold.
    FalseNegatives,
    /// Out-of-distribution, and not below the threshold.
    FalsePositives,
}

impl ImageOrder {
    pub const ALL: [Self; 5] = [
        Self::OodLikeIn,
        Self::IdLikeOut,
        Self::AroundThreshold,
        Self::IdLikeIn,
        Self::OodLikeOut,
    ];

    /// The only side that it lists; `None` for both.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::OodLikeIn | Self::IdLikeIn => Some(Side::In),
            Self::IdLikeOut | Self::OodLikeOut => Some(Side::Out),
            Self::AroundThreshold => None,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::OodLikeIn => "ID, most OOD-like first",
            Self::IdLikeOut => "OOD, most ID-like first",
            Self::AroundThreshold => "both, nearest the threshold first",
            Self::IdLikeIn => "ID, most ID-like first",
            Self::OodLikeOut => "OOD, most OOD-like first",
        }
    }
}

impl ImageFilter {
    pub const ALL: [Self; 4] = [
        Self::All,
        Self::Misclassified,
        Self::FalseNegatives,
        Self::FalsePositives,
    ];

    /// The only side that it lets through; `None` for both.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::All => None,
            Self::Misclassified | Self::FalseNegatives => Some(Side::In),
            Self::FalsePositives => Some(Side::Out),
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Misclassified => "misclassified",
            Self::FalseNegatives => "ID below the threshold",
            Self::FalsePositives => "OOD above the threshold",
        }
    }
}
