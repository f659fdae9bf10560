//! A network's weights on a device: read, checked against the card, and shared by every network built round them.
use std::path::Path;

use odin_core::networks::{Architecture, NetworkCard};

use super::torchscript::{self, ProgramError, TorchScript};
use super::weights::{self, Content, PassedOver, Weights, WeightsError};
use super::{Network, Shared};

/// Reads the weights (the card's, or those of another file), checks them, and puts them on the device.
pub fn read_weights(
    card: &NetworkCard,
    other: Option<&Path>,
    device: tch::Device,
) -> Result<Loaded, WeightsError> {
    let path = other.map_or_else(|| card.weights_path(), Path::to_owned);
    if !path.exists() {
        let advice = other.map_or_else(|| card.advice(), |_| "is its name right?".to_owned());
        return Err(WeightsError::Absent {
            network: card.name.clone(),
            path,
            advice,
            fetch: (other.is_none() && !card.fetch.is_empty()).then(|| card.name.clone()),
        });
    }
    let (architecture, classes) = (card.architecture, card.classes);
    let channels = card.normalisation.channels().count();
    let in_file = |error: ProgramError| WeightsError::from(error).in_file(&path);
    let content = weights::read_for(&path, architecture, classes, card.weights_key.as_deref())?;
    let mut passed_over = PassedOver::default();
    let (digest, body) = match (content, architecture) {
        (Content::TorchScript(bytes), Architecture::Torchscript { input }) => {
            let digest = blake3::hash(&bytes).to_hex().to_string();
            let program = torchscript::open(&bytes, input, channels, classes, device).map_err(in_file)?;
            (digest, Body::Program(program))
        }
        (
            Content::Tensors(weights, beside),
            Architecture::DensenetBc { .. }
            | Architecture::WideResnet { .. }
            | Architecture::Resnet(_)
            | Architecture::Vit(_),
        ) => {
            weights
                .check(&architecture, classes)
                .map_err(|error| error.in_file(&path))?;
            let (digest, weights) = (weights.digest()?, weights.prepared(device)?);
            let shared = Shared::new(&architecture, classes, &weights)?;
            passed_over = beside;
            (digest, Body::Tensors(weights, shared))
        }
        (Content::TorchScript(_), _) => {
            let architecture = architecture.to_string();
            return Err(WeightsError::TorchScript { path, architecture });
        }
        (Content::Tensors(..), _) => return Err(WeightsError::NotTorchScript { path }),
    };
    Ok(Loaded {
        architecture,
        classes,
        digest,
        body,
        passed_over,
    })
}

/// Weights on a device, known to fit their network, of which any number are built round them.
pub struct Loaded {
    architecture: Architecture,
    classes: usize,
    digest: String,
    body: Body,
    passed_over: PassedOver,
}

enum Body {
    Tensors(Weights, Shared),
    Program(TorchScript),
}

impl Loaded {
    /// What the scores depend on: a hash of the tensors, or of the program's file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What a person should know of the network before it is used: that a program's output is no logits, or which
    /// tensors beside the weights were passed over.
    pub fn notes(&self) -> Vec<String> {
        match &self.body {
            Body::Tensors(..) if self.passed_over.tensors.is_empty() => self.passed_over.changed.clone(),
            Body::Tensors(..) => vec![self.passed_over.to_string()],
            Body::Program(program) => program.found().notes.clone(),
        }
    }

    /// What lay beside the weights in their file.
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed_over
    }

    /// Why no gradient to the image can be taken, where none can: the network then scores at ε = 0 alone.
    pub fn no_gradient(&self) -> Option<&str> {
        match &self.body {
            Body::Tensors(..) => None,
            Body::Program(program) => program.found().no_gradient.as_deref(),
        }
    }

    /// What a program calls the weight of its last layer, and how many features that takes, where it has been found.
    pub fn last_layer_found(&self) -> Option<(&str, usize)> {
        match &self.body {
            Body::Tensors(..) => None,
            Body::Program(program) => {
                let (layer, name) = program.found().last_layer.as_ref()?;
                Some((name, layer.weight.width()))
            }
        }
    }

    /// Why there are no features, where there are none.
    pub fn no_features(&self) -> Option<&str> {
        match &self.body {
            Body::Tensors(..) => None,
            Body::Program(program) => program.found().no_features.as_deref(),
        }
    }

    /// Of features that are there: why it is not known what takes them to the logits, where that is so.
    pub fn no_last_layer(&self) -> Option<&str> {
        match &self.body {
            Body::Tensors(..) => None,
            Body::Program(program) => program.found().no_last_layer.as_deref(),
        }
    }

    /// A network that shares these weights. One thread uses it at a time; another thread takes another.
    pub fn network(&self) -> Result<Network, WeightsError> {
        match &self.body {
            Body::Tensors(weights, shared) => {
                Network::sharing(self.architecture, self.classes, weights, shared)
            }
            Body::Program(program) => Ok(Network::of_program(
                self.architecture,
                self.classes,
                program.clone(),
            )),
        }
    }
}
