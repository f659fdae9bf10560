//! A session's file with the session's changes made in its text, so that comments and style stay.
//!
//! What cannot be changed in place is an error: the text is then written anew. The caller compares what the new text
//! says with what it should say, so that a style that was misread here changes no session.
mod document;
mod lists;
mod render;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use saphyr_parser::ScalarStyle;
use serde_yaml::{Mapping, Value};

use super::schema::Session;
use document::{Kind, Node};
use lists::Entries;
use render::Style;

/// Why a file cannot be changed where it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotInPlace {
    #[error("what it held before is no session")]
    NoSession,
    #[error("its YAML is written in a way that cannot be edited")]
    Unreadable,
    #[error("a text over several lines (`|` or `>`) changed")]
    BlockText,
    #[error("the changed text would not say what the session is")]
    Different,
}

/// The text with what `new` says in place of what `old` says; `old` is what the text says.
pub(super) fn edited(text: &str, old: &Session, new: &Session) -> Result<String, NotInPlace> {
    let root = document::read(text)?;
    let value = |session: &Session| serde_yaml::to_value(session).map_err(|_| NotInPlace::Unreadable);
    let (old, new) = (value(old)?, value(new)?);
    let mut editor = Editor::new(text, &root);
    // Once to learn what each anchored value becomes, and once to know whether its aliases still say the same.
    editor.value(&root, None, &old, &new)?;
    editor.edits.clear();
    editor.value(&root, None, &old, &new)?;
    editor.applied()
}

struct Editor<'a> {
    text: &'a str,
    style: Style,
    newline: &'static str,
    /// What is put in place of which bytes.
    edits: Vec<(usize, usize, String)>,
    /// What the anchored values become.
    anchored: HashMap<usize, Value>,
}

impl<'a> Editor<'a> {
    fn new(text: &'a str, root: &Node) -> Self {
        let first_key = match &root.kind {
            Kind::Mapping(entries) => entries.first().map(|(key, _)| key),
            _ => None,
        };
        let quoted = |key: &Node| matches!(&key.kind, Kind::Scalar { style, .. } if *style == ScalarStyle::DoubleQuoted);
        Self {
            text,
            style: Style {
                json: root.flow && first_key.is_some_and(quoted),
            },
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
            edits: Vec::new(),
            anchored: HashMap::new(),
        }
    }

    fn replace(&mut self, start: usize, end: usize, by: impl Into<String>) {
        self.edits.push((start, end, by.into()));
    }

    /// `key` is where the value's key ends.
    fn value(&mut self, node: &Node, key: Option<usize>, old: &Value, new: &Value) -> Result<(), NotInPlace> {
        if node.anchor != 0 {
            self.anchored.insert(node.anchor, new.clone());
        }
        match (&node.kind, old, new) {
            (Kind::Alias(anchor), _, _) => {
                if self.anchored.get(anchor) != Some(new) {
                    self.replace(node.start, node.end, self.style.flow(new));
                }
                Ok(())
            }
            (Kind::Mapping(entries), Value::Mapping(old), Value::Mapping(new)) => {
                self.mapping(node, entries, old, new)
            }
            (Kind::Sequence(items), Value::Sequence(old), Value::Sequence(new))
                if items.len() == old.len() =>
            {
                self.sequence(node, key, items, old, new)
            }
            _ if old == new => Ok(()),
            (
                Kind::Scalar {
                    style: ScalarStyle::Literal | ScalarStyle::Folded,
                    ..
                },
                _,
                _,
            ) => Err(NotInPlace::BlockText),
            (Kind::Scalar { .. }, _, _) if node.start == node.end => {
                let colon = self.after_colon(key)?;
                self.replace(colon, colon, format!(" {}", self.style.flow(new)));
                Ok(())
            }
            (Kind::Scalar { .. }, _, _) => {
                self.replace(self.after_anchor(node), node.end, self.style.flow(new));
                Ok(())
            }
            _ if node.flow => {
                self.replace(self.after_anchor(node), node.end, self.style.flow(new));
                Ok(())
            }
            // A block gives way to one line after its key.
            _ => {
                let colon = self.after_colon(key)?;
                self.replace(colon, node.end, format!(" {}", self.style.flow(new)));
                Ok(())
            }
        }
    }

    fn mapping(
        &mut self,
        node: &Node,
        entries: &[(Node, Node)],
        old: &Mapping,
        new: &Mapping,
    ) -> Result<(), NotInPlace> {
        let mut kept = Vec::new();
        let mut written = Vec::new();
        for (key, value) in entries {
            let Kind::Scalar { text: name, .. } = &key.kind else {
                return Err(NotInPlace::Unreadable);
            };
            written.push(name.as_str());
            // A key without a value in the text may say what is not written otherwise: `weights: null`.
            kept.push(new.contains_key(name.as_str()) || !old.contains_key(name.as_str()));
            if let Some(new) = new.get(name.as_str()) {
                let old = old.get(name.as_str()).unwrap_or(&Value::Null);
                self.value(value, Some(key.end), old, new)?;
            }
        }
        let mut added = Vec::new();
        for (key, value) in new {
            let name = key.as_str().ok_or(NotInPlace::Unreadable)?;
            if written.contains(&name) || old.get(name) == Some(value) {
                continue;
            }
            added.push(match (old.get(name), value) {
                // Of a mapping that was left to its defaults, what differs from them.
                (Some(Value::Mapping(old)), Value::Mapping(new)) => {
                    let differs = |(key, value): &(&Value, &Value)| old.get(*key) != Some(*value);
                    let new: Mapping = new
                        .iter()
                        .filter(differs)
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect();
                    self.style.entry(name, &Value::Mapping(new))
                }
                _ => self.style.entry(name, value),
            });
        }
        let mut ranges = Vec::new();
        for (key, value) in entries {
            // A value that is not written has no place of its own.
            let is_empty = value.start == value.end;
            let end = if is_empty {
                self.after_colon(Some(key.end))?
            } else {
                value.end
            };
            ranges.push((key.start, end));
        }
        let after = entries.iter().zip(&kept).filter(|(_, kept)| **kept).count();
        let added = added.into_iter().map(|text| (after, text)).collect();
        let entries = Entries { ranges, kept, added };
        if node.flow {
            self.change_flow(node, &entries);
            Ok(())
        } else {
            self.change_block(&entries)
        }
    }

    /// Where the value itself starts: behind its anchor.
    fn after_anchor(&self, node: &Node) -> usize {
        let text = self.text.get(node.start..node.end).unwrap_or_default();
        if !text.starts_with('&') {
            return node.start;
        }
        let name = text.find(char::is_whitespace).unwrap_or(text.len());
        let space = text.get(name..).unwrap_or_default();
        node.start + text.len() - space.trim_start().len()
    }

    fn after_colon(&self, key: Option<usize>) -> Result<usize, NotInPlace> {
        let key = key.ok_or(NotInPlace::Unreadable)?;
        let colon = self.text.get(key..).and_then(|rest| rest.find(':'));
        colon.map(|colon| key + colon + 1).ok_or(NotInPlace::Unreadable)
    }

    fn applied(mut self) -> Result<String, NotInPlace> {
        // What is put before a range comes before what is put in its place.
        self.edits.sort_by_key(|(start, end, _)| (*start, *end));
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for (start, end, by) in &self.edits {
            text.push_str(self.text.get(done..*start).ok_or(NotInPlace::Different)?);
            text.push_str(by);
            done = *end;
        }
        text.push_str(self.text.get(done..).ok_or(NotInPlace::Different)?);
        Ok(text)
    }
}
