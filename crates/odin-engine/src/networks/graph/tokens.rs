//! Patches, tokens and their norms, and the ways back through them by hand.
use tch::{Kind, Tensor};

use super::super::layers::{Convolution, Result, size_at};
use super::super::weights::{Weights, WeightsError};
use super::linear::Linear;
use odin_core::networks::graph;

type Taken<T> = std::result::Result<T, WeightsError>;

/// Each token, or vector, with its mean and variance taken out, and then scaled and shifted.
pub(super) struct LayerNorm {
    pub weight: Tensor,
    pub bias: Tensor,
    pub epsilon: f64,
}

impl LayerNorm {
    pub(super) fn take(norm: &graph::LayerNorm, weights: &Weights) -> Taken<Self> {
        Ok(Self {
            weight: weights.get(&format!("{}.weight", norm.name))?,
            bias: weights.get(&format!("{}.bias", norm.name))?,
            epsilon: norm.epsilon,
        })
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            weight: self.weight.shallow_clone(),
            bias: self.bias.shallow_clone(),
            epsilon: self.epsilon,
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let width = self.weight.size();
        x.f_layer_norm(width, Some(&self.weight), Some(&self.bias), self.epsilon, true)
    }

    /// The gradient to vectors of which the normalised ones were noted, and the inverse of their deviation.
    pub(super) fn backward(&self, gradient: &Tensor, normal: &Tensor, inverse: &Tensor) -> Result<Tensor> {
        let gradient = gradient.f_mul(&self.weight)?;
        let centred = gradient.f_sub(&mean(&gradient)?)?;
        back_through_norm(centred, normal, inverse)
    }
}

/// Each vector of x with its mean and variance taken out, and the inverse of its deviation [.., 1].
pub(super) fn normalised(x: &Tensor, epsilon: f64) -> Result<(Tensor, Tensor)> {
    let none = None::<&Tensor>;
    let (normal, _, inverse) = x.f_native_layer_norm([size_at(x, x.dim() - 1)?], none, none, epsilon)?;
    Ok((normal, inverse))
}

/// From a gradient to normalised vectors, which has no mean along them and is overwritten, that to the vectors.
pub(super) fn back_through_norm(mut gradient: Tensor, normal: &Tensor, inverse: &Tensor) -> Result<Tensor> {
    let along = mean(&gradient.f_mul(normal)?)?.f_neg()?;
    gradient.f_addcmul_(normal, &along)?.f_mul_(inverse)
}

/// Along each vector.
fn mean(x: &Tensor) -> Result<Tensor> {
    x.f_mean_dim([-1i64].as_slice(), true, Kind::Float)
}

/// The linear layer with the scale and shift of the norm before it, for vectors that are only normalised. As these have no mean,
/// its rows need none; then neither has the gradient that comes back through it.
pub(super) fn fold_norm(linear: &mut Linear, norm: &LayerNorm) -> Taken<()> {
    let double = |x: &Tensor| x.f_to_kind(Kind::Double);
    let (weight, bias) = (double(&linear.weight)?, double(&linear.bias)?);
    let shift = weight.f_mv(&double(&norm.bias)?)?;
    let scaled = weight.f_mul(&double(&norm.weight)?)?;
    let centred = scaled.f_sub(&scaled.f_mean_dim([1i64].as_slice(), true, Kind::Double)?)?;
    linear.weight = centred.f_to_kind(Kind::Float)?;
    linear.bias = bias.f_add(&shift)?.f_to_kind(Kind::Float)?;
    Ok(())
}

/// The linear layer with each of its outputs scaled.
pub(super) fn fold_scale(linear: &mut Linear, scale: &Tensor) -> Taken<()> {
    let double = |x: &Tensor| x.f_to_kind(Kind::Double);
    let scale = double(scale)?;
    let weight = double(&linear.weight)?.f_mul(&scale.f_view([-1, 1])?)?;
    linear.weight = weight.f_to_kind(Kind::Float)?;
    linear.bias = double(&linear.bias)?.f_mul(&scale)?.f_to_kind(Kind::Float)?;
    Ok(())
}

/// A convolution whose windows lie side by side and cover the image, as a linear layer on its patches: they become tokens.
pub(super) struct Patches {
    /// [D, side · side · C], in this order of a patch's values.
    linear: Linear,
    /// Height and width of a patch.
    side: [i64; 2],
}

impl Patches {
    /// `None` where windows overlap, leave gaps or pass the edges.
    pub(super) fn of(convolution: &Convolution, image: [usize; 2]) -> Taken<Option<Self>> {
        let (to, _, height, width) = convolution.weight.size4()?;
        let whole = |side: i64, of: usize| of as i64 % side == 0;
        let covers = convolution.stride == [height, width]
            && convolution.padding == [0; 2]
            && convolution.groups == 1
            && whole(height, image[0])
            && whole(width, image[1]);
        let Some(bias) = convolution.bias.as_ref().filter(|_| covers) else {
            return Ok(None);
        };
        let weight = convolution.weight.f_permute([0, 2, 3, 1])?.f_reshape([to, -1])?;
        Ok(Some(Self {
            linear: Linear {
                weight,
                bias: bias.shallow_clone(),
            },
            side: [height, width],
        }))
    }

    /// Another handle on the same tensors.
    pub(super) fn share(&self) -> Self {
        Self {
            linear: self.linear.share(),
            side: self.side,
        }
    }

    /// Tokens [B, N, D] of images [B, C, H, W].
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = images.size4()?;
        let [down, across] = self.side;
        let (rows, columns) = (height / down, width / across);
        let patches = images
            .f_permute([0, 2, 3, 1])?
            .f_reshape([batch, rows, down, columns, across * channels])?
            .f_transpose(2, 3)?
            .f_reshape([batch, rows * columns, down * across * channels])?;
        self.linear.forward(&patches)
    }

    /// The gradient to images of this height and width.
    pub(super) fn backward(&self, gradient: &Tensor, [height, width]: [i64; 2]) -> Result<Tensor> {
        let (batch, ..) = gradient.size3()?;
        let [down, across] = self.side;
        let (rows, columns) = (height / down, width / across);
        self.linear
            .backward(gradient)?
            .f_view([batch, rows, columns, down, -1])?
            .f_transpose(2, 3)?
            .f_reshape([batch, height, width, -1])?
            .f_permute([0, 3, 1, 2])
    }
}

/// A map as tokens, row by row.
pub(super) fn of_map(x: &Tensor) -> Result<Tensor> {
    x.f_flatten(2, 3)?.f_transpose(1, 2)
}

/// A map of this height and width from tokens.
pub(super) fn to_map(tokens: &Tensor, [height, width]: [i64; 2]) -> Result<Tensor> {
    let (batch, _, channels) = tokens.size3()?;
    tokens
        .f_transpose(1, 2)?
        .f_reshape([batch, channels, height, width])
}

/// The tokens after a token [1, 1, D] that is the same for every image.
pub(super) fn after_token(token: &Tensor, tokens: &Tensor) -> Result<Tensor> {
    let (batch, _, width) = tokens.size3()?;
    Tensor::f_cat(&[&token.f_expand([batch, 1, width], false)?, tokens], 1)
}

/// The gradient to `count` tokens, of which only the first counts.
pub(super) fn to_first(gradient: &Tensor, count: i64) -> Result<Tensor> {
    let (batch, width) = gradient.size2()?;
    let all = Tensor::f_zeros([batch, count, width], (Kind::Float, gradient.device()))?;
    all.f_select(1, 0)?.f_copy_(gradient)?;
    Ok(all)
}

/// The gradient to `count` tokens, of which all but the first `skip` count alike.
pub(super) fn to_mean(gradient: &Tensor, count: i64, skip: i64) -> Result<Tensor> {
    let (batch, width) = gradient.size2()?;
    let all = Tensor::f_zeros([batch, count, width], (Kind::Float, gradient.device()))?;
    let each = gradient.f_div_scalar((count - skip) as f64)?;
    all.f_narrow(1, skip, count - skip)?
        .f_copy_(&each.f_unsqueeze(1)?)?;
    Ok(all)
}
