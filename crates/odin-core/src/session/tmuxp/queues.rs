//! Queues out of the commands of panes.
use std::collections::{BTreeMap, HashSet};

use super::panes::{Line, Pane};
use super::remark::{Remark, one_line};
use super::script::{Meaning, meaning};
use super::shell::{ShellError, Variables, commands};
use crate::session::{Job, Queue, Session};
use crate::units::{Device, Devices, Magnitude, Temperature};

/// Shells within shells (`bash -c "bash -c …"`) that are followed.
const DEEPEST: usize = 5;
/// Lines over which a loop may stretch.
const LONGEST: usize = 50;

/// The queues of the panes, and how many commands these have.
pub(super) struct Queues<'a> {
    in_dataset_of: &'a dyn Fn(&str) -> Option<String>,
    remarks: &'a mut Vec<Remark>,
    pub queues: Vec<Queue>,
    names: HashSet<String>,
    pub commands: usize,
}

type Found = (Option<Device>, Job);

impl<'a> Queues<'a> {
    /// `in_dataset_of` knows the in-distribution set of a network, where there is a card.
    pub(super) fn new(
        in_dataset_of: &'a dyn Fn(&str) -> Option<String>,
        remarks: &'a mut Vec<Remark>,
    ) -> Self {
        Self {
            in_dataset_of,
            remarks,
            queues: Vec::new(),
            names: HashSet::new(),
            commands: 0,
        }
    }

    /// Adds the queue of a pane: several where its jobs name several devices.
    pub(super) fn add(&mut self, pane: Pane, several_windows: bool) {
        let mut variables = pane.variables;
        let mut by_device: Vec<(Option<Device>, Vec<Job>)> = Vec::new();
        for (device, job) in self.lines(&pane.lines, &mut variables) {
            match by_device.iter_mut().find(|(other, _)| *other == device) {
                Some((_, jobs)) => jobs.push(job),
                None => by_device.push((device, vec![job])),
            }
        }
        for (line, what) in &pane.typed {
            self.commands += 1;
            let all = commands(&line.text, &mut variables).unwrap_or_default();
            let needless = |command| matches!(meaning(command, &variables), Meaning::Needless(_));
            let lost = all.is_empty() || !all.iter().all(needless);
            self.remark(line, &line.text, what.as_str(), lost);
        }
        let split = by_device.len() > 1;
        let window = pane.window.as_deref().unwrap_or("before_script");
        for (device, jobs) in by_device {
            self.queue(window, several_windows, device, split, jobs);
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
        name = one_line(&name);
        let unique = std::iter::once(name.clone())
            .chain((2..).map(|n| format!("{name} {n}")))
            .find(|name| !self.names.contains(name))
            .expect("numbers do not end before the names do");
        self.names.insert(unique.clone());
        self.queues.push(Queue {
            name: unique,
            device: device.map(Devices::from),
            jobs,
        });
    }

    /// The jobs of the lines. A loop that is open at the end of a line goes on in the next ones, as in a shell.
    fn lines(&mut self, lines: &[Line], variables: &mut Variables) -> Vec<Found> {
        let mut jobs = Vec::new();
        let mut rest = lines;
        while let Some((first, after)) = rest.split_first() {
            let mut text = first.text.clone();
            let mut more = after.iter().take(LONGEST);
            let mut used = 0;
            while commands(&text, &mut variables.clone()) == Err(ShellError::OpenLoop)
                && let Some(next) = more.next()
            {
                text = format!("{text}\n{}", next.text);
                used += 1;
            }
            if commands(&text, &mut variables.clone()).is_err() {
                (text, used) = (first.text.clone(), 0);
            }
            jobs.extend(self.line(first, &text, variables, 0));
            rest = after.get(used..).unwrap_or_default();
        }
        jobs
    }

    /// The jobs of a text that stands at this line.
    fn line(&mut self, line: &Line, text: &str, variables: &mut Variables, depth: usize) -> Vec<Found> {
        let all = match commands(text, variables) {
            Ok(all) => all,
            Err(error) => {
                self.commands += 1;
                self.remark(line, text, error.to_string(), true);
                return Vec::new();
            }
        };
        let mut jobs = Vec::new();
        for command in all {
            self.commands += 1;
            match meaning(&command, variables) {
                Meaning::Needless(why) => self.remark(line, &command.text, why, false),
                Meaning::Other(why) => self.remark(line, &command.text, why.to_string(), true),
                Meaning::Shell { .. } if depth == DEEPEST => {
                    self.remark(
                        line,
                        &command.text,
                        "shells within shells, deeper than is followed",
                        true,
                    );
                }
                Meaning::Shell {
                    line: inner,
                    assignments,
                } => {
                    let mut variables = variables.clone();
                    for (name, value) in assignments {
                        variables.insert(name, value);
                    }
                    jobs.extend(self.line(line, &inner, &mut variables, depth + 1));
                }
                Meaning::Job { job, device, remarks } => {
                    let own = job
                        .in_dataset
                        .clone()
                        .or_else(|| (self.in_dataset_of)(&job.network));
                    if own.is_some_and(|own| own == job.dataset) {
                        let why = "scores the network's own in-distribution set, as every job does";
                        self.remark(line, &command.text, why, false);
                        continue;
                    }
                    if !remarks.is_empty() {
                        self.remark(line, &command.text, remarks.join("; "), false);
                    }
                    jobs.push((device, *job));
                }
            }
        }
        jobs
    }

    fn remark(&mut self, line: &Line, text: &str, what: impl Into<String>, lost: bool) {
        super::remark(self.remarks, &line.place, text, what, lost);
    }
}

/// The most common T and ε become the defaults, and are said by the other jobs only.
pub(super) fn factor(session: &mut Session) {
    let jobs = || session.queues.iter().flat_map(|queue| &queue.jobs);
    if let Some(temperature) = most(jobs().filter_map(|job| job.temperature), Temperature::get) {
        session.defaults.temperature = temperature;
    }
    if let Some(magnitude) = most(jobs().filter_map(|job| job.magnitude), Magnitude::get) {
        session.defaults.magnitude = magnitude;
    }
    let defaults = session.defaults.clone();
    for job in session.queues.iter_mut().flat_map(|queue| &mut queue.jobs) {
        job.temperature = job.temperature.filter(|t| *t != defaults.temperature);
        job.magnitude = job.magnitude.filter(|e| *e != defaults.magnitude);
    }
}

/// The value that occurs most often; of several, the first.
fn most<T: Copy>(values: impl Iterator<Item = T>, number: impl Fn(T) -> f64) -> Option<T> {
    let mut counts: BTreeMap<u64, (usize, usize, T)> = BTreeMap::new();
    for (n, value) in values.enumerate() {
        counts.entry(number(value).to_bits()).or_insert((0, n, value)).0 += 1;
    }
    let best = counts
        .into_values()
        .max_by_key(|(count, first, _)| (*count, std::cmp::Reverse(*first)));
    best.map(|(_, _, value)| value)
}
