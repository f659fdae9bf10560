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

use tch::{Kind, TchError, Tensor};

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
    /// The quick form of a DenseNet, where the network is for scoring alone.
    folded: Option<densenet::Folded>,
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
            folded: None,
        })
    }

    /// The same for scoring alone: what can be computed ahead is, so the weights must not change from here on.
    pub fn for_scoring(
        architecture: Architecture,
        classes: usize,
        weights: &Weights,
    ) -> Result<Self, WeightsError> {
        let mut network = Self::new(architecture, classes, weights)?;
        if let architecture::Plan::DenseNet(plan) = architecture.plan()? {
            network.folded = Some(densenet::Folded::new(&plan, weights)?);
        }
        Ok(network)
    }

    fn of_program(architecture: Architecture, classes: usize, program: torchscript::TorchScript) -> Self {
        Self {
            architecture,
            classes,
            body: Body::TorchScript(program),
            folded: None,
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

    /// Logits [B, C] in evaluation mode, the quickest way there is, without autograd.
    pub fn logits(&self, images: &Tensor) -> Result<Tensor, TchError> {
        match &self.folded {
            Some(folded) => folded.logits(images),
            None => tch::no_grad(|| self.forward(images, Mode::Evaluation)),
        }
    }

    /// Logits, and the gradient to the images of Σ weights ⊙ logits: `weights` [B, C] is a function of the logits, and
    /// its value is held constant.
    pub fn logits_and_gradient(
        &self,
        images: &Tensor,
        weights: &dyn Fn(&Tensor) -> Result<Tensor, TchError>,
    ) -> Result<(Tensor, Tensor), TchError> {
        if let Some(folded) = &self.folded {
            return folded.logits_and_gradient(images, weights);
        }
        let images = images.f_detach()?.f_set_requires_grad(true)?;
        let logits = self.forward(&images, Mode::Evaluation)?;
        let fixed = logits.f_detach()?;
        let sum = logits.f_mul(&weights(&fixed)?)?.f_sum(Kind::Float)?;
        let gradients = Tensor::f_run_backward(&[sum], &[&images], false, false)?;
        let gradient = gradients
            .into_iter()
            .next()
            .ok_or_else(|| TchError::Shape("no gradient".into()))?;
        Ok((fixed, gradient))
    }
}
