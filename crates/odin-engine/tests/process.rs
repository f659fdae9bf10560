//! An engine in a process of its own scores as one in this process does.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
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
    Command, EngineEnded, EngineProcess, Event, FitSample, Generation, JobId, JobSpec, Order, Placement,
    ScoreTable, SetId, Side,
};
use odin_core::runs::evidence::Budget;
use odin_core::setting::Settings;
use odin_core::units::{Device, Magnitude, Temperature};
use odin_datasets::{Part, Sampling};
use odin_engine::engine::Engine;

const ENGINE: &str = env!("CARGO_BIN_EXE_odin-engine");
const PATIENCE: Duration = Duration::from_secs(90);

/// A comparison's two sets.
fn score(temperature: f64) -> [Command; 2] {
    let spec = JobSpec {
        network: "small".to_owned(),
        weights: None,
        in_dataset: None,
        dataset: "two".to_owned(),
        settings: Settings::new(Temperature::new(temperature).unwrap(), Magnitude::PAPER),
        sampling: Sampling::File,
        skip: 0,
        limit: None,
        part: Part::Whole,
        corrupt: None,
        batch: Some(7),
        seed: 0,
        order: Order::Random,
        fit: FitSample::default(),
    };
    [Side::In, Side::Out].map(|side| Command::Score {
        set: SetId {
            job: JobId::Job(3),
            side,
        },
        generation: Generation(1),
        placement: Placement {
            devices: Device::Cpu.into(),
            ..Placement::default()
        },
        request: Box::new(spec.set(side)),
    })
}

/// Scores of both sides in file order, once both sets are finished.
fn scores(events: impl Iterator<Item = Event>) -> [ScoreTable; 2] {
    let (mut ins, mut outs, mut finished) = (ScoreTable::default(), ScoreTable::default(), 0);
    for event in events {
        match event {
            Event::Scored(batch) => match batch.set.side {
                Side::In => ins.append(batch.scores),
                Side::Out => outs.append(batch.scores),
            },
            Event::Finished { .. } => {
                finished += 1;
                if finished == 2 {
                    break;
                }
            }
            Event::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    ins.sort();
    outs.sort();
    [ins, outs]
}

fn process(program: &Path, home: &TestHome) -> (EngineProcess, Receiver<Result<Event, EngineEnded>>) {
    let (sender, events) = channel();
    let process = EngineProcess::start(program, &Home::at(home.path()), true, move |event| {
        let _ = sender.send(event);
        Vec::new()
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
    score(10.0).into_iter().for_each(|command| here.send(command));
    let expected = scores(events.iter());
    assert_eq!(expected.each_ref().map(ScoreTable::len), [60, 60]);

    let (there, events) = process(ENGINE.as_ref(), &home);
    score(10.0).into_iter().for_each(|command| there.send(command));
    assert_eq!(scores(events.iter().map(Result::unwrap)), expected);
    drop(there);
    assert_eq!(last_word(&events), "the engine has ended");
}
