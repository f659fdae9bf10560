//! Position embeddings for images of another size than the network was trained on.
use tch::{TchError, Tensor};

/// Position embeddings of a network: those of `skip` tokens, then of rows × columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positions {
    pub skip: usize,
    pub grid: [usize; 2],
}

impl Positions {
    /// The side of the square grid that embeddings of this size are of; `None` where they are of none.
    pub(super) fn square(&self, size: &[i64]) -> Option<i64> {
        let &[1, count, _] = size else {
            return None;
        };
        let count = count.checked_sub(self.skip as i64).filter(|count| *count > 0)?;
        let side = count.isqrt();
        (side * side == count).then_some(side)
    }

    /// Why embeddings of this size cannot become those of the network, where its tokens are as wide.
    pub(super) fn refusal(&self, size: &[i64], wanted: &[i64]) -> Option<String> {
        if size.last() != wanted.last() || size.len() != 3 {
            return Some(String::new());
        }
        match self.square(size) {
            Some(_) => None,
            None => Some("; they can be resized only where they are of a square of patches".to_owned()),
        }
    }

    /// The embeddings of this grid from those of a square one, as timm resizes them: bicubic, with antialiasing, and those
    /// before the grid as they are. In words, what was done.
    pub(super) fn resized(&self, embeddings: &Tensor) -> Result<Option<(Tensor, String)>, TchError> {
        let Some(side) = self.square(&embeddings.size()) else {
            return Ok(None);
        };
        let (skip, [rows, columns]) = (self.skip as i64, self.grid.map(|side| side as i64));
        if side * side == rows * columns {
            return Ok(None);
        }
        let width = embeddings.size().last().copied().unwrap_or(0);
        let grid = embeddings
            .f_narrow(1, skip, side * side)?
            .f_reshape([1, side, side, width])?
            .f_permute([0, 3, 1, 2])?
            .f_internal_upsample_bicubic2d_aa([rows, columns], false, None, None)?
            .f_permute([0, 2, 3, 1])?
            .f_reshape([1, rows * columns, width])?;
        let all = Tensor::f_cat(&[&embeddings.f_narrow(1, 0, skip)?, &grid], 1)?;
        let told = format!("position embeddings resized from {side}×{side} patches to {rows}×{columns}");
        Ok(Some((all, told)))
    }
}
