//! Gradients on their way back, added up where a value had several readers.
use tch::Tensor;

use super::super::layers::Result;

/// The gradient to a value.
pub(super) struct Gradient {
    pub value: Tensor,
    /// Whether nothing else has the same memory, so that it may be overwritten.
    pub owned: bool,
}

impl Gradient {
    pub(super) fn owned(value: Tensor) -> Self {
        Self { value, owned: true }
    }

    pub(super) fn shared(value: &Tensor) -> Self {
        Self {
            value: value.shallow_clone(),
            owned: false,
        }
    }

    /// The sum of both, in the memory of one of them where that may be.
    fn plus(mut self, mut other: Self) -> Result<Self> {
        Ok(Self::owned(if self.owned {
            self.value.f_add_(&other.value)?
        } else if other.owned {
            other.value.f_add_(&self.value)?
        } else {
            self.value.f_add(&other.value)?
        }))
    }

    /// Adds it to what has come back to the same value so far.
    pub(super) fn add_to(self, sum: &mut Option<Self>) -> Result<()> {
        *sum = Some(match sum.take() {
            None => self,
            Some(sum) => sum.plus(self)?,
        });
        Ok(())
    }

    /// Memory that may be overwritten.
    pub(super) fn into_own(self) -> Result<Tensor> {
        match self.owned {
            true => Ok(self.value),
            false => self.value.f_detach_copy(),
        }
    }

    /// The same gradient, seen otherwise.
    pub(super) fn seen_as(self, see: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self {
            value: see(&self.value)?,
            owned: self.owned,
        })
    }

    /// Back through a GELU of x.
    pub(super) fn through_gelu(self, x: &Tensor) -> Result<Self> {
        Ok(Self::owned(if self.owned {
            x.f_gelu_backward_grad_input(&self.value, &self.value, "none")?
        } else {
            x.f_gelu_backward(&self.value, "none")?
        }))
    }

    /// Back through a ReLU, of whose output only where it is above 0 counts.
    pub(super) fn through_relu(self, active: &Tensor) -> Result<Self> {
        Ok(Self::owned(if self.owned {
            active.f_threshold_backward_grad_input(&self.value, &self.value, 0.0)?
        } else {
            active.f_threshold_backward(&self.value, 0.0)?
        }))
    }
}
