//! A program in memory, and its forward pass.
use std::sync::Arc;

use tch::{CModule, IValue, Kind, TchError, Tensor};

use super::super::outputs::Outputs;
use super::output::{Form, Layout};
use odin_detectors::LastLayer;

/// A handle: clones share the program and its tensors.
#[derive(Clone)]
pub(in super::super) struct TorchScript {
    pub(super) module: Arc<CModule>,
    pub(super) classes: i64,
    pub(super) layout: Layout,
    pub(super) found: Arc<Found>,
}

/// What was found out about a program when it was tried.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    /// Why the logits have no gradient to the image, where they have none.
    pub no_gradient: Option<String>,
    /// What a person should know, such as that its logits are none.
    pub notes: Vec<String>,
}

impl TorchScript {
    pub(in super::super) fn found(&self) -> &Found {
        &self.found
    }

    /// The last layer, where it has been found.
    pub(in super::super) fn last_layer(&self) -> Option<LastLayer> {
        None
    }

    /// Why there are no features.
    pub(in super::super) fn no_features(&self) -> Option<&str> {
        Some("a program's features are not known")
    }

    /// Logits [B, C] of images [B, channels, H, W].
    pub(in super::super) fn forward(&self, images: &Tensor) -> Result<Outputs, TchError> {
        let given = self.given(images)?;
        let logits = match self.layout.form {
            Form::Rows => given,
            // P(class 1) is the sigmoid of z, and so is the softmax of (−z/2, z/2).
            Form::Single => {
                let half = given.f_view([-1, 1])?.f_mul_scalar(0.5)?;
                Tensor::f_cat(&[half.f_neg()?, half], 1)?
            }
        };
        let (batch, size) = (images.size().first().copied().unwrap_or_default(), logits.size());
        if size != [batch, self.classes] {
            return Err(TchError::Torch(format!(
                "from {batch} images the program makes logits of {size:?}, not [{batch}, {}]: it does not take every \
                 image by itself",
                self.classes
            )));
        }
        Ok(Outputs {
            logits,
            features: None,
        })
    }

    /// The tensor of the logits as the program gives it, in f32.
    pub(super) fn given(&self, images: &Tensor) -> Result<Tensor, TchError> {
        let output = run(&self.module, images)?;
        self.layout.pick(&output)?.logits.f_to_kind(Kind::Float)
    }
}

/// The program's output. It gets images of its own: a traced `view` fails on channels-last tensors, and an operation in
/// place would change the caller's.
pub(super) fn run(module: &CModule, images: &Tensor) -> Result<IValue, TchError> {
    let mut own = images.f_contiguous()?;
    if own.data_ptr() == images.data_ptr() {
        own = own.f_zeros_like()?.f_add(images)?;
    }
    module.forward_is(&[IValue::Tensor(own)])
}
