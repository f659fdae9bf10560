//! YAML text as a tree of values, each with its place in the text.
use saphyr_parser::{Event, Parser, ScalarStyle};

use super::NotInPlace;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The first byte: of the value, or of the anchor before it.
    pub start: usize,
    /// The byte after the last; of a block, that of its last value.
    pub end: usize,
    /// Written in brackets or braces.
    pub flow: bool,
    /// 0 for none.
    pub anchor: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
    /// The anchor that it repeats.
    Alias(usize),
}

impl Node {
    pub(super) fn is_block_mapping(&self) -> bool {
        !self.flow && matches!(self.kind, Kind::Mapping(_))
    }

    /// Whether an anchor or an alias is in it.
    pub(super) fn is_linked(&self) -> bool {
        self.anchor != 0
            || match &self.kind {
                Kind::Scalar { .. } => false,
                Kind::Alias(_) => true,
                Kind::Sequence(items) => items.iter().any(Self::is_linked),
                Kind::Mapping(entries) => entries
                    .iter()
                    .any(|(key, value)| key.is_linked() || value.is_linked()),
            }
    }
}

/// The tree of a text with one document.
pub(super) fn read(text: &str) -> Result<Node, NotInPlace> {
    // The parser counts characters.
    let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    bytes.push(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|_| NotInPlace::Unreadable)?;
        let at = |index: usize| bytes.get(index).copied().ok_or(NotInPlace::Unreadable);
        let (start, end) = (at(span.start.index())?, at(span.end.index())?);
        let done = match event {
            Event::Scalar(value, style, anchor, _) => Node {
                start,
                end: start + text.get(start..end).unwrap_or_default().trim_end().len(),
                flow: false,
                anchor,
                kind: Kind::Scalar {
                    text: value.into_owned(),
                    style,
                },
            },
            Event::Alias(anchor) => Node {
                start,
                end,
                flow: false,
                anchor: 0,
                kind: Kind::Alias(anchor),
            },
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let flow = text
                    .get(start..end)
                    .is_some_and(|text| text.ends_with(['[', '{']));
                open.push(Open {
                    start,
                    flow,
                    anchor,
                    nodes: Vec::new(),
                });
                continue;
            }
            Event::SequenceEnd => open.pop().ok_or(NotInPlace::Unreadable)?.closed(start, false)?,
            Event::MappingEnd => open.pop().ok_or(NotInPlace::Unreadable)?.closed(start, true)?,
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.nodes.push(done),
            None if root.is_none() => root = Some(done),
            None => return Err(NotInPlace::Unreadable),
        }
    }
    root.ok_or(NotInPlace::Unreadable)
}

/// A list or mapping whose end is not reached.
struct Open {
    start: usize,
    flow: bool,
    anchor: usize,
    nodes: Vec<Node>,
}

impl Open {
    fn closed(self, bracket: usize, is_mapping: bool) -> Result<Node, NotInPlace> {
        let last = self.nodes.last().map_or(self.start, |node| node.end);
        let kind = if is_mapping {
            let mut entries = Vec::new();
            let mut nodes = self.nodes.into_iter();
            while let Some(key) = nodes.next() {
                entries.push((key, nodes.next().ok_or(NotInPlace::Unreadable)?));
            }
            Kind::Mapping(entries)
        } else {
            Kind::Sequence(self.nodes)
        };
        Ok(Node {
            start: self.start,
            end: if self.flow { bracket + 1 } else { last },
            flow: self.flow,
            anchor: self.anchor,
            kind,
        })
    }
}
