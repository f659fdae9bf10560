//! The images of the selected job: which are listed and in which order, which one is chosen, and what is known of it.
mod gallery;
mod list;

pub use gallery::{Gallery, Inspected};
pub(in crate::app) use list::{Basis, list, threshold};
pub use odin_core::session::{ImageFilter, ImageOrder};
