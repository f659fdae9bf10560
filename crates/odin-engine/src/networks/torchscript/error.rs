//! Why a TorchScript program cannot be used.
use tch::{Kind, TchError};

use super::super::reason::reason_of;
use odin_core::protocol::FailureKind;

#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("libtorch cannot load this TorchScript: {0}")]
    Load(String),
    #[error("its parameter {name} is {kind:?}, and scores need f32; call `.float()` before saving")]
    Parameter { name: String, kind: Kind },
    #[error("it fails on an image of {height}×{width}: {reason}")]
    Fails {
        height: usize,
        width: usize,
        reason: String,
    },
    #[error("it makes {0}, where a tensor of logits is needed; save a wrapper that returns the logits alone")]
    NoTensor(&'static str),
    #[error(
        "from {batch} images it makes {made}, and the logits of {classes} classes are [{batch}, {classes}]{advice}"
    )]
    NoLogits {
        batch: i64,
        classes: i64,
        made: String,
        /// What may be done about it, after a semicolon.
        advice: String,
    },
    #[error(
        "from {batch} images it makes several tensors that could be the logits of {classes} classes: {made}; return the \
         right one alone, or in a dictionary under the key `logits`"
    )]
    Several { batch: i64, classes: i64, made: String },
    #[error(
        "it takes one image at a time, and fails on {images} ({reason}); save it without a fixed number of images, as with \
         `x.size(0)` in its place"
    )]
    OneAtATime { images: i64, reason: String },
    #[error("its output is {0:?}, and logits are floats: does it return the guessed class?")]
    NotFloats(Kind),
    #[error("its logits are not finite")]
    NotFinite,
    #[error(
        "its logits change with the other images of the batch or from run to run: it was traced in training mode; \
         call `.eval()` before `torch.jit.trace`"
    )]
    Unsteady,
    #[error("libtorch: {}", reason_of(.0))]
    Torch(#[from] TchError),
}

impl ProgramError {
    /// What kind of cause it is.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Load(_) => FailureKind::BadFile,
            Self::Parameter { .. }
            | Self::Fails { .. }
            | Self::NoTensor(_)
            | Self::OneAtATime { .. }
            | Self::NoLogits { .. }
            | Self::Several { .. }
            | Self::NotFloats(_)
            | Self::Unsteady => FailureKind::Unfit,
            Self::NotFinite => FailureKind::NotANumber,
            Self::Torch(_) => FailureKind::Libtorch,
        }
    }
}

/// What libtorch says of programs whose constants were packed for one machine. The last is its word for a constant that
/// was not written.
const OPTIMISED: &[&str] = &[
    "mkldnn",
    "prepacked",
    "required keyword attribute 'value' is undefined",
];

/// The telling line of libtorch's message, and what to do where that is known.
pub(super) fn explain(error: &TchError) -> String {
    let text = error.to_string();
    let advice = if OPTIMISED.iter().any(|word| text.contains(word)) {
        " (saved after `torch.jit.optimize_for_inference`? Such files do not load elsewhere: save the program before it)"
    } else if text.contains("to have 1 channels, but got 3 channels") {
        " (a network of grey images: give its card one channel, `input: [1, H, W]` and `mean: [m]`, `std: [s]`, and images \
         become grey; or save a wrapper that takes `x[:, :1]`)"
    } else {
        ""
    };
    format!("{}{advice}", reason_of(error))
}
