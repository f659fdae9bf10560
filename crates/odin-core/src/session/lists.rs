//! What the Compare and Images screens list, and in which order.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use odin_detectors::Detector;
use odin_metrics::{Metric, Side};

/// A column that the rows of Compare can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CompareColumn {
    /// The order of the session.
    #[default]
    Session,
    Network,
    Set,
    Temperature,
    Magnitude,
    Images,
    /// A metric by its name.
    #[serde(untagged)]
    Metric(Metric),
}

/// Which number of a metric's column rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedNumber {
    /// The number of the detector beside the baseline.
    #[default]
    Beside,
    Baseline,
    /// By how much the first differs from the second.
    Change,
}

impl CompareColumn {
    pub const ALL: [Self; 11] = [
        Self::Session,
        Self::Network,
        Self::Set,
        Self::Temperature,
        Self::Magnitude,
        Self::Images,
        Self::Metric(Metric::Fpr95),
        Self::Metric(Metric::DetectionError),
        Self::Metric(Metric::Auroc),
        Self::Metric(Metric::AuprIn),
        Self::Metric(Metric::AuprOut),
    ];
}

impl ComparedNumber {
    pub const ALL: [Self; 3] = [Self::Beside, Self::Baseline, Self::Change];

    pub fn title(self, beside: Detector) -> String {
        match self {
            Self::Beside => beside.to_string(),
            Self::Baseline => Detector::Baseline.to_string(),
            Self::Change => "change".to_owned(),
        }
    }
}

/// How the table of Compare is sorted, and how much it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Compare {
    /// The column that rows are sorted by.
    pub column: CompareColumn,
    /// Which of its numbers, where it is a metric's.
    pub number: ComparedNumber,
    /// Whether the largest comes first.
    #[serde(rename = "descending")]
    pub is_descending: bool,
    /// Whether rows show more than their metrics: change, intervals, published numbers.
    pub details: bool,
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            column: CompareColumn::default(),
            number: ComparedNumber::default(),
            is_descending: false,
            details: true,
        }
    }
}

impl Compare {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which images come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// What the Images screen lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImageList {
    /// Which images come first.
    pub order: ImageOrder,
    /// Which images are listed.
    pub filter: ImageFilter,
    /// Only images of the class with this number: by their label, or by the network's prediction where they have none.
    #[serde(
        deserialize_with = "super::values::present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "u16")]
    pub class: Option<u16>,
}

impl ImageList {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
