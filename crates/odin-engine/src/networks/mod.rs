//! Networks: what a card describes, built from weights, from images to logits.
//!
//! Families and their tensors are in `architecture`; those that are described as a graph are computed by `graph`, the
//! others by code of their own; files of weights in `weights`; programs that bring their own
//! forward pass in `torchscript`; what they all make of a batch in `outputs`; the telling line of libtorch's errors in
//! `reason`; convolutions quicker than libtorch's in the package `odin-kernels`; what was measured elsewhere in `published`.
//! Nothing here knows of data sets, temperatures or scores.
mod densenet;
mod graph;
mod folded;
mod layers;
mod winograd;
mod loaded;
mod outputs;
mod reason;
mod torchscript;
pub mod weights;
mod wideresnet;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use odin_kernels::Instructions;
use tch::{Device, Kind, TchError, Tensor};

use folded::Folded;
pub use layers::Mode;
pub use loaded::{Loaded, read_weights};
use odin_core::networks::{Architecture, ArchitectureError, Plan};
use odin_detectors::LastLayer;
pub use outputs::Outputs;
pub use reason::reason_of;
pub use torchscript::ProgramError;
#[cfg(test)]
pub(crate) use torchscript::tests::bytes as program_of_fixture;
use weights::{Weights, WeightsError};

/// A classifier with its weights in place.
pub struct Network {
    architecture: Architecture,
    classes: usize,
    body: Body,
    quick: Option<Quick>,
}

/// What scores more quickly than the network as it is trained.
enum Quick {
    /// On a CPU that the kernels have vectors for.
    Native(densenet::Native),
    Folded(densenet::Folded),
    Wide(wideresnet::Folded),
    Graph(graph::Folded),
}

/// What networks of the same weights share, beside these.
enum Shared {
    Native(Arc<odin_kernels::densenet::Net>, Instructions),
    /// A pattern for each thread's own; its tensors are shared.
    Wide(wideresnet::Folded),
    Graph(graph::Folded),
    Nothing,
}

impl Shared {
    fn new(architecture: &Architecture, classes: usize, weights: &Weights) -> Result<Self, WeightsError> {
        let on_cpu = weights.iter().all(|(_, tensor)| tensor.device() == Device::Cpu);
        let instructions = Instructions::of_this_cpu().filter(|_| on_cpu);
        Ok(match (architecture.plan(classes)?, instructions) {
            (Plan::DenseNet(plan), Some(instructions)) => {
                Self::Native(Arc::new(densenet::pack(&plan, weights)?), instructions)
            }
            (Plan::DenseNet(_), None) => Self::Nothing,
            (Plan::WideResNet(plan), _) => Self::Wide(wideresnet::Folded::new(&plan, weights)?),
            (Plan::Graph(graph), _) => Self::Graph(graph::Folded::new(&graph, weights, instructions)?),
        })
    }
}

enum Body {
    DenseNet(Box<densenet::DenseNet>),
    WideResNet(wideresnet::WideResNet),
    Graph(graph::Plain),
    TorchScript(torchscript::TorchScript),
}

impl Network {
    /// Builds the network round the weights' tensors (shared, not copied).
    ///
    /// # Errors
    /// Where the weights lack a tensor, have one too many, or one of another shape or not finite.
    pub fn new(architecture: Architecture, classes: usize, weights: &Weights) -> Result<Self, WeightsError> {
        weights.check(&architecture, classes)?;
        let body = match architecture.plan(classes)? {
            Plan::Graph(graph) => Body::Graph(graph::Plain::new(&graph, weights)?),
            Plan::DenseNet(plan) => Body::DenseNet(Box::new(densenet::DenseNet::new(&plan, weights)?)),
            Plan::WideResNet(plan) => Body::WideResNet(wideresnet::WideResNet::new(&plan, weights)?),
        };
        Ok(Self {
            architecture,
            classes,
            body,
            quick: None,
        })
    }

    /// The same for scoring alone: what can be computed ahead is, so the weights must not change from here on.
    pub fn for_scoring(
        architecture: Architecture,
        classes: usize,
        weights: &Weights,
    ) -> Result<Self, WeightsError> {
        let shared = Shared::new(&architecture, classes, weights)?;
        Self::sharing(architecture, classes, weights, &shared)
    }

    /// The same by libtorch's kernels alone, as on a GPU or a CPU that ours are not for.
    pub fn for_scoring_by_libtorch(
        architecture: Architecture,
        classes: usize,
        weights: &Weights,
    ) -> Result<Self, WeightsError> {
        Self::sharing(architecture, classes, weights, &Shared::Nothing)
    }

    fn sharing(
        architecture: Architecture,
        classes: usize,
        weights: &Weights,
        shared: &Shared,
    ) -> Result<Self, WeightsError> {
        let mut network = Self::new(architecture, classes, weights)?;
        network.quick = match (shared, architecture.plan(classes)?) {
            (Shared::Native(net, instructions), _) => {
                Some(Quick::Native(densenet::Native::new(net.clone(), *instructions)))
            }
            (Shared::Wide(folded), _) => Some(Quick::Wide(folded.share())),
            (Shared::Graph(folded), _) => Some(Quick::Graph(folded.share())),
            (Shared::Nothing, Plan::DenseNet(plan)) => {
                Some(Quick::Folded(densenet::Folded::new(&plan, weights)?))
            }
            (Shared::Nothing, Plan::WideResNet(plan)) => {
                Some(Quick::Wide(wideresnet::Folded::new(&plan, weights)?))
            }
            (Shared::Nothing, Plan::Graph(graph)) => {
                Some(Quick::Graph(graph::Folded::new(&graph, weights, None)?))
            }
        };
        Ok(network)
    }

    fn of_program(architecture: Architecture, classes: usize, program: torchscript::TorchScript) -> Self {
        Self {
            architecture,
            classes,
            body: Body::TorchScript(program),
            quick: None,
        }
    }

    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Whether our own kernels compute it, which round differently from libtorch, by some 1e-6 of a logit.
    pub fn is_native(&self) -> bool {
        match &self.quick {
            Some(Quick::Native(_)) => true,
            Some(Quick::Graph(folded)) => folded.is_native(),
            _ => false,
        }
    }

    /// Why no gradient to the image can be taken, where none can: the network then scores at ε = 0 alone.
    pub fn no_gradient(&self) -> Option<&str> {
        match &self.body {
            Body::TorchScript(program) => program.found().no_gradient.as_deref(),
            Body::DenseNet(_) | Body::WideResNet(_) | Body::Graph(_) => None,
        }
    }

    /// The last layer, which takes the features to the logits; `None` where there are no features, or it is not known how
    /// they become the logits.
    ///
    /// # Errors
    /// Where a weight is not finite, as training may leave it.
    pub fn last_layer(&self) -> Result<Option<LastLayer>, TchError> {
        match &self.body {
            Body::DenseNet(network) => network.last_layer().map(Some),
            Body::WideResNet(network) => network.last_layer().map(Some),
            Body::Graph(network) => network.last_layer().map(Some),
            Body::TorchScript(program) => {
                let found = program.found().last_layer.as_ref();
                Ok(found.map(|(layer, _)| layer.clone()))
            }
        }
    }

    /// Why there are no features, where there are none.
    pub fn no_features(&self) -> Option<&str> {
        match &self.body {
            Body::TorchScript(program) => program.found().no_features.as_deref(),
            Body::DenseNet(_) | Body::WideResNet(_) | Body::Graph(_) => None,
        }
    }

    /// Logits [B, C] of normalised images [B, channels, H, W].
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        Ok(self.plainly(images, mode)?.logits)
    }

    /// Logits and features of normalised images [B, channels, H, W], with their history where autograd is on.
    fn plainly(&self, images: &Tensor, mode: Mode) -> Result<Outputs, TchError> {
        match &self.body {
            Body::DenseNet(network) => network.forward(images, mode),
            Body::WideResNet(network) => network.forward(images, mode),
            Body::Graph(network) => network.forward(images, mode),
            Body::TorchScript(_) if mode == Mode::Training => {
                Err(TchError::Torch(ArchitectureError::Program.to_string()))
            }
            Body::TorchScript(program) => program.forward(images),
        }
    }

    /// Logits and features in evaluation mode, the quickest way there is, without autograd.
    pub fn outputs(&self, images: &Tensor) -> Result<Outputs, TchError> {
        match &self.quick {
            Some(Quick::Native(native)) => native.outputs(images),
            Some(Quick::Folded(folded)) => folded.outputs(images),
            Some(Quick::Wide(folded)) => folded.outputs(images),
            Some(Quick::Graph(folded)) => folded.outputs(images),
            None => tch::no_grad(|| self.plainly(images, Mode::Evaluation)),
        }
    }

    /// The same, and the gradient to the images of Σ weights ⊙ logits: `weights` [B, C] is a function of the logits, and
    /// its value is held constant.
    pub fn outputs_and_gradient(
        &self,
        images: &Tensor,
        weights: &dyn Fn(&Tensor) -> Result<Tensor, TchError>,
    ) -> Result<(Outputs, Tensor), TchError> {
        match &self.quick {
            Some(Quick::Native(native)) => return native.outputs_and_gradient(images, weights),
            Some(Quick::Folded(folded)) => return folded.outputs_and_gradient(images, weights),
            Some(Quick::Wide(folded)) => return folded.outputs_and_gradient(images, weights),
            Some(Quick::Graph(folded)) => return folded.outputs_and_gradient(images, weights),
            None => {}
        }
        // A panic of an earlier job may have left gradients off on this thread.
        tch::with_grad(|| {
            let images = images.f_detach()?.f_set_requires_grad(true)?;
            let outputs = self.plainly(&images, Mode::Evaluation)?;
            let fixed = outputs.detached()?;
            let sum = outputs
                .logits
                .f_mul(&weights(&fixed.logits)?)?
                .f_sum(Kind::Float)?;
            let none = || TchError::Torch(torchscript::NO_GRADIENT.to_owned());
            // libtorch follows a null pointer where there is nothing to go back through.
            if !sum.requires_grad() {
                return Err(none());
            }
            let gradients = Tensor::f_run_backward(&[sum], &[&images], false, false)?;
            let gradient = gradients.into_iter().next().filter(Tensor::defined);
            Ok((fixed, gradient.ok_or_else(none)?))
        })
    }
}
