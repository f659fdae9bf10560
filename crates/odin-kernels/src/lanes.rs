//! Vectors of f32: one interface over the instruction sets, and an array that does the same without any, for tests.
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// A vector of `N` values. Everything is inlined into a caller for which the instruction set is switched on
/// (`#[target_feature]`).
///
/// # Safety
/// All functions need a CPU with the instruction set.
pub trait Lanes: Copy {
    const N: usize;
    unsafe fn splat(value: f32) -> Self;
    /// # Safety
    /// Reads `N` values, which may lie anywhere.
    unsafe fn read_at(from: *const f32) -> Self;
    /// # Safety
    /// Writes `N` values, which may lie anywhere.
    unsafe fn write_at(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    /// `self` · `factor` + `term`, rounded once.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The greater of the value and 0; NaN stays NaN.
    unsafe fn relu(self) -> Self;
    /// A bit a lane, set where the value is above 0.
    unsafe fn positive(self) -> u16;
    /// The value where the lane's bit is set, else 0.
    unsafe fn keep(self, lanes: u16) -> Self;
    /// The value where `gate` is above 0, else 0.
    unsafe fn keep_where_positive(self, gate: Self) -> Self;

    /// The first `N` values of the slice, which must hold as many.
    #[inline(always)]
    unsafe fn read(from: &[f32]) -> Self {
        // SAFETY: the slice has been checked.
        unsafe { Self::read_at(from[..Self::N].as_ptr()) }
    }

    /// Into the first `N` values of the slice, which must hold as many.
    #[inline(always)]
    unsafe fn write(self, to: &mut [f32]) {
        // SAFETY: the slice has been checked.
        unsafe { self.write_at(to[..Self::N].as_mut_ptr()) }
    }
}

impl<const N: usize> Lanes for [f32; N] {
    const N: usize = N;

    unsafe fn splat(value: f32) -> Self {
        [value; N]
    }

    unsafe fn read_at(from: *const f32) -> Self {
        // SAFETY: the caller vouches for N values.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    unsafe fn write_at(self, to: *mut f32) {
        // SAFETY: the caller vouches for N values.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }

    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        std::array::from_fn(|i| self[i].mul_add(factor[i], term[i]))
    }

    unsafe fn relu(self) -> Self {
        self.map(|x| if 0.0 > x { 0.0 } else { x })
    }

    unsafe fn positive(self) -> u16 {
        (0..N).fold(0, |bits, i| bits | (u16::from(self[i] > 0.0) << i))
    }

    unsafe fn keep(self, lanes: u16) -> Self {
        std::array::from_fn(|i| if lanes >> i & 1 == 1 { self[i] } else { 0.0 })
    }

    unsafe fn keep_where_positive(self, gate: Self) -> Self {
        std::array::from_fn(|i| if gate[i] > 0.0 { self[i] } else { 0.0 })
    }
}

/// AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
impl Lanes for __m256 {
    const N: usize = 8;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn read_at(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the instruction set and the values.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn write_at(self, to: *mut f32) {
        // SAFETY: the caller vouches for the instruction set and the values.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_fmadd_ps(self, factor, term) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), self) }
    }

    #[inline(always)]
    unsafe fn positive(self) -> u16 {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(self, _mm256_setzero_ps())) as u16 }
    }

    #[inline(always)]
    unsafe fn keep(self, lanes: u16) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let chosen = _mm256_and_si256(_mm256_set1_epi32(i32::from(lanes)), bit);
            _mm256_and_ps(self, _mm256_castsi256_ps(_mm256_cmpeq_epi32(chosen, bit)))
        }
    }

    #[inline(always)]
    unsafe fn keep_where_positive(self, gate: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm256_and_ps(self, _mm256_cmp_ps::<_CMP_GT_OQ>(gate, _mm256_setzero_ps())) }
    }
}

/// AVX-512.
#[cfg(target_arch = "x86_64")]
impl Lanes for __m512 {
    const N: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn read_at(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the instruction set and the values.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn write_at(self, to: *mut f32) {
        // SAFETY: the caller vouches for the instruction set and the values.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_fmadd_ps(self, factor, term) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), self) }
    }

    #[inline(always)]
    unsafe fn positive(self) -> u16 {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    unsafe fn keep(self, lanes: u16) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { _mm512_maskz_mov_ps(lanes, self) }
    }

    #[inline(always)]
    unsafe fn keep_where_positive(self, gate: Self) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { self.keep(gate.positive()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions;

    /// Every operation on values that are easy to get wrong, as bits.
    #[inline(always)]
    unsafe fn all<V: Lanes>() -> Vec<u32> {
        let odd = [
            0.0,
            -0.0,
            1.5,
            -1.5,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e-40,
        ];
        let a: Vec<f32> = odd.iter().cycle().copied().take(16).collect();
        let b: Vec<f32> = odd.iter().rev().cycle().skip(3).copied().take(16).collect();
        let mut out = Vec::new();
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let (a, b, c) = (V::read(&a), V::read(&b), V::splat(0.1));
            let made = [
                a.add(b),
                a.mul_add(c, b),
                a.relu(),
                a.keep(0b1010_0110_1100_0101),
                c.keep(a.positive()),
                c.keep_where_positive(b),
            ];
            for vector in made {
                let mut values = vec![0.0; V::N];
                vector.write(&mut values);
                // NaNs differ in their payload, which means nothing.
                out.extend(values.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }));
            }
            out.push(u32::from(a.positive()));
        }
        out
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn instructions_do_what_arrays_do() {
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2() -> Vec<u32> {
            // SAFETY: switched on.
            unsafe { all::<__m256>() }
        }
        #[target_feature(enable = "avx512f")]
        unsafe fn avx512() -> Vec<u32> {
            // SAFETY: switched on.
            unsafe { all::<__m512>() }
        }
        // SAFETY: each is called on a CPU that has it; arrays need nothing.
        unsafe {
            match Instructions::of_this_cpu() {
                Some(Instructions::Avx512) => assert_eq!(avx512(), all::<[f32; 16]>()),
                Some(Instructions::Avx2) => assert_eq!(avx2(), all::<[f32; 8]>()),
                None => println!("skipped: this CPU has neither"),
            }
        }
    }
}
