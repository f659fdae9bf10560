//! What evidence and settings can be wrong about.
use crate::need::Need;

/// Evidence or a setting that a detector cannot score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum Error {
    /// A detector without what it needs.
    #[error("{detector} needs {need}, and there are none")]
    Missing { detector: &'static str, need: Need },
    /// An array that does not go with the others.
    #[error("{what} must have {expected} {unit}, not {found}")]
    Shape {
        what: &'static str,
        unit: &'static str,
        expected: usize,
        found: usize,
    },
    /// An array whose length is no multiple of its width, or without columns.
    #[error("{what}: {length} values are no whole rows of {width}")]
    Ragged {
        what: &'static str,
        length: usize,
        width: usize,
    },
    /// More columns than an index of 16 bits holds.
    #[error("{what} have {width} columns; at most 65,535 can be ordered")]
    Wide { what: &'static str, width: usize },
    /// NaN or an infinity.
    #[error("{what}: row {row}, column {column} (from 0) is {value}, not a finite number")]
    NotFinite {
        what: &'static str,
        row: usize,
        column: usize,
        value: f32,
    },
    /// A label that no class has.
    #[error("label {label} of {what}, row {row} (from 0), is none of the {classes} classes")]
    Label {
        what: &'static str,
        row: usize,
        label: u16,
        classes: usize,
    },
    /// A class without fit images.
    #[error("{detector} needs {what} of every class, and there is none of class {class} (from 0)")]
    Class {
        detector: &'static str,
        what: &'static str,
        class: usize,
    },
    /// Too few fit images.
    #[error("{detector} needs at least {needed} {what}, and there are {found}")]
    Few {
        detector: &'static str,
        what: &'static str,
        needed: usize,
        found: usize,
    },
    /// Too few classes.
    #[error("{detector} needs at least two classes")]
    OneClass { detector: &'static str },
    /// Two knobs the wrong way round.
    #[error("{detector}: {low_key} must be below {high_key}, and they are {low} and {high}")]
    Order {
        detector: &'static str,
        low_key: &'static str,
        high_key: &'static str,
        low: f64,
        high: f64,
    },
    /// More principal dimensions than features.
    #[error("{detector}: {key} must be below the {width} features, not {value}")]
    Dimensions {
        detector: &'static str,
        key: &'static str,
        value: usize,
        width: usize,
    },
    /// Features that do not vary.
    #[error(
        "{detector}: the features of the fit images do not vary, so no distance can be scaled by their spread"
    )]
    Constant { detector: &'static str },
    /// A setting of another detector.
    #[error("a setting of {found} is no setting of {expected}")]
    Setting {
        expected: &'static str,
        found: &'static str,
    },
    /// A decomposition that found no end.
    #[error(
        "{detector}: the eigenvectors of the fit images' covariance were not found; the features may be too large to square"
    )]
    Decomposition { detector: &'static str },
    /// A score that is none.
    #[error(
        "{detector} has no score for image {image} (from 0): its formula divides by 0 or leaves the range of numbers"
    )]
    Undefined { detector: &'static str, image: usize },
}
