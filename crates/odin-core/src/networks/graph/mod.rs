//! A network as data: its operations in the order of computation, each with the numbers of its inputs and the names of its
//! tensors. From this follow the tensors it needs, the sizes of images it takes, and, in the engine, its computation.
//!
//! Each module imports only from those listed after it.
mod builder;
mod nodes;
mod sizes;
mod operation;
mod error;
mod shape;

#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use error::GraphError;
pub use nodes::{Graph, LARGEST};
pub use operation::{
    Activation, Attention, BatchNorm, ClassToken, Convolution, LayerNorm, Linear, Node, NodeId, Operation,
    Positions, Scale, Subsample, Window,
};
pub use shape::Shape;
