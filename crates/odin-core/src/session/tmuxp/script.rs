//! The command lines of the scripts before this program, as jobs: `python main.py --nn … --dataset … --gpu N`.
use super::shell::{Command, Variables};
use crate::session::{Batch, Job, Limit};
use crate::units::{Device, Magnitude, Temperature};
use std::num::NonZeroUsize;

/// What a command turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    Job {
        job: Box<Job>,
        device: Option<Device>,
        /// What of the command has no counterpart in a job.
        remarks: Vec<String>,
    },
    /// It prepares or watches a shell, which this program does not need.
    Needless(&'static str),
    /// Something else than scoring.
    Other(String),
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

pub fn meaning(command: &Command, variables: &Variables) -> Meaning {
    let mut words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let mut assignments = command.assignments.clone();
    strip(&mut words, &mut assignments);
    let Some((&program, arguments)) = words.split_first() else {
        return Meaning::Needless("sets a variable");
    };
    if let Some(why) = needless(program, arguments) {
        return Meaning::Needless(why);
    }
    match command.after {
        Some("|") => return Meaning::Needless("takes what the command before it prints"),
        Some(_) => return Meaning::Other("runs only where the command before it fails".to_owned()),
        None => {}
    }
    let Some((script, options)) = script(program, arguments) else {
        return Meaning::Other("no command of a scoring script".to_owned());
    };
    let visible = assignments
        .iter()
        .find(|(name, _)| name == "CUDA_VISIBLE_DEVICES")
        .map(|(_, value)| value.as_str())
        .or_else(|| variables.get("CUDA_VISIBLE_DEVICES").map(String::as_str));
    match job(script, options, visible) {
        Ok((job, device, mut remarks)) => {
            if command.redirected {
                remarks.push("its output went to a file; `odin run` keeps scores in runs/".to_owned());
            }
            Meaning::Job {
                job: Box::new(job),
                device,
                remarks,
            }
        }
        Err(why) => Meaning::Other(why),
    }
}

/// Takes off what stands before a program: `nohup`, `time`, `env A=B`, `nice -n 5`, `srun`.
fn strip(words: &mut Vec<&str>, assignments: &mut Vec<(String, String)>) {
    while let Some(&first) = words.first() {
        let is_option = |word: &&str| word.starts_with('-') || word.chars().all(|c| c.is_ascii_digit());
        match first {
            "nohup" | "time" | "exec" | "command" | "sudo" | "env" | "nice" | "ionice" | "srun"
            | "stdbuf" => {
                words.remove(0);
                while words.first().is_some_and(is_option) {
                    words.remove(0);
                }
                while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')) {
                    assignments.push((name.to_owned(), value.to_owned()));
                    words.remove(0);
                }
            }
            _ => return,
        }
    }
}

fn needless(program: &str, arguments: &[&str]) -> Option<&'static str> {
    let first = arguments.first().copied().unwrap_or_default();
    Some(match program {
        "cd" | "pushd" | "popd" => "changes the folder; cards say where weights and images are",
        "source" | "." | "conda" | "mamba" | "micromamba" | "pyenv" | "workon" | "deactivate"
        | "activate" | "module" => "prepares a Python; odin needs none",
        "sleep" => "waits; the jobs of a queue wait for each other",
        "export" | "unset" | "set" | "alias" | "ulimit" => "prepares the shell",
        "echo" | "printf" | "clear" | "date" | "pwd" | "ls" | "true" | ":" | "wait" | "exit" | "history"
        | "reset" => "changes no score",
        "mkdir" | "rm" | "cp" | "mv" | "ln" => "arranges files",
        "htop" | "top" | "nvtop" | "nvidia-smi" | "watch" | "gpustat" | "tail" | "less" | "btop" | "tee"
        | "cat" => "watches; the dashboard shows progress",
        "tmux" => "arranges tmux",
        "python" | "python3" if first == "--version" || first == "-V" => "changes no score",
        _ => return None,
    })
}

/// The Python script that is run, and its options.
fn script<'a>(program: &'a str, arguments: &'a [&'a str]) -> Option<(&'a str, &'a [&'a str])> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let is_python = name == "python"
        || name == "ipython"
        || name.strip_prefix("python").is_some_and(|version| {
            !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.')
        });
    if name.ends_with(".py") {
        return Some((name, arguments));
    }
    if !is_python {
        return None;
    }
    let place = arguments.iter().position(|word| !word.starts_with('-'))?;
    // `python -m package.main`
    let script = arguments
        .get(place)?
        .rsplit(['/', '.'])
        .find(|part| *part != "py")?;
    let is_module = place.checked_sub(1).and_then(|before| arguments.get(before)) == Some(&"-m");
    let is_file = arguments.get(place).is_some_and(|word| word.ends_with(".py"));
    (is_file || is_module).then(|| (script, arguments.get(place + 1..).unwrap_or_default()))
}

type Found = (Job, Option<Device>, Vec<String>);

fn job(script: &str, arguments: &[&str], visible: Option<&str>) -> Result<Found, String> {
    let main = matches!(script, "main" | "main.py");
    let mut given: Vec<(&str, &str)> = Vec::new();
    let mut remarks = Vec::new();
    let mut rest = arguments.iter().copied().peekable();
    while let Some(word) = rest.next() {
        let Some(option) = word.strip_prefix("--") else {
            remarks.push(format!("`{word}` has no counterpart"));
            continue;
        };
        let (name, inline) = option
            .split_once('=')
            .map_or((option, None), |(name, value)| (name, Some(value)));
        let is_value = |word: &&str| !word.starts_with("--");
        let value = inline.or_else(|| rest.next_if(is_value)).unwrap_or_default();
        match full(&name.replace('-', "_")) {
            Some("out_dir") => remarks.push(format!(
                "--out_dir {value} has no counterpart: runs are kept in runs/"
            )),
            Some(name) => given.push((name, value)),
            None => remarks.push(format!(
                "`{}` has no counterpart",
                [word, value].join(" ").trim_end()
            )),
        }
    }
    let of = |name: &str| {
        given
            .iter()
            .rev()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    };
    if !main && of("nn").is_none() {
        return Err(format!(
            "{script} is no scoring script that is known: it has no --nn"
        ));
    }
    let dataset = of("out_dataset").or(of("dataset"));
    if !main && dataset.is_none() {
        return Err(format!("{script} names no data set"));
    }
    // What main.py takes where it is told nothing.
    let mut or_default = |name: &str, value: Option<&str>, default: &str| match value {
        Some("") => Err(format!("--{name} has no value")),
        Some(value) => Ok(value.to_owned()),
        None => {
            remarks.push(format!("--{name} {default}, the script's own default"));
            Ok(default.to_owned())
        }
    };
    let network = or_default("nn", of("nn"), "densenet10")?;
    let dataset = or_default("dataset", dataset, "Imagenet")?;
    let magnitude = or_default("magnitude", of("magnitude"), "0.0014")?;
    let temperature = or_default("temperature", of("temperature"), "1000")?;
    let mut job = Job::new(network, dataset);
    let wrong = |name: &'static str| move |error: crate::units::UnitError| format!("--{name}: {error}");
    job.magnitude = Some(magnitude.parse::<Magnitude>().map_err(wrong("magnitude"))?);
    job.temperature = Some(temperature.parse::<Temperature>().map_err(wrong("temperature"))?);
    job.in_dataset = of("in_dataset").map(str::to_owned);
    let count = |name: &str| -> Result<Option<usize>, String> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("--{name}: `{text}` is no count"))
        };
        of(name).map(number).transpose()
    };
    job.batch = count("batch_size")?.and_then(NonZeroUsize::new).map(Batch::Of);
    job.limit = count("max_images")?.and_then(NonZeroUsize::new).map(Limit::To);
    job.skip = count("skip")?;
    job.seed = count("seed")?.map(|seed| seed as u64);
    Ok((job, device(count("gpu")?, visible)?, remarks))
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
fn device(gpu: Option<usize>, visible: Option<&str>) -> Result<Option<Device>, String> {
    let Some(visible) = visible else {
        return Ok(gpu.map(Device::Cuda));
    };
    let visible = visible.trim();
    if visible.is_empty() || visible == "-1" || visible == "NoDevFiles" {
        return Ok(Some(Device::Cpu));
    }
    let number = |text: &str| {
        text.trim()
            .parse()
            .map_err(|_| format!("CUDA_VISIBLE_DEVICES={visible}: a number is expected"))
    };
    let numbers: Vec<usize> = visible.split(',').map(number).collect::<Result<_, _>>()?;
    match numbers.get(gpu.unwrap_or(0)) {
        Some(&number) => Ok(Some(Device::Cuda(number))),
        None => Err(format!(
            "--gpu {} is not among CUDA_VISIBLE_DEVICES={visible}",
            gpu.unwrap_or(0)
        )),
    }
}
