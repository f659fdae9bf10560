//! Networks as they are described: cards in `models/`, architectures with the names and shapes of their tensors, and what
//! others measured. No tensor is read here.
//!
//! Each module imports only from those listed after it.
pub mod recognise;
mod card;
mod architecture;
mod resnet;
mod vit;
mod input;
mod error;
pub mod graph;
mod parameter;
mod published;

pub use architecture::{Architecture, DenseNetPlan, Plan, WideResNetPlan};
pub use card::{CardError, NetworkCard};
pub use error::ArchitectureError;
pub use input::{Input, Span};
pub use parameter::{Parameter, Role};
pub use published::{Measures, Published, PublishedRow};
pub use resnet::{Block, Layers, Resnet, Shortcut, Stem};
pub use vit::{Epsilon, Pool, Vit};
