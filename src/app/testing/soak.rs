//! Ten thousand random actions: nothing may panic, and the model must stay consistent.
use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::fake;
use crate::app::state::grid::IN_FLIGHT;
use crate::app::{
    Action, Column, Effect, EngineState, GridRequest, ImagesAction, Key, KeyCode, Model, Slider, update,
};
use odin_core::comparisons::{JobBatch, JobEvent};
use odin_core::protocol::{Failure, FailureKind, Generation, ImageId, JobId, ScoreTable, ScoredImage, Side};
use odin_core::session::Screen;
use odin_core::setting::{Detector, Setting, Settings};
use odin_core::units::{Device, Magnitude, Temperature};

fn random_action(rng: &mut ChaCha8Rng, model: &Model) -> Action {
    let mut job = JobId::Job(rng.random_range(0..6));
    let mut newest = model
        .jobs
        .get(job.number() as usize)
        .map_or(0, |job| job.generation.0);
    // Half of the time a cell of the grid, if the engine was asked for one.
    if let Some((owner, grid)) = model.grids.iter().find(|(_, grid)| !grid.in_flight.is_empty())
        && rng.random()
    {
        newest = grid.generation.0;
        job = grid.id(owner.job, grid.in_flight[0].place, grid.in_flight[0].subset);
    }
    let generation = Generation(newest.saturating_sub(u64::from(rng.random_range(0..4u8) == 0)));
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 2.0, 1e300];
    let number = |rng: &mut ChaCha8Rng| {
        if rng.random_range(0..10) == 0 {
            odd[rng.random_range(0..odd.len())]
        } else {
            rng.random_range(0.0..1.0)
        }
    };
    let slider = [
        Slider::TEMPERATURE,
        Slider::MAGNITUDE,
        Slider::Knob(7),
        Slider::Threshold,
    ][rng.random_range(0..4)];
    match rng.random_range(0..43) {
        0..12 => {
            let keys = "hlHLjkauoOfFcCgGi34nrdMTTJ<>=xvtbpcfPEA[]sm?12255q  r0123456789.e-%zZ";
            let chars: Vec<char> = keys.chars().collect();
            let named = [
                KeyCode::Enter,
                KeyCode::Esc,
                KeyCode::Tab,
                KeyCode::BackTab,
                KeyCode::Backspace,
                KeyCode::Left,
            ];
            let mut key = match rng.random_range(0..4) {
                0 => Key::plain(named[rng.random_range(0..named.len())]),
                _ => Key::char(chars[rng.random_range(0..chars.len())]),
            };
            key.ctrl = rng.random_range(0..12) == 0;
            Action::Key(key)
        }
        12 => Action::Paste(["0.002", "abc\u{1b}[0m", "1e9", "95%"][rng.random_range(0..4)].to_owned()),
        13..16 => Action::SlideTo(slider, number(rng)),
        16 => Action::Release,
        17 => Action::StepOf(slider, rng.random_range(-30..30)),
        18 => Action::ThresholdToScore(number(rng) * 10.0),
        19 => Action::ThresholdToFpr(number(rng)),
        20 => Action::SelectJob(rng.random_range(0..9)),
        21 => Action::Scroll(rng.random_range(-50..50)),
        22 => Action::Show(Screen::ALL[rng.random_range(0..Screen::ALL.len())]),
        23 => Action::Engine(JobEvent::Started {
            job,
            generation,
            devices: Device::Cpu.into(),
            total_in: rng.random_range(0..300),
            total_out: rng.random_range(0..300),
        }),
        24..34 => {
            let side = if rng.random() { Side::In } else { Side::Out };
            let from = rng.random_range(0..300);
            let mut scores = ScoreTable::new(settings(rng));
            for index in from..from + rng.random_range(0..40) {
                let image = ScoredImage {
                    index,
                    label: (rng.random_range(0..50) > 0).then_some(1),
                    prediction: rng.random_range(0..3),
                };
                let row: Vec<f64> = scores.settings().iter().map(|_| number(rng)).collect();
                scores.push(image, &row);
            }
            Action::Engine(JobEvent::Scored(JobBatch {
                job,
                generation,
                side,
                scores,
                from_cache: rng.random(),
            }))
        }
        34 => Action::Engine(JobEvent::Finished {
            job,
            generation,
            seconds: number(rng),
        }),
        35 => Action::Engine(JobEvent::Failed {
            job,
            generation,
            reason: Failure::new(FailureKind::Libtorch, "first\nsecond\u{7}"),
        }),
        36 if rng.random() => Action::Engine(JobEvent::Thumbnails {
            job,
            images: vec![(
                ImageId {
                    side: Side::Out,
                    index: rng.random_range(0..300),
                },
                Err(Failure::new(FailureKind::Request, "no such image\u{7}")),
            )],
        }),
        36 if rng.random() => Action::Images(match rng.random_range(0..5) {
            0 => ImagesAction::Fits(rng.random_range(0..30), rng.random_range(0..30)),
            1 => ImagesAction::Choose(rng.random_range(0..500)),
            2 => ImagesAction::MovePages(rng.random_range(i32::MIN..=i32::MAX)),
            3 => ImagesAction::NextClass(rng.random_range(-9..9)),
            _ => ImagesAction::ToggleLarge,
        }),
        36 => Action::Engine(JobEvent::Warning {
            text: "careful\u{1b}[2J".to_owned(),
        }),
        37 => Action::Native("terminate called\u{1b}c".to_owned()),
        38 => {
            if rng.random() {
                Action::Saved
            } else {
                Action::SaveFailed("disk full".to_owned())
            }
        }
        39 => match rng.random_range(0..8) {
            0 => Action::OpenPalette,
            1 => Action::OpenPicker,
            2 => Action::OtherColumn,
            3 => Action::ToggleHelp,
            4 => Action::ChooseRow(Column::Sets, rng.random_range(0..9)),
            5 => Action::ChooseRow(Column::Networks, rng.random_range(0..9)),
            _ => Action::Choose(rng.random_range(i32::MIN..=i32::MAX)),
        },
        40 => match rng.random_range(0..9) {
            0 => Action::DuplicateJob,
            1 => Action::RemoveJob,
            2 => Action::PauseQueue,
            3 => Action::Redo,
            _ => Action::MoveJob(if rng.random() { 1 } else { -1 }),
        },
        // An engine ends now and then, and is there again soon.
        41 if model.engine == EngineState::Up && rng.random_range(0..9) == 0 => {
            Action::EngineGone("killed\u{1b}[2J".to_owned())
        }
        41 if model.engine == EngineState::Starting => Action::Start,
        41 => Action::RestartEngine,
        _ => Action::Undo,
    }
}

/// Some detectors at one of several settings, as jobs have them and as they do not.
fn settings(rng: &mut impl Rng) -> Settings {
    let at = |t: f64, e: f64| Settings::new(Temperature::new(t).unwrap(), Magnitude::new(e).unwrap());
    match rng.random_range(0..4) {
        0 => at(10.0, 0.0),
        1 => Settings::only(Setting::new(Detector::Energy)),
        _ => at(1000.0, 0.0014),
    }
}

fn check(model: &Model, effects: &[Effect]) {
    assert!(model.jobs.is_empty() || model.view.job < model.jobs.len());
    assert!(model.requests.pending.iter().all(|&job| job < model.jobs.len()));
    for job in &model.jobs {
        assert!(job.progress().is_none_or(|p| (0.0..=1.0).contains(&p)));
        assert!(
            job.images_per_second()
                .is_none_or(|rate| rate.is_finite() && rate > 0.0)
        );
        for setting in job.spec.settings.iter() {
            for (place, (_, value)) in (0..).zip(setting.knobs()) {
                let span = job.span(setting.detector(), place).unwrap();
                assert!((span.low..=span.high).contains(&value));
            }
        }
    }
    assert!(
        model
            .status
            .as_ref()
            .is_none_or(|status| !status.text.contains(char::is_control))
    );
    assert!(
        model
            .log
            .entries()
            .all(|entry| !entry.text.contains(char::is_control))
    );
    let in_flight: usize = model.grids.values().map(|grid| grid.in_flight.len()).sum();
    // The best cell on the rest may be requested at any time.
    assert!(
        in_flight <= IN_FLIGHT + model.grids.len(),
        "{in_flight} cells in flight"
    );
    for grid in model.grids.values() {
        assert!(grid.setting(grid.cursor).is_some() && grid.done() <= grid.total());
    }
    let mut compared = model.compared();
    compared.sort_unstable();
    assert!(
        compared.into_iter().eq(0..model.jobs.len()),
        "every job has its row"
    );
    let gallery = &model.gallery;
    assert!(gallery.listed.is_empty() || gallery.chosen < gallery.listed.len());
    assert!(gallery.listed.len() <= gallery.total && gallery.a_page() > 0);
    assert!(gallery.in_sight().1.len() <= gallery.a_page());
    for effect in effects {
        if let Effect::SaveSession { session, .. } = effect {
            assert_eq!(session.job_specs().len(), model.jobs.len());
        }
    }
}

#[test]
fn ten_thousand_random_actions() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut model = fake::started();
    for step in 0..10_000u64 {
        let action = random_action(&mut rng, &model);
        let text = serde_json::to_string(&action).unwrap();
        assert!(text.len() > 1, "every action can be written down");
        let mut effects = update(&mut model, action);
        if rng.next_u32() % 3 == 0 {
            effects.extend(update(&mut model, Action::Tick(Duration::from_millis(step * 20))));
        }
        if step % 500 == 0 {
            effects.extend(update(&mut model, Action::Key(Key::char('s'))));
        }
        for effect in effects.clone() {
            match effect {
                Effect::ComputeIntervals(mut request) => {
                    request.replicates = 4;
                    let report = Box::new(request.compute());
                    effects.extend(update(&mut model, Action::Intervals(report)));
                }
                Effect::ComputeDetectors(mut request) => {
                    request.replicates = 4;
                    let report = Box::new(request.compute());
                    effects.extend(update(&mut model, Action::DetectorsReport(report)));
                }
                Effect::ComputeGrid(mut request) => {
                    match &mut request {
                        GridRequest::Cell { replicates, .. } => *replicates = 4,
                        GridRequest::Transfer(request) => request.replicates = 4,
                        GridRequest::Best { .. } => {}
                    }
                    let report = Box::new(request.compute());
                    effects.extend(update(&mut model, Action::GridReport(report)));
                }
                _ => {}
            }
        }
        check(&model, &effects);
    }
}
