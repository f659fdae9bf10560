//! Stochastic gradient descent with Nesterov momentum, as `torch.optim.SGD(nesterov=True)` does it.
//!
//! Not `tch::nn::Sgd`, because that one cannot give back its momentum, without which a resumed run differs.
use tch::{TchError, Tensor};

use crate::networks::weights::Weights;

pub(super) struct Sgd {
    parameters: Vec<Tensor>,
    velocities: Vec<Tensor>,
    momentum: f64,
    weight_decay: f64,
}

impl Sgd {
    /// Takes the tensors that have a velocity (those that are trained); both are updated in place.
    pub(super) fn new(
        weights: &Weights,
        velocity: &Weights,
        momentum: f64,
        weight_decay: f64,
    ) -> Result<Self, crate::networks::weights::WeightsError> {
        let (mut parameters, mut velocities) = (Vec::new(), Vec::new());
        for (name, velocity) in velocity.iter() {
            parameters.push(weights.get(name)?.set_requires_grad(true));
            velocities.push(velocity.shallow_clone());
        }
        Ok(Self {
            parameters,
            velocities,
            momentum,
            weight_decay,
        })
    }

    /// One step down the gradient of the loss.
    pub(super) fn step(&mut self, loss: &Tensor, rate: f64) -> Result<(), TchError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.parameters, false, false)?;
        tch::no_grad(|| {
            for ((parameter, velocity), gradient) in self
                .parameters
                .iter_mut()
                .zip(&mut self.velocities)
                .zip(gradients)
            {
                let gradient = gradient.f_add(&parameter.f_mul_scalar(self.weight_decay)?)?;
                let _ = velocity.f_mul_scalar_(self.momentum)?.f_add_(&gradient)?;
                let step = gradient.f_add(&velocity.f_mul_scalar(self.momentum)?)?;
                let _ = parameter.f_sub_(&step.f_mul_scalar(rate)?)?;
            }
            Ok(())
        })
    }
}
