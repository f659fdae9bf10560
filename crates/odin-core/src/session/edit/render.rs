//! Values as YAML, in the style of what stands around them.
use serde_yaml::{Mapping, Value};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// Every text in double quotes, as JSON has it.
    pub json: bool,
}

impl Style {
    /// The value on one line, in brackets and braces.
    pub(super) fn flow(self, value: &Value) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(one) => one.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => self.text(text),
            Value::Sequence(all) => {
                let all: Vec<String> = all.iter().map(|one| self.flow(one)).collect();
                format!("[{}]", all.join(", "))
            }
            Value::Mapping(mapping) => format!("{{{}}}", self.entries(mapping).join(", ")),
            Value::Tagged(tagged) => self.flow(&tagged.value),
        }
    }

    /// `key: value`
    pub(super) fn entry(self, key: &str, value: &Value) -> String {
        format!("{}: {}", self.text(key), self.flow(value))
    }

    fn entries(self, mapping: &Mapping) -> Vec<String> {
        let entry = |(key, value): (&Value, &Value)| self.entry(key.as_str().unwrap_or_default(), value);
        mapping.iter().map(entry).collect()
    }

    fn text(self, text: &str) -> String {
        if !self.json && is_plain(text) {
            return text.to_owned();
        }
        // YAML takes the strings of JSON as they are.
        Value::String(text.to_owned())
            .as_str()
            .and_then(|text| serde_json::to_string(text).ok())
            .expect("a text has a form in JSON")
    }

    /// An item of a block list, without the indent of its first line: a queue with a line for each job, others as
    /// `blocks` says: a line for each key, or all on one.
    pub(super) fn item(self, value: &Value, indent: usize, blocks: bool, newline: &str) -> String {
        let spaces = " ".repeat(indent + 2);
        let Value::Mapping(mapping) = value else {
            return format!("- {}", self.flow(value));
        };
        let jobs = mapping.get("jobs").and_then(Value::as_sequence);
        if jobs.is_none() && !blocks {
            return format!("- {}", self.flow(value));
        }
        let mut lines = Vec::new();
        for (key, value) in mapping {
            let key = key.as_str().unwrap_or_default();
            match value {
                Value::Sequence(all) if key == "jobs" && !all.is_empty() => {
                    lines.push(format!("{}:", self.text(key)));
                    lines.extend(all.iter().map(|job| format!("  - {}", self.flow(job))));
                }
                value => lines.push(self.entry(key, value)),
            }
        }
        format!("- {}", lines.join(&format!("{newline}{spaces}")))
    }
}

/// Whether a text needs no quotes anywhere: a word that YAML takes for a text.
fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || "_-./+:=@~".contains(c);
    let starts = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/'));
    starts
        && text.chars().all(inner)
        && !text.ends_with(':')
        && serde_yaml::from_str::<Value>(text).is_ok_and(|value| value.as_str() == Some(text))
}
