//! A binding: which keys do what, on which screen.
use crate::app::action::Action;
use crate::app::key::Key;
use odin_core::session::Screen;

/// Where a binding is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    Everywhere,
    On(Screen),
}

impl Context {
    pub fn holds_on(self, screen: Screen) -> bool {
        self == Self::Everywhere || self == Self::On(screen)
    }

    /// Whether both are valid on some screen.
    pub fn overlaps(self, other: Self) -> bool {
        self == other || self == Self::Everywhere || other == Self::Everywhere
    }
}

/// The headings of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Parameters,
    Jobs,
    Threshold,
    Plots,
    Conventions,
    Grid,
    Images,
    Compare,
    Detectors,
    Log,
    Program,
}

impl Group {
    pub const ALL: [Self; 11] = [
        Self::Parameters,
        Self::Threshold,
        Self::Jobs,
        Self::Plots,
        Self::Grid,
        Self::Images,
        Self::Compare,
        Self::Detectors,
        Self::Conventions,
        Self::Log,
        Self::Program,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Parameters => "Knobs of the detector",
            Self::Jobs => "Jobs",
            Self::Threshold => "Threshold",
            Self::Plots => "Plots",
            Self::Conventions => "Conventions",
            Self::Grid => "Grid",
            Self::Images => "Images",
            Self::Compare => "Compare",
            Self::Detectors => "Detectors",
            Self::Log => "Log",
            Self::Program => "Program",
        }
    }
}

/// An action and the keys for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    pub context: Context,
    pub group: Group,
    /// The name in the settings file; no two bindings share one.
    pub name: &'static str,
    pub keys: Vec<Key>,
    pub action: Action,
    pub help: &'static str,
}

/// A row of a screen's table: where it is valid, its heading, its name in the settings file, the keys with blanks between
/// them, the action, and the action in words.
pub(super) type Row = (Context, Group, &'static str, &'static str, Action, &'static str);
