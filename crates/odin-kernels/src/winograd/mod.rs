//! 3×3 convolutions of wide maps by Winograd's F(2×2, 3×3): 16 products in place of 36 for four positions.
//!
//! A map lies in memory as [images, H, W, channels] (channels last), and the lanes of a vector are neighbouring *channels*, of which
//! a wide network has many. Stride 1 and a border of zeros one pixel wide, so that the size stays.
//!
//! A tile of 4×4 values d gives 2×2 sums: Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, where the product is summed over the input channels before
//! A is applied (Lavin and Gray 2016, arXiv 1509.09308). For many tiles together that sum is 16 matrix products
//! [tiles, in] · [in, out], in which nearly all of the time goes.
mod product;
mod transform;
mod tiles;
mod map;

use pulp::{Simd, WithSimd};

use crate::Instructions;
use crate::aligned::Aligned;
pub use map::{Gate, Size, Then};
use product::{Panels, multiply};
use tiles::Tiles;
use transform::{PRODUCTS, from_products, to_products};

/// Values of the transformed maps that are kept at a time: as many as stay in the second-level cache, more or less.
const KEPT: usize = 1 << 18;

/// Tiles that are computed together at least. All weights are read once for them.
const FEWEST: usize = 60;

/// The weights of a 3×3 convolution, transformed. Threads share them.
pub struct Convolution {
    instructions: Instructions,
    inputs: usize,
    outputs: usize,
    products: Vec<Panels>,
}

/// Memory that a thread works in.
#[derive(Default)]
pub struct Workspace {
    transformed: Option<Aligned>,
    products: Option<Aligned>,
}

impl Convolution {
    /// `weight(out, in, tap)` gives each of the nine, tap by row and column. `None` where a number of channels fills no vectors.
    pub fn new(
        instructions: Instructions,
        outputs: usize,
        inputs: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Option<Self> {
        let lanes = instructions.lanes();
        let fits = |channels: usize| channels > 0 && channels.is_multiple_of(lanes);
        if !fits(outputs) || !fits(inputs) {
            return None;
        }
        let transformed = |product: usize| {
            Panels::new(lanes, outputs, inputs, |input, output| {
                transform::of_weights(product, |tap| weight(output, input, tap))
            })
        };
        Some(Self {
            instructions,
            inputs,
            outputs,
            products: (0..PRODUCTS).map(transformed).collect(),
        })
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Convolves x [images, H, W, inputs] into `out` [images, H, W, outputs]. A value of `out` depends on its image alone, to the bit.
    ///
    /// # Panics
    /// Where a slice has another length than the sizes say.
    pub fn run(&self, x: &[f32], size: Size, then: Then<'_>, space: &mut Workspace, out: &mut [f32]) {
        let (all_in, all_out) = (size.positions() * self.inputs, size.positions() * self.outputs);
        assert_eq!(x.len(), all_in, "the input map");
        assert_eq!(out.len(), all_out, "the output map");
        assert!(
            then.bias.is_empty() || then.bias.len() == self.outputs,
            "the bias"
        );
        assert!(
            then.add.is_none_or(|add| add.len() == all_out),
            "the map that is added"
        );
        if let Gate::Where(gate) = then.gate {
            assert_eq!(gate.len(), all_out, "the map of the gate");
        }
        self.instructions.run(Run {
            convolution: self,
            x,
            size,
            then,
            space,
            out,
        });
    }
}

struct Run<'a> {
    convolution: &'a Convolution,
    x: &'a [f32],
    size: Size,
    then: Then<'a>,
    space: &'a mut Workspace,
    out: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            convolution,
            x,
            size,
            then,
            space,
            out,
        } = self;
        let (inputs, outputs) = (convolution.inputs, convolution.outputs);
        let tiles = Tiles::new(size);
        let rows = product::rows::<S>();
        let together = (KEPT / (PRODUCTS * (inputs + outputs))).max(FEWEST) / rows * rows;
        let together = together.min(tiles.count().next_multiple_of(rows));
        // A line more between products, that they do not all meet in the same places of a cache.
        let (from, to) = (together * inputs + 16, together * outputs + 16);
        let transformed = sized(&mut space.transformed, PRODUCTS * from);
        let products = sized(&mut space.products, PRODUCTS * to);
        for first in (0..tiles.count()).step_by(together) {
            let count = together.min(tiles.count() - first);
            for tile in 0..count {
                to_products(
                    simd,
                    x,
                    inputs,
                    tiles.input(first + tile),
                    &mut transformed[tile * inputs..],
                    from,
                );
            }
            let each = transformed.chunks_exact(from).zip(products.chunks_exact_mut(to));
            for ((x, out), panels) in each.zip(&convolution.products) {
                multiply(simd, x, count.next_multiple_of(rows), panels, out);
            }
            for tile in 0..count {
                from_products(
                    simd,
                    &products[tile * outputs..],
                    to,
                    outputs,
                    tiles.output(first + tile),
                    &then,
                    out,
                );
            }
        }
    }
}

fn sized(memory: &mut Option<Aligned>, len: usize) -> &mut [f32] {
    let known = memory.take().filter(|memory| memory.len() >= len);
    &mut memory.insert(known.unwrap_or_else(|| Aligned::zeros(len)))[..len]
}
