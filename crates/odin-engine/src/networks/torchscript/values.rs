//! What trials ask of tensors.
use tch::{TchError, Tensor};

/// The greatest absolute value.
pub(super) fn greatest(x: &Tensor) -> Result<f64, TchError> {
    x.f_abs()?.f_max()?.f_double_value(&[])
}

pub(super) fn is_finite(x: &Tensor) -> Result<bool, TchError> {
    Ok(x.f_isfinite()?.f_all()?.f_int64_value(&[])? == 1)
}
