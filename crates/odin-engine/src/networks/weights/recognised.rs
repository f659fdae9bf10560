//! What network a file was found to hold, or is nearest to, in words.
use std::fmt;

use odin_core::networks::Architecture;

use super::differences::Mismatches;

/// A network found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    pub architecture: Architecture,
    pub classes: usize,
    /// Whose names its tensors have.
    pub whose: &'static str,
}

impl fmt::Display for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            architecture,
            classes,
            whose,
        } = self;
        write!(f, "{architecture}, {classes} classes, names as {whose}")
    }
}

/// The network that a file without one is nearest to.
#[derive(Debug)]
pub struct Nearest {
    pub(super) architecture: Architecture,
    pub(super) classes: Option<usize>,
    /// Whose names were read; `None` where only the shapes are alike.
    pub(super) whose: Option<&'static str>,
    pub(super) doubts: Vec<String>,
    pub(super) mismatches: Mismatches,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.architecture)?;
        match self.classes {
            Some(classes) => write!(f, "{classes} classes")?,
            None => f.write_str("without a last layer")?,
        }
        match self.whose {
            Some(whose) => write!(f, ", names as {whose}")?,
            None => f.write_str(", by the shapes alone, for the names are of no project known here")?,
        }
        write!(f, ": {}", self.mismatches)?;
        self.doubts.iter().try_for_each(|doubt| write!(f, "; {doubt}"))
    }
}
