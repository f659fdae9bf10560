//! Why a graph describes no network, or does not take an image.
use super::shape::Shape;

/// Operations that do not fit together. Nodes go by the name of their tensors, or by what they do where they have none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    #[error("{node} takes {wanted} channels, and gets {found}")]
    Width {
        node: String,
        wanted: usize,
        found: usize,
    },
    #[error("{node}: {groups} groups do not divide {from} channels in and {to} channels out")]
    Groups {
        node: String,
        groups: usize,
        from: usize,
        to: usize,
    },
    #[error("{node} takes {wanted}, and gets {found}")]
    Kind {
        node: String,
        wanted: &'static str,
        found: Shape,
    },
    #[error("{node} adds {first} to {second}")]
    Sum {
        node: String,
        first: Shape,
        second: Shape,
    },
    #[error("a window of {side} pixels does not fit the {found} that {node} gets")]
    Window { node: String, side: usize, found: usize },
    #[error("{node} has {found} inputs, and needs {wanted}")]
    Inputs {
        node: String,
        wanted: usize,
        found: usize,
    },
    #[error("{node} takes {wanted} tokens, and gets {found}")]
    Positions {
        node: String,
        wanted: usize,
        found: usize,
    },
    #[error("{heads} heads do not divide a width of {width}")]
    Heads { heads: usize, width: usize },
    #[error(
        "the network takes images of {}×{}, and gets one of {}×{}",
        wanted[0], wanted[1], found[0], found[1]
    )]
    Image { wanted: [usize; 2], found: [usize; 2] },
    #[error("the logits are no linear layer on the features")]
    Head,
}
