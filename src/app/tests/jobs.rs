//! Selecting, pausing and cancelling jobs.
use crate::app::fake::{feed, started};
use crate::app::testing::driver::{commands, press, scores};
use crate::app::{Action, JobState, Model, update};
use crate::session::Session;
use odin_core::comparisons::JobCommand;
use odin_core::protocol::JobId;

#[test]
fn selecting_a_job_prefers_it() {
    let mut model = started();
    let effects = press(&mut model, "j");
    assert_eq!(commands(&effects), [&JobCommand::Prefer { job: JobId::Job(1) }]);
    press(&mut model, "k k");
    assert_eq!(model.view.job, 0);
    assert!(update(&mut model, Action::SelectJob(99)).len() == 2 && model.view.job == 3);
}

#[test]
fn a_paused_job_goes_on_where_it_was() {
    let mut model = started();
    feed(&mut model, 0, 0, 100, 200);
    let effects = press(&mut model, "space");
    assert_eq!(commands(&effects), [&JobCommand::Cancel { job: JobId::Job(0) }]);
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
fn a_session_without_jobs_is_no_trouble() {
    let session = Session::parse("version: 1\nname: x\nqueues: []\n", "x".as_ref()).unwrap();
    let mut model = Model::new(session, "x".into());
    update(&mut model, Action::Start);
    press(
        &mut model,
        "j k h l H L tab = 5 enter a u ctrl-r space x v [ ] t b p c f P E A s 5 1 ? esc q",
    );
    assert!(model.jobs.is_empty());
}
