//! Images that detectors move, by the gradient to them [B, channels, H, W].
use tch::{Kind, TchError, Tensor};

use crate::networks::weights::channels_last;

/// x − step · sign, with the step [1, channels, 1, 1] and the signs as whether they are +1 (arXiv 1706.02690, section 3).
pub(super) fn odin(images: &Tensor, positive: &Tensor, step: &Tensor) -> Result<Tensor, TchError> {
    images.f_sub(&step.f_where_self(positive, &step.f_neg()?)?)
}

/// The same for the one value an image whose gradient is greatest, by absolute value; sign(0) is +1. Of equal gradients it
/// is the first in [channels, H, W] order.
pub(super) fn i_odin(images: &Tensor, gradient: &Tensor, step: &Tensor) -> Result<Tensor, TchError> {
    let sizes = by_image(gradient)?;
    // libtorch's argmax gives the first of equal values.
    let greatest = sizes.f_argmax(1, true)?;
    let chosen = sizes
        .f_zeros_like()?
        .f_scatter_value(1, &greatest, 1.0)?
        .f_to_kind(Kind::Bool)?;
    let moved = odin(images, &gradient.f_ge(0.0)?, step)?;
    moved.f_where_self(&like_images(&chosen, images)?, images)
}

/// x + step · sign for the `percent` % of an image's values whose gradients are smallest, by absolute value, rounded down
/// to whole values; sign(0) is 0 (arXiv 2503.08023). Of equal gradients the first in [channels, H, W] order come first.
pub(super) fn adascale(
    images: &Tensor,
    gradient: &Tensor,
    percent: f64,
    step: f64,
) -> Result<Tensor, TchError> {
    let sizes = by_image(gradient)?;
    let values = sizes.size2()?.1;
    let count = (values as f64 * percent / 100.0)
        .floor()
        .clamp(0.0, values as f64) as i64;
    if count == 0 {
        return images.f_detach_copy();
    }
    let (last, _) = sizes.f_kthvalue(count, 1, true)?;
    let (below, at) = (sizes.f_lt_tensor(&last)?, sizes.f_eq_tensor(&last)?);
    // What is left for those of the last gradient's size.
    let left = below
        .f_sum_dim_intlist([1i64].as_slice(), true, Kind::Int64)?
        .f_neg()?
        .f_add_scalar(count)?;
    let first = at.f_cumsum(1, Kind::Int64)?.f_le_tensor(&left)?;
    let chosen = below.f_logical_or(&at.f_logical_and(&first)?)?;
    let way = gradient.f_sign()?.f_mul(&like_images(&chosen, images)?)?;
    images.f_add(&way.f_mul_scalar(step)?)
}

/// Absolute values, [B, channels · H · W] in that order.
fn by_image(gradient: &Tensor) -> Result<Tensor, TchError> {
    let batch = gradient.size().first().copied().unwrap_or_default();
    gradient.f_abs()?.f_contiguous()?.f_view([batch, -1])
}

/// [B, channels · H · W] in the shape and the order in memory of the images.
fn like_images(values: &Tensor, images: &Tensor) -> Result<Tensor, TchError> {
    channels_last(&values.f_view(images.size().as_slice())?)
}
