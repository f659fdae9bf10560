//! What a network says of a batch.
use odin_detectors::{LastLayer, Rows};
use tch::{Device, Kind, TchError, Tensor};

/// What a network makes of a batch of images, in one pass.
pub struct Outputs {
    /// [B, C]
    pub logits: Tensor,
    /// The last layer's input, pooled and flattened: [B, D] in f32. `None` where the network doesn't give it.
    pub features: Option<Tensor>,
}

impl Outputs {
    /// The same values, of which autograd knows nothing.
    pub(super) fn detached(&self) -> Result<Self, TchError> {
        Ok(Self {
            logits: self.logits.f_detach()?,
            features: self.features.as_ref().map(Tensor::f_detach).transpose()?,
        })
    }
}

/// The last layer of weight [C, D] and bias [C], as detectors take it.
///
/// # Errors
/// Where a value is not finite.
pub(super) fn last_layer(weight: &Tensor, bias: &Tensor) -> Result<LastLayer, TchError> {
    let width = weight.size().last().copied().unwrap_or_default() as usize;
    let rows = Rows::new("the last layer's weights", values(weight)?, width);
    Ok(LastLayer {
        weight: rows.map_err(|error| TchError::Torch(error.to_string()))?,
        bias: values(bias)?,
    })
}

/// The tensor's values in logical order.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let flat = tensor
        .f_to_device(Device::Cpu)?
        .f_to_kind(Kind::Float)?
        .f_contiguous()?;
    let mut values = vec![0.0; flat.numel()];
    let count = values.len();
    flat.f_copy_data(&mut values, count)?;
    Ok(values)
}
