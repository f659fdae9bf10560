//! Entries of a list or a mapping taken out and put in, with the lines and commas around them.
use serde_yaml::Value;

use super::document::Node;
use super::{Editor, NotInPlace};
use crate::session::align::{Pair, align};

/// What becomes of the entries of a list or a mapping.
pub(super) struct Entries {
    /// Where the old ones stand.
    pub ranges: Vec<(usize, usize)>,
    /// Which of them stay.
    pub kept: Vec<bool>,
    /// What is put in after so many of those that stay.
    pub added: Vec<(usize, String)>,
}

impl Entries {
    fn is_same(&self) -> bool {
        self.added.is_empty() && self.kept.iter().all(|kept| *kept)
    }

    fn remaining(&self) -> Vec<(usize, usize)> {
        let kept = self.ranges.iter().zip(&self.kept);
        kept.filter(|(_, kept)| **kept).map(|(range, _)| *range).collect()
    }
}

impl Editor<'_> {
    pub(super) fn sequence(
        &mut self,
        node: &Node,
        key: Option<usize>,
        items: &[Node],
        old: &[Value],
        new: &[Value],
    ) -> Result<(), NotInPlace> {
        let pairs = align(old, new);
        let mut kept = vec![false; items.len()];
        for pair in &pairs {
            if let Pair::Kept(from, to) = *pair {
                kept[from] = true;
                self.value(&items[from], None, &old[from], &new[to])?;
            }
        }
        let mut ranges: Vec<(usize, usize)> = items.iter().map(|item| (item.start, item.end)).collect();
        let mut indent = 0;
        if !node.flow {
            for (start, _) in &mut ranges {
                *start = self.dash_before(*start)?;
            }
            let first = ranges.first().ok_or(NotInPlace::Unreadable)?.0;
            indent = self.text[self.line_start(first)..first].chars().count();
        }
        let mut after = 0;
        let mut added = Vec::new();
        for pair in &pairs {
            match *pair {
                Pair::Kept(..) => after += 1,
                Pair::Removed(_) => {}
                Pair::Added(to) => {
                    // One that only moved keeps the words that it was written in.
                    let moved = (0..items.len())
                        .find(|&from| !kept[from] && old[from] == new[to] && !items[from].is_linked());
                    let text = match moved {
                        Some(from) if node.flow => self.text[ranges[from].0..ranges[from].1].to_owned(),
                        Some(from) => self.text[ranges[from].0..self.line_end(ranges[from].1)]
                            .trim_end()
                            .to_owned(),
                        None if node.flow => self.style.flow(&new[to]),
                        None => {
                            let blocks = items.iter().any(Node::is_block_mapping);
                            self.style.item(&new[to], indent, blocks, self.newline)
                        }
                    };
                    added.push((after, text));
                }
            }
        }
        let entries = Entries { ranges, kept, added };
        if node.flow {
            self.change_flow(node, &entries);
        } else if new.is_empty() {
            let colon = self.after_colon(key)?;
            self.replace(colon, colon, " []");
            self.change_block(&entries)?;
        } else {
            self.change_block(&entries)?;
        }
        Ok(())
    }

    /// Entries on lines of their own: whole lines go and come, with the comments at their ends.
    pub(super) fn change_block(&mut self, entries: &Entries) -> Result<(), NotInPlace> {
        if entries.is_same() {
            return Ok(());
        }
        let all = &entries.ranges;
        for (n, &(start, end)) in all.iter().enumerate().filter(|(n, _)| !entries.kept[*n]) {
            let line = self.line_start(start);
            if self.text[line..start].trim().is_empty() {
                self.replace(line, self.line_end(end), "");
            } else {
                // The first key of a list's item: the next one takes its place after the dash.
                let next = all.get(n + 1).ok_or(NotInPlace::Unreadable)?.0;
                self.replace(start, next, "");
            }
        }
        let (first, _) = *all.first().ok_or(NotInPlace::Unreadable)?;
        // Keys of an item stand behind its dash, which is no space but as wide as one.
        let indent = " ".repeat(self.text[self.line_start(first)..first].chars().count());
        let remaining = entries.remaining();
        for (after, text) in &entries.added {
            let at = match after.checked_sub(1).and_then(|before| remaining.get(before)) {
                Some((_, end)) => self.line_end(*end),
                None => self.line_start(first),
            };
            let open = at == self.text.len() && !self.text.ends_with('\n');
            let newline = self.newline;
            self.replace(
                at,
                at,
                if open {
                    format!("{newline}{indent}{text}")
                } else {
                    format!("{indent}{text}{newline}")
                },
            );
        }
        Ok(())
    }

    /// Entries between brackets or braces, with commas between them.
    pub(super) fn change_flow(&mut self, node: &Node, entries: &Entries) {
        if entries.is_same() {
            return;
        }
        let remaining = entries.remaining();
        if remaining.is_empty() {
            let bracket = self.text[node.start..node.end]
                .find(['[', '{'])
                .map_or(node.start, |at| node.start + at);
            let texts: Vec<&str> = entries.added.iter().map(|(_, text)| text.as_str()).collect();
            self.replace(bracket + 1, node.end - 1, texts.join(", "));
            return;
        }
        // JSON takes no comma after the last entry, which lines of their own would leave.
        let lines = !self.style.json && entries.ranges.iter().all(|range| self.is_alone(*range));
        self.remove_flow(entries, lines);
        // Where the last of those that stay has no comma after it, the first that comes behind it brings one.
        for (after, text) in &entries.added {
            let before = after.checked_sub(1).and_then(|before| remaining.get(before));
            match before {
                Some(&(start, end)) if lines => {
                    let indent = &self.text[self.line_start(start)..start];
                    let line = format!("{indent}{text},{}", self.newline);
                    if !self.text[end..self.line_end(end)].trim_start().starts_with(',')
                        && !self.edits.contains(&(end, end, ",".to_owned()))
                    {
                        self.replace(end, end, ",");
                    }
                    let at = self.line_end(end);
                    self.replace(at, at, line);
                }
                Some(&(_, end)) => self.replace(end, end, format!(", {text}")),
                None => {
                    let start = remaining[0].0;
                    if lines {
                        let line = self.line_start(start);
                        let indent = &self.text[line..start];
                        let text = format!("{indent}{text},{}", self.newline);
                        self.replace(line, line, text);
                    } else {
                        self.replace(start, start, format!("{text}, "));
                    }
                }
            }
        }
    }

    fn remove_flow(&mut self, entries: &Entries, lines: bool) {
        let mut n = 0;
        while n < entries.ranges.len() {
            let run = entries.kept[n..].iter().take_while(|kept| !**kept).count();
            if run == 0 {
                n += 1;
                continue;
            }
            let (first, last) = (entries.ranges[n], entries.ranges[n + run - 1]);
            if lines {
                for (start, end) in &entries.ranges[n..n + run] {
                    self.replace(self.line_start(*start), self.line_end(*end), "");
                }
            } else if n > 0 {
                self.replace(entries.ranges[n - 1].1, last.1, "");
            } else if let Some(next) = entries.ranges.get(run) {
                self.replace(first.0, next.0, "");
            }
            n += run;
        }
    }

    /// Whether an entry has its lines for itself, but for a comma and a comment.
    fn is_alone(&self, (start, end): (usize, usize)) -> bool {
        let before = &self.text[self.line_start(start)..start];
        let after = self.text[end..self.line_end(end)].trim();
        let after = after.strip_prefix(',').unwrap_or(after).trim_start();
        before.trim().is_empty() && (after.is_empty() || after.starts_with('#'))
    }

    /// The dash before an item, which is the first on its line.
    fn dash_before(&self, start: usize) -> Result<usize, NotInPlace> {
        let before = self.text[..start].trim_end();
        let dash = before.strip_suffix('-').ok_or(NotInPlace::Unreadable)?.len();
        if self.text[self.line_start(dash)..dash].trim().is_empty() {
            Ok(dash)
        } else {
            Err(NotInPlace::Unreadable)
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Behind the end of the line.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline + 1)
    }
}
