//! Which vector units this CPU has.
use std::fmt;

#[cfg(target_arch = "aarch64")]
use pulp::aarch64::Neon;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Simd, WithSimd};

/// An instruction set that this CPU has: only detection at run time makes one, so whoever holds one may use it.
///
/// ```compile_fail
/// // The field is private, and so are the kinds that it holds.
/// let made_up = odin_kernels::Instructions(todo!());
/// ```
#[derive(Clone, Copy)]
pub struct Instructions(Set);

/// Each holds pulp's proof that the CPU has it.
#[derive(Clone, Copy)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(V4),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

impl Instructions {
    /// The widest that this CPU has; `None` on a CPU for which there are no kernels.
    pub fn of_this_cpu() -> Option<Self> {
        Self::all_of_this_cpu().next()
    }

    /// All that this CPU has, the widest first.
    pub fn all_of_this_cpu() -> impl Iterator<Item = Self> {
        let found = [
            #[cfg(target_arch = "x86_64")]
            V4::try_new().map(Set::Avx512),
            #[cfg(target_arch = "x86_64")]
            V3::try_new().map(Set::Avx2),
            #[cfg(target_arch = "aarch64")]
            Neon::try_new().map(Set::Neon),
            None,
        ];
        found.into_iter().flatten().map(Self)
    }

    /// `AVX-512`, `AVX2` or `NEON`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "NEON",
        }
    }

    /// Values of f32 that a vector holds.
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.run(Lanes)
    }

    /// Runs `work` compiled for the instruction set.
    #[inline(always)]
    pub(crate) fn run<W: WithSimd>(self, work: W) -> W::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(simd) => Simd::vectorize(simd, work),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(simd) => Simd::vectorize(simd, work),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(simd) => Simd::vectorize(simd, work),
        }
    }
}

impl PartialEq for Instructions {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Instructions {}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
