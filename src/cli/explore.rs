//! `odin [SESSION]`: the dashboard.
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::Args;

use crate::app::{Catalogue, Choice, Model};
use crate::config::Config;
use crate::datasets;
use crate::engine::protocol::Command;
use crate::engine::{Budget, Engine};
use crate::home::Home;
use crate::networks::NetworkCard;
use crate::session::Session;
use crate::term::{self, Capabilities, EngineLink, Exit, TermOptions};
use crate::units::Device;

#[derive(Debug, Args)]
pub struct Options {
    /// Use this device for every queue of the session
    #[arg(long)]
    device: Option<Device>,
}

pub fn run(session: Option<&str>, options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let path = find(session.unwrap_or("demo"), &home)?;
    let session = Session::load(&path)?;
    let config = Config::of_user()?;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the dashboard needs a terminal; without one, `odin run` does the scoring");
    }
    let (budget, only) = (Budget::from_env()?, options.device);
    let mut model = Model::new(session, path);
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
    let start = || start(&home, budget, only).map_err(|error| format!("no thread for the engine: {error}"));
    match runtime.block_on(term::run(model, options, start))? {
        Exit::Quit => Ok(()),
        // As a shell expects of a program that a signal ended; everything has been put back by now.
        Exit::Signal(number) => std::process::exit(128 + number),
    }
}

/// What has a card and can be read; what is present comes first.
fn catalogue(home: &Home) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (name, card) in NetworkCard::list(&home.models()) {
        let Ok(card) = card else { continue };
        let is_present = card.weights_path().exists();
        catalogue
            .published
            .extend(card.published.map(|published| (name.clone(), published)));
        catalogue.networks.push(Choice {
            name,
            title: card.title,
            is_present,
        });
    }
    for (name, card) in datasets::list(&[home.data()]) {
        let Ok(card) = card else { continue };
        let is_present = card.is_present(&home.data()).is_ok();
        catalogue.sets.push(Choice {
            name,
            title: card.title,
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
    let given = Path::new(session);
    if given.is_file() {
        return Ok(given.to_owned());
    }
    let named = home.sessions().join(format!("{session}.yaml"));
    if given.components().count() == 1 && named.is_file() {
        return Ok(named);
    }
    bail!(
        "no session `{session}`: neither a file nor a name in {} (`odin list sessions`)",
        home.sessions().display()
    );
}

/// The engine, on what the jobs need; `only` takes the place of the devices that the session names.
fn start(home: &Home, budget: Budget, only: Option<Device>) -> std::io::Result<EngineLink> {
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let engine = Engine::start(home, budget, move |event| {
        // The dashboard has gone; nobody wants to know any more.
        let _ = sender.send(event);
    })?;
    let commands = move |mut command: Command| {
        if let (Command::Score { placement, .. }, Some(device)) = (&mut command, only) {
            placement.devices = device.into();
        }
        engine.send(command);
    };
    Ok(EngineLink {
        commands: Box::new(commands),
        events,
    })
}
