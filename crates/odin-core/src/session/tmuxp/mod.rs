//! A tmuxp layout as a session: a pane becomes a queue, a command of a scoring script a job.
//!
//! Nothing is dropped silently: every command that is no job is told, with the reason.
mod script;
mod shell;

use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use super::error::SessionError;
use super::schema::{Job, Queue, Session};
use super::store;
use crate::units::{Device, Devices, Magnitude, Temperature};
use script::{Meaning, meaning};
use shell::{Variables, commands};

/// A session out of a tmuxp file, and what became of every line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub session: Session,
    pub remarks: Vec<Remark>,
}

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

/// Why a file becomes no session.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("{file}: no tmuxp file: {why}")]
    NotTmuxp { file: String, why: String },
    #[error("{file}: nothing here for odin: of its {commands} commands none runs a scoring script (python main.py --nn … --dataset …){}", told(.first))]
    Nothing {
        file: String,
        commands: usize,
        first: Option<String>,
    },
}

fn told(line: &Option<String>) -> String {
    line.as_ref().map_or(String::new(), |line| {
        format!("; the first that is not understood: `{line}`")
    })
}

/// Reads a tmuxp file (YAML or JSON). `in_dataset_of` knows the in-distribution set of a network, where there is a card.
///
/// # Errors
/// The file cannot be read, is no tmuxp file, or runs nothing that this program does.
pub fn import_tmuxp(
    path: &Path,
    in_dataset_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Imported, ImportError> {
    let text = store::read(path)?;
    let value: Value = store::parse(&text, path)?;
    let file = path.display().to_string();
    let not_tmuxp = |why: &str| ImportError::NotTmuxp {
        file: file.clone(),
        why: why.to_owned(),
    };
    let Value::Mapping(root) = &value else {
        return Err(not_tmuxp("a mapping with `windows` is expected"));
    };
    let Some(Value::Sequence(windows)) = root.get("windows") else {
        return Err(not_tmuxp("`windows`, a list, is missing"));
    };
    let mut reader = Reader {
        in_dataset_of,
        remarks: Vec::new(),
        queues: Vec::new(),
        commands: 0,
    };
    reader.unused(
        "",
        root,
        &["session_name", "windows", "shell_command_before", "environment"],
    );
    let mut before = Before::default();
    before.add("", root, &mut reader);
    for (n, window) in windows.iter().enumerate() {
        match window {
            Value::Mapping(window) => reader.window(n, window, windows.len() > 1, &before),
            _ => return Err(not_tmuxp(&format!("windows[{n}] is no mapping"))),
        }
    }
    if reader.queues.is_empty() {
        let first = reader
            .remarks
            .iter()
            .find(|remark| remark.lost)
            .map(|remark| remark.line.clone());
        return Err(ImportError::Nothing {
            file,
            commands: reader.commands,
            first,
        });
    }
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let name = root
        .get("session_name")
        .and_then(scalar)
        .filter(|name| !name.trim().is_empty())
        .unwrap_or(stem);
    let mut session = Session::new(name.chars().filter(|c| !c.is_control()).collect::<String>());
    session.queues = reader.queues;
    factor(&mut session);
    Ok(Imported {
        session,
        remarks: reader.remarks,
    })
}

/// Commands and variables that hold for every pane below.
#[derive(Debug, Clone, Default)]
struct Before {
    lines: Vec<(String, String)>,
    variables: Variables,
}

impl Before {
    fn add(&mut self, place: &str, mapping: &Mapping, reader: &mut Reader) {
        if let Some(value) = mapping.get("shell_command_before") {
            let place = join(place, "shell_command_before");
            self.lines.extend(
                reader
                    .lines(&place, value)
                    .into_iter()
                    .map(|line| (place.clone(), line)),
            );
        }
        if let Some(Value::Mapping(environment)) = mapping.get("environment") {
            let pair = |(name, value): (&Value, &Value)| Some((scalar(name)?, scalar(value)?));
            self.variables.extend(environment.iter().filter_map(pair));
        }
    }
}

struct Reader<'a> {
    in_dataset_of: &'a dyn Fn(&str) -> Option<String>,
    remarks: Vec<Remark>,
    queues: Vec<Queue>,
    commands: usize,
}

impl Reader<'_> {
    fn remark(&mut self, place: &str, line: &str, what: impl Into<String>, lost: bool) {
        let (place, line) = (place.to_owned(), one_line(line));
        let remark = Remark {
            place,
            line,
            what: what.into(),
            lost,
        };
        // What stands before every pane is told once.
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Tells which keys are not looked at.
    fn unused(&mut self, place: &str, mapping: &Mapping, used: &[&str]) {
        let names: Vec<String> = mapping
            .keys()
            .filter_map(scalar)
            .filter(|name| !used.contains(&name.as_str()))
            .collect();
        if !names.is_empty() {
            let place = if place.is_empty() { "session" } else { place };
            self.remark(
                place,
                &names.join(", "),
                "of the layout of tmux, which the dashboard replaces",
                false,
            );
        }
    }

    fn window(&mut self, n: usize, window: &Mapping, several: bool, before: &Before) {
        let place = format!("windows[{n}]");
        self.unused(
            &place,
            window,
            &["window_name", "panes", "shell_command_before", "environment"],
        );
        let mut before = before.clone();
        before.add(&place, window, self);
        let name = window
            .get("window_name")
            .and_then(scalar)
            .unwrap_or_else(|| format!("window {}", n + 1));
        let no_panes = Vec::new();
        let panes = match window.get("panes") {
            Some(Value::Sequence(panes)) => panes,
            None => &no_panes,
            Some(other) => {
                self.remark(&place, &format!("{other:?}"), "`panes` is no list", true);
                &no_panes
            }
        };
        for (n, pane) in panes.iter().enumerate() {
            self.pane(&format!("{place}.panes[{n}]"), pane, &name, several, &before);
        }
        if panes.is_empty() {
            // Its commands are lost with it only where there are some of its own.
            let own: Vec<(String, String)> = before
                .lines
                .iter()
                .filter(|(at, _)| at.starts_with(&place))
                .cloned()
                .collect();
            for (at, line) in own {
                self.remark(&at, &line, "the window has no pane", true);
            }
        }
    }

    fn pane(&mut self, place: &str, pane: &Value, window: &str, several: bool, before: &Before) {
        let mut before = before.clone();
        let mut lines = Vec::new();
        match pane {
            Value::Mapping(pane) => {
                self.unused(
                    place,
                    pane,
                    &["shell_command", "shell_command_before", "environment"],
                );
                before.add(place, pane, self);
                if let Some(value) = pane.get("shell_command") {
                    lines = self.lines(place, value);
                }
            }
            other => lines = self.lines(place, other),
        }
        let mut all = std::mem::take(&mut before.lines);
        all.extend(lines.into_iter().map(|line| (place.to_owned(), line)));
        let mut variables = before.variables;
        let mut by_device: Vec<(Option<Device>, Vec<Job>)> = Vec::new();
        for (place, line) in all {
            for (device, job) in self.line(&place, &line, &mut variables) {
                match by_device.iter_mut().find(|(other, _)| *other == device) {
                    Some((_, jobs)) => jobs.push(job),
                    None => by_device.push((device, vec![job])),
                }
            }
        }
        let split = by_device.len() > 1;
        for (device, jobs) in by_device {
            self.queue(window, several, device, split, jobs);
        }
    }

    fn queue(&mut self, window: &str, several: bool, device: Option<Device>, split: bool, jobs: Vec<Job>) {
        let mut networks: Vec<&str> = jobs.iter().map(|job| job.network.as_str()).collect();
        networks.dedup();
        let mut name = match networks.as_slice() {
            [network] if several => format!("{window}: {network}"),
            [network] => (*network).to_owned(),
            _ => window.to_owned(),
        };
        if let Some(device) = device.filter(|_| split) {
            name.push_str(&format!(", {device}"));
        }
        let taken = |name: &str| self.queues.iter().any(|queue| queue.name == name);
        let unique = (1..)
            .map(|n| {
                if n == 1 {
                    name.clone()
                } else {
                    format!("{name} {n}")
                }
            })
            .find(|name| !taken(name));
        let name = unique.unwrap_or(name);
        self.queues.push(Queue {
            name,
            device: device.map(Devices::from),
            jobs,
        });
    }

    /// The jobs of a line.
    fn line(&mut self, place: &str, line: &str, variables: &mut Variables) -> Vec<(Option<Device>, Job)> {
        let all = match commands(line, variables) {
            Ok(all) => all,
            Err(error) => {
                self.commands += 1;
                self.remark(place, line, error.to_string(), true);
                return Vec::new();
            }
        };
        let mut jobs = Vec::new();
        for command in all {
            self.commands += 1;
            match meaning(&command, variables) {
                Meaning::Needless(why) => self.remark(place, &command.text, why, false),
                Meaning::Other(why) => self.remark(place, &command.text, why, true),
                Meaning::Job { job, device, remarks } => {
                    let own = job
                        .in_dataset
                        .clone()
                        .or_else(|| (self.in_dataset_of)(&job.network));
                    if own.is_some_and(|own| own == job.dataset) {
                        let why = "scores the network's own in-distribution set, as every job does";
                        self.remark(place, &command.text, why, false);
                        continue;
                    }
                    for remark in remarks {
                        self.remark(place, &command.text, remark, false);
                    }
                    jobs.push((device, *job));
                }
            }
        }
        jobs
    }

    /// The commands of `shell_command` in any of its forms: a text, a list, mappings with `cmd`.
    fn lines(&mut self, place: &str, value: &Value) -> Vec<String> {
        match value {
            Value::Null => Vec::new(),
            // tmuxp's words for an empty pane.
            Value::String(text) if matches!(text.as_str(), "" | "blank" | "pane") => Vec::new(),
            Value::String(text) => vec![text.clone()],
            Value::Sequence(all) => all.iter().flat_map(|one| self.lines(place, one)).collect(),
            Value::Mapping(mapping) => {
                let entered = mapping.get("enter") != Some(&Value::Bool(false));
                match mapping.get("cmd").or_else(|| mapping.get("shell_command")) {
                    Some(inner) if entered => self.lines(place, inner),
                    Some(inner) => {
                        for line in self.lines(place, inner) {
                            self.remark(place, &line, "typed into the pane and not entered", true);
                        }
                        Vec::new()
                    }
                    None => {
                        self.remark(place, &format!("{mapping:?}"), "no command in it", true);
                        Vec::new()
                    }
                }
            }
            other => {
                let text = scalar(other).unwrap_or_default();
                self.remark(place, &text, "no command", true);
                Vec::new()
            }
        }
    }
}

/// The most common T and ε become the defaults, and are said by the other jobs only; so does a device that all name.
fn factor(session: &mut Session) {
    let jobs = || session.queues.iter().flat_map(|queue| &queue.jobs);
    let temperature = most(jobs().filter_map(|job| job.temperature).map(Temperature::get));
    let magnitude = most(jobs().filter_map(|job| job.magnitude).map(Magnitude::get));
    if let Some(temperature) = temperature.and_then(|t| Temperature::new(t).ok()) {
        session.defaults.temperature = temperature;
    }
    if let Some(magnitude) = magnitude.and_then(|e| Magnitude::new(e).ok()) {
        session.defaults.magnitude = magnitude;
    }
    let defaults = session.defaults.clone();
    for job in session.queues.iter_mut().flat_map(|queue| &mut queue.jobs) {
        job.temperature = job.temperature.filter(|t| *t != defaults.temperature);
        job.magnitude = job.magnitude.filter(|e| *e != defaults.magnitude);
    }
}

/// The value that occurs most often; of several, the first.
fn most(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut counts: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (n, value) in values.enumerate() {
        counts.entry(value.to_bits()).or_insert((0, n)).0 += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
    best.map(|(bits, _)| f64::from_bits(bits))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(one) => Some(one.to_string()),
        _ => None,
    }
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() {
        key.to_owned()
    } else {
        format!("{place}.{key}")
    }
}

fn one_line(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests;
