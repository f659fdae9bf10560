//! Shapes of the values between operations.
use std::fmt;

/// The shape of one image's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Map {
        channels: usize,
        height: usize,
        width: usize,
    },
    Tokens {
        count: usize,
        width: usize,
    },
    Vector(usize),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map {
                channels,
                height,
                width,
            } => write!(f, "{channels} maps of {height}×{width}"),
            Self::Tokens { count, width } => write!(f, "{count} tokens of {width}"),
            Self::Vector(width) => write!(f, "a vector of {width}"),
        }
    }
}
