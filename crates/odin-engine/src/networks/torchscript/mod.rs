//! Classifiers saved as TorchScript programs, which bring their own forward pass.
//!
//! A program is other people's code, so it is tried when it is opened (`trial`), its last layer is looked for (`last_layer`), and what it gives is looked at on every
//! pass (`program`): no program may bring the engine down or spoil another one's scores.
mod error;
mod last_layer;
mod output;
mod program;
mod trial;
mod values;

#[cfg(test)]
pub(crate) mod tests;

use tch::Device;

pub use error::ProgramError;
use odin_core::networks::Input;
pub(super) use program::TorchScript;
pub(super) use trial::NO_GRADIENT;

/// Loads the program and tries it on images [B, channels, H, W]: it must be a classifier, and judge each image by
/// itself.
pub(super) fn open(
    bytes: &[u8],
    input: Input,
    channels: usize,
    classes: usize,
    device: Device,
) -> Result<TorchScript, ProgramError> {
    trial::open(bytes, input, channels, classes, device)
}
