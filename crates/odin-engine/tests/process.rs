//! An engine in a process of its own scores as one in this process does.
#[path = "../../../tests/support/home.rs"]
#[allow(dead_code)] // other tests use the rest
mod home;
#[path = "../../../tests/support/weights.rs"]
mod weights;

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use home::TestHome;
use odin_core::home::Home;
use odin_core::protocol::{
    Command, EngineEnded, EngineProcess, Event, Generation, ImageScore, JobId, JobSpec, Order, Placement,
    Side,
};
use odin_core::runs::evidence::Budget;
use odin_core::units::{Device, Magnitude, Temperature};
use odin_engine::engine::Engine;

const ENGINE: &str = env!("CARGO_BIN_EXE_odin-engine");
const PATIENCE: Duration = Duration::from_secs(90);

fn score(temperature: f64) -> Command {
    Command::Score {
        job: JobId(3),
        generation: Generation(1),
        placement: Placement {
            devices: Device::Cpu.into(),
            ..Placement::default()
        },
        spec: JobSpec {
            network: "small".to_owned(),
            weights: None,
            in_dataset: None,
            dataset: "two".to_owned(),
            temperature: Temperature::new(temperature).unwrap(),
            magnitude: Magnitude::PAPER,
            skip: 0,
            limit: None,
            batch: Some(7),
            seed: 0,
            order: Order::Random,
        },
    }
}

/// Scores by side and index, once the job is finished.
fn scores(events: impl Iterator<Item = Event>) -> Vec<(Side, ImageScore)> {
    let mut all = Vec::new();
    for event in events {
        match event {
            Event::Scored(batch) => all.extend(batch.scores.into_iter().map(|score| (batch.side, score))),
            Event::Finished { .. } => break,
            Event::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    all.sort_by_key(|(side, score)| (*side, score.index));
    all
}

fn process(program: &Path, home: &TestHome) -> (EngineProcess, Receiver<Result<Event, EngineEnded>>) {
    let (sender, events) = channel();
    let process = EngineProcess::start(program, &Home::at(home.path()), true, move |event| {
        let _ = sender.send(event);
    });
    (process.unwrap(), events)
}

/// Why it has ended.
fn last_word(events: &Receiver<Result<Event, EngineEnded>>) -> String {
    loop {
        match events.recv_timeout(PATIENCE).expect("a word of the engine") {
            Ok(_) => {}
            Err(reason) => return reason.to_string(),
        }
    }
}

#[test]
fn its_scores_are_those_of_an_engine_in_this_process() {
    let home = TestHome::new();
    let (sender, events) = channel();
    let here = Engine::start(
        &Home::at(home.path()),
        Budget::default().in_memory(),
        move |event| {
            let _ = sender.send(event);
        },
    )
    .unwrap();
    here.send(score(10.0));
    let expected = scores(events.iter());
    assert_eq!(expected.len(), 120);

    let (there, events) = process(ENGINE.as_ref(), &home);
    there.send(score(10.0));
    assert_eq!(scores(events.iter().map(Result::unwrap)), expected);
    drop(there);
    assert_eq!(last_word(&events), "the engine has ended");
}
