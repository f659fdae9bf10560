//! Scoring: from logits to log-odds at T, and the input perturbation of ODIN (arXiv 1706.02690, section 3).
//!
//! `log_odds` is plain arithmetic; `perturbation` needs tensors and a network. Nothing here reads a file or keeps
//! anything.
mod log_odds;
mod perturbation;

pub use log_odds::{argmax, log_odds};
pub use perturbation::{Scorer, Signs};
