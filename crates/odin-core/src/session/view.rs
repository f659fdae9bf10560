//! How the dashboard was left: what it shows, and how.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::networks::Measures;
use odin_detectors::Detector;
use odin_metrics::{Conventions, Interval, Intervals, Summary};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Screen {
    #[default]
    Explore,
    Grid,
    Images,
    Compare,
    Log,
}

/// A headline metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    #[default]
    Fpr95,
    DetectionError,
    Auroc,
    AuprIn,
    AuprOut,
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
        }
    }
}

impl Screen {
    pub const ALL: [Self; 5] = [Self::Explore, Self::Grid, Self::Images, Self::Compare, Self::Log];

    /// The key that opens it; screens keep their number whichever others there are.
    pub fn digit(self) -> char {
        match self {
            Self::Explore => '1',
            Self::Grid => '2',
            Self::Images => '3',
            Self::Compare => '4',
            Self::Log => '5',
        }
    }
}

impl Metric {
    pub const ALL: [Self; 5] = [
        Self::Fpr95,
        Self::DetectionError,
        Self::Auroc,
        Self::AuprIn,
        Self::AuprOut,
    ];

    pub fn next(self) -> Self {
        let mut after = Self::ALL
            .iter()
            .cycle()
            .skip_while(|&&metric| metric != self)
            .skip(1);
        after.next().copied().unwrap_or_default()
    }

    /// Its value, a fraction.
    pub fn of(self, summary: &Summary) -> f64 {
        match self {
            Self::Fpr95 => summary.fpr95,
            Self::DetectionError => summary.detection_error,
            Self::Auroc => summary.auroc,
            Self::AuprIn => summary.aupr_in,
            Self::AuprOut => summary.aupr_out,
        }
    }

    /// Its interval, of fractions.
    pub fn interval_of(self, intervals: &Intervals) -> Interval {
        match self {
            Self::Fpr95 => intervals.fpr95,
            Self::DetectionError => intervals.detection_error,
            Self::Auroc => intervals.auroc,
            Self::AuprIn => intervals.aupr_in,
            Self::AuprOut => intervals.aupr_out,
        }
    }

    /// In %, as it was printed.
    pub fn of_published(self, measures: &Measures) -> f64 {
        match self {
            Self::Fpr95 => measures.fpr95,
            Self::DetectionError => measures.detection_error,
            Self::Auroc => measures.auroc,
            Self::AuprIn => measures.aupr_in,
            Self::AuprOut => measures.aupr_out,
        }
    }

    /// As sessions write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Fpr95 => "fpr95",
            Self::DetectionError => "detection-error",
            Self::Auroc => "auroc",
            Self::AuprIn => "aupr-in",
            Self::AuprOut => "aupr-out",
        }
    }

    /// Whether the first of two values is the better one; of equal ones it is not.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        if self.higher_is_better() { a > b } else { a < b }
    }

    pub fn higher_is_better(self) -> bool {
        matches!(self, Self::Auroc | Self::AuprIn | Self::AuprOut)
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
            Self::Log => "Log",
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fpr95 => "FPR95",
            Self::DetectionError => "error",
            Self::Auroc => "AUROC",
            Self::AuprIn => "AUPR-in",
            Self::AuprOut => "AUPR-out",
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
