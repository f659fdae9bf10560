//! Self-attention, and the way back through it by hand.
use tch::{Kind, Tensor};

use super::super::layers::Result;
use odin_core::networks::graph::Attention;

/// Queries, keys and values of each head.
struct Heads {
    batch: i64,
    count: i64,
    heads: i64,
    /// Width of a head.
    each: i64,
    first_only: bool,
}

impl Heads {
    fn of(attention: Attention, tokens: &Tensor) -> Result<Self> {
        let (batch, count, _) = tokens.size3()?;
        let heads = attention.heads as i64;
        Ok(Self {
            batch,
            count,
            heads,
            each: attention.width as i64 / heads,
            first_only: attention.first_only,
        })
    }

    /// Number of tokens that ask.
    fn asking(&self) -> i64 {
        if self.first_only { 1 } else { self.count }
    }

    /// [B, N, 3·D] as queries, keys and values [3, B, heads, N, D / heads]; a view.
    fn split(&self, tokens: &Tensor) -> Result<Tensor> {
        tokens
            .f_view([self.batch, self.count, 3, self.heads, self.each])?
            .f_permute([2, 0, 3, 1, 4])
    }

    /// What the asking tokens get, [B, heads, M, D / heads], as tokens [B, M, D], or as a vector [B, D] of the first alone.
    fn join(&self, got: &Tensor) -> Result<Tensor> {
        let width = self.heads * self.each;
        let got = got.f_transpose(1, 2)?;
        match self.first_only {
            true => got.f_reshape([self.batch, width]),
            false => got.f_reshape([self.batch, self.count, width]),
        }
    }
}

/// softmax(Q Kᵀ / √d) V of tokens [B, N, 3·D]: tokens [B, N, D], or the vector [B, D] of the first.
pub(super) fn forward(attention: Attention, tokens: &Tensor) -> Result<Tensor> {
    let heads = Heads::of(attention, tokens)?;
    let split = heads.split(tokens)?;
    let queries = split.f_select(0, 0)?.f_narrow(2, 0, heads.asking())?;
    let (keys, values) = (split.f_select(0, 1)?, split.f_select(0, 2)?);
    let mask = None::<&Tensor>;
    let got =
        Tensor::f_scaled_dot_product_attention(&queries, &keys, &values, mask, 0.0, false, None, false)?;
    heads.join(&got)
}

/// The gradient to the tokens [B, N, 3·D], from that to what [`forward`] gave. What each token pays attention to is computed
/// again, which costs less than it would to keep it.
pub(super) fn backward(attention: Attention, tokens: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    let heads = Heads::of(attention, tokens)?;
    let (all, asking) = (heads.batch * heads.heads, heads.asking());
    let split = heads.split(tokens)?.f_contiguous()?;
    let split = split.f_view([3, all, heads.count, heads.each])?;
    let scale = (heads.each as f64).sqrt().recip();
    let queries = split
        .f_select(0, 0)?
        .f_narrow(1, 0, asking)?
        .f_mul_scalar(scale)?;
    let (keys, values) = (split.f_select(0, 1)?, split.f_select(0, 2)?);
    let attended = queries.f_bmm(&keys.f_transpose(1, 2)?)?.f_softmax(-1, None)?;
    let got = gradient
        .f_view([heads.batch, asking, heads.heads, heads.each])?
        .f_transpose(1, 2)?
        .f_reshape([all, asking, heads.each])?;
    let back = Tensor::f_empty([3, all, heads.count, heads.each], (Kind::Float, tokens.device()))?;
    let (to_queries, to_keys, to_values) = (back.f_select(0, 0)?, back.f_select(0, 1)?, back.f_select(0, 2)?);
    let _ = attended.f_transpose(1, 2)?.f_bmm_out(&to_values, &got)?;
    let to_attended = got.f_bmm(&values.f_transpose(1, 2)?)?;
    let to_scores = Tensor::f_internal_softmax_backward_data(&to_attended, &attended, -1, Kind::Float)?;
    let _ = to_scores.f_transpose(1, 2)?.f_bmm_out(&to_keys, &queries)?;
    let mut to_queries = to_queries;
    if heads.first_only {
        let _ = to_queries.f_zero_()?;
        let first = to_scores.f_bmm(&keys)?.f_mul_scalar(scale)?;
        to_queries.f_narrow(1, 0, 1)?.f_copy_(&first)?;
    } else {
        let _ = to_scores.f_bmm_out(&to_queries, &keys)?;
        let _ = to_queries.f_mul_scalar_(scale)?;
    }
    back.f_view([3, heads.batch, heads.heads, heads.count, heads.each])?
        .f_permute([1, 3, 0, 2, 4])?
        .f_reshape([heads.batch, heads.count, -1])
}
