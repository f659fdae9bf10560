//! For tests: pressing keys, and reading what the engine is asked for.
use crate::app::{Action, Effect, Key, Model, update};
use odin_core::comparisons::JobCommand;

/// Presses keys, written as in the settings file with blanks between them.
pub(in crate::app) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ')
        .flat_map(|key| update(model, Action::Key(key.parse().unwrap())))
        .collect()
}

/// Types a text, key by key.
pub(in crate::app) fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        update(model, Action::Key(Key::char(c)));
    }
}

/// What the engine is told.
pub(in crate::app) fn commands(effects: &[Effect]) -> Vec<&JobCommand> {
    let mut commands = Vec::new();
    for effect in effects {
        if let Effect::Engine(command) = effect {
            commands.push(command);
        }
    }
    commands
}

/// The jobs and cells whose scores are asked for: id, generation, T and ε of each.
pub(in crate::app) fn scores(effects: &[Effect]) -> Vec<(u64, u64, f64, f64)> {
    let score = |command: &&JobCommand| match command {
        JobCommand::Score {
            job,
            generation,
            spec,
            ..
        } => Some((
            u64::from(job.number()),
            generation.0,
            spec.settings.temperature().get(),
            spec.settings.magnitude().get(),
        )),
        _ => None,
    };
    commands(effects).iter().filter_map(score).collect()
}
