//! A network's weights on a device: read, checked against the card, and shared by every network built round them.
use std::path::Path;

use odin_core::networks::{Architecture, NetworkCard};

use super::torchscript::TorchScript;
use super::weights::{self, Content, Weights, WeightsError};
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
        });
    }
    let (architecture, classes) = (card.architecture, card.classes);
    let (digest, body) = match (weights::read(&path)?, architecture) {
        (Content::TorchScript(bytes), Architecture::Torchscript { input }) => {
            let digest = blake3::hash(&bytes).to_hex().to_string();
            let program =
                TorchScript::open(bytes, input, classes, device).map_err(|error| error.in_file(&path))?;
            (digest, Body::Program(program))
        }
        (Content::Tensors(weights), Architecture::DensenetBc { .. } | Architecture::WideResnet { .. }) => {
            weights
                .check(&architecture, classes)
                .map_err(|error| error.in_file(&path))?;
            let (digest, weights) = (weights.digest()?, weights.prepared(device)?);
            let shared = Shared::new(&architecture, &weights)?;
            (digest, Body::Tensors(weights, shared))
        }
        (Content::TorchScript(_), _) => {
            let architecture = architecture.to_string();
            return Err(WeightsError::TorchScript { path, architecture });
        }
        (Content::Tensors(_), _) => return Err(WeightsError::NotTorchScript { path }),
    };
    Ok(Loaded {
        architecture,
        classes,
        digest,
        body,
    })
}

/// Weights on a device, known to fit their network, of which any number are built round them.
pub struct Loaded {
    architecture: Architecture,
    classes: usize,
    digest: String,
    body: Body,
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
