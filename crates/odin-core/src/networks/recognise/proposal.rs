//! What a family takes a file's tensors for.
use super::super::Architecture;

/// What a family takes the tensors for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub architecture: Architecture,
    /// By the last layer; `None` where there is none.
    pub classes: Option<usize>,
    /// Why it can hardly be that network, where something speaks against it.
    pub doubts: Vec<String>,
}
