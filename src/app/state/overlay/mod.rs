//! What lies over the screen and has the keyboard until it is closed.
mod palette;
mod picker;
mod restore;
mod save_as;

pub use palette::Palette;
pub(in crate::app) use palette::PaletteEntry;
pub use picker::{Choices, Column, Picker};
pub use restore::Restore;
pub use save_as::SaveAs;

#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The keys. Its page counts on past the last, which the first follows.
    Help(usize),
    Palette(Palette),
    /// A network and a set for a new job.
    Picker(Picker),
    /// Whether to restore what was not saved the last time.
    Restore(Restore),
    SaveAs(SaveAs),
}

/// The row so many rows further in a list, or its first or last one.
pub(in crate::app) fn stepped(selected: usize, by: i32, length: usize) -> usize {
    let to = selected.saturating_add_signed(by as isize);
    to.min(length.saturating_sub(1))
}
