//! Convolutional networks on one image at a time, written for the vector units of x86-64 CPUs.
//!
//! libtorch's convolutions are made for wide networks and reach about half of what a core can do in the narrow layers of
//! a DenseNet. Here the lanes of a vector are neighbouring positions of one channel, so that any number of channels
//! fills them: `grid` deals the positions out, `tiles` computes, `lanes` is the vector, `densenet` the network. What works
//! on a channel's values as they pass (batch norm, ReLU) costs no pass over memory of its own.
//!
//! Every image is computed by itself, its sums always in one order: its values don't depend on its batch, to the bit.
//!
//! A package of its own, so that it is optimised where the program under test is not. It knows no libtorch.
pub mod densenet;
mod grid;
mod lanes;
mod tiles;

pub use tiles::Packed;

/// Instruction sets that there is a vector for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// With FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// The widest that this CPU has; `None` where libtorch has to do it.
    pub fn of_this_cpu() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Some(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Some(Self::Avx2);
            }
        }
        None
    }

    /// Values of a vector.
    pub fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 8,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 16,
        }
    }
}
