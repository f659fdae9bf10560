//! What the kernels ask of a vector beyond [`pulp`]'s arithmetic: reads and writes of slices, ReLU, and masks.
//!
//! Everything here and above is `#[inline(always)]`: only what is inlined into `Simd::vectorize` is compiled with the
//! instruction set switched on.
use pulp::Simd;

/// The first N values.
#[inline(always)]
pub(crate) fn read<S: Simd>(_: S, from: &[f32]) -> S::f32s {
    S::as_simd_f32s(&from[..S::F32_LANES]).0[0]
}

/// Into the first N values.
#[inline(always)]
pub(crate) fn write<S: Simd>(_: S, vector: S::f32s, to: &mut [f32]) {
    S::as_mut_simd_f32s(&mut to[..S::F32_LANES]).0[0] = vector;
}

/// The first N words.
#[inline(always)]
pub(crate) fn read_words<S: Simd>(_: S, from: &[u32]) -> S::u32s {
    S::as_simd_u32s(&from[..S::U32_LANES]).0[0]
}

/// Into the first N words.
#[inline(always)]
pub(crate) fn write_words<S: Simd>(_: S, words: S::u32s, to: &mut [u32]) {
    S::as_mut_simd_u32s(&mut to[..S::U32_LANES]).0[0] = words;
}

/// The greater of the value and 0; NaN stays NaN, −0 may become 0.
#[inline(always)]
pub(crate) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // In this order: x86's maximum is its second operand where one is NaN.
    simd.max_f32s(simd.splat_f32s(0.0), x)
}

/// The value where the lane's word is all ones, 0 where it is 0.
#[inline(always)]
pub(crate) fn keep<S: Simd>(simd: S, x: S::f32s, words: &[u32]) -> S::f32s {
    simd.and_f32s(x, simd.transmute_f32s_u32s(read_words(simd, words)))
}

/// The value where `gate` is above 0, else 0.
#[inline(always)]
pub(crate) fn keep_where_positive<S: Simd>(simd: S, x: S::f32s, gate: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.greater_than_f32s(gate, zero), x, zero)
}

/// The value where the lane's word has the bit, else 0.
#[inline(always)]
pub(crate) fn keep_where_bit<S: Simd>(simd: S, x: S::f32s, words: S::u32s, bit: u32) -> S::f32s {
    let bit = simd.splat_u32s(1 << bit);
    simd.select_f32s(
        simd.equal_u32s(simd.and_u32s(words, bit), bit),
        x,
        simd.splat_f32s(0.0),
    )
}

/// The words, with the bit set in those of the lanes whose value is above 0.
#[inline(always)]
pub(crate) fn with_bit_where_positive<S: Simd>(simd: S, words: S::u32s, bit: u32, x: S::f32s) -> S::u32s {
    let is_positive = simd.greater_than_f32s(x, simd.splat_f32s(0.0));
    let bit = simd.select_u32s(is_positive, simd.splat_u32s(1 << bit), simd.splat_u32s(0));
    simd.or_u32s(words, bit)
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::Instructions;

    const ODD: [f32; 8] = [
        0.0,
        -0.0,
        1.5,
        -1.5,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e-40,
    ];

    /// What each operation makes of `ODD`, lane by lane; `gate` is `ODD` from its third value on.
    struct Each;

    impl WithSimd for Each {
        type Output = Vec<[f32; 16]>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let (x, gate) = (cycled(0), cycled(2));
            let real: Vec<u32> = (0..16).map(|i| if i % 3 == 0 { u32::MAX } else { 0 }).collect();
            let mut made = vec![[0.0; 16]; 4];
            for at in (0..16).step_by(S::F32_LANES) {
                let (x, gate) = (read(simd, &x[at..]), read(simd, &gate[at..]));
                let words = with_bit_where_positive(simd, simd.splat_u32s(0), 5, gate);
                let words = with_bit_where_positive(simd, words, 7, x);
                let mut memory = [0; 16];
                write_words(simd, words, &mut memory);
                let words = read_words(simd, &memory);
                write(simd, relu(simd, x), &mut made[0][at..]);
                write(simd, keep(simd, x, &real[at..]), &mut made[1][at..]);
                write(simd, keep_where_positive(simd, x, gate), &mut made[2][at..]);
                write(simd, keep_where_bit(simd, x, words, 5), &mut made[3][at..]);
            }
            made
        }
    }

    fn cycled(from: usize) -> [f32; 16] {
        std::array::from_fn(|i| ODD[(i + from) % ODD.len()])
    }

    #[test]
    fn every_instruction_set_does_what_plain_code_does() {
        // NaNs differ in their payload, zeros in their sign, which means nothing here.
        let bits = |values: &[f32; 16]| values.map(|x| if x.is_nan() { 1 } else { (x + 0.0).to_bits() });
        let (x, gate) = (cycled(0), cycled(2));
        let where_positive = std::array::from_fn(|i| if gate[i] > 0.0 { x[i] } else { 0.0 });
        let want: [[f32; 16]; 4] = [
            std::array::from_fn(|i| if x[i] < 0.0 { 0.0 } else { x[i] }),
            std::array::from_fn(|i| if i % 3 == 0 { x[i] } else { 0.0 }),
            where_positive,
            where_positive,
        ];
        for instructions in Instructions::all_of_this_cpu() {
            let made = instructions.run(Each);
            for (n, (made, want)) in made.iter().zip(&want).enumerate() {
                assert_eq!(bits(made), bits(want), "operation {n}, {instructions:?}");
            }
        }
    }
}
