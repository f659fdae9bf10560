//! DenseNets on one image at a time, and the gradient to the image, on the vector units of a CPU.
//!
#![doc = include_str!("../README.md")]
mod aligned;
pub mod densenet;
mod grid;
mod instructions;
mod lanes;
mod tiles;
mod two_rows;

pub use instructions::Instructions;
pub use tiles::Packed;
