//! What differs between two sessions, in words for a person.
use std::fmt;

use serde_yaml::{Mapping, Value};

use super::align::{Pair, align};
use super::schema::Session;

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Added(Subject),
    Removed(Subject),
    /// It stands elsewhere in its list.
    Moved(Subject),
    Set {
        of: Subject,
        /// As a person calls it: `T`, `ε`, else the key in the file.
        key: String,
        from: String,
        to: String,
    },
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Session,
    Defaults,
    View,
    Queue(String),
    Job {
        queue: String,
        network: String,
        dataset: String,
    },
}

impl Session {
    /// What has to be done to this session so that it becomes `other`, in the order of the file. None where they are equal.
    pub fn changes(&self, other: &Self) -> Vec<Change> {
        let mapping = |session: &Self| match serde_yaml::to_value(session) {
            Ok(Value::Mapping(mapping)) => mapping,
            other => unreachable!("a session is written as a mapping, not as {other:?}"),
        };
        let (old, new) = (mapping(self), mapping(other));
        let mut found = Found(Vec::new());
        found.keys(
            &Subject::Session,
            &old,
            &new,
            &["version", "defaults", "queues", "view"],
            None,
        );
        found.keys(
            &Subject::Defaults,
            part(&old, "defaults"),
            part(&new, "defaults"),
            &[],
            None,
        );
        found.queues(&old, &new);
        let (old_view, new_view) = (part(&old, "view"), part(&new, "view"));
        found.keys(&Subject::View, old_view, new_view, &["conventions"], None);
        let (old, new) = (part(old_view, "conventions"), part(new_view, "conventions"));
        found.keys(&Subject::View, old, new, &[], None);
        found.0
    }
}

struct Found(Vec<Change>);

impl Found {
    fn queues(&mut self, old: &Mapping, new: &Mapping) {
        let (old_queues, new_queues) = (list(old, "queues"), list(new, "queues"));
        let subject = |queue: &Value| Subject::Queue(word(queue, "name"));
        self.list(old_queues, new_queues, &subject, |found, old_queue, new_queue| {
            let (Value::Mapping(old_queue), Value::Mapping(new_queue)) = (old_queue, new_queue) else {
                return;
            };
            let name = old_queue.get("name").map_or(String::new(), said);
            let queue = Subject::Queue(name.clone());
            let defaults = (part(old, "defaults"), part(new, "defaults"));
            found.keys(&queue, old_queue, new_queue, &["jobs"], Some(defaults));
            let subject = |job: &Value| Subject::Job {
                queue: name.clone(),
                network: word(job, "network"),
                dataset: word(job, "dataset"),
            };
            let (old_jobs, new_jobs) = (list(old_queue, "jobs"), list(new_queue, "jobs"));
            found.list(old_jobs, new_jobs, &subject, |found, old_job, new_job| {
                if let (Value::Mapping(old_job), Value::Mapping(new_job)) = (old_job, new_job) {
                    let job = subject(&Value::Mapping(old_job.clone()));
                    found.keys(&job, old_job, new_job, &[], Some(defaults));
                }
            });
        });
    }

    fn list(
        &mut self,
        old: &[Value],
        new: &[Value],
        subject: &dyn Fn(&Value) -> Subject,
        mut both: impl FnMut(&mut Self, &Value, &Value),
    ) {
        let pairs = align(old, new);
        let removed: Vec<&Value> = pairs.iter().filter_map(|pair| old.get(pair.removed()?)).collect();
        let mut added: Vec<&Value> = pairs.iter().filter_map(|pair| new.get(pair.added()?)).collect();
        let mut moved = Vec::new();
        for value in &removed {
            if let Some(at) = added.iter().position(|other| other == value) {
                moved.push(added.swap_remove(at));
            }
        }
        for pair in pairs {
            match pair {
                Pair::Kept(a, b) => {
                    if let (Some(old), Some(new)) = (old.get(a), new.get(b)) {
                        both(self, old, new);
                    }
                }
                Pair::Removed(a) => {
                    let Some(value) = old.get(a) else { continue };
                    self.0.push(match moved.iter().position(|other| *other == value) {
                        Some(at) => {
                            moved.swap_remove(at);
                            Change::Moved(subject(value))
                        }
                        None => Change::Removed(subject(value)),
                    });
                }
                Pair::Added(b) => {
                    let Some(value) = new.get(b) else { continue };
                    if let Some(at) = added.iter().position(|other| *other == value) {
                        added.swap_remove(at);
                        self.0.push(Change::Added(subject(value)));
                    }
                }
            }
        }
    }

    /// The keys of two mappings whose values differ. One that is missing means what `defaults`, the old and the new ones,
    /// say.
    fn keys(
        &mut self,
        of: &Subject,
        old: &Mapping,
        new: &Mapping,
        but: &[&str],
        defaults: Option<(&Mapping, &Mapping)>,
    ) {
        let in_both = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
        for key in in_both {
            let name = said(key);
            if but.contains(&name.as_str()) || old.get(key) == new.get(key) {
                continue;
            }
            let value = |mapping: &Mapping, defaults: Option<&Mapping>| match mapping.get(key) {
                // No limit.
                Some(Value::Null) => "all".to_owned(),
                Some(value) => said(value),
                None => match defaults.and_then(|defaults| defaults.get(key)) {
                    Some(Value::Null) => "all (default)".to_owned(),
                    Some(value) => format!("{} (default)", said(value)),
                    None => "none".to_owned(),
                },
            };
            self.0.push(Change::Set {
                of: of.clone(),
                from: value(old, defaults.map(|(old, _)| old)),
                to: value(new, defaults.map(|(_, new)| new)),
                key: match name.as_str() {
                    "temperature" => "T".to_owned(),
                    "magnitude" => "ε".to_owned(),
                    _ => name,
                },
            });
        }
    }
}

fn part<'a>(mapping: &'a Mapping, key: &str) -> &'a Mapping {
    match mapping.get(key) {
        Some(Value::Mapping(part)) => part,
        other => unreachable!("a session writes `{key}` as a mapping, not as {other:?}"),
    }
}

fn list<'a>(mapping: &'a Mapping, key: &str) -> &'a [Value] {
    match mapping.get(key) {
        Some(Value::Sequence(all)) => all,
        other => unreachable!("a session writes `{key}` as a list, not as {other:?}"),
    }
}

fn word(value: &Value, key: &str) -> String {
    value.get(key).map_or(String::new(), said)
}

/// A value as a person writes it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Sequence(all) => all.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Mapping(mapping) => {
            let entry = |(key, value): (&Value, &Value)| format!("{} {}", said(key), said(value));
            mapping.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
        Value::Tagged(tagged) => said(&tagged.value),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(what) => write!(f, "{what}: added"),
            Self::Removed(what) => write!(f, "{what}: removed"),
            Self::Moved(what) => write!(f, "{what}: moved"),
            Self::Set { of, key, from, to } => write!(f, "{of}: {key} {from} → {to}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Defaults => f.write_str("defaults"),
            Self::View => f.write_str("view"),
            Self::Queue(name) => write!(f, "queue {name}"),
            Self::Job {
                queue,
                network,
                dataset,
            } => write!(f, "{network} × {dataset} in {queue}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
version: 2
name: x
defaults: {temperature: 1000, limit: 500}
queues:
- name: a
  jobs: [{network: n, dataset: A}, {network: n, dataset: B, magnitude: 0.002}, {network: n, dataset: C}]
- {name: b, device: cpu, jobs: []}
view: {metric: fpr95}
";

    fn changes(edits: &[(&str, &str)]) -> Vec<String> {
        let session = |text: &str| Session::parse(text, "x".as_ref()).unwrap();
        let text = edits.iter().fold(TEXT.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        let all = session(TEXT).changes(&session(&text));
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn differences_are_told_in_words() {
        for (edits, expected) in [
            (&[("name: x", "name: x")][..], &[][..]),
            (
                &[("dataset: A}", "dataset: A, temperature: 10}")],
                &["n × A in a: T 1000 (default) → 10"],
            ),
            (
                &[("magnitude: 0.002", "magnitude: 0")],
                &["n × B in a: ε 0.002 → 0"],
            ),
            (
                &[("dataset: C}", "dataset: C, limit: null}")],
                &["n × C in a: limit 500 (default) → all"],
            ),
            (&[("{network: n, dataset: A}, ", "")], &["n × A in a: removed"]),
            (
                &[("dataset: C}", "dataset: C}, {network: m, dataset: D}")],
                &["m × D in a: added"],
            ),
            // A second one with another T is added; the first stays as it is.
            (
                &[(
                    "dataset: A}",
                    "dataset: A}, {network: n, dataset: A, temperature: 1}",
                )],
                &["n × A in a: added"],
            ),
            (
                &[
                    ("{network: n, dataset: A}, ", ""),
                    ("dataset: C}", "dataset: C}, {network: n, dataset: A}"),
                ],
                &["n × A in a: moved"],
            ),
            (
                &[("device: cpu, ", "")],
                &["queue b: device cpu → auto (default)"],
            ),
            (
                &[("- {name: b, device: cpu, jobs: []}\n", "")],
                &["queue b: removed"],
            ),
            (
                &[("temperature: 1000, limit: 500", "temperature: 1, limit: null")],
                &["defaults: T 1000 → 1", "defaults: limit 500 → all"],
            ),
            (
                &[(
                    "metric: fpr95",
                    "metric: auroc, mouse: false, conventions: {aupr: counts}",
                )],
                &[
                    "view: metric fpr95 → auroc",
                    "view: mouse on → off",
                    "view: aupr balanced → counts",
                ],
            ),
            (
                &[("name: x", "name: y"), ("name: b", "name: c")],
                &["session: name x → y", "queue b: name b → c"],
            ),
        ] {
            assert_eq!(changes(edits), expected, "{edits:?}");
        }
    }
}
