//! DenseNet-BC in evaluation: batch norms after a 1×1 convolution folded into it, transitions pooled before their
//! convolution, a block's channels in one buffer, and the gradient to the image by hand.
//!
//! `net` holds the weights, `workspace` the memory; `block` and `transition` are the parts, `pass` the whole.
mod block;
mod net;
mod pass;
mod transition;
mod workspace;

pub use net::{Kernel, Layer, Net, Norm, Transition};
pub use pass::{backward, forward};
pub use workspace::Workspace;
