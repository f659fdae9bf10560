//! Networks as they are described: cards in `models/`, architectures with the names and shapes of their tensors, and what
//! others measured. No tensor is read here.
//!
//! Each module imports only from those listed after it.
mod card;
mod architecture;
mod input;
mod error;
mod published;

pub use architecture::{Architecture, DenseNetPlan, Parameter, Plan, Role, WideResNetPlan};
pub use card::{CardError, NetworkCard};
pub use error::ArchitectureError;
pub use input::{Input, Span};
pub use published::{Measures, Published, PublishedRow};
