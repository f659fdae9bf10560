//! The engine: what it is asked for at the start, and what its failures and its end mean.
use crate::app::fake::{feed, model, started};
use crate::app::testing::driver::{commands, press, scores};
use crate::app::{Action, Effect, EngineState, Job, JobFailure, JobState, update};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{Failure, FailureKind, JobId};

#[test]
fn at_the_start_every_job_is_queued_and_the_selected_one_comes_first() {
    let mut model = model();
    model.view.job = 2;
    let effects = update(&mut model, Action::Start);
    let jobs: Vec<u64> = scores(&effects).iter().map(|score| score.0).collect();
    assert_eq!(jobs, [2, 0, 1, 3]);
    assert_eq!(commands(&effects)[1], &JobCommand::Prefer { job: JobId::Job(2) });
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
fn a_failure_is_of_one_job_and_can_be_tried_again() {
    let mut model = started();
    let job = &model.jobs[0];
    let failed = JobEvent::Failed {
        job: job.id,
        generation: job.generation,
        reason: Failure::new(FailureKind::BadFile, "no such file\n0: stack"),
    };
    update(&mut model, Action::Engine(failed));
    assert_eq!(
        model.jobs[0].state,
        JobState::Failed {
            reason: JobFailure::Scoring(Failure::new(FailureKind::BadFile, "no such file"))
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
    assert_eq!(model.next_tick(), model.saving.autosave_due());
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
        let newer = |job: &&Job| job.generation > before[job.id.number() as usize];
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
