//! A program in memory, and its forward pass.
use std::io::Cursor;
use std::sync::Arc;

use tch::{CModule, Device, IValue, Kind, TchError, Tensor};

use super::super::outputs::{self, Outputs};
use super::error::{ProgramError, explain};
use super::output::{Form, Layout};
use odin_detectors::LastLayer;

/// A handle: clones share the program and its tensors.
#[derive(Clone)]
pub(in super::super) struct TorchScript {
    pub(super) module: Arc<CModule>,
    pub(super) classes: i64,
    pub(super) layout: Layout,
    /// Where the program gives features in the logits' place: what comes after them.
    pub(super) head: Option<Linear>,
    pub(super) found: Arc<Found>,
}

/// What was found out about a program when it was tried.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    /// Why the logits have no gradient to the image, where they have none.
    pub no_gradient: Option<String>,
    /// What takes the features to the logits, and its name in the program.
    pub last_layer: Option<(LastLayer, String)>,
    /// Why there are no features, where there are none.
    pub no_features: Option<String>,
    /// Of features that are there: why it is not known what takes them to the logits, where that is so.
    pub no_last_layer: Option<String>,
    /// What a person should know, such as that its logits are none.
    pub notes: Vec<String>,
}

/// A linear layer of a program.
pub(super) struct Linear {
    pub name: String,
    /// [C, D]
    pub weight: Tensor,
    /// [C], where the program has one.
    pub bias: Option<Tensor>,
}

impl Clone for Linear {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            weight: self.weight.shallow_clone(),
            bias: self.bias.as_ref().map(Tensor::shallow_clone),
        }
    }
}

impl Linear {
    /// W h + b of features [B, D].
    pub(super) fn forward(&self, features: &Tensor) -> Result<Tensor, TchError> {
        features.f_linear(&self.weight, self.bias.as_ref())
    }

    /// D.
    pub(super) fn width(&self) -> i64 {
        self.weight.size().last().copied().unwrap_or_default()
    }

    pub(super) fn to_last_layer(&self) -> Result<LastLayer, TchError> {
        match &self.bias {
            Some(bias) => outputs::last_layer(&self.weight, bias),
            None => outputs::last_layer(&self.weight, &self.weight.f_select(1, 0)?.f_zeros_like()?),
        }
    }
}

impl TorchScript {
    pub(in super::super) fn found(&self) -> &Found {
        &self.found
    }

    /// Logits [B, C] of images [B, channels, H, W], and features [B, D] where they can be had.
    pub(in super::super) fn forward(&self, images: &Tensor) -> Result<Outputs, TchError> {
        let given = self.layout.pick(&run(&self.module, images)?)?;
        let batch = images.size().first().copied().unwrap_or_default();
        let first = given.logits.f_to_kind(Kind::Float)?;
        let wrong = |what: &str, size: Vec<i64>, width: i64| {
            TchError::Torch(format!(
                "from {batch} images the program makes {what} of {size:?}, not [{batch}, {width}]: it does not take every \
                 image by itself"
            ))
        };
        let (logits, features) = match (&self.head, self.layout.form) {
            (Some(head), _) => {
                if first.size() != [batch, head.width()] {
                    return Err(wrong("features", first.size(), head.width()));
                }
                (head.forward(&first)?, Some(first))
            }
            (None, Form::Rows) => (first, given.features),
            // P(class 1) is the sigmoid of z, and so is the softmax of (−z/2, z/2).
            (None, Form::Single) => {
                let half = first.f_view([-1, 1])?.f_mul_scalar(0.5)?;
                (Tensor::f_cat(&[half.f_neg()?, half], 1)?, None)
            }
        };
        if logits.size() != [batch, self.classes] {
            return Err(wrong("logits", logits.size(), self.classes));
        }
        Ok(Outputs { logits, features })
    }

    /// The tensor in the logits' place as the program gives it, in f32.
    pub(super) fn given(&self, images: &Tensor) -> Result<Tensor, TchError> {
        let output = run(&self.module, images)?;
        self.layout.pick(&output)?.logits.f_to_kind(Kind::Float)
    }
}

/// Loads a program for evaluation.
pub(super) fn load(bytes: &[u8], device: Device) -> Result<CModule, ProgramError> {
    let mut module = CModule::load_data_on_device(&mut Cursor::new(bytes), device)
        .map_err(|error| ProgramError::Load(explain(&error)))?;
    module.f_set_eval()?;
    for (name, parameter) in module.named_parameters()? {
        let kind = parameter.kind();
        if kind != Kind::Float {
            return Err(ProgramError::Parameter { name, kind });
        }
        // They arrive with gradients on, which would double the work of every backward pass.
        let _ = parameter.f_set_requires_grad(false)?;
    }
    Ok(module)
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
