//! Sizes of images that a network takes.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ArchitectureError;
use super::graph::LARGEST;

/// The images that a TorchScript program takes: `[3, 224, 224]` (channels, height, width), or `[1, height, width]` where they
/// are grey; for one that takes many sizes, height and width by name, each a number of pixels or `[least, most]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected [3, H, W], [1, H, W], or height and width, each a number of pixels or [least, most]"
)]
pub enum Input {
    /// Channels (3, or 1 for grey images), height, width.
    Shape([usize; 3]),
    Sides {
        height: Span,
        width: Span,
    },
}

/// Lengths of a side, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Span {
    One(usize),
    Between([usize; 2]),
}

impl Span {
    fn ends(self) -> (usize, usize) {
        match self {
            Self::One(side) => (side, side),
            Self::Between([least, most]) => (least, most),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ends() {
            (least, most) if least == most => write!(f, "{least}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

impl Input {
    fn sides(self) -> (Span, Span) {
        match self {
            Self::Shape([_, height, width]) => (Span::One(height), Span::One(width)),
            Self::Sides { height, width } => (height, width),
        }
    }

    /// Height and width of the smallest image it takes.
    pub fn least(self) -> (usize, usize) {
        let (height, width) = self.sides();
        (height.ends().0, width.ends().0)
    }

    /// Planes of its images, where they are said.
    pub(super) fn channels(self) -> Option<usize> {
        match self {
            Self::Shape([channels, ..]) => Some(channels),
            Self::Sides { .. } => None,
        }
    }

    /// Every size from this height and width on.
    pub(super) fn from_least([height, width]: [usize; 2]) -> Self {
        Self::Sides {
            height: Span::Between([height, LARGEST]),
            width: Span::Between([width, LARGEST]),
        }
    }

    pub(super) fn check(self) -> Result<(), ArchitectureError> {
        if let Self::Shape([channels, ..]) = self
            && !matches!(channels, 1 | 3)
        {
            return Err(ArchitectureError::Channels(channels));
        }
        let (height, width) = self.sides();
        for (name, (least, most)) in [("input height", height.ends()), ("input width", width.ends())] {
            let limit = LARGEST;
            if least < 1 || most > limit {
                let value = if least < 1 { least } else { most };
                return Err(ArchitectureError::Size { name, limit, value });
            }
            if least > most {
                return Err(ArchitectureError::Size {
                    name,
                    limit: most,
                    value: least,
                });
            }
        }
        Ok(())
    }

    pub(super) fn accepts(self, height: usize, width: usize) -> bool {
        let (heights, widths) = self.sides();
        let fits = |side: usize, (least, most): (usize, usize)| (least..=most).contains(&side);
        fits(height, heights.ends()) && fits(width, widths.ends())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, width) = self.sides();
        write!(f, "{height}×{width}")
    }
}
