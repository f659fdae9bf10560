//! Memory whose vectors don't straddle cache lines.
use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, as many as the widest vector has.
const LINE: usize = 64;

/// Values that begin at a cache line. An allocator aligns to 16 bytes, and reading a vector of 64 bytes that straddles two
/// lines costs as much as reading two vectors.
pub(crate) struct Aligned {
    memory: Vec<f32>,
    first: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        let memory = vec![0.0; len + LINE / size_of::<f32>()];
        // `align_offset` may decline to answer; any other place then is slower, not wrong.
        let first = memory.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { memory, first, len }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.memory[self.first..][..self.len]
    }
}

impl DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.first..][..self.len]
    }
}
