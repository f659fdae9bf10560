//! The commands of each pane, in the order in which tmuxp sends them.
use serde_yaml::{Mapping, Value};

use super::launcher::{file_name, is_shell};
use super::layout::{is_false, scalar};
use super::remark::Remark;
use super::shell::{Text, Variables, expanded};

/// A line that is sent to a shell, and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// `windows[0].panes[1]`
    pub place: String,
    pub text: String,
}

/// A pane: what its shell is sent, and what it starts with.
#[derive(Debug, Clone)]
pub(super) struct Pane {
    /// The name of its window; none for what runs before there are windows.
    pub window: Option<String>,
    pub lines: Vec<Line>,
    /// Lines that no shell runs, with the reason.
    pub typed: Vec<(Line, String)>,
    pub variables: Variables,
}

/// A command of a list, with its own `enter`.
struct Sent {
    line: Line,
    enter: Option<bool>,
}

/// The panes of a layout; what is not looked at, and what no pane runs, is remarked.
pub(super) fn panes(
    root: &Mapping,
    windows: &[Mapping],
    variables: Variables,
    remarks: &mut Vec<Remark>,
) -> Vec<Pane> {
    let mut reader = Reader {
        remarks,
        panes: Vec::new(),
    };
    reader.session(root, windows, variables);
    reader.panes
}

struct Reader<'a> {
    remarks: &'a mut Vec<Remark>,
    panes: Vec<Pane>,
}

/// What the panes of a window share.
struct Window<'a> {
    name: String,
    mapping: &'a Mapping,
    before: Vec<Sent>,
}

impl Reader<'_> {
    fn session(&mut self, root: &Mapping, windows: &[Mapping], mut variables: Variables) {
        const USED: [&str; 5] = [
            "session_name",
            "windows",
            "shell_command_before",
            "environment",
            "before_script",
        ];
        const LAYOUT: [&str; 9] = [
            "start_directory",
            "options",
            "global_options",
            "suppress_history",
            "plugins",
            "socket_name",
            "config",
            "dimensions",
            "workspace_builder",
        ];
        self.unused("session", root, &USED, &LAYOUT);
        self.environment("session", root.get("environment"), &mut variables);
        if let Some(script) = root.get("before_script").and_then(scalar) {
            let place = "before_script".to_owned();
            let line = Line { place, text: script };
            self.panes.push(Pane {
                window: None,
                lines: vec![line],
                typed: Vec::new(),
                variables: variables.clone(),
            });
        }
        let before = root.get("shell_command_before");
        for (n, mapping) in windows.iter().enumerate() {
            let place = format!("windows[{n}]");
            let mut all = self.commands("shell_command_before", before);
            let own = self.commands(
                &format!("{place}.shell_command_before"),
                mapping.get("shell_command_before"),
            );
            all.extend(own);
            let name = mapping.get("window_name").and_then(scalar);
            let window = Window {
                name: name.unwrap_or_else(|| format!("window {}", n + 1)),
                mapping,
                before: all,
            };
            self.window(&place, &window, &variables);
        }
    }

    fn window(&mut self, place: &str, window: &Window, variables: &Variables) {
        const USED: [&str; 5] = [
            "window_name",
            "panes",
            "shell_command_before",
            "environment",
            "window_shell",
        ];
        const LAYOUT: [&str; 8] = [
            "window_index",
            "layout",
            "start_directory",
            "options",
            "options_after",
            "focus",
            "suppress_history",
            "clear",
        ];
        self.unused(place, window.mapping, &USED, &LAYOUT);
        match window.mapping.get("panes") {
            Some(Value::Sequence(panes)) if !panes.is_empty() => {
                for (n, pane) in panes.iter().enumerate() {
                    self.pane(&format!("{place}.panes[{n}]"), pane, window, variables);
                }
            }
            // tmuxp gives a window that does not speak of panes one.
            None => self.pane(place, &Value::Null, window, variables),
            Some(other) => {
                if !matches!(other, Value::Null | Value::Sequence(_)) {
                    self.remark(place, &told(other), "`panes` is no list", true);
                }
                // What stands before every window is told by those that have panes.
                for sent in window
                    .before
                    .iter()
                    .filter(|sent| sent.line.place.starts_with(place))
                {
                    self.remark(&sent.line.place, &sent.line.text, "the window has no pane", true);
                }
            }
        }
    }

    fn pane(&mut self, place: &str, pane: &Value, window: &Window, variables: &Variables) {
        let nothing = Mapping::new();
        let (mapping, commands) = match pane {
            Value::Mapping(mapping) => (mapping, mapping.get("shell_command")),
            other => (&nothing, Some(other)),
        };
        const USED: [&str; 5] = [
            "shell_command",
            "shell_command_before",
            "environment",
            "enter",
            "shell",
        ];
        const LAYOUT: [&str; 8] = [
            "focus",
            "start_directory",
            "suppress_history",
            "sleep_before",
            "sleep_after",
            "title",
            "options",
            "target",
        ];
        self.unused(place, mapping, &USED, &LAYOUT);
        let mut variables = variables.clone();
        // The environment of a pane stands in place of its window's.
        let environment = mapping
            .get("environment")
            .or_else(|| window.mapping.get("environment"));
        self.environment(place, environment, &mut variables);
        let mut pane = Pane {
            window: Some(window.name.clone()),
            lines: Vec::new(),
            typed: Vec::new(),
            variables,
        };
        let own_before = self.commands(
            &format!("{place}.shell_command_before"),
            mapping.get("shell_command_before"),
        );
        let own = self.commands(place, commands);
        let all = window.before.iter().chain(&own_before).chain(&own);
        let shell = mapping
            .get("shell")
            .or_else(|| window.mapping.get("window_shell"))
            .and_then(scalar)
            .filter(|shell| !shell.trim().is_empty());
        if let Some(program) = shell.filter(|shell| !opens_a_shell(shell)) {
            // It runs in place of a shell: nothing of what follows is a command.
            let what = format!("typed into `{program}`, which runs in place of a shell");
            pane.typed = all.map(|sent| (sent.line.clone(), what.clone())).collect();
            let place = format!("{place}.shell");
            pane.lines.push(Line { place, text: program });
            self.panes.push(pane);
            return;
        }
        // As tmuxp does it, a command's `enter` holds for those after it as well.
        let mut waiting: Vec<Line> = Vec::new();
        let mut enter = mapping.get("enter").is_none_or(|enter| !is_false(enter));
        for sent in all {
            enter = sent.enter.unwrap_or(enter);
            if !enter {
                waiting.push(sent.line.clone());
            } else if waiting.is_empty() {
                pane.lines.push(sent.line.clone());
            } else {
                let together = waiting.drain(..).chain([sent.line.clone()]);
                let what = "typed on one line with the command beside it, as the first is not entered";
                pane.typed.extend(together.map(|line| (line, what.to_owned())));
            }
        }
        let what = "typed into the pane and not entered";
        pane.typed
            .extend(waiting.into_iter().map(|line| (line, what.to_owned())));
        self.panes.push(pane);
    }

    fn environment(&mut self, place: &str, environment: Option<&Value>, variables: &mut Variables) {
        match environment {
            None | Some(Value::Null) => {}
            Some(Value::Mapping(mapping)) => {
                for (name, value) in mapping {
                    match (scalar(name), scalar(value)) {
                        (Some(name), Some(value)) => {
                            let value = expanded(&value, variables);
                            variables.insert(name, value);
                        }
                        (Some(name), None) if value.is_null() => variables.insert(name, Text::known("")),
                        _ => self.remark(place, &told(value), "no value for `environment`", true),
                    }
                }
            }
            Some(other) => self.remark(place, &told(other), "`environment` is no mapping", true),
        }
    }

    /// The commands of `shell_command` in any of its forms: a text, a list, mappings with `cmd`.
    fn commands(&mut self, place: &str, value: Option<&Value>) -> Vec<Sent> {
        let mut all = Vec::new();
        if let Some(value) = value {
            self.add(place, value, None, &mut all);
        }
        all
    }

    fn add(&mut self, place: &str, value: &Value, enter: Option<bool>, all: &mut Vec<Sent>) {
        match value {
            Value::Null => {}
            // tmuxp's words for an empty pane.
            Value::String(text) if matches!(text.as_str(), "" | "blank" | "pane") => {}
            Value::String(text) => all.push(Sent {
                line: Line {
                    place: place.to_owned(),
                    text: text.clone(),
                },
                enter,
            }),
            Value::Sequence(many) => many.iter().for_each(|one| self.add(place, one, enter, all)),
            Value::Mapping(mapping) => {
                let enter = mapping.get("enter").map(|enter| !is_false(enter)).or(enter);
                match mapping.get("cmd").or_else(|| mapping.get("shell_command")) {
                    Some(inner) => self.add(place, inner, enter, all),
                    None => self.remark(place, &told(value), "no command in it", true),
                }
            }
            other => self.remark(place, &told(other), "no command", true),
        }
    }

    /// Tells which keys are not looked at.
    fn unused(&mut self, place: &str, mapping: &Mapping, used: &[&str], layout: &[&str]) {
        let others: Vec<String> = mapping
            .keys()
            .map(told)
            .filter(|name| !used.contains(&name.as_str()))
            .collect();
        let (of_layout, unknown): (Vec<String>, Vec<String>) = others
            .into_iter()
            .partition(|name| layout.contains(&name.as_str()));
        for (names, what) in [
            (of_layout, "of the layout of tmux, which the dashboard replaces"),
            (unknown, "no key that tmuxp looks at there"),
        ] {
            if !names.is_empty() {
                self.remark(place, &names.join(", "), what, false);
            }
        }
    }

    fn remark(&mut self, place: &str, line: &str, what: impl Into<String>, lost: bool) {
        super::remark(self.remarks, place, line, what, lost);
    }
}

/// `bash`, `/bin/zsh -l`: a shell that waits for commands.
fn opens_a_shell(command: &str) -> bool {
    let mut words = command
        .split_whitespace()
        .skip_while(|word| file_name(word) == "env");
    let first = words.next().map(file_name);
    let is_plain_flag =
        |word: &str| word.starts_with('-') && (word.starts_with("--") || !word.ends_with('c'));
    first.is_some_and(is_shell) && words.all(is_plain_flag)
}

/// A value for a message.
fn told(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| {
        let text = serde_yaml::to_string(value).unwrap_or_default();
        text.trim_end().replace('\n', ", ")
    })
}
