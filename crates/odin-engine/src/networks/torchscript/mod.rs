//! Classifiers saved as TorchScript programs, which bring their own forward pass.
//!
//! A program is other people's code, so it is tried when it is opened (`trial`), and what it gives is looked at on every
//! pass (`program`): no program may bring the engine down or spoil another one's scores.
mod error;
mod output;
mod program;
mod trial;

#[cfg(test)]
pub(crate) mod tests;

use std::io::Cursor;

use tch::{CModule, Device, Kind};

pub use error::ProgramError;
use odin_core::networks::Input;
pub(super) use program::TorchScript;
pub(super) use trial::NO_GRADIENT;

/// Loads the program and tries it on images [B, channels, H, W]: it must be a classifier, and judge each image by
/// itself.
pub(super) fn open(
    bytes: Vec<u8>,
    input: Input,
    channels: usize,
    classes: usize,
    device: Device,
) -> Result<TorchScript, ProgramError> {
    let mut module = CModule::load_data_on_device(&mut Cursor::new(bytes), device)
        .map_err(|error| ProgramError::Load(trial::explain(&error)))?;
    module.f_set_eval()?;
    for (name, parameter) in module.named_parameters()? {
        let kind = parameter.kind();
        if kind != Kind::Float {
            return Err(ProgramError::Parameter { name, kind });
        }
        // They arrive with gradients on, which would double the work of every backward pass.
        let _ = parameter.f_set_requires_grad(false)?;
    }
    trial::open(module, input, channels, classes, device)
}
