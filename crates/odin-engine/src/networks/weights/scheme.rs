//! How one project's names become another's.
use odin_core::networks::Parameter;

use super::join::Parts;

/// Names of another project, and ours. In a line `{x}` stands for a number, `{x-1}` and `{x+1}` for the one before and the
/// one after it, a final `*` for the rest of the name. A name without a line is ours already.
#[derive(Debug)]
pub(super) struct Scheme {
    /// Whose names they are, as a person is told.
    pub whose: &'static str,
    /// What only names of this scheme begin with, where there is such a thing.
    pub mark: Option<&'static str>,
    pub lines: &'static [(&'static str, &'static str)],
    /// What it keeps in parts, under the names that `lines` give these.
    pub parts: Option<&'static Parts>,
}

impl Scheme {
    /// Our name for one of this scheme's, where a line has it.
    pub(super) fn ours(&self, name: &str) -> Option<String> {
        self.lines.iter().find_map(|(from, to)| apply(from, to, name))
    }

    /// What a file with these names has in the place of this tensor.
    pub(super) fn parts_of(&self, parameter: Parameter) -> Vec<Parameter> {
        match self.parts {
            Some(parts) => parts.of(parameter),
            None => vec![parameter],
        }
    }

    /// Whether names may be of this scheme, behind whatever prefix.
    pub(super) fn may_be_of<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        self.mark.is_none_or(|mark| names.any(|name| name.contains(mark)))
    }
}

/// The name by the pattern `to`, where `from` fits all of it.
fn apply(from: &str, to: &str, name: &str) -> Option<String> {
    let mut numbers: Vec<(&str, usize)> = Vec::new();
    let (mut pattern, mut rest) = (from, name);
    let tail = loop {
        if pattern == "*" {
            break rest;
        }
        let Some((before, after)) = pattern.split_once('{') else {
            match pattern.strip_suffix('*') {
                Some(start) => break rest.strip_prefix(start)?,
                None if pattern == rest => break "",
                None => return None,
            }
        };
        rest = rest.strip_prefix(before)?;
        let (key, after) = after.split_once('}')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, left) = rest.split_at_checked(digits)?;
        numbers.push((key, number.parse().ok()?));
        (pattern, rest) = (after, left);
    };
    let mut text = to.replace('*', tail);
    for (key, number) in numbers {
        text = text.replace(&format!("{{{key}}}"), &number.to_string());
        let before = format!("{{{key}-1}}");
        if text.contains(&before) {
            text = text.replace(&before, &number.checked_sub(1)?.to_string());
        }
        let after = format!("{{{key}+1}}");
        if text.contains(&after) {
            text = text.replace(&after, &number.checked_add(1)?.to_string());
        }
    }
    Some(text)
}
