//! A graph computed as it is written, with its history where autograd is on.
use tch::Tensor;

use super::super::layers::{Mode, Result};
use super::super::outputs::{Outputs, last_layer};
use super::super::weights::{Weights, WeightsError};
use super::linear::Linear;
use super::step::{Step, absent, spent};
use odin_core::networks::graph::{Graph, NodeId};
use odin_detectors::LastLayer;

pub(crate) struct Plain {
    steps: Vec<Step>,
    inputs: Vec<Vec<usize>>,
    /// Values that are not needed after each step.
    spent: Vec<Vec<usize>>,
    features: usize,
    logits: usize,
}

impl Plain {
    pub(crate) fn new(graph: &Graph, weights: &Weights) -> std::result::Result<Self, WeightsError> {
        let nodes = graph.nodes();
        let inputs: Vec<Vec<usize>> = nodes
            .iter()
            .map(|node| node.inputs.iter().copied().map(NodeId::index).collect())
            .collect();
        let (features, logits) = (graph.features().index(), graph.logits().index());
        Ok(Self {
            steps: nodes
                .iter()
                .map(|node| Step::take(&node.operation, weights))
                .collect::<std::result::Result<_, _>>()?,
            spent: spent(&inputs, [features, logits]),
            inputs,
            features,
            logits,
        })
    }

    pub(crate) fn last_layer(&self) -> Result<LastLayer> {
        match self.steps.get(self.logits) {
            Some(Step::Linear(Linear { weight, bias })) => last_layer(weight, bias),
            _ => Err(absent()),
        }
    }

    /// Logits [B, C] and features [B, D] of images [B, channels, H, W].
    pub(crate) fn forward(&self, images: &Tensor, mode: Mode) -> Result<Outputs> {
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(self.steps.len());
        for (i, step) in self.steps.iter().enumerate() {
            let value = match step {
                Step::Image(_) => images.shallow_clone(),
                step => {
                    let input = |&input: &usize| values.get(input)?.as_ref();
                    let inputs: Vec<&Tensor> = self.inputs[i].iter().filter_map(input).collect();
                    step.forward(&inputs, mode)?
                }
            };
            values.push(Some(value));
            for &spent in &self.spent[i] {
                values[spent] = None;
            }
        }
        let mut take = |node: usize| values.get_mut(node).and_then(Option::take);
        Ok(Outputs {
            logits: take(self.logits).ok_or_else(absent)?,
            features: take(self.features),
        })
    }
}
