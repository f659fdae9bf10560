//! What happened: a bounded list, newest last, that can be filtered and searched; and the status line.
use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::Field;

/// Only this many entries are kept; the oldest are dropped first.
const MOST: usize = 2000;
/// Characters of a line; the rest is cut, for it may come from anywhere and be of any length.
const LONGEST: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    Info,
    Warning,
    Error,
    /// What a library wrote to standard error.
    Native,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub at: Duration,
    pub level: Level,
    pub text: String,
    /// How many times in a row it was said.
    pub times: u32,
}

/// The last thing worth saying, on the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub level: Level,
    pub text: String,
}

/// Which entries are shown, by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFilter {
    #[default]
    All,
    /// Warnings and errors.
    Trouble,
    Errors,
    /// What libraries wrote to standard error.
    Native,
}

impl LogFilter {
    pub fn next(self) -> Self {
        match self {
            Self::All => Self::Trouble,
            Self::Trouble => Self::Errors,
            Self::Errors => Self::Native,
            Self::Native => Self::All,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::All => "everything",
            Self::Trouble => "warnings and errors",
            Self::Errors => "errors",
            Self::Native => "stderr",
        }
    }

    fn shows(self, level: Level) -> bool {
        match self {
            Self::All => true,
            Self::Trouble => matches!(level, Level::Warning | Level::Error),
            Self::Errors => level == Level::Error,
            Self::Native => level == Level::Native,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<LogEntry>,
    /// How many of the shown entries the view is scrolled back from the newest.
    pub back: usize,
    pub filter: LogFilter,
    /// Only entries that contain this text are shown, in upper or lower case.
    pub search: Field,
    /// The search text is being typed.
    pub is_searching: bool,
}

impl Log {
    /// Adds a text, line by line, without control characters, which could steer the terminal.
    pub fn push(&mut self, at: Duration, level: Level, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let text: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            match self.entries.back_mut() {
                Some(last) if last.level == level && last.text == text => {
                    last.times = last.times.saturating_add(1)
                }
                _ => {
                    let entry = LogEntry {
                        at,
                        level,
                        text,
                        times: 1,
                    };
                    // The lines that a person is reading stay in place.
                    if self.back > 0 && self.passes(&entry, &self.search.text().to_lowercase()) {
                        self.back += 1;
                    }
                    self.entries.push_back(entry);
                }
            }
        }
        while self.entries.len() > MOST {
            self.entries.pop_front();
        }
        self.back = self.back.min(self.entries.len());
    }

    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The entries that pass the filter and contain the search text.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &LogEntry> {
        let wanted = self.search.text().to_lowercase();
        self.entries
            .iter()
            .filter(move |entry| self.passes(entry, &wanted))
    }

    /// Whether an entry is shown, with the search text in lower case.
    fn passes(&self, entry: &LogEntry, wanted: &str) -> bool {
        self.filter.shows(entry.level) && (wanted.is_empty() || entry.text.to_lowercase().contains(wanted))
    }

    pub fn is_filtered(&self) -> bool {
        self.filter != LogFilter::All || !self.search.text().is_empty()
    }

    /// Scrolls towards newer entries (positive) or older ones.
    pub fn scroll(&mut self, lines: i32) {
        let back = self.back as i64 - i64::from(lines);
        let last = self.shown().count().saturating_sub(1) as i64;
        self.back = back.clamp(0, last) as usize;
    }

    /// The entries that are shown, as lines of text.
    pub fn text(&self) -> String {
        self.shown().map(|entry| format!("{entry}\n")).collect()
    }
}

impl std::fmt::Display for LogEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (time, level) = (clock(self.at), self.level.name());
        write!(f, "{time} {level:<7} {}", self.text)?;
        if self.times > 1 {
            write!(f, "  ({} times)", self.times)?;
        }
        Ok(())
    }
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Native => "stderr",
        }
    }
}

/// A time since the start as `01:02:03`.
pub fn clock(at: Duration) -> String {
    let seconds = at.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_counted_controls_dropped_and_old_lines_go() {
        let mut log = Log::default();
        log.push(Duration::ZERO, Level::Native, "a\x1b[31m\n\na\x1b[31m\nb");
        let texts: Vec<_> = log
            .entries()
            .map(|entry| (entry.text.as_str(), entry.times))
            .collect();
        assert_eq!(texts, [("a[31m", 2), ("b", 1)]);
        for n in 0..3 * MOST {
            log.push(Duration::ZERO, Level::Info, &n.to_string());
        }
        assert_eq!(log.entries().len(), MOST);
        log.scroll(i32::MIN);
        assert_eq!(log.back, MOST - 1);
        log.scroll(i32::MAX);
        assert_eq!(log.back, 0);
    }

    #[test]
    fn a_part_is_shown_and_copied() {
        let mut log = Log::default();
        let at = Duration::from_secs(3723);
        for (level, text) in [
            (Level::Info, "the CPU is ready"),
            (Level::Warning, "careful"),
            (Level::Error, "No such file"),
            (Level::Error, "No such file"),
            (Level::Native, "[W] from C++"),
        ] {
            log.push(at, level, text);
        }
        let count = |log: &Log| log.shown().count();
        let counts: Vec<_> = (0..4)
            .map(|_| {
                log.filter = log.filter.next();
                count(&log)
            })
            .collect();
        assert_eq!(counts, [2, 1, 1, 4]);
        "SUCH".chars().for_each(|c| assert!(log.search.push(c)));
        assert_eq!(log.text(), "01:02:03 error   No such file  (2 times)\n");
        log.scroll(-5);
        assert_eq!(log.back, 0, "there is but one");
    }

    #[test]
    fn what_one_reads_stays_while_more_comes() {
        let mut log = Log::default();
        for n in 0..50 {
            log.push(Duration::ZERO, Level::Info, &n.to_string());
        }
        log.scroll(-10);
        let read = |log: &Log| log.shown().rev().nth(log.back).map(|entry| entry.text.clone());
        let before = read(&log);
        log.push(Duration::ZERO, Level::Info, "more\nand more");
        assert_eq!(read(&log), before);
    }
}
