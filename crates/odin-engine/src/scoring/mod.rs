//! ODIN's tensor half: logits, the sign of the gradient to the image, and the perturbed image (arXiv 1706.02690, section 3).
mod perturbation;

pub use perturbation::{Scorer, Signs};
