//! Graphs written down an operation a line.
use super::error::GraphError;
use super::nodes::Graph;
use super::operation::{
    Activation, Attention, BatchNorm, ClassToken, Convolution, LayerNorm, Linear, Node, NodeId, Operation,
    Positions, Scale, Subsample, Window,
};

/// Puts a graph together. Each function appends a node and gives its number.
pub struct Builder {
    nodes: Vec<Node>,
    /// Channels of each node's value.
    widths: Vec<usize>,
    /// Of every norm from here on.
    pub epsilon: f64,
}

impl Builder {
    /// A graph on images of so many channels, and the node that they are.
    pub fn new(channels: usize) -> (Self, NodeId) {
        Self::on(channels, None)
    }

    /// The same on images of this height and width alone.
    pub fn of_size(channels: usize, size: [usize; 2]) -> (Self, NodeId) {
        Self::on(channels, Some(size))
    }

    fn on(channels: usize, size: Option<[usize; 2]>) -> (Self, NodeId) {
        let mut builder = Self {
            nodes: Vec::new(),
            widths: Vec::new(),
            epsilon: 1e-5,
        };
        let image = builder.push(Operation::Image { channels, size }, &[], channels);
        (builder, image)
    }

    fn push(&mut self, operation: Operation, inputs: &[NodeId], width: usize) -> NodeId {
        self.nodes.push(Node {
            operation,
            inputs: inputs.to_vec(),
        });
        self.widths.push(width);
        NodeId(self.nodes.len() - 1)
    }

    /// Channels of a node's value.
    pub fn width(&self, node: NodeId) -> usize {
        // Numbers come from `push` alone.
        self.widths[node.0]
    }

    /// A convolution to so many channels, without bias.
    pub fn convolution(&mut self, x: NodeId, name: &str, to: usize, window: Window) -> NodeId {
        self.grouped(x, name, to, window, 1)
    }

    /// The same in groups.
    pub fn grouped(&mut self, x: NodeId, name: &str, to: usize, window: Window, groups: usize) -> NodeId {
        let convolution = Convolution {
            name: name.to_owned(),
            to,
            from: self.width(x),
            window,
            groups,
            bias: false,
        };
        self.push(Operation::Convolution(convolution), &[x], to)
    }

    /// A convolution with a bias.
    pub fn biased(&mut self, x: NodeId, name: &str, to: usize, window: Window) -> NodeId {
        let convolution = Convolution {
            name: name.to_owned(),
            to,
            from: self.width(x),
            window,
            groups: 1,
            bias: true,
        };
        self.push(Operation::Convolution(convolution), &[x], to)
    }

    pub fn batch_norm(&mut self, x: NodeId, name: &str) -> NodeId {
        let width = self.width(x);
        let norm = BatchNorm {
            name: name.to_owned(),
            width,
            epsilon: self.epsilon,
        };
        self.push(Operation::BatchNorm(norm), &[x], width)
    }

    pub fn relu(&mut self, x: NodeId) -> NodeId {
        self.push(Operation::Activation(Activation::Relu), &[x], self.width(x))
    }

    pub fn gelu(&mut self, x: NodeId) -> NodeId {
        self.push(Operation::Activation(Activation::Gelu), &[x], self.width(x))
    }

    pub fn layer_norm(&mut self, x: NodeId, name: &str) -> NodeId {
        let width = self.width(x);
        let norm = LayerNorm {
            name: name.to_owned(),
            width,
            epsilon: self.epsilon,
        };
        self.push(Operation::LayerNorm(norm), &[x], width)
    }

    pub fn tokens(&mut self, x: NodeId) -> NodeId {
        self.push(Operation::Tokens, &[x], self.width(x))
    }

    pub fn class_token(&mut self, x: NodeId, name: &str) -> NodeId {
        let (name, width) = (name.to_owned(), self.width(x));
        self.push(Operation::ClassToken(ClassToken { name, width }), &[x], width)
    }

    /// Position embeddings of so many rows and columns of tokens, and of `skip` tokens before them.
    pub fn positions(&mut self, x: NodeId, name: &str, skip: usize, grid: [usize; 2]) -> NodeId {
        let width = self.width(x);
        let positions = Positions {
            name: name.to_owned(),
            width,
            skip,
            grid,
        };
        self.push(Operation::Positions(positions), &[x], width)
    }

    /// Self-attention of tokens that are queries, keys and values one after the other.
    pub fn attention(&mut self, x: NodeId, heads: usize) -> NodeId {
        self.attend(x, heads, false)
    }

    /// What the first token, a vector, gets of it.
    pub fn attention_of_first(&mut self, x: NodeId, heads: usize) -> NodeId {
        self.attend(x, heads, true)
    }

    fn attend(&mut self, x: NodeId, heads: usize, first_only: bool) -> NodeId {
        let width = self.width(x) / 3;
        let attention = Attention {
            heads,
            width,
            first_only,
        };
        self.push(Operation::Attention(attention), &[x], width)
    }

    pub fn scale(&mut self, x: NodeId, name: &str) -> NodeId {
        let (name, width) = (name.to_owned(), self.width(x));
        self.push(Operation::Scale(Scale { name, width }), &[x], width)
    }

    pub fn first_token(&mut self, x: NodeId) -> NodeId {
        self.push(Operation::FirstToken, &[x], self.width(x))
    }

    /// The mean of the tokens after the first `skip`.
    pub fn mean_token(&mut self, x: NodeId, skip: usize) -> NodeId {
        self.push(Operation::MeanToken { skip }, &[x], self.width(x))
    }

    pub fn max_pool(&mut self, x: NodeId, window: Window) -> NodeId {
        self.push(Operation::MaxPool(window), &[x], self.width(x))
    }

    pub fn average_pool(&mut self, x: NodeId, window: Window) -> NodeId {
        self.push(Operation::AveragePool(window), &[x], self.width(x))
    }

    pub fn global_average_pool(&mut self, x: NodeId) -> NodeId {
        self.push(Operation::GlobalAveragePool, &[x], self.width(x))
    }

    pub fn add(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.push(Operation::Add, &[x, y], self.width(x))
    }

    pub fn subsample(&mut self, x: NodeId, subsample: Subsample) -> NodeId {
        let width = self.width(x) + subsample.before + subsample.after;
        self.push(Operation::Subsample(subsample), &[x], width)
    }

    pub fn linear(&mut self, x: NodeId, name: &str, to: usize) -> NodeId {
        let linear = Linear {
            name: name.to_owned(),
            to,
            from: self.width(x),
        };
        self.push(Operation::Linear(linear), &[x], to)
    }

    /// The graph, checked.
    ///
    /// # Errors
    /// Where operations do not fit together.
    pub fn finish(self, features: NodeId, logits: NodeId) -> Result<Graph, GraphError> {
        Graph::new(self.nodes, features, logits)
    }
}
