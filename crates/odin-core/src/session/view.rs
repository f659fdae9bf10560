//! How the dashboard was left: what it shows, and how.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lists::{Compare, ImageList};
use super::pinned::{self, Pinned};
use super::values;
use odin_detectors::Detector;
use odin_metrics::{Conventions, Metric};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Screen {
    #[default]
    Explore,
    Grid,
    Images,
    Compare,
    Detectors,
    Log,
}

/// What the score axis of the histogram shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    #[default]
    LogOdds,
    Probability,
}

/// What is drawn over the false positive rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CurveKind {
    /// The true positive rate.
    #[default]
    Roc,
    /// The share of in-distribution images that are accepted and classified rightly.
    Ccr,
}

/// What plots are drawn with, where there is more than ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Marks {
    /// Pixels where the terminal shows pictures, and braille elsewhere.
    #[default]
    Pixels,
    /// Eight dots a cell.
    Braille,
    /// Two half blocks a cell, for fonts without braille.
    Blocks,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct View {
    /// The screen that is open.
    pub screen: Screen,
    /// Number of the selected job, counted from 0 through all queues.
    pub job: usize,
    /// The metric that the table of jobs shows.
    pub metric: Metric,
    /// Whose scores the histogram and the threshold are about.
    pub detector: Detector,
    pub axis: Axis,
    /// Whether the histogram counts on a logarithmic axis.
    pub log_counts: bool,
    /// Whether the histogram counts images; else it shows shares of each set.
    pub counts: bool,
    /// Whether the ROC has a logarithmic FPR axis.
    pub log_fpr: bool,
    /// What is drawn over FPR.
    pub curve: CurveKind,
    /// What plots are drawn with.
    pub marks: Marks,
    /// Whether the mouse is heard.
    pub mouse: bool,
    /// Images in pixels, where the terminal can.
    pub pixels: bool,
    pub conventions: Conventions,
    /// Where the threshold δ stands.
    #[serde(
        with = "serde_yaml::with::singleton_map",
        skip_serializing_if = "Threshold::is_default"
    )]
    #[schemars(with = "Threshold")]
    pub threshold: Threshold,
    /// How the table of Compare is sorted, and how much it shows.
    #[serde(skip_serializing_if = "Compare::is_default")]
    pub compare: Compare,
    /// What the Images screen lists.
    #[serde(skip_serializing_if = "ImageList::is_default")]
    pub images: ImageList,
    /// The setting that is pinned as A, to be compared with the one on screen.
    #[serde(deserialize_with = "values::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "pinned::Written")]
    pub pin: Option<Pinned>,
}

/// Where the threshold δ stands: `{tpr: 0.95}` or `{score: -1.5}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// At this true positive rate, a fraction.
    Tpr(
        /// At this true positive rate, a fraction.
        #[serde(deserialize_with = "values::share")]
        #[schemars(range(min = 0, max = 1))]
        f64,
    ),
    /// At this score of the detector on screen.
    Score(
        /// At this score of the detector on screen.
        #[serde(deserialize_with = "values::finite")]
        f64,
    ),
}

impl Threshold {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Tpr(0.95)
    }
}

impl Default for View {
    fn default() -> Self {
        Self {
            screen: Screen::default(),
            job: 0,
            metric: Metric::default(),
            detector: Detector::default(),
            axis: Axis::default(),
            log_counts: false,
            counts: false,
            log_fpr: false,
            curve: CurveKind::default(),
            marks: Marks::default(),
            mouse: true,
            pixels: true,
            conventions: Conventions::default(),
            threshold: Threshold::default(),
            compare: Compare::default(),
            images: ImageList::default(),
            pin: None,
        }
    }
}

impl Screen {
    pub const ALL: [Self; 6] = [
        Self::Explore,
        Self::Grid,
        Self::Images,
        Self::Compare,
        Self::Detectors,
        Self::Log,
    ];

    /// The key that opens it.
    pub fn digit(self) -> char {
        match self {
            Self::Explore => '1',
            Self::Grid => '2',
            Self::Images => '3',
            Self::Compare => '4',
            Self::Detectors => '5',
            Self::Log => '6',
        }
    }
}

impl CurveKind {
    pub fn other(self) -> Self {
        match self {
            Self::Roc => Self::Ccr,
            Self::Ccr => Self::Roc,
        }
    }
}

impl Marks {
    /// The next that looks different, on a terminal that shows pictures or on one that does not.
    pub fn next(self, shows_pictures: bool) -> Self {
        match self {
            Self::Pixels if shows_pictures => Self::Braille,
            Self::Pixels | Self::Braille => Self::Blocks,
            Self::Blocks if shows_pictures => Self::Pixels,
            Self::Blocks => Self::Braille,
        }
    }
}

impl Axis {
    pub fn other(self) -> Self {
        match self {
            Self::LogOdds => Self::Probability,
            Self::Probability => Self::LogOdds,
        }
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Explore => "Explore",
            Self::Grid => "Grid",
            Self::Images => "Images",
            Self::Compare => "Compare",
            Self::Detectors => "Detectors",
            Self::Log => "Log",
        })
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LogOdds => "log-odds",
            Self::Probability => "probability",
        })
    }
}
