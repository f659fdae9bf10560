//! The command lines of the scripts before this program, as jobs: `python main.py --nn … --dataset … --gpu N`.
use std::num::NonZeroUsize;

use super::launcher::{command_line, file_name, is_python, is_shell, strip};
use super::shell::{Command, Text, Variables};
use crate::session::{Batch, Job, Limit};
use crate::units::{Device, Magnitude, Temperature, UnitError};

/// What a command turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    Job {
        job: Box<Job>,
        device: Option<Device>,
        /// What of the command has no counterpart in a job.
        remarks: Vec<String>,
    },
    /// Another shell runs this line, with these variables set.
    Shell {
        line: String,
        assignments: Vec<(String, Text)>,
    },
    /// It prepares or watches a shell, which this program does not need.
    Needless(&'static str),
    /// Something else than scoring.
    Other(Refusal),
}

/// Why a command is no job.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no command of a scoring script")]
    NotAScript,
    #[error("{0}")]
    Elsewhere(&'static str),
    #[error("runs only where the command before it fails")]
    OnFailure,
    #[error("not a command of the scoring scripts: it has no --nn and no --magnitude{}", unlike(.0))]
    NotOurs(Vec<String>),
    #[error("{script} is no scoring script that is known: it has no --{lacks}")]
    Lacks { script: String, lacks: &'static str },
    #[error("--{0} has no value")]
    NoValue(&'static str),
    #[error("only a running shell knows `{0}`")]
    Unknown(String),
    #[error("the script refuses `{0}`, which stands where no argument is taken")]
    Argument(String),
    #[error("--{option}: {cause}")]
    Unit { option: &'static str, cause: UnitError },
    #[error("--{option}: a count is expected, not `{text}`")]
    Count { option: &'static str, text: String },
    #[error("CUDA_VISIBLE_DEVICES={0}: numbers are expected")]
    Visible(String),
    #[error("--gpu {gpu} is not among CUDA_VISIBLE_DEVICES={visible}")]
    Invisible { gpu: usize, visible: String },
}

fn unlike(others: &[String]) -> String {
    match others {
        [] => String::new(),
        others => format!(", but {}", others.join(", ")),
    }
}

/// The options of the scripts, in the spellings that are about.
const OPTIONS: [&str; 12] = [
    "nn",
    "dataset",
    "out_dataset",
    "in_dataset",
    "magnitude",
    "temperature",
    "gpu",
    "batch_size",
    "max_images",
    "skip",
    "seed",
    "out_dir",
];

pub(super) fn meaning(command: &Command, variables: &Variables) -> Meaning {
    let mut assignments = command.assignments.clone();
    let words = strip(&command.words, &mut assignments);
    let Some((program, arguments)) = words.split_first() else {
        return Meaning::Needless("sets a variable");
    };
    if let Some(why) = needless(&program.text, arguments) {
        return Meaning::Needless(why);
    }
    if !matches!(command.after, None | Some("|")) {
        return Meaning::Other(Refusal::OnFailure);
    }
    if let Some(line) = command_line(words) {
        return match line {
            Text { text, known: false } => {
                prepares(&text).map_or_else(|| Meaning::Other(Refusal::Unknown(text)), Meaning::Needless)
            }
            Text { text: line, .. } => Meaning::Shell { line, assignments },
        };
    }
    let Some((script, options)) = script(program, arguments) else {
        if command.after.is_some() {
            return Meaning::Needless("takes what the command before it prints");
        }
        return Meaning::Other(elsewhere(&program.text).map_or(Refusal::NotAScript, Refusal::Elsewhere));
    };
    let visible = assignments
        .iter()
        .rev()
        .find(|(name, _)| name == "CUDA_VISIBLE_DEVICES")
        .map(|(_, value)| value)
        .or_else(|| variables.of_file("CUDA_VISIBLE_DEVICES"));
    match job(script, options, visible) {
        Ok((job, device, mut remarks)) => {
            if command.redirected {
                remarks.push("its output went to a file; `odin run` keeps scores in runs/".to_owned());
            }
            remarks.extend(command.notes.iter().cloned());
            Meaning::Job {
                job: Box::new(job),
                device,
                remarks,
            }
        }
        Err(why) => Meaning::Other(why),
    }
}

/// `eval "$(conda shell.bash hook)"`: what a program prints to prepare a shell.
fn prepares(text: &str) -> Option<&'static str> {
    let command = text.strip_prefix("$(").or_else(|| text.strip_prefix('`'))?;
    let program = command.split_whitespace().next()?;
    needless(program, &[])
}

fn needless(program: &str, arguments: &[Text]) -> Option<&'static str> {
    let first = arguments.first().map_or("", |word| word.text.as_str());
    Some(match file_name(program) {
        "cd" | "pushd" | "popd" => "changes the folder; cards say where weights and images are",
        "source" | "." | "conda" | "mamba" | "micromamba" | "pyenv" | "workon" | "deactivate"
        | "activate" | "module" | "uv" | "poetry" | "pipenv" | "pip" | "pip3" | "pdm" | "rye" | "pixi" => {
            "prepares a Python; odin needs none"
        }
        "python" | "python3" if first == "--version" || first == "-V" => "changes no score",
        name if is_python(name) && only_flags(arguments) => "opens a Python; odin needs none",
        name if is_shell(name) && only_flags(arguments) => "opens a shell",
        "sleep" => "waits; the jobs of a queue wait for each other",
        "export" | "declare" | "typeset" | "local" | "readonly" | "unset" | "set" | "shopt" | "setopt"
        | "alias" | "ulimit" | "umask" => "prepares the shell",
        "echo" | "printf" | "clear" | "date" | "pwd" | "ls" | "true" | ":" | "wait" | "exit" | "history"
        | "reset" | "test" | "[" | "[[" | "which" | "type" | "hostname" | "whoami" | "read"
        | "notify-send" | "direnv" | "ssh-agent" => "changes no score",
        "mkdir" | "rm" | "cp" | "mv" | "ln" | "touch" | "rsync" => "arranges files",
        "git" => "arranges the scripts' own files; odin needs none",
        // They may start what is none of theirs.
        "tmux" | "screen" | "watch" if arguments.iter().any(|word| word.text.contains(".py")) => return None,
        "htop" | "top" | "nvtop" | "nvidia-smi" | "watch" | "gpustat" | "nvitop" | "tail" | "less"
        | "btop" | "tee" | "cat" | "grep" | "tensorboard" => "watches; the dashboard shows progress",
        "tmux" => "arranges tmux",
        _ => return None,
    })
}

/// Whether nothing is given to run: then a shell or a Python waits for a person.
fn only_flags(arguments: &[Text]) -> bool {
    arguments.iter().all(|word| {
        word.text.starts_with('-') && (word.text.starts_with("--") || !word.text.contains(['c', 'm']))
    })
}

/// Programs that run others where this one cannot follow them.
fn elsewhere(program: &str) -> Option<&'static str> {
    Some(match file_name(program) {
        "tmux" | "screen" | "watch" => {
            "runs in another shell, or again and again: write it as a pane's own command"
        }
        "ssh" | "mosh" => "runs on another machine: import it there",
        "docker" | "podman" | "nvidia-docker" | "singularity" | "apptainer" | "kubectl" => {
            "runs in a container, whose files are not those of this machine"
        }
        "sbatch" | "qsub" | "bsub" => "hands a script to a scheduler",
        "make" | "just" | "snakemake" => "runs what another file says",
        "xargs" | "parallel" => "runs a command once for each of its inputs: write them as a `for` loop",
        _ => return None,
    })
}

/// The Python script that is run, and its options.
fn script<'a>(program: &'a Text, arguments: &'a [Text]) -> Option<(&'a str, &'a [Text])> {
    if program.text.ends_with(".py") {
        return Some((file_name(&program.text), arguments));
    }
    if !is_python(&program.text) {
        return None;
    }
    let mut rest = arguments;
    while let Some((word, after)) = rest.split_first() {
        match word.text.as_str() {
            // A program on the command line.
            "-c" => return None,
            "-W" | "-X" => rest = after.get(1..)?,
            "-m" => {
                let (module, after) = after.split_first()?;
                // `python -m torch.distributed.launch … main.py`: a module that runs a script.
                if let Some(place) = after.iter().position(|word| word.text.ends_with(".py")) {
                    return Some((file_name(&after.get(place)?.text), after.get(place + 1..)?));
                }
                return Some((module.text.rsplit('.').next()?, after));
            }
            option if option.starts_with('-') => rest = after,
            file => return file.ends_with(".py").then(|| (file_name(file), after)),
        }
    }
    None
}

type Found = (Job, Option<Device>, Vec<String>);

/// The options as they were given: those of the scripts with their values, and the others.
struct Given<'a> {
    options: Vec<(&'static str, Option<&'a Text>)>,
    others: Vec<String>,
    arguments: Vec<&'a Text>,
}

impl<'a> Given<'a> {
    fn read(words: &'a [Text], inline: &'a [(usize, Text)]) -> Self {
        let mut given = Self {
            options: Vec::new(),
            others: Vec::new(),
            arguments: Vec::new(),
        };
        let mut rest = words.iter().enumerate().peekable();
        while let Some((n, word)) = rest.next() {
            let text = word.text.as_str();
            if text == "--" {
                continue;
            }
            if !(text.starts_with('-') && text.len() > 1) {
                given.arguments.push(word);
                continue;
            }
            let own = inline.iter().find(|(at, _)| *at == n).map(|(_, value)| value);
            let name = text.split_once('=').map_or(text, |(name, _)| name);
            let is_value =
                |(_, word): &(usize, &Text)| !word.text.starts_with('-') || word.text.parse::<f64>().is_ok();
            let value = own.or_else(|| rest.next_if(is_value).map(|(_, word)| word));
            match name
                .strip_prefix("--")
                .and_then(|name| full(&name.replace('-', "_")))
            {
                Some(name) => given.options.push((name, value)),
                None => given.others.push(match value {
                    Some(value) if own.is_none() => format!("{text} {}", value.text),
                    _ => text.to_owned(),
                }),
            }
        }
        given
    }

    fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| *option == name)
    }

    /// The last value of an option, which must be known.
    fn value(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.options.iter().rev().find(|(option, _)| *option == name) {
            None => Ok(None),
            Some((_, None)) => Err(Refusal::NoValue(name)),
            Some((_, Some(value))) if value.text.is_empty() => Err(Refusal::NoValue(name)),
            Some((_, Some(value))) if value.known => Ok(Some(&value.text)),
            Some((_, Some(value))) => Err(Refusal::Unknown(value.text.clone())),
        }
    }

    fn count(&self, option: &'static str) -> Result<Option<usize>, Refusal> {
        let number = |text: &str| {
            text.parse().map_err(|_| Refusal::Count {
                option,
                text: text.to_owned(),
            })
        };
        self.value(option)?.map(number).transpose()
    }

    /// As [`Given::count`], at least 1.
    fn positive(&self, option: &'static str) -> Result<Option<NonZeroUsize>, Refusal> {
        let number = |text: &str| {
            text.parse().map_err(|_| Refusal::Count {
                option,
                text: text.to_owned(),
            })
        };
        self.value(option)?.map(number).transpose()
    }
}

fn job(script: &str, words: &[Text], visible: Option<&Text>) -> Result<Found, Refusal> {
    let inline: Vec<(usize, Text)> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.text.starts_with("--"))
        .filter_map(|(n, word)| {
            let (_, value) = word.text.split_once('=')?;
            let text = value.to_owned();
            Some((
                n,
                Text {
                    text,
                    known: word.known,
                },
            ))
        })
        .collect();
    let given = Given::read(words, &inline);
    let main = matches!(script, "main" | "main.py");
    let set = given.has("out_dataset") || given.has("dataset");
    if let Some(argument) = given.arguments.iter().find(|argument| !argument.known) {
        // It may be options.
        return Err(Refusal::Unknown(argument.text.clone()));
    }
    if main {
        // Other programs have a main.py too, and share options such as --dataset and --gpu with these scripts.
        let ours = given.has("nn") || given.has("magnitude") || (set && given.others.is_empty());
        if !ours {
            return Err(Refusal::NotOurs(given.others));
        }
        if let Some(argument) = given.arguments.first() {
            return Err(Refusal::Argument(argument.text.clone()));
        }
    } else if !given.has("nn") || !set {
        let lacks = if given.has("nn") { "dataset" } else { "nn" };
        let script = script.to_owned();
        return Err(Refusal::Lacks { script, lacks });
    }
    let mut remarks: Vec<String> = Vec::new();
    let none: Vec<String> = given
        .others
        .iter()
        .chain(given.arguments.iter().map(|argument| &argument.text))
        .map(|other| format!("`{other}`"))
        .collect();
    if !none.is_empty() {
        let verb = if none.len() == 1 { "has" } else { "have" };
        remarks.push(format!("{} {verb} no counterpart", none.join(", ")));
    }
    if given.has("out_dir") {
        remarks.push("--out_dir has no counterpart: runs are kept in runs/".to_owned());
    }
    // What main.py takes where it is told nothing.
    let mut or_default = |name: &'static str, value: Option<&str>, default: &str| match value {
        Some(value) => value.to_owned(),
        None => {
            remarks.push(format!("--{name} {default}, the script's own default"));
            default.to_owned()
        }
    };
    let network = or_default("nn", given.value("nn")?, "densenet10");
    let out_dataset = given.value("out_dataset")?;
    let dataset = or_default("dataset", out_dataset.or(given.value("dataset")?), "Imagenet");
    let magnitude = or_default("magnitude", given.value("magnitude")?, "0.0014");
    let temperature = or_default("temperature", given.value("temperature")?, "1000");
    let wrong = |option: &'static str| move |cause: UnitError| Refusal::Unit { option, cause };
    let mut job = Job::new(network, dataset);
    job.magnitude = Some(magnitude.parse::<Magnitude>().map_err(wrong("magnitude"))?);
    job.temperature = Some(temperature.parse::<Temperature>().map_err(wrong("temperature"))?);
    job.in_dataset = given.value("in_dataset")?.map(str::to_owned);
    job.batch = given.positive("batch_size")?.map(Batch::Of);
    job.limit = given.positive("max_images")?.map(Limit::To);
    job.skip = given.count("skip")?;
    job.seed = given.count("seed")?.map(|seed| seed as u64);
    Ok((job, device(given.count("gpu")?, visible)?, remarks))
}

/// The option that is meant: argparse takes the start of a name, where it is the start of just one.
fn full(name: &str) -> Option<&'static str> {
    if let Some(same) = OPTIONS.into_iter().find(|option| *option == name) {
        return Some(same);
    }
    let mut starting = OPTIONS
        .into_iter()
        .filter(|option| !name.is_empty() && option.starts_with(name));
    match (starting.next(), starting.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// The GPU that a script sees as number `gpu`, where only some are `visible` to it.
fn device(gpu: Option<usize>, visible: Option<&Text>) -> Result<Option<Device>, Refusal> {
    let Some(visible) = visible else {
        return Ok(gpu.map(Device::Cuda));
    };
    if !visible.known {
        return Err(Refusal::Unknown(visible.text.clone()));
    }
    let visible = visible.text.trim();
    if visible.is_empty() || visible == "-1" || visible == "NoDevFiles" {
        return Ok(Some(Device::Cpu));
    }
    let number = |text: &str| {
        text.trim()
            .parse()
            .map_err(|_| Refusal::Visible(visible.to_owned()))
    };
    let numbers: Vec<usize> = visible.split(',').map(number).collect::<Result<_, _>>()?;
    let gpu = gpu.unwrap_or(0);
    match numbers.get(gpu) {
        Some(&number) => Ok(Some(Device::Cuda(number))),
        None => Err(Refusal::Invisible {
            gpu,
            visible: visible.to_owned(),
        }),
    }
}
