//! Networks that are described as a graph: one interpreter for all of them.
//!
//! [`Plain`] computes each operation as it is written, by autograd, also in training; [`Folded`] is for scoring. Each module
//! imports only from those listed after it.
mod folded;
mod plain;
mod gradient;
mod step;
mod tokens;
mod attention;
mod linear;

#[cfg(test)]
mod tests;

pub(super) use folded::Folded;
pub(super) use plain::Plain;
