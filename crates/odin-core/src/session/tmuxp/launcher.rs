//! What stands before a program and starts it: `conda run -n odin`, `nohup`, `timeout 1h`, `env A=b`, `srun`.
use super::shell::Text;

/// How a launcher's own arguments end and the program begins.
struct Launcher {
    name: &'static str,
    /// Words that must follow the name: `run` of `conda run`.
    verbs: &'static [&'static str],
    /// Options with their value in the next word.
    with_value: &'static [&'static str],
    /// Arguments before the program: the duration of `timeout`.
    arguments: usize,
}

const fn plain(name: &'static str, with_value: &'static [&'static str]) -> Launcher {
    Launcher {
        name,
        verbs: &[],
        with_value,
        arguments: 0,
    }
}

const fn verbs(
    name: &'static str,
    verbs: &'static [&'static str],
    with_value: &'static [&'static str],
) -> Launcher {
    Launcher {
        name,
        verbs,
        with_value,
        arguments: 0,
    }
}

const fn arguments(name: &'static str, arguments: usize, with_value: &'static [&'static str]) -> Launcher {
    Launcher {
        name,
        verbs: &[],
        with_value,
        arguments,
    }
}

const CONDA: &[&str] = &[
    "-n", "--name", "-p", "--prefix", "--cwd", "-e", "--env", "-a", "--attach",
];
const RUN: &[&str] = &["run"];
const LAUNCHERS: &[Launcher] = &[
    verbs("conda", RUN, CONDA),
    verbs("mamba", RUN, CONDA),
    verbs("micromamba", RUN, CONDA),
    verbs(
        "uv",
        RUN,
        &[
            "--with",
            "--with-editable",
            "--with-requirements",
            "-p",
            "--python",
            "--extra",
            "--group",
            "--only-group",
            "--package",
            "--project",
            "--directory",
            "--env-file",
            "--index",
            "--index-url",
            "--extra-index-url",
            "--cache-dir",
            "--config-file",
            "-C",
        ],
    ),
    verbs("poetry", RUN, &["-C", "--directory", "-P", "--project"]),
    verbs("pipenv", RUN, &["--python", "--pypi-mirror"]),
    verbs("pdm", RUN, &["-p", "--project", "--venv"]),
    verbs("rye", RUN, &["--pyproject"]),
    verbs("pixi", RUN, &["-e", "--environment", "--manifest-path", "-m"]),
    verbs("hatch", RUN, &["-e", "--env", "-p", "--project"]),
    verbs("pyenv", &["exec"], &[]),
    verbs("coverage", RUN, &["--source", "--rcfile", "--omit", "--include"]),
    verbs(
        "accelerate",
        &["launch"],
        &[
            "--num_processes",
            "--num_machines",
            "--mixed_precision",
            "--config_file",
            "--gpu_ids",
            "--main_process_port",
        ],
    ),
    plain(
        "torchrun",
        &[
            "--nproc_per_node",
            "--nproc-per-node",
            "--nnodes",
            "--master_port",
            "--master-port",
            "--node_rank",
        ],
    ),
    plain("nohup", &[]),
    plain("setsid", &[]),
    plain("time", &["-f", "-o", "--format", "--output"]),
    plain("exec", &["-a"]),
    plain("command", &[]),
    plain("builtin", &[]),
    plain(
        "sudo",
        &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "--user", "--group"],
    ),
    plain("doas", &["-u", "-C"]),
    plain("env", &["-u", "--unset", "-C", "--chdir"]),
    plain("nice", &["-n", "--adjustment"]),
    plain("ionice", &["-c", "--class", "-n", "--classdata"]),
    arguments("chrt", 1, &[]),
    arguments("taskset", 1, &[]),
    plain("numactl", &["-N", "-m", "-C", "-i", "-p", "-w"]),
    plain("stdbuf", &["-i", "-o", "-e"]),
    plain("unbuffer", &[]),
    plain("script", &["-c"]),
    plain("caffeinate", &["-t", "-w"]),
    arguments("timeout", 1, &["-s", "--signal", "-k", "--kill-after"]),
    arguments("gtimeout", 1, &["-s", "--signal", "-k", "--kill-after"]),
    arguments("flock", 1, &["-w", "--wait", "-E"]),
    plain("xvfb-run", &["-n", "-s", "-e", "-f", "-w"]),
    plain(
        "srun",
        &[
            "-n",
            "-N",
            "-c",
            "-p",
            "-t",
            "-A",
            "-w",
            "-x",
            "-J",
            "-o",
            "-e",
            "-G",
            "-q",
            "--gres",
            "--mem",
            "--ntasks",
            "--nodes",
            "--partition",
            "--time",
            "--account",
            "--gpus",
            "--cpus-per-task",
            "--job-name",
            "--qos",
            "--constraint",
            "-C",
            "--output",
            "--error",
            "--nodelist",
            "--exclude",
        ],
    ),
    plain("systemd-run", &["-p", "--property", "-u", "--unit", "--slice"]),
    plain("kernprof", &["-o"]),
    plain("proxychains", &["-f"]),
    plain("proxychains4", &["-f"]),
    plain("chronic", &[]),
];

/// Takes off what stands before the program; what it sets in the environment goes to `assignments`.
pub(super) fn strip<'a>(mut words: &'a [Text], assignments: &mut Vec<(String, Text)>) -> &'a [Text] {
    while let Some(rest) = without_one(words, assignments) {
        words = rest;
    }
    words
}

fn without_one<'a>(words: &'a [Text], assignments: &mut Vec<(String, Text)>) -> Option<&'a [Text]> {
    let (first, rest) = words.split_first()?;
    let name = file_name(&first.text);
    let launcher = LAUNCHERS.iter().find(|launcher| launcher.name == name)?;
    let mut rest = rest;
    for verb in launcher.verbs {
        // Options of the launcher may stand before its verb.
        rest = after_options(rest, launcher.with_value, &mut Vec::new());
        rest = rest.split_first().filter(|(word, _)| word.text == *verb)?.1;
    }
    let started = after_options(rest, launcher.with_value, assignments);
    let started = started.get(launcher.arguments..).unwrap_or_default();
    let started = after_options(started, launcher.with_value, assignments);
    if started.first().is_some_and(|word| starts_something(&word.text)) {
        return Some(started);
    }
    // An option that is not known may have had a value: then the program comes later.
    let later = started
        .iter()
        .position(|word| is_python(&word.text) || word.text.ends_with(".py"));
    Some(later.and_then(|later| started.get(later..)).unwrap_or(started))
}

/// What follows the options, and the `NAME=VALUE` among them.
fn after_options<'a>(
    mut words: &'a [Text],
    with_value: &[&str],
    assignments: &mut Vec<(String, Text)>,
) -> &'a [Text] {
    while let Some((first, rest)) = words.split_first() {
        let text = first.text.as_str();
        if text == "--" {
            return rest;
        }
        if text.starts_with('-') && text.len() > 1 {
            let skipped = usize::from(with_value.contains(&text));
            words = rest.get(skipped..).unwrap_or_default();
        } else if let Some((name, value)) = text.split_once('=').filter(|(name, _)| is_variable(name)) {
            let value = Text {
                text: value.to_owned(),
                known: first.known,
            };
            assignments.push((name.to_owned(), value));
            words = rest;
        } else {
            break;
        }
    }
    words
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn starts_something(word: &str) -> bool {
    let name = file_name(word);
    is_python(word)
        || word.ends_with(".py")
        || is_shell(name)
        || LAUNCHERS.iter().any(|launcher| launcher.name == name)
}

/// `python`, `python3.11`, `/opt/conda/bin/python`, `ipython`.
pub(super) fn is_python(word: &str) -> bool {
    let name = file_name(word);
    name.strip_prefix("ipython")
        .or_else(|| name.strip_prefix("pypy"))
        .or_else(|| name.strip_prefix("python"))
        .is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The shells whose grammar panes are written in.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "bash" | "sh" | "zsh" | "dash" | "ksh" | "fish")
}

/// The command line that a shell is given: the text after `-c`, or all of `eval`.
pub(super) fn command_line(words: &[Text]) -> Option<Text> {
    let (first, rest) = words.split_first()?;
    let name = file_name(&first.text);
    if name == "eval" {
        let texts: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
        return Some(Text {
            text: texts.join(" "),
            known: rest.iter().all(|word| word.known),
        });
    }
    if !is_shell(name) {
        return None;
    }
    // `-c`, or flags together: `-lc`.
    let takes_text =
        |word: &Text| word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c');
    let flag = rest.iter().position(takes_text)?;
    if rest.get(..flag)?.iter().any(|word| !word.text.starts_with('-')) {
        return None;
    }
    rest.get(flag + 1).cloned()
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(line: &str) -> (String, String) {
        let words: Vec<Text> = line.split(' ').map(Text::known).collect();
        let mut assignments = Vec::new();
        let rest: Vec<&str> = strip(&words, &mut assignments)
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        let set: Vec<String> = assignments
            .iter()
            .map(|(name, value)| format!("{name}={}", value.text))
            .collect();
        (rest.join(" "), set.join(" "))
    }

    #[test]
    fn the_program_is_found_behind_its_launchers() {
        for launcher in [
            "conda run -n odin",
            "conda run --no-capture-output -p /envs/odin",
            "micromamba run -n python",
            "uv run",
            "uv run --with torch --python 3.11 --",
            "uv --directory code run",
            "poetry run",
            "poetry -C code run",
            "pipenv run",
            "pdm run -p .",
            "pixi run -e cuda",
            "timeout 1h",
            "timeout -k 5 --foreground 3600",
            "timeout -s KILL 1h nice -n 10",
            "nice",
            "nice -10",
            "ionice -c 3 nohup",
            "stdbuf -oL",
            "stdbuf -o L",
            "taskset -c 0-3",
            "numactl --cpunodebind=0 -m 0",
            "srun --gres=gpu:1 -n 1",
            "srun --gres gpu:1 --unheard-of 4G --pty",
            "sudo -u ada -E",
            "/usr/bin/time -v",
            "flock -n /tmp/gpu.lock",
            "setsid nohup exec command",
            "pyenv exec",
            "accelerate launch --num_processes 1",
            "caffeinate -i",
        ] {
            let (rest, _) = stripped(&format!("{launcher} python main.py --nn x"));
            assert_eq!(rest, "python main.py --nn x", "{launcher}");
        }
        assert_eq!(
            stripped("env -i -u X A=b CUDA_VISIBLE_DEVICES=1 python main.py"),
            (
                "python main.py".to_owned(),
                "A=b CUDA_VISIBLE_DEVICES=1".to_owned()
            )
        );
        assert_eq!(stripped("uv run main.py --nn x").0, "main.py --nn x");
        assert_eq!(
            stripped("torchrun --nproc_per_node 1 main.py --nn x").0,
            "main.py --nn x"
        );
        // Without its verb it starts nothing.
        for other in [
            "conda activate odin",
            "uv sync",
            "poetry install",
            "python main.py",
            "pyenv local 3.11",
        ] {
            assert_eq!(stripped(other).0, other);
        }
        assert_eq!(stripped("nohup").0, "");
    }

    #[test]
    fn shells_are_asked_for_their_command_line() {
        let line = |words: &[&str]| {
            let words: Vec<Text> = words.iter().map(|word| Text::known(*word)).collect();
            command_line(&words).map(|text| text.text)
        };
        assert_eq!(line(&["bash", "-c", "a b"]).as_deref(), Some("a b"));
        assert_eq!(
            line(&["/bin/zsh", "-l", "-ic", "a b", "c"]).as_deref(),
            Some("a b")
        );
        assert_eq!(line(&["eval", "a", "b"]).as_deref(), Some("a b"));
        for other in [
            &["bash", "run.sh"][..],
            &["bash"],
            &["bash", "run.sh", "-c"],
            &["python", "-c", "x"],
            &["bash", "-c"],
        ] {
            assert_eq!(line(other), None, "{other:?}");
        }
    }
}
