//! Pieces that panes are put together from. They know cells and pixels, not jobs or metrics.
pub(super) mod panel;
pub(super) mod heat;
pub(super) mod pixels;
pub(super) mod canvas;
pub(super) mod bars;
pub(super) mod blocks;
