//! The reducer, action by action, as a person and an engine would drive it.
use std::time::Duration;

use super::*;
use crate::app::fake::{feed, model, started, wait};
use crate::app::{Cursor, EngineState, JobState, Overlay, Slider};
use crate::engine::protocol::{Command, Event, JobId};
use crate::metrics::Positive;
use crate::session::{Axis, Detector, Metric, Screen};

pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ')
        .flat_map(|key| update(model, Action::Key(key.parse().unwrap())))
        .collect()
}

pub(super) fn commands(effects: &[Effect]) -> Vec<&Command> {
    let mut commands = Vec::new();
    for effect in effects {
        if let Effect::Engine(command) = effect {
            commands.push(command);
        }
    }
    commands
}

pub(super) fn scores(effects: &[Effect]) -> Vec<(u64, u64, f64, f64)> {
    let score = |command: &&Command| match command {
        Command::Score {
            job,
            generation,
            spec,
            ..
        } => Some((job.0, generation.0, spec.temperature.get(), spec.magnitude.get())),
        _ => None,
    };
    commands(effects).iter().filter_map(score).collect()
}

fn t(model: &Model) -> f64 {
    model.jobs[model.view.job].spec.temperature.get()
}

fn e(model: &Model) -> f64 {
    model.jobs[model.view.job].spec.magnitude.get()
}

#[test]
fn at_the_start_every_job_is_queued_and_the_selected_one_comes_first() {
    let mut model = model();
    model.view.job = 2;
    let effects = update(&mut model, Action::Start);
    let jobs: Vec<u64> = scores(&effects).iter().map(|score| score.0).collect();
    assert_eq!(jobs, [2, 0, 1, 3]);
    assert_eq!(commands(&effects)[1], &Command::Prefer { job: JobId(2) });
}

#[test]
fn before_the_engine_is_there_nothing_is_sent_and_changes_hold() {
    let mut model = model();
    let effects = press(&mut model, "l l j");
    assert!(commands(&effects).is_empty());
    let effects = update(&mut model, Action::Start);
    assert!(scores(&effects).contains(&(0, 2, 1500.0, 0.0014)), "{effects:?}");
}

#[test]
fn selecting_a_job_prefers_it() {
    let mut model = started();
    let effects = press(&mut model, "j");
    assert_eq!(commands(&effects), [&Command::Prefer { job: JobId(1) }]);
    press(&mut model, "k k");
    assert_eq!(model.view.job, 0);
    assert!(update(&mut model, Action::SelectJob(99)).len() == 2 && model.view.job == 3);
}

#[test]
fn a_change_clears_odin_and_keeps_the_baseline() {
    let mut model = started();
    feed(&mut model, 0, 0, 200, 200);
    wait(&mut model, 200);
    let before = model.jobs[0].generation;
    update(&mut model, Action::Tick(Duration::from_secs(9)));
    let effects = press(&mut model, "l");
    assert_eq!(scores(&effects), [(0, before.0 + 1, 1200.0, 0.0014)]);
    let job = &model.jobs[0];
    assert_eq!((job.scored(), job.state.clone()), (0, JobState::Waiting));
    assert_eq!(job.scores.live(Detector::Baseline).unwrap().images(), 400);
    assert!(
        job.is_stale(),
        "the old picture stays until there is a new one, and says so"
    );
    let stale = crate::app::fake::batch(
        job.id,
        before,
        &job.spec.clone(),
        crate::engine::protocol::Side::In,
        0,
        50,
    );
    assert!(
        update(&mut model, Action::Engine(stale)).is_empty(),
        "what the old generation sends is stale"
    );
    assert_eq!(model.jobs[0].scored(), 0);
    feed(&mut model, 0, 0, 50, 200);
    wait(&mut model, 200);
    assert!(!model.jobs[0].is_stale());
    assert_eq!(model.jobs[0].odin.as_ref().unwrap().summary.n_in, 50);
    assert_eq!(model.jobs[0].baseline.as_ref().unwrap().summary.n_in, 200);
}

#[test]
fn a_drag_asks_now_and_then_and_always_for_where_it_ends() {
    let mut model = started();
    update(&mut model, Action::Tick(Duration::from_secs(1)));
    let mut asked = Vec::new();
    for step in 0..100u64 {
        let at = Duration::from_millis(1000 + step * 8);
        asked.extend(scores(&update(&mut model, Action::Tick(at))));
        asked.extend(scores(&update(
            &mut model,
            Action::SlideTo(Slider::Magnitude, step as f64 / 99.0),
        )));
    }
    assert!(
        (8..=14).contains(&asked.len()),
        "{} requests in 0.8 s",
        asked.len()
    );
    let last = scores(&update(&mut model, Action::Release));
    assert_eq!(last.last().map(|score| score.3), Some(0.004));
    assert!(!model.is_dragging() && model.next_tick() == model.autosave_due());
    assert_eq!(
        scores(&press(&mut model, "u")).len(),
        0,
        "too soon after the last"
    );
    assert_eq!(e(&model), 0.0014, "a drag is undone as one");
    assert_eq!(
        scores(&wait(&mut model, 100)).len(),
        1,
        "and asked for when its time has come"
    );
}

#[test]
fn keys_step_type_and_switch_focus() {
    let mut model = started();
    press(&mut model, "H");
    assert_eq!(t(&model), 100.0);
    press(&mut model, "tab l shift-left");
    assert_eq!((model.focus, e(&model)), (Slider::Magnitude, 0.0005));
    press(&mut model, "= 0 . 0 0 3 3 enter");
    assert_eq!(e(&model), 0.0033);
    press(&mut model, "tab tab enter 2 5 0 0 0 enter");
    assert_eq!((t(&model), model.jobs[0].temperature_span.high), (25_000.0, 1e5));
    press(&mut model, "= - 5 enter");
    assert!(
        model
            .typing
            .as_ref()
            .unwrap()
            .error
            .as_ref()
            .unwrap()
            .contains("above 0")
    );
    press(&mut model, "backspace backspace esc");
    assert_eq!((model.typing.clone(), t(&model)), (None, 25_000.0));
    press(&mut model, "=");
    update(&mut model, Action::Paste(" 42\n".to_owned()));
    press(&mut model, "enter");
    assert_eq!(t(&model), 42.0);
}

#[test]
fn undo_and_redo_walk_through_the_changes() {
    let mut model = started();
    for (second, key) in (1..).zip(["l", "tab", "l", "a"]) {
        update(&mut model, Action::Tick(Duration::from_secs(second)));
        press(&mut model, key);
    }
    assert!(
        model
            .jobs
            .iter()
            .all(|job| job.parameters() == model.jobs[0].parameters())
    );
    press(&mut model, "u");
    assert_eq!(model.jobs[3].spec.temperature.get(), 10.0);
    press(&mut model, "u u");
    assert_eq!((t(&model), e(&model)), (1000.0, 0.0014));
    press(&mut model, "u");
    assert_eq!(model.status.as_ref().unwrap().text, "nothing to undo");
    press(&mut model, "ctrl-r ctrl-r ctrl-r ctrl-r");
    assert_eq!(model.jobs[3].parameters(), model.jobs[0].parameters());
    assert_eq!(model.status.as_ref().unwrap().text, "nothing to redo");
}

#[test]
fn a_paused_job_goes_on_where_it_was() {
    let mut model = started();
    feed(&mut model, 0, 0, 100, 200);
    let effects = press(&mut model, "space");
    assert_eq!(commands(&effects), [&Command::Cancel { job: JobId(0) }]);
    assert_eq!(
        (&model.jobs[0].state, model.jobs[0].scored()),
        (&JobState::Paused, 200)
    );
    assert!(
        scores(&press(&mut model, "l")).is_empty(),
        "what is paused stays so"
    );
    press(&mut model, "h");
    assert_eq!(scores(&press(&mut model, "space")).len(), 1);
    assert_eq!(model.jobs[0].state, JobState::Waiting);
    press(&mut model, "x");
    assert_eq!(model.jobs[0].state, JobState::Cancelled);
    assert_eq!(scores(&press(&mut model, "space")).len(), 1);
    feed(&mut model, 0, 0, 200, 200);
    assert!(matches!(model.jobs[0].state, JobState::Done { .. }));
    assert!(commands(&press(&mut model, "space x")).is_empty());
}

#[test]
fn a_failure_is_of_one_job_and_can_be_tried_again() {
    let mut model = started();
    let job = &model.jobs[0];
    let failed = Event::Failed {
        job: job.id,
        generation: job.generation,
        reason: "no such file\n0: stack".into(),
    };
    update(&mut model, Action::Engine(failed));
    assert_eq!(
        model.jobs[0].state,
        JobState::Failed {
            reason: "no such file".into()
        }
    );
    assert_eq!(model.jobs[1].state, JobState::Waiting);
    assert!(
        model
            .status
            .as_ref()
            .unwrap()
            .text
            .ends_with("failed: no such file")
    );
    assert_eq!(
        model.log.entries().count(),
        3,
        "the log has all lines, and that the device is ready"
    );
    assert_eq!(scores(&press(&mut model, "space")).len(), 1);
}

#[test]
fn without_an_engine_the_dashboard_says_so() {
    let mut model = started();
    update(&mut model, Action::EngineGone("libtorch is missing".into()));
    assert_eq!(model.engine, EngineState::Gone("libtorch is missing".into()));
    assert!(
        model
            .jobs
            .iter()
            .all(|job| matches!(job.state, JobState::Failed { .. }))
    );
    let said = &model.status.as_ref().unwrap().text;
    assert_eq!(said, "no scoring: libtorch is missing; ctrl-e starts it again");
    assert!(commands(&press(&mut model, "l j")).is_empty());
    assert_eq!(model.next_tick(), model.autosave_due());
}

#[test]
fn an_engine_that_has_ended_can_be_started_again() {
    for key in ["ctrl-e", "space"] {
        let mut model = started();
        press(&mut model, "x");
        let before = model.jobs.iter().map(|job| job.generation).collect::<Vec<_>>();
        update(&mut model, Action::EngineGone("killed".into()));
        let effects = press(&mut model, key);
        let starts = effects
            .iter()
            .filter(|effect| **effect == Effect::StartEngine)
            .count();
        assert_eq!((starts, commands(&effects).len()), (1, 0), "{key}");
        assert_eq!(model.engine, EngineState::Starting);
        assert!(
            !press(&mut model, "ctrl-e").contains(&Effect::StartEngine),
            "one is enough"
        );

        // The job that a person cancelled goes on only where a person says so.
        let undone = if key == "space" {
            model.jobs.len()
        } else {
            model.jobs.len() - 1
        };
        let asked = scores(&update(&mut model, Action::Start));
        assert_eq!(asked.len(), undone, "{key}");
        let newer = |job: &&crate::app::Job| job.generation > before[job.id.0 as usize];
        assert!(
            model
                .jobs
                .iter()
                .filter(|job| job.is_active())
                .all(|job| newer(&job))
        );
    }
}

#[test]
fn progress_rate_and_time_left_follow_the_batches() {
    let mut model = started();
    feed(&mut model, 0, 0, 250, 1000);
    let job = &model.jobs[0];
    assert_eq!(job.progress(), Some(0.25));
    let rate = job.images_per_second().unwrap();
    assert!((1900.0..2100.0).contains(&rate), "{rate}");
    assert!((0.7..0.8).contains(&job.seconds_left().unwrap()));
}

#[test]
fn scores_are_analysed_when_due_and_intervals_follow() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    assert!(model.next_tick().is_some());
    wait(&mut model, 3000);
    assert_eq!(model.next_tick(), None, "nothing is due: no timer runs");
    let odin = model.jobs[0].odin.as_ref().unwrap();
    let (low, high) = odin.interval(Metric::Auroc).unwrap();
    assert!(low <= odin.summary.auroc && odin.summary.auroc <= high && high - low < 0.1);
    assert!(odin.summary.auroc > model.jobs[0].baseline.as_ref().unwrap().summary.auroc);
    assert_eq!(odin.intervals.unwrap().replicates, 1000);
    assert!(odin.summary.ccr_at_fpr.is_some());
}

#[test]
fn the_threshold_follows_keys_and_mouse() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 200);
    let tpr = |model: &Model| model.shown().unwrap().at(model.cursor).tpr;
    assert!((0.95..0.96).contains(&tpr(&model)));
    press(&mut model, "] ]");
    assert_eq!(model.cursor, Cursor::Tpr(0.97));
    let there = model.shown().unwrap().at(Cursor::Tpr(0.5)).threshold;
    update(&mut model, Action::ThresholdToScore(there));
    assert!((0.5..0.51).contains(&tpr(&model)));
    press(&mut model, "[");
    assert!((0.49..0.5).contains(&tpr(&model)));
    update(&mut model, Action::ThresholdToFpr(0.1));
    assert!(model.shown().unwrap().at(model.cursor).fpr <= 0.1);
    press(&mut model, "b");
    assert!(
        matches!(model.cursor, Cursor::Tpr(_)),
        "another scale: the TPR holds"
    );
    press(&mut model, "p");
    update(&mut model, Action::ThresholdToScore(0.5));
    assert_eq!(model.cursor, Cursor::Score(0.0));
    press(&mut model, "t = 9 0 % enter");
    assert_eq!(model.cursor, Cursor::Tpr(0.9));
}

#[test]
fn view_keys_change_what_is_shown() {
    let mut model = started();
    press(&mut model, "b p c f v");
    let view = &model.view;
    assert_eq!(
        (view.detector, view.axis, view.metric),
        (Detector::Baseline, Axis::Probability, Metric::DetectionError)
    );
    assert!(view.log_counts && view.log_fpr);
    press(&mut model, "5 k ?");
    assert!(model.overlay == Some(Overlay::Help(0)) && model.view.screen == Screen::Log);
    press(&mut model, "1");
    assert_eq!(model.view.screen, Screen::Log, "help covers the screen");
    press(&mut model, "q");
    assert_eq!(model.overlay, None);
    press(&mut model, "1 P E A");
    assert_eq!(model.view.conventions.positive, Positive::OutOfDistribution);
    let effects = press(&mut model, "m ctrl-z");
    assert!(effects.contains(&Effect::SetMouse(false)) && effects.contains(&Effect::Suspend));
}

#[test]
fn conventions_are_read_off_the_same_scores() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 3000);
    let before = model.jobs[0].odin.as_ref().unwrap().summary;
    press(&mut model, "P");
    let odin = model.jobs[0].odin.as_ref().unwrap();
    assert!(odin.summary.fpr95 != before.fpr95 && odin.intervals.is_none());
    wait(&mut model, 3000);
    assert!(model.jobs[0].odin.as_ref().unwrap().intervals.is_some());
}

#[test]
fn saving_and_quitting() {
    let mut model = started();
    assert!(press(&mut model, "q").contains(&Effect::Quit), "nothing to lose");
    press(&mut model, "l");
    assert!(model.is_unsaved());
    assert!(!press(&mut model, "q").contains(&Effect::Quit));
    assert!(model.status.as_ref().unwrap().text.contains("q again quits"));
    press(&mut model, "j");
    assert!(
        !press(&mut model, "q").contains(&Effect::Quit),
        "asked anew after something else"
    );
    assert!(press(&mut model, "q").contains(&Effect::Quit));
    let effects = press(&mut model, "s");
    let is_save = |effect: &&Effect| matches!(effect, Effect::SaveSession { .. });
    let Some(Effect::SaveSession { session, .. }) = effects.iter().find(is_save) else {
        panic!("{effects:?}")
    };
    assert_eq!(
        session.queues[0].jobs[0].temperature.map(|t| t.get()),
        Some(1200.0)
    );
    assert_eq!(session.view.job, 1);
    press(&mut model, "l");
    update(&mut model, Action::Saved);
    assert_eq!(
        model.status.as_ref().unwrap().text,
        "saved to sessions/made-up.yaml"
    );
    assert!(model.is_unsaved(), "what changed since is not in the file");
    press(&mut model, "u s");
    update(&mut model, Action::SaveFailed("disk full".into()));
    assert_eq!(model.status.as_ref().unwrap().text, "disk full");
}

#[test]
fn a_session_without_jobs_is_no_trouble() {
    let session = crate::session::Session::parse("version: 1\nname: x\nqueues: []\n", "x".as_ref()).unwrap();
    let mut model = Model::new(session, "x".into());
    update(&mut model, Action::Start);
    press(
        &mut model,
        "j k h l H L tab = 5 enter a u ctrl-r space x v [ ] t b p c f P E A s 5 1 ? esc q",
    );
    assert!(model.jobs.is_empty());
}
