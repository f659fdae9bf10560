//! What is convolved, and what becomes of the sums.

/// Sizes of a map beside its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many images.
    pub images: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

impl Size {
    pub(super) fn positions(self) -> usize {
        self.images * self.height * self.width
    }
}

/// What is done to the sums before they are written: bias, then what is added, then the gate.
#[derive(Clone, Copy, Default)]
pub struct Then<'a> {
    /// A value an output channel; none where it is empty.
    pub bias: &'a [f32],
    /// A map of the output's size.
    pub add: Option<&'a [f32]>,
    /// What becomes 0.
    pub gate: Gate<'a>,
}

/// Which values are let through.
#[derive(Clone, Copy, Default)]
pub enum Gate<'a> {
    /// All.
    #[default]
    Open,
    /// Those above 0.
    Relu,
    /// Those where this map is above 0: the way back through a ReLU with these activations.
    Where(&'a [f32]),
}
