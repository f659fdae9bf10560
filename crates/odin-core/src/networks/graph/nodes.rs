//! A checked graph, and what follows from it.
use super::super::parameter::{List, Parameter};
use super::error::GraphError;
use super::operation::{Convolution, Node, NodeId, Operation};
use super::shape::Shape;
use super::sizes;

/// A classifier as a list of operations, each after its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
    features: NodeId,
    logits: NodeId,
    least: [usize; 2],
}

/// Sides of images are at most so long.
pub const LARGEST: usize = 4096;

impl Graph {
    pub(super) fn new(nodes: Vec<Node>, features: NodeId, logits: NodeId) -> Result<Self, GraphError> {
        let is_head = nodes.get(logits.0).is_some_and(|head| {
            matches!(head.operation, Operation::Linear(_)) && head.inputs.as_slice() == [features]
        });
        if !is_head {
            return Err(GraphError::Head);
        }
        let mut graph = Self {
            nodes,
            features,
            logits,
            least: [LARGEST; 2],
        };
        if let Some(Operation::Image { size: Some(size), .. }) =
            graph.nodes.first().map(|node| &node.operation)
        {
            let [height, width] = *size;
            graph.least = *size;
            graph.shapes(height, width)?;
            return Ok(graph);
        }
        // What the largest image does not fit, none does.
        graph.shapes(LARGEST, LARGEST)?;
        graph.least = [
            graph.least_side(|side| [side, LARGEST]),
            graph.least_side(|side| [LARGEST, side]),
        ];
        Ok(graph)
    }

    /// The nodes in the order of computation; the first is the image.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The last layer's input, [B, D].
    pub fn features(&self) -> NodeId {
        self.features
    }

    /// What the last layer's tensors are called, before `.weight` and `.bias`.
    pub fn head(&self) -> &str {
        match &self.nodes[self.logits.0].operation {
            Operation::Linear(linear) => &linear.name,
            _ => unreachable!("`new` has found a linear layer there"),
        }
    }

    /// The last layer.
    pub fn logits(&self) -> NodeId {
        self.logits
    }

    /// Height and width of the smallest images that it takes.
    pub fn least_input(&self) -> [usize; 2] {
        self.least
    }

    fn least_side(&self, size: impl Fn(usize) -> [usize; 2]) -> usize {
        let fits = |side: &usize| {
            let [height, width] = size(*side);
            self.shapes(height, width).is_ok()
        };
        (1..LARGEST).find(fits).unwrap_or(LARGEST)
    }

    /// The shape of each node's value, for images of this height and width.
    ///
    /// # Errors
    /// Names the node that does not take what it gets.
    pub fn shapes(&self, height: usize, width: usize) -> Result<Vec<Shape>, GraphError> {
        let mut shapes: Vec<Shape> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let inputs: Vec<Shape> = node
                .inputs
                .iter()
                .filter_map(|input| shapes.get(input.0).copied())
                .collect();
            shapes.push(sizes::after(&node.operation, &inputs, [height, width])?);
        }
        Ok(shapes)
    }

    /// Every tensor, in the order of the nodes.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = List::default();
        for node in &self.nodes {
            match &node.operation {
                Operation::Convolution(Convolution {
                    name,
                    to,
                    from,
                    window,
                    groups,
                    bias,
                }) => {
                    list.conv(name, *to, from / groups, window.side);
                    if *bias {
                        list.conv_bias(name, *to);
                    }
                }
                Operation::BatchNorm(norm) => list.norm(&norm.name, norm.width),
                Operation::Linear(linear) => list.linear(&linear.name, linear.to, linear.from),
                Operation::LayerNorm(norm) => list.scale_and_shift(&norm.name, norm.width),
                Operation::ClassToken(token) => list.class_token(&token.name, token.width),
                Operation::Positions(positions) => {
                    list.positions(&positions.name, positions.skip, positions.grid, positions.width);
                }
                Operation::Scale(scale) => list.layer_scale(&scale.name, scale.width),
                Operation::Image { .. }
                | Operation::Activation(_)
                | Operation::MaxPool(_)
                | Operation::AveragePool(_)
                | Operation::GlobalAveragePool
                | Operation::Add
                | Operation::Subsample(_)
                | Operation::Tokens
                | Operation::Attention(_)
                | Operation::FirstToken
                | Operation::MeanToken { .. } => {}
            }
        }
        list.0
    }
}
