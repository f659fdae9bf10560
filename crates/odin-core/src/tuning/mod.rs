//! A detector's knobs chosen on some images and reported on others: the settings that are tried, how they are chosen without
//! OOD images, and whether a choice on one set carries over to the others.
//!
//! Each module imports only from those listed after it.
mod transfer;
mod by_id;
mod grid;

pub use by_id::{ByIdError, by_id, mean_max_softmax};
pub use grid::{Axis, Grid, GridError, Pass, pass_of};
pub use transfer::{Landed, Row, Transfer};
