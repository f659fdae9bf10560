//! Pieces of pictures: they know about cells, not about jobs or metrics.
pub mod bars;
pub mod blocks;
pub mod canvas;
pub mod panel;
pub mod pixels;
pub mod heat;
pub mod title;
