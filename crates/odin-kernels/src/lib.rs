#![doc = include_str!("../README.md")]
//!
//! ## Modules
//! Each imports only from those below it: `densenet` is a network, `winograd` a convolution for wide ones; `two_rows` and
//! `tiles` are the inner loops; `lanes` is what they ask of a vector; `grid` deals the positions out to vectors; `aligned` is
//! memory; `instructions` says which vectors there are.
pub mod densenet;
pub mod winograd;
mod two_rows;
mod tiles;
mod lanes;
mod grid;
mod aligned;
mod instructions;

pub use instructions::Instructions;
pub use tiles::Packed;
