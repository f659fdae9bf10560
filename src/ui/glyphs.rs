//! The characters that the screen is drawn with: Unicode, or ASCII where the locale is not UTF-8.
use odin_core::setting::Knob;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    pub unicode: bool,
    /// The rule of a pane's title.
    pub rule: &'static str,
    pub bar_full: &'static str,
    pub bar_empty: &'static str,
    pub grip: &'static str,
    pub track: &'static str,
    pub track_done: &'static str,
    pub track_left: &'static str,
    pub track_right: &'static str,
    pub cursor: &'static str,
    pub marker: &'static str,
    /// Not distinguishable from the best.
    pub alike: &'static str,
    pub select: &'static str,
    /// The columns of a histogram, from one eighth of a cell to a full cell.
    pub eighths: [&'static str; 8],
    /// Patterns for ID, OOD and both, on terminals without colours.
    pub patterns: [&'static str; 3],
    /// From light to dark, on terminals without colours.
    pub shades: [&'static str; 5],
    pub better: &'static str,
    pub worse: &'static str,
    /// T and ε were chosen on the images that are reported.
    pub tuned: &'static str,
    pub missing: &'static str,
    pub minus: &'static str,
    pub separator: &'static str,
    pub epsilon: &'static str,
    pub delta: &'static str,
    pub at_least: &'static str,
    pub to: &'static str,
    /// Between the ends of an interval whose ends have signs.
    pub range: &'static str,
    pub arrow: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub more: &'static str,
    /// Points at what lies below.
    pub down_marker: &'static str,
    pub axis: &'static str,
}

impl Glyphs {
    /// What a knob is called in little room.
    pub fn knob(&self, knob: &Knob) -> &'static str {
        match knob.label {
            "ε" => self.epsilon,
            label if self.unicode || label.is_ascii() => label,
            _ => knob.key,
        }
    }

    pub const UNICODE: Self = Self {
        unicode: true,
        rule: "─",
        bar_full: "█",
        bar_empty: "░",
        grip: "●",
        track: "─",
        track_done: "━",
        track_left: "├",
        track_right: "┤",
        cursor: "│",
        marker: "◆",
        alike: "≈",
        select: "▸",
        eighths: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        patterns: ["█", "░", "▒"],
        shades: [" ", "░", "▒", "▓", "█"],
        better: "✓",
        worse: "✗",
        tuned: " ‡",
        missing: "—",
        minus: "−",
        separator: "·",
        epsilon: "ε",
        delta: "δ",
        at_least: "≥",
        to: "–",
        range: "…",
        arrow: "→",
        up: "↑",
        down: "↓",
        more: "…",
        down_marker: "▼",
        axis: "│",
    };

    pub const ASCII: Self = Self {
        unicode: false,
        rule: "-",
        bar_full: "#",
        bar_empty: ".",
        grip: "O",
        track: "-",
        track_done: "=",
        track_left: "|",
        track_right: "|",
        cursor: "|",
        marker: "X",
        alike: "~",
        select: ">",
        eighths: [".", ".", ":", ":", "|", "|", "#", "#"],
        patterns: ["#", "o", "%"],
        shades: [" ", ".", ":", "*", "#"],
        better: "+",
        worse: "!",
        tuned: " #",
        missing: "--",
        minus: "-",
        separator: "|",
        epsilon: "eps",
        delta: "delta",
        at_least: ">=",
        to: "..",
        range: "..",
        arrow: "->",
        up: "^",
        down: "v",
        more: "..",
        down_marker: "V",
        axis: "|",
    };
}
