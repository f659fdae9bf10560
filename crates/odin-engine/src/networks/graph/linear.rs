//! A linear layer of vectors [.., D].
use tch::Tensor;

use super::super::layers::Result;

/// Weight [C, D] and bias [C].
pub(super) struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Linear {
    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            weight: self.weight.shallow_clone(),
            bias: self.bias.shallow_clone(),
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.f_linear(&self.weight, Some(&self.bias))
    }

    /// The gradient to the vectors, from that to what [`forward`](Self::forward) gave.
    pub(super) fn backward(&self, gradient: &Tensor) -> Result<Tensor> {
        gradient.f_matmul(&self.weight)
    }
}
