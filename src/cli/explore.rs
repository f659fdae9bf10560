//! `odin [SESSION]`: the dashboard.
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;

use super::engine;
use super::output::print;
use super::suggest::did_you_mean;
use crate::app::{Catalogue, Choice, Model, Restore};
use crate::config::Config;
use crate::term::{self, Capabilities, EngineLink, Exit, TermOptions};
use odin_core::comparisons::{Comparisons, JobCommand};
use odin_core::files;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::plain::{in_words, plain};
use odin_core::protocol::EngineProcess;
use odin_core::ranking::Distances;
use odin_core::runs::evidence::Budget;
use odin_core::session::{self, Lock, LockError, Session, copy_path};
use odin_core::units::Device;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Use this device for every queue of the session
    #[arg(long)]
    device: Option<Device>,
    /// Open a copy of the session, beside it
    #[arg(long)]
    copy: bool,
}

/// `commands` are those that a session's name may be a misspelling of.
pub(super) fn run(session: Option<&str>, options: &Options, commands: &[String]) -> anyhow::Result<()> {
    let home = Home::find()?;
    let name = session.unwrap_or("demo");
    let path = find_or_suggest(name, &home, commands)?;
    let session = Session::load(&path)?;
    let config = Config::of_user()?;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the dashboard needs a terminal; without one, `odin run {name}` scores the session");
    }
    // The engine reads it too; here a wrong value is an error before anything starts.
    Budget::from_env()?;
    // Under `cargo run` it may have to be built, which must not happen on the dashboard's screen. If it is missing, the
    // dashboard says so.
    let _ = engine::program();
    let (path, lock) = take_session(path, options.copy)?;
    tracing::info!(session = %path.display(), locked = lock.is_ok(), "the dashboard opens a session");
    let only = options.device;
    let mut model = model(session, path);
    if let Err(reason) = &lock {
        model.warn(&format!("another odin may write this session too: {reason}"));
    }
    model.keymap = config.keymap();
    model.theme = config.theme;
    model.view.mouse &= config.mouse.unwrap_or(true);
    let cards = home.clone();
    let options = TermOptions {
        capabilities: Capabilities::detect(),
        config,
        catalogue: Arc::new(move || catalogue(&cards)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let start = move || start(&home, only).map_err(|error| in_words(error.as_ref()));
    let exit = runtime.block_on(term::run(model, options, start));
    drop(lock);
    match exit? {
        Exit::Quit => Ok(()),
        // As a shell expects of a program that a signal ended; everything has been put back by now.
        Exit::Signal(number) => std::process::exit(128 + number),
    }
}

/// Takes the session, or a copy of it where another program has it and the person wants one. Without a lock, the reason
/// why there can be none.
fn take_session(path: PathBuf, copy: bool) -> anyhow::Result<(PathBuf, Result<Lock, LockError>)> {
    if copy {
        return copied(&path);
    }
    match Lock::take(&path) {
        Err(held @ LockError::Held { .. }) => {
            let copy = copy_path(&path);
            print(&format!("{held}.\nOpen a copy, {}? [y/N] ", copy.display()))?;
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer)?;
            if !answer.trim().to_lowercase().starts_with('y') {
                bail!("{held}; `odin --copy` opens a copy");
            }
            copied(&path)
        }
        lock => Ok((path, lock)),
    }
}

fn copied(path: &Path) -> anyhow::Result<(PathBuf, Result<Lock, LockError>)> {
    let copy = copy_path(path);
    let text = std::fs::read(path).with_context(|| path.display().to_string())?;
    files::write_whole(&copy, |file| file.write_all(&text)).with_context(|| copy.display().to_string())?;
    let lock = Lock::take(&copy);
    match lock {
        Err(held @ LockError::Held { .. }) => bail!(held),
        lock => Ok((copy, lock)),
    }
}

/// The session, with what a program that was cut off had not saved of it: what it showed is shown again, and changes are
/// offered.
fn model(session: Session, path: PathBuf) -> Model {
    let unsaved = session::unsaved(&path);
    if let Ok(Some(unsaved)) = &unsaved
        && unsaved.session.queues == session.queues
    {
        let view = unsaved.session.view.clone();
        // It says no more than what is shown; if it stays, that is no harm.
        let _ = session::discard_unsaved(&path);
        let mut model = Model::new(session, path);
        model.take_view(view);
        return model;
    }
    let left = session::left(&path, &session.view);
    let mut model = Model::new(session, path);
    if let Some(left) = left {
        model.take_view(left);
    }
    match unsaved {
        Ok(None) => {}
        Ok(Some(unsaved)) => {
            let when = session::ago(unsaved.written, SystemTime::now());
            let restore = Restore::new(&model.session, unsaved.session, when, unsaved.outdated);
            model.offer(restore);
        }
        Err(error) => model.warn(&format!("changes that were not saved cannot be read: {error}")),
    }
    model
}

/// What has a card and can be read; what is present comes first.
fn catalogue(home: &Home) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let names = odin_datasets::set_names(&home.data_folders());
    for (name, card) in NetworkCard::list(&home.model_folders()) {
        let Ok(card) = card else { continue };
        let is_present = card.weights_path().exists();
        catalogue
            .distances
            .insert(name.clone(), Distances::new(&card, &names));
        catalogue
            .published
            .extend(card.published.map(|published| (name.clone(), published)));
        catalogue.networks.push(Choice {
            name,
            title: plain(&card.title).into_owned(),
            is_present,
        });
    }
    for set in odin_datasets::list(&home.data_folders()) {
        let is_present = set.is_present();
        let Ok(card) = set.card else { continue };
        catalogue.sets.push(Choice {
            name: set.name,
            title: plain(&card.title).into_owned(),
            is_present,
        });
    }
    // Both lists are by name already.
    catalogue.networks.sort_by_key(|choice| !choice.is_present);
    catalogue.sets.sort_by_key(|choice| !choice.is_present);
    catalogue
}

/// The session's file: a path, or a name in sessions/.
pub(super) fn find(session: &str, home: &Home) -> anyhow::Result<PathBuf> {
    find_or_suggest(session, home, &[])
}

fn find_or_suggest(session: &str, home: &Home, commands: &[String]) -> anyhow::Result<PathBuf> {
    let given = Path::new(session);
    if given.is_file() {
        return Ok(given.to_owned());
    }
    let known = sessions(home);
    if let Some((_, path)) = known.iter().find(|(name, _)| name == session) {
        return Ok(path.clone());
    }
    let names: Vec<String> = known.into_iter().map(|(name, _)| name).collect();
    bail!(
        "no session `{session}`: neither a file nor a name in {}{} (`odin list sessions`)",
        home.sessions().display(),
        did_you_mean(session, commands, &names)
    );
}

/// The sessions that have a name, with their files, by name; one's own hide those of the same name that came with the program.
pub(super) fn sessions(home: &Home) -> Vec<(String, PathBuf)> {
    let mut found = BTreeMap::new();
    for folder in home.session_folders() {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "yaml")
                && let Some(name) = path.file_stem()
            {
                let name = name.to_string_lossy().into_owned();
                found.entry(name).or_insert_with(|| path.clone());
            }
        }
    }
    found.into_iter().collect()
}

/// The engine, on what the jobs need; `only` takes the place of the devices that the session names.
fn start(home: &Home, only: Option<Device>) -> anyhow::Result<EngineLink> {
    let program = engine::program()?;
    tracing::debug!(program = %program.display(), "the engine is started");
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let comparisons: Arc<Mutex<Comparisons>> = Arc::default();
    let ours = comparisons.clone();
    let engine = EngineProcess::start(&program, home, false, move |event| {
        // If it cannot be sent, the dashboard has gone; nobody wants to know any more.
        match event {
            Ok(event) => {
                let (told, replies) = lock(&ours).hear(event);
                for event in told {
                    let _ = sender.send(Ok(event));
                }
                replies
            }
            Err(ended) => {
                let _ = sender.send(Err(ended));
                Vec::new()
            }
        }
    })
    .with_context(|| format!("{} cannot be started", program.display()))?;
    let commands = move |mut command: JobCommand| {
        if let (JobCommand::Score { placement, .. }, Some(device)) = (&mut command, only) {
            placement.devices = device.into();
        }
        for command in lock(&comparisons).ask(command) {
            engine.send(command);
        }
    };
    Ok(EngineLink {
        commands: Box::new(commands),
        events,
    })
}

fn lock(comparisons: &Mutex<Comparisons>) -> MutexGuard<'_, Comparisons> {
    comparisons.lock().unwrap_or_else(PoisonError::into_inner)
}
