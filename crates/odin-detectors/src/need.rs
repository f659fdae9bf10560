//! What detectors need.
use std::fmt;

/// What a detector needs beyond the logits of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// The images' penultimate features: what the last layer is given.
    Features,
    /// The last layer's weights and bias.
    LastLayer,
    /// Images of the training distribution, with logits, and with features where the images' are needed.
    FitImages,
    /// The fit images' labels.
    FitLabels,
    /// In-distribution validation images with labels.
    ValidationLabels,
    /// A second pass over images moved along the gradient: what [`Images`](crate::Images) calls perturbed.
    Gradient,
}

/// As in "it needs …".
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Features => "penultimate features of the images",
            Self::LastLayer => "the weights of the network's last layer",
            Self::FitImages => "training images to fit it on",
            Self::FitLabels => "labels of the training images",
            Self::ValidationLabels => "labelled in-distribution validation images",
            Self::Gradient => "a pass over images moved along the gradient",
        })
    }
}
