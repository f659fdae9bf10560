//! The file itself: YAML or JSON, with what YAML 1.1 adds, and the files of other programs that look like it.
use serde_yaml::{Mapping, Value};

/// Why the text is no tmuxp layout.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LayoutError {
    #[error("a mapping with `windows` is expected")]
    NoMapping,
    #[error("`windows`, a list, is missing")]
    NoWindows,
    #[error("windows[{0}] is no mapping")]
    NoWindow(usize),
    #[error(
        "this looks like {program}; `tmuxp import {program} FILE` makes a tmuxp file of it, which can then be imported here"
    )]
    Other { program: &'static str },
    #[error("`<<` takes a mapping or a list of mappings")]
    Merge,
    #[error("line {line}, column {column}: not JSON: {message}")]
    Json {
        line: usize,
        column: usize,
        message: String,
    },
}

/// The value of a JSON text; none where it is none, and may be YAML.
pub(super) fn json(text: &str) -> Option<Result<Value, LayoutError>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    // By way of JSON's own values, where of two keys the last counts, as tmuxp reads them.
    let error = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => return serde_yaml::to_value(value).ok().map(Ok),
        Err(error) => error,
    };
    // A YAML file may start with a brace too; one with quoted keys was meant as JSON.
    let quoted = text.trim_start().get(1..)?.trim_start().starts_with('"');
    quoted.then(|| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Err(LayoutError::Json {
            line: error.line(),
            column: error.column(),
            message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
        })
    })
}

/// The layout with its merge keys (`<<`) filled in, and its windows.
pub(super) fn layout(value: Value) -> Result<(Mapping, Vec<Mapping>), LayoutError> {
    let Value::Mapping(root) = merged(value)? else {
        return Err(LayoutError::NoMapping);
    };
    if let Some(program) = other_program(&root) {
        return Err(LayoutError::Other { program });
    }
    let Some(Value::Sequence(windows)) = root.get("windows") else {
        return Err(LayoutError::NoWindows);
    };
    let window = |(n, window): (usize, &Value)| window.as_mapping().cloned().ok_or(LayoutError::NoWindow(n));
    let windows = windows.iter().enumerate().map(window).collect::<Result<_, _>>()?;
    Ok((root, windows))
}

/// Fills in merge keys: what a mapping says itself counts before what it merges, and the first of several before the
/// next.
fn merged(value: Value) -> Result<Value, LayoutError> {
    match value {
        Value::Sequence(all) => Ok(Value::Sequence(
            all.into_iter().map(merged).collect::<Result<_, _>>()?,
        )),
        Value::Mapping(mut mapping) => {
            let merges = match mapping.remove("<<") {
                None => Vec::new(),
                Some(Value::Sequence(all)) => all,
                Some(one) => vec![one],
            };
            let mut all = Mapping::new();
            for (key, value) in mapping {
                all.insert(key, merged(value)?);
            }
            for merge in merges {
                let Value::Mapping(merge) = merged(merge)? else {
                    return Err(LayoutError::Merge);
                };
                for (key, value) in merge {
                    all.entry(key).or_insert(value);
                }
            }
            Ok(Value::Mapping(all))
        }
        Value::Tagged(tagged) => merged(tagged.value),
        other => Ok(other),
    }
}

/// The program whose file this is, where it is one that tmuxp itself can import.
fn other_program(root: &Mapping) -> Option<&'static str> {
    if root.contains_key("session_name") {
        return None;
    }
    if root.contains_key("tabs") || root.contains_key("project_name") || root.contains_key("project_root") {
        return Some("tmuxinator");
    }
    let windows = root
        .get("windows")
        .or_else(|| root.get("session")?.get("windows"))?;
    let windows: Vec<&Mapping> = windows
        .as_sequence()?
        .iter()
        .map(Value::as_mapping)
        .collect::<Option<_>>()?;
    // tmuxinator: the only key of a window is its name. teamocil: the name is under `name`.
    const OF_TMUXP: [&str; 6] = [
        "window_name",
        "panes",
        "shell_command_before",
        "layout",
        "window_shell",
        "environment",
    ];
    let named = |window: &&Mapping| window.contains_key("name") && !window.contains_key("window_name");
    let single =
        |window: &&Mapping| window.len() == 1 && !OF_TMUXP.iter().any(|key| window.contains_key(*key));
    if windows.is_empty() {
        None
    } else if windows.iter().all(single) {
        Some("tmuxinator")
    } else if windows.iter().all(named) {
        Some("teamocil")
    } else {
        None
    }
}

/// A value that is written as one word or number.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(one) => Some(one.to_string()),
        _ => None,
    }
}

/// Whether tmuxp, which reads YAML 1.1, takes a value for false.
pub(super) fn is_false(value: &Value) -> bool {
    match value {
        Value::Bool(one) => !one,
        Value::Null => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => matches!(
            text.as_str(),
            "" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE"
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Mapping, Vec<Mapping>), LayoutError> {
        layout(serde_yaml::from_str(text).unwrap())
    }

    #[test]
    fn merge_keys_are_filled_in_as_yaml_1_1_says() {
        let text = "
a: &a {x: 1, y: 1}
b: &b {<<: *a, y: 2, z: 2}
windows:
- {<<: *b, z: 3}
- <<: [{y: 9}, *b]
- window_name: w
  panes: [{<<: *a}]
";
        let (_, windows) = read(text).unwrap();
        let get = |n: usize, key: &str| windows[n].get(key).and_then(Value::as_u64);
        assert_eq!(
            [get(0, "x"), get(0, "y"), get(0, "z")],
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(
            [get(1, "x"), get(1, "y"), get(1, "z")],
            [Some(1), Some(9), Some(2)]
        );
        assert_eq!(windows[2]["panes"][0]["x"], Value::from(1));
        assert_eq!(read("windows: []\n<<: 3\n"), Err(LayoutError::Merge));
    }

    #[test]
    fn files_of_other_programs_are_recognised() {
        for (text, program) in [
            (
                "name: x\nroot: ~/\nwindows:\n- a: vim\n- b: {panes: [top]}\n",
                Some("tmuxinator"),
            ),
            ("project_name: x\ntabs:\n- a: vim\n", Some("tmuxinator")),
            ("name: x\nwindows:\n- a:\n- b: [vim, top]\n", Some("tmuxinator")),
            ("windows:\n- name: x\n  panes: [vim]\n", Some("teamocil")),
            (
                "session:\n  windows:\n  - name: x\n    splits: [{cmd: vim}]\n",
                Some("teamocil"),
            ),
            ("windows:\n- panes: [vim]\n", None),
            ("session_name: x\nwindows:\n- a: vim\n", None),
        ] {
            let expected = program.map(|program| LayoutError::Other { program });
            assert_eq!(read(text).err(), expected, "{text}");
        }
        assert_eq!(read("name: x\nroot: ~/\n"), Err(LayoutError::NoWindows));
    }

    #[test]
    fn json_is_read_by_its_own_rules() {
        let value = json(r#"{"a": "\ud83d\ude80\/\u00e9", "b": 1, "b": 2}"#)
            .unwrap()
            .unwrap();
        assert_eq!(
            (value["a"].as_str(), value["b"].as_u64()),
            (Some("🚀/é"), Some(2))
        );
        assert_eq!(json("a: 1"), None);
        assert_eq!(json("{a: 1}"), None, "YAML in braces");
        assert!(matches!(
            json("{\"a\": 1,\n}"),
            Some(Err(LayoutError::Json {
                line: 2,
                column: 1,
                ..
            }))
        ));
    }
}
