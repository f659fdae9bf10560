//! Pieces that panes are put together from. They know cells and pixels, not jobs or metrics.
pub mod panel;
pub mod heat;
pub mod pixels;
pub mod canvas;
pub mod bars;
pub mod blocks;
