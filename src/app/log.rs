//! What happened: a bounded list, newest last.
use std::collections::VecDeque;
use std::time::Duration;

/// Entries beyond this push out the oldest.
const MOST: usize = 2000;
/// A line longer than this is cut: nobody reads it, and it may come from anywhere.
const LONGEST: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// How often it came in a row.
    pub times: u32,
}

#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<LogEntry>,
    /// Entries scrolled back from the newest.
    pub back: usize,
}

impl Log {
    /// Adds a text, line by line; what would steer a terminal is left out.
    pub fn push(&mut self, at: Duration, level: Level, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let text: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            match self.entries.back_mut() {
                Some(last) if last.level == level && last.text == text => {
                    last.times = last.times.saturating_add(1)
                }
                _ => self.entries.push_back(LogEntry {
                    at,
                    level,
                    text,
                    times: 1,
                }),
            }
        }
        while self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Scrolls towards newer entries (positive) or older ones.
    pub fn scroll(&mut self, lines: i32) {
        let back = self.back as i64 - i64::from(lines);
        self.back = back.clamp(0, self.entries.len().saturating_sub(1) as i64) as usize;
    }
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
}
