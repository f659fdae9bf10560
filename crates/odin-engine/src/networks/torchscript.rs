//! Classifiers saved as TorchScript programs, which bring their own forward pass.
use std::io::Cursor;
use std::sync::Arc;

use tch::{CModule, Device, Kind, TchError, Tensor};

use super::weights::{WeightsError, first_line};
use odin_core::networks::Input;

/// A handle: clones share the program and its tensors, which nothing changes once it is open.
#[derive(Clone)]
pub(super) struct TorchScript {
    module: Arc<CModule>,
}

/// How much the logits of an image may depend on its neighbour in the batch: rounding.
const SAME: f64 = 1e-3;

impl TorchScript {
    /// Loads the program and tries it: it must be a classifier, and judge each image by itself.
    pub(super) fn open(
        bytes: Vec<u8>,
        input: Input,
        classes: usize,
        device: Device,
    ) -> Result<Self, WeightsError> {
        let wrong = WeightsError::Program;
        let mut module = CModule::load_data_on_device(&mut Cursor::new(bytes), device).map_err(|error| {
            wrong(format!(
                "libtorch cannot load this TorchScript: {}",
                explain(&error)
            ))
        })?;
        module.f_set_eval()?;
        for (name, parameter) in module.named_parameters()? {
            if parameter.kind() != Kind::Float {
                return Err(wrong(format!(
                    "its parameter {name} is {:?}, and scores need f32; call `.float()` before saving",
                    parameter.kind()
                )));
            }
            // They arrive with gradients on, which would double the work of every backward pass.
            let _ = parameter.f_set_requires_grad(false)?;
        }
        let program = Self {
            module: Arc::new(module),
        };
        program.try_out(input, classes, device).map_err(wrong)?;
        Ok(program)
    }

    /// Logits [B, C] of images [B, 3, H, W].
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor, TchError> {
        // A traced `view` fails on channels-last tensors.
        self.module.forward_ts(&[images.f_contiguous()?])
    }

    fn try_out(&self, input: Input, classes: usize, device: Device) -> Result<(), String> {
        let (height, width) = input.least();
        let libtorch = |error: TchError| first_line(&error);
        let count = 2 * 3 * height * width;
        // Any picture will do, as long as the two differ: a ramp.
        let values: Vec<f32> = (0..count)
            .map(|i| (i % 255) as f32 / 64.0 - 2.0 * (i / (count / 2)) as f32)
            .collect();
        let shape = [2, 3, height as i64, width as i64];
        let images = Tensor::f_from_slice(&values)
            .and_then(|all| all.f_view(shape)?.f_to_device(device))
            .map_err(libtorch)?;
        let run = |images: &Tensor| {
            tch::no_grad(|| self.forward(images))
                .map_err(|error| format!("it fails on an image of {height}×{width}: {}", explain(&error)))
        };
        let both = run(&images)?;
        if both.size() != [2, classes as i64] {
            return Err(format!(
                "from 2 images it makes {:?}, and the logits of {classes} classes are [2, {classes}]",
                both.size()
            ));
        }
        let alone = run(&images.f_narrow(0, 0, 1).map_err(libtorch)?)?;
        let apart = both
            .f_narrow(0, 0, 1)
            .and_then(|first| first.f_sub(&alone)?.f_abs()?.f_max()?.f_double_value(&[]))
            .map_err(libtorch)?;
        let scale = alone
            .f_abs()
            .and_then(|a| a.f_max()?.f_double_value(&[]))
            .map_err(libtorch)?;
        if !scale.is_finite() {
            return Err("its logits are not finite".to_owned());
        }
        if !apart.is_finite() || apart > SAME * (1.0 + scale) {
            return Err(
                "its logits change with the other images of the batch or from run to run: it was traced in training mode; \
                 call `.eval()` before `torch.jit.trace`"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// What libtorch says of programs whose constants were packed for one machine. The last is its word for a constant that
/// was not written.
const OPTIMISED: &[&str] = &[
    "mkldnn",
    "prepacked",
    "required keyword attribute 'value' is undefined",
];

/// The first telling line of libtorch's message, and what to do where that is known.
fn explain(error: &TchError) -> String {
    let text = error.to_string();
    let known = if OPTIMISED.iter().any(|word| text.contains(word)) {
        " (saved after `torch.jit.optimize_for_inference`? Such files do not load elsewhere: save the program before it)"
    } else {
        ""
    };
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("The following operation failed"));
    format!("{}{known}", line.unwrap_or_default())
}
