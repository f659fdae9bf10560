//! What an import says of a line.

/// A line, where it stood, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// `windows[0].panes[1]`
    pub place: String,
    pub line: String,
    pub what: String,
    /// Whether something was lost that a person may miss.
    pub lost: bool,
}

/// Without line breaks and control characters.
pub(super) fn one_line(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().filter(|c| !c.is_control()).collect()
}
