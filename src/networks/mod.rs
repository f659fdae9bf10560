//! Networks: what a card describes, built from weights, from images to logits.
//!
//! Families and their tensors are in `architecture`; files of weights in `weights`; programs that bring their own
//! forward pass in `torchscript`; what was measured elsewhere in `published`. Nothing here knows of data sets,
//! temperatures or scores.
mod architecture;
mod card;
mod densenet;
mod input;
mod layers;
mod published;
mod torchscript;
pub mod weights;
mod wideresnet;

use tch::{TchError, Tensor};

pub use architecture::{Architecture, ArchitectureError, Parameter, Role};
pub use card::{CardError, Loaded, NetworkCard};
pub use input::{Input, Span};
pub use layers::Mode;
pub use published::{Measures, Published, PublishedRow};
use weights::{Weights, WeightsError};

/// A classifier with its weights in place.
pub struct Network {
    architecture: Architecture,
    classes: usize,
    body: Body,
}

enum Body {
    DenseNet(densenet::DenseNet),
    WideResNet(wideresnet::WideResNet),
    TorchScript(torchscript::TorchScript),
}

impl Network {
    /// Builds the network round the weights' tensors (shared, not copied).
    ///
    /// # Errors
    /// Where the weights lack a tensor, have one too many, or one of another shape or not finite.
    pub fn new(architecture: Architecture, classes: usize, weights: &Weights) -> Result<Self, WeightsError> {
        weights.check(&architecture, classes)?;
        let body = match architecture.plan()? {
            architecture::Plan::DenseNet(plan) => Body::DenseNet(densenet::DenseNet::new(&plan, weights)?),
            architecture::Plan::WideResNet(plan) => {
                Body::WideResNet(wideresnet::WideResNet::new(&plan, weights)?)
            }
        };
        Ok(Self {
            architecture,
            classes,
            body,
        })
    }

    fn of_program(architecture: Architecture, classes: usize, program: torchscript::TorchScript) -> Self {
        Self {
            architecture,
            classes,
            body: Body::TorchScript(program),
        }
    }

    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Logits [B, C] of normalised images [B, 3, H, W].
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        match &self.body {
            Body::DenseNet(network) => network.forward(images, mode),
            Body::WideResNet(network) => network.forward(images, mode),
            Body::TorchScript(_) if mode == Mode::Training => {
                Err(TchError::Torch(ArchitectureError::Program.to_string()))
            }
            Body::TorchScript(network) => network.forward(images),
        }
    }
}
