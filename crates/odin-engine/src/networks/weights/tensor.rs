//! From a window on a file's bytes to an f32 tensor, every bound checked before anything is allocated.
use tch::{Kind, Tensor};

use super::super::reason::reason_of;
use super::ReadError;
use super::view::{Element, TensorView};

/// How many bytes of tensors a file may ask for: storages can be shared, so that a few bytes could ask for any number.
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    /// Half precision doubles and shared weights repeat; beyond that something is wrong.
    pub(super) fn of_file(bytes: usize) -> Self {
        Self {
            left: (bytes as u64).saturating_mul(8).saturating_add(64 << 20),
        }
    }

    fn spend(&mut self, bytes: u64) -> bool {
        let enough = bytes <= self.left;
        self.left = self.left.saturating_sub(bytes);
        enough
    }
}

/// The tensor of floats that the view shows.
pub(super) fn build(
    name: &str,
    view: &TensorView,
    data: &[u8],
    budget: &mut Budget,
) -> Result<Tensor, ReadError> {
    let why = |text: String| ReadError::why(format!("has a tensor {name} that {text}"));
    let kind = match view.storage.element {
        Element::Half => Kind::Half,
        Element::Brain => Kind::BFloat16,
        Element::Float => Kind::Float,
        Element::Double => Kind::Double,
        Element::Integer(_) | Element::Other(_) => return Err(why(view.unusable().unwrap_or_default())),
    };
    let width = view.storage.element.bytes();
    let shape = || format!("of size {:?}", view.size);
    let absurd = || {
        why(format!(
            "{} is beyond what the file holds: it is damaged or made up",
            shape()
        ))
    };
    let count = view
        .size
        .iter()
        .try_fold(1u64, |all, &n| all.checked_mul(n))
        .ok_or_else(absurd)?;
    // One past the last element that the view reaches.
    let reach = if count == 0 {
        0
    } else {
        let mut steps = view.size.iter().zip(&view.stride);
        let last = steps.try_fold(view.offset, |at, (&n, &stride)| {
            at.checked_add(n.saturating_sub(1).checked_mul(stride)?)
        });
        last.and_then(|last| last.checked_add(1)).ok_or_else(absurd)?
    };
    let start = if count == 0 { 0 } else { view.offset };
    let byte = |element: u64| view.storage.first.checked_add(element)?.checked_mul(width);
    let window = match (byte(start), byte(reach)) {
        (Some(from), Some(to)) if reach <= view.storage.count && from <= to => usize::try_from(from)
            .ok()
            .zip(usize::try_from(to).ok())
            .and_then(|(from, to)| data.get(from..to)),
        _ => return Err(absurd()),
    };
    let window =
        window.ok_or_else(|| why(format!("{} lies beyond its data: the file is cut off", shape())))?;
    let bytes = count
        .checked_mul(4)
        .and_then(|n| n.checked_add(window.len() as u64))
        .ok_or_else(absurd)?;
    if !budget.spend(bytes) {
        return Err(absurd());
    }
    let signed = |all: &[u64]| {
        all.iter()
            .map(|&n| i64::try_from(n).ok())
            .collect::<Option<Vec<i64>>>()
    };
    let (Some(size), Some(stride), Some(elements)) = (
        signed(&view.size),
        signed(&view.stride),
        i64::try_from(reach - start).ok(),
    ) else {
        return Err(absurd());
    };
    Tensor::f_from_data_size(window, &[elements], kind)
        .and_then(|all| all.f_as_strided(&size, &stride, 0))
        .and_then(|all| all.f_to_kind(Kind::Float))
        .and_then(|all| all.f_contiguous())
        .map_err(|error| why(format!("libtorch refuses: {}", reason_of(&error))))
}
