//! `odin fetch`: what cards name a source for, brought to this machine.
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::output::{line, print, print_json, progress_bar};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::plain::in_words;
use odin_datasets::fetch::{self, Check, Outcome, Progress, State};
use odin_datasets::{DatasetCard, Download, nearest};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Data sets and networks; without names, what can be fetched
    names: Vec<String>,
    /// What can be fetched, and what of it is here
    #[arg(long, conflicts_with_all = ["names", "from"])]
    list: bool,
    /// Use this archive or file instead of downloading it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Take the file of --from whatever its checksum
    #[arg(long, requires = "from")]
    no_checksum: bool,
    /// Print JSON: an object each, with what can be fetched or what came of it
    #[arg(long)]
    json: bool,
}

/// What the card of a data set or of a network says of its files.
struct Sourced {
    name: String,
    aliases: Vec<String>,
    card: PathBuf,
    title: String,
    downloads: Vec<Download>,
    how_to_get: Option<String>,
    /// Files that should be here afterwards.
    needs: Needs,
}

enum Needs {
    Dataset(Box<DatasetCard>),
    File(PathBuf),
}

impl Sourced {
    fn root(&self) -> &Path {
        self.card.parent().unwrap_or(Path::new("."))
    }

    /// The first file that is not here, if any.
    fn lacks(&self) -> Option<PathBuf> {
        match &self.needs {
            Needs::Dataset(card) => card.is_present(self.root()).err().map(|missing| missing.path),
            Needs::File(path) => Some(self.root().join(path)).filter(|path| !path.exists()),
        }
    }
}

/// A card that cannot be read is kept, to say so when it is asked for.
type Found = (String, anyhow::Result<Sourced>);

/// What came of one name.
#[derive(Serialize)]
struct Fetched<'a> {
    name: &'a str,
    /// `fetched`, `present`, or `failed`.
    state: &'static str,
    paths: Vec<PathBuf>,
    /// Why it failed.
    reason: Option<String>,
}

/// No mirror could be reached or gave the file: nothing that was asked for is at fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotReached(String);

/// Exit code 1 where the network or the servers alone are to blame, 2 where a name, a card or a file is.
pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let mut known = from_data(&home);
    known.extend(from_models(&home));
    if options.names.is_empty() {
        if options.from.is_some() {
            bail!("--from needs the name of what the file is");
        }
        list(&known, options.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.from.is_some() && options.names.len() > 1 {
        bail!("--from brings one thing: name it alone");
    }
    let mut failures: Vec<(&str, anyhow::Error)> = Vec::new();
    let mut all = Vec::new();
    for (at, name) in options.names.iter().enumerate() {
        if options.names.iter().take(at).any(|before| before == name) {
            continue;
        }
        let done = find(name, &known).and_then(|wanted| match &options.from {
            Some(file) => place(wanted, file, options),
            None => bring(wanted),
        });
        if !options.json {
            done.iter().try_for_each(|(_, told)| print(told))?;
        }
        all.push(match &done {
            Ok((outcomes, _)) => Fetched {
                name,
                state: if outcomes.iter().any(|one| matches!(one, Outcome::Arrived(_))) {
                    "fetched"
                } else {
                    "present"
                },
                paths: outcomes.iter().map(|one| place_of(one).to_owned()).collect(),
                reason: None,
            },
            Err(error) => Fetched {
                name,
                state: "failed",
                paths: Vec::new(),
                reason: Some(in_words(error.as_ref())),
            },
        });
        if let Err(error) = done {
            failures.push((name, error));
        }
    }
    if options.json {
        print_json(&all)?;
    }
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for (_, error) in &failures {
        line(&format!("error: {}", in_words(error.as_ref())));
    }
    if options.names.len() > 1 {
        let names: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
        line(&format!(
            "error: {} of {} not fetched: {}",
            names.len(),
            options.names.len(),
            names.join(", ")
        ));
    }
    let is_network = |(_, error): &(&str, anyhow::Error)| error.downcast_ref::<NotReached>().is_some();
    Ok(ExitCode::from(if failures.iter().all(is_network) {
        1
    } else {
        2
    }))
}

fn from_data(home: &Home) -> Vec<Found> {
    let sourced = |card: DatasetCard, file: Option<PathBuf>| Sourced {
        name: card.name.clone(),
        aliases: card.aliases.clone(),
        // What is built in has no file, and nothing to fetch.
        card: file.unwrap_or_else(|| home.data().join(format!("{}.yaml", card.name))),
        title: card.title.clone(),
        downloads: card.fetch.clone(),
        how_to_get: card.how_to_get.clone(),
        needs: Needs::Dataset(Box::new(card)),
    };
    odin_datasets::list(&home.data_folders())
        .into_iter()
        .map(|set| {
            let card = set.card.map(|card| sourced(card, set.file));
            (set.name, card.map_err(anyhow::Error::from))
        })
        .collect()
}

/// What concerns fetching in a network's card, which may need a network that this build does not know.
#[derive(Deserialize)]
struct WeightsSource {
    title: String,
    weights: PathBuf,
    how_to_get: Option<String>,
    #[serde(default)]
    fetch: Vec<Download>,
}

fn from_models(home: &Home) -> Vec<Found> {
    let read = |path: &Path| -> anyhow::Result<WeightsSource> {
        let text = std::fs::read_to_string(path)?;
        Ok(serde_yaml::from_str(&text)?)
    };
    let found = |(name, path): (String, PathBuf)| {
        let card = read(&path).with_context(|| path.display().to_string());
        let sourced = card.map(|card| Sourced {
            name: name.clone(),
            aliases: Vec::new(),
            card: path,
            title: card.title,
            downloads: card.fetch,
            how_to_get: card.how_to_get,
            needs: Needs::File(card.weights),
        });
        (name, sourced)
    };
    NetworkCard::files(&home.model_folders())
        .into_iter()
        .map(found)
        .collect()
}

/// By the name of the card, else by its spelling in another case or an alias, as `odin score` finds it.
fn find<'a>(name: &str, known: &'a [Found]) -> anyhow::Result<&'a Sourced> {
    let same = |other: &str| other.to_lowercase() == name.to_lowercase();
    let alias = |card: &anyhow::Result<Sourced>| {
        card.as_ref()
            .is_ok_and(|card| card.aliases.iter().any(|alias| same(alias)))
    };
    let found = known
        .iter()
        .find(|(known, _)| known == name)
        .or_else(|| known.iter().find(|(known, _)| same(known)))
        .or_else(|| known.iter().find(|(_, card)| alias(card)));
    match found {
        Some((_, Ok(card))) => Ok(card),
        Some((_, Err(error))) => bail!("{}", in_words(error.as_ref())),
        None => {
            let cards = known.iter().flat_map(|(_, card)| card);
            let aliases = cards.flat_map(|card| card.aliases.clone());
            let names: Vec<String> = known
                .iter()
                .map(|(name, _)| name.clone())
                .chain(aliases)
                .collect();
            let suggestion = match nearest(name, &names) {
                near if near.is_empty() => String::new(),
                near => format!("did you mean {}? ", near.join(" or ")),
            };
            bail!("no card is called `{name}`: {suggestion}`odin fetch --list` shows what can be fetched")
        }
    }
}

/// What is here now, and how it is told.
type Done = anyhow::Result<(Vec<Outcome>, String)>;

fn bring(wanted: &Sourced) -> Done {
    let Sourced { name, how_to_get, .. } = wanted;
    if wanted.downloads.is_empty() {
        return match (wanted.lacks(), how_to_get) {
            (None, _) => Ok((
                Vec::new(),
                format!("{name}: here already, with nothing to fetch\n"),
            )),
            (Some(path), Some(how)) => bail!(
                "{name}: {} is missing, and its card names no source: {how}",
                path.display()
            ),
            (Some(path), None) => bail!(
                "{name}: {} is missing, and its card ({}) names no source: put it there by hand",
                path.display(),
                wanted.card.display()
            ),
        };
    }
    let say = || format!("{name} ({})", wanted.card.display());
    fetch::check_apart(&wanted.downloads).with_context(say)?;
    let mut outcomes = Vec::new();
    for download in &wanted.downloads {
        let bar = Bar::new(name);
        let outcome = fetch::fetch(download, wanted.root(), &fetch::Options::default(), &mut |p| {
            bar.show(p)
        });
        bar.0.finish_and_clear();
        outcomes.push(outcome.map_err(|error| match &error {
            fetch::FetchError::Mirrors { .. } => {
                let how = how_to_get.as_deref().map(|how| format!("; {how}"));
                anyhow::Error::from(NotReached(format!(
                    "{}: {error}{}; or get it elsewhere and `odin fetch {name} --from FILE`",
                    say(),
                    how.unwrap_or_default()
                )))
            }
            _ => anyhow::Error::from(error).context(say()),
        })?);
    }
    report(wanted, outcomes)
}

fn place(wanted: &Sourced, file: &Path, options: &Options) -> Done {
    let say = || format!("{} ({})", wanted.name, wanted.card.display());
    fetch::check_apart(&wanted.downloads).with_context(say)?;
    let Some(download) = fetch::which(&wanted.downloads, file).with_context(say)? else {
        let into: Vec<_> = wanted
            .downloads
            .iter()
            .map(|d| d.into.display().to_string())
            .collect();
        bail!(
            "{}: {} is {}",
            say(),
            file.display(),
            match into.as_slice() {
                [] => "of no use: the card says nothing under `fetch:` of where it belongs".to_owned(),
                into => format!("none of its files by sum or name ({})", into.join(", ")),
            }
        );
    };
    let check = if options.no_checksum {
        Check::Nothing
    } else {
        Check::Sums
    };
    let bar = Bar::new(&wanted.name);
    let outcome = fetch::place(
        download,
        wanted.root(),
        file,
        check,
        &fetch::Options::default(),
        &mut |progress| bar.show(progress),
    );
    bar.0.finish_and_clear();
    report(wanted, vec![outcome.with_context(say)?])
}

/// Says what is here now, and looks whether it is what the card needs.
fn report(wanted: &Sourced, outcomes: Vec<Outcome>) -> Done {
    let name = &wanted.name;
    let told = outcomes.iter().map(|outcome| match outcome {
        Outcome::Arrived(path) => format!("{name}: fetched into {}\n", path.display()),
        Outcome::Present(path) => format!("{name}: here already, in {}\n", path.display()),
    });
    let told: String = told.collect();
    let all_of_it = outcomes.len() == wanted.downloads.len();
    match wanted.lacks().filter(|_| all_of_it) {
        None => Ok((outcomes, told)),
        Some(missing) => {
            let places: Vec<&Path> = outcomes.iter().map(place_of).collect();
            let path = places
                .iter()
                .find(|path| missing.starts_with(path))
                .or(places.first())
                .with_context(|| format!("{name}: {} is missing", missing.display()))?;
            bail!(
                "{name}: {} is there and lacks {}, which its card needs: move it away and fetch again, or correct {}",
                path.display(),
                missing.display(),
                wanted.card.display()
            )
        }
    }
}

fn place_of(outcome: &Outcome) -> &Path {
    let (Outcome::Arrived(path) | Outcome::Present(path)) = outcome;
    path
}

/// What can be fetched.
#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    state: String,
    /// Bytes to download, where the card says how many.
    bytes: Option<u64>,
    title: &'a str,
}

fn list(known: &[Found], json: bool) -> anyhow::Result<()> {
    let cards = known.iter().filter_map(|(_, card)| card.as_ref().ok());
    let sources: Vec<Source> = cards
        .filter(|card| !card.downloads.is_empty())
        .map(|card| Source {
            name: &card.name,
            state: state(card),
            bytes: card.downloads.iter().map(|download| download.bytes).sum(),
            title: &card.title,
        })
        .collect();
    if json {
        return print_json(&sources);
    }
    print(&listing(&sources))
}

fn listing(sources: &[Source]) -> String {
    if sources.is_empty() {
        return "No card names a source.\n".to_owned();
    }
    let size = |bytes: u64| HumanBytes(bytes).to_string();
    let row = |source: &Source| {
        let size = source.bytes.map_or("?".to_owned(), size);
        [
            source.name.to_owned(),
            source.state.clone(),
            size,
            source.title.to_owned(),
        ]
    };
    let rows: Vec<[String; 4]> = sources.iter().map(row).collect();
    let width = |of: &dyn Fn(&[String; 4]) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (n, s, b) = (
        width(&|[name, ..]| name.chars().count()),
        width(&|[_, state, ..]| state.chars().count()),
        width(&|[_, _, size, _]| size.chars().count()),
    );
    rows.iter()
        .map(|[name, state, size, title]| format!("  {name:<n$}  {state:<s$}  {size:>b$}  {title}\n"))
        .collect()
}

fn state(card: &Sourced) -> String {
    let states: Vec<State> = card
        .downloads
        .iter()
        .map(|download| fetch::state(download, card.root()))
        .collect();
    let begun: u64 = states
        .iter()
        .map(|state| {
            if let State::Partial(bytes) = state {
                *bytes
            } else {
                0
            }
        })
        .sum();
    if card.lacks().is_none() {
        "present".to_owned()
    } else if begun > 0 {
        format!("begun, {}", HumanBytes(begun))
    } else if states.contains(&State::Present) {
        "incomplete".to_owned()
    } else {
        "absent".to_owned()
    }
}

/// Progress on a terminal; nowhere else a word.
struct Bar(ProgressBar);

impl Bar {
    fn new(name: &str) -> Self {
        let bar = progress_bar(0, "bytes");
        bar.set_message(name.to_owned());
        let bar = Self(bar);
        bar.style("{msg} {spinner} connecting");
        bar
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }

    fn show(&self, progress: Progress) {
        let bar = &self.0;
        match progress {
            Progress::Receiving { at, total, .. } => {
                self.style(match total {
                    Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left",
                    None => "{msg} {spinner} {bytes} · {bytes_per_sec}",
                });
                bar.set_length(total.unwrap_or(0));
                bar.set_position(at);
                // Speed is of what comes now, not of what was here before.
                bar.reset_eta();
            }
            Progress::At(at) => bar.set_position(at),
            Progress::Retry { why, wait } => {
                bar.println(format!("{why}; once more in {:.1} s", wait.as_secs_f64()));
            }
            Progress::GivenUp { url, why } => bar.println(format!("{url}: {why}")),
            Progress::Checking => self.style("{msg} {spinner} checking {bytes}"),
            Progress::Unpacking => self.style("{msg} {spinner} unpacking"),
        }
        bar.tick();
    }
}
