//! The list of jobs: what is edited, what the engine is told, what is saved, and undo.
use crate::app::fake::{catalogue, feed, model, started, wait};
use crate::app::testing::driver::{commands, press, scores};
use crate::app::{Action, Effect, EngineState, JobState, Model, update};
use odin_core::comparisons::JobCommand;
use odin_core::protocol::JobId;
use odin_core::session::{Detector, Session, TunedOn};

fn sets(model: &Model) -> Vec<&str> {
    model.jobs.iter().map(|job| job.spec.dataset.as_str()).collect()
}

#[test]
fn a_job_is_picked_added_scored_and_saved() {
    let mut model = started();
    update(&mut model, Action::Catalogue(Box::new(catalogue())));
    press(&mut model, "j n l s u n");
    let effects = press(&mut model, "enter");
    assert_eq!(
        sets(&model),
        ["mnist-digits", "photo-crops", "LSUN", "Uniform", "Gaussian"]
    );
    assert_eq!(model.view.job, 2);
    assert!(
        scores(&effects).iter().any(|&(id, ..)| id == 4),
        "an id of its own"
    );
    assert!(model.is_unsaved());
    let saved = model.to_session();
    assert_eq!(
        (saved.queues[0].jobs.len(), saved.queues[0].jobs[2].temperature),
        (5, None)
    );
    press(&mut model, "u");
    assert_eq!((model.jobs.len(), model.is_unsaved()), (4, false));
    press(&mut model, "ctrl-r");
    assert_eq!(sets(&model)[2], "LSUN");
}

#[test]
fn a_path_can_be_typed_in_place_of_a_set() {
    let mut model = started();
    update(&mut model, Action::Catalogue(Box::new(catalogue())));
    press(&mut model, "n");
    update(&mut model, Action::Paste("/tmp/holiday photos\n".to_owned()));
    press(&mut model, "enter");
    assert_eq!(model.jobs[1].spec.dataset, "/tmp/holiday photos");
}

#[test]
fn removing_stops_the_job_and_undo_brings_its_scores_back() {
    let mut model = started();
    feed(&mut model, 0, 0, 200, 400);
    wait(&mut model, 300);
    let effects = press(&mut model, "D");
    assert_eq!(commands(&effects), [&JobCommand::Cancel { job: JobId::Job(0) }]);
    assert_eq!((model.jobs.len(), model.view.job), (3, 0));
    let effects = press(&mut model, "u");
    assert_eq!((model.jobs[0].id, model.jobs[0].scored()), (JobId::Job(0), 400));
    assert_eq!(model.jobs[0].state, JobState::Waiting);
    assert_eq!(scores(&effects)[0].0, 0, "it goes on");
    // To the last one, and beyond.
    press(&mut model, "D D D D D");
    assert!(model.jobs.is_empty());
    press(&mut model, "u u u u u");
    assert_eq!(
        sets(&model),
        ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]
    );
}

#[test]
fn a_duplicate_keeps_its_parameters() {
    let mut model = started();
    press(&mut model, "l d h h");
    let t = |number: usize| model.jobs[number].spec.settings.temperature().get();
    assert_eq!((t(0), t(1), t(2)), (1200.0, 800.0, 1000.0));
    assert_eq!(
        model.to_session().queues[0].jobs[1].temperature.map(|t| t.get()),
        Some(800.0)
    );
}

#[test]
fn moving_changes_the_order_in_which_jobs_are_served() {
    let mut model = started();
    feed(&mut model, 0, 0, 50, 400);
    let effects = press(&mut model, "j j K");
    assert_eq!(
        sets(&model),
        ["mnist-digits", "Uniform", "photo-crops", "Gaussian"]
    );
    assert_eq!(model.view.job, 1);
    let order: Vec<u64> = scores(&effects).iter().map(|score| score.0).collect();
    assert_eq!(order, [2, 1, 3], "the running job is left alone");
    press(&mut model, "u");
    assert_eq!(
        sets(&model),
        ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]
    );
    press(&mut model, "K K K K");
    assert_eq!(sets(&model)[0], "Uniform");
    press(&mut model, "J J J J J J");
    assert_eq!(sets(&model)[3], "Uniform");
}

#[test]
fn a_job_moves_on_into_the_next_queue() {
    let text = "version: 1\nname: x\nqueues:\n  - {name: one, device: cpu, jobs: [{network: a, dataset: p}, {network: a, dataset: q}]}\n  \
                - {name: two, device: 'cuda:1', jobs: [{network: a, dataset: r}]}\n";
    let mut model = Model::new(Session::parse(text, "x".as_ref()).unwrap(), "x".into());
    update(&mut model, Action::Start);
    let effects = press(&mut model, "J J");
    assert_eq!(
        (sets(&model), model.jobs[1].queue.as_str()),
        (vec!["q", "p", "r"], "two")
    );
    assert!(
        commands(&effects).contains(&&JobCommand::Cancel { job: JobId::Job(0) }),
        "the first device lets go of it"
    );
    press(&mut model, "J");
    assert_eq!(sets(&model), ["q", "r", "p"]);
    let queues = model.to_session().queues;
    assert_eq!(
        (queues[0].jobs.len(), queues[1].jobs[1].dataset.as_str()),
        (1, "p")
    );
    press(&mut model, "u u u");
    assert_eq!((sets(&model), model.is_unsaved()), (vec!["p", "q", "r"], false));
}

#[test]
fn a_queue_is_paused_and_cancelled_as_a_whole() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    feed(&mut model, 1, 0, 100, 300);
    press(&mut model, "Q");
    let states = |model: &Model| model.jobs.iter().map(|job| job.state.clone()).collect::<Vec<_>>();
    assert!(matches!(states(&model)[0], JobState::Done { .. }));
    assert_eq!(
        states(&model)[1..],
        [JobState::Paused, JobState::Paused, JobState::Paused]
    );
    let effects = press(&mut model, "Q");
    assert_eq!(scores(&effects).len(), 3);
    press(&mut model, "X");
    assert_eq!(
        states(&model)[1..],
        [JobState::Cancelled, JobState::Cancelled, JobState::Cancelled]
    );
}

#[test]
fn without_an_engine_the_list_can_still_be_edited() {
    let mut model = started();
    update(&mut model, Action::EngineGone("gone".into()));
    press(&mut model, "d");
    assert!(matches!(model.jobs[1].state, JobState::Failed { .. }));
    assert!(commands(&press(&mut model, "D u J K")).is_empty());
    assert_eq!(model.engine, EngineState::Gone("gone".into()));
}

#[test]
fn an_empty_session_gets_its_first_job_and_queue() {
    let session = Session::parse("version: 1\nname: x\nqueues: []\n", "x".as_ref()).unwrap();
    let mut model = Model::new(session, "x".into());
    update(&mut model, Action::Start);
    update(&mut model, Action::Catalogue(Box::new(catalogue())));
    press(&mut model, "n");
    press(&mut model, "tab enter");
    assert_eq!(model.to_session().queues[0].jobs.len(), 1);
    assert!(model.is_unsaved());
    press(&mut model, "u");
    assert!(!model.is_unsaved() && model.to_session().queues.is_empty());
}

#[test]
fn what_was_edited_before_the_engine_was_up_is_asked_for_at_the_start() {
    let mut model = model();
    assert!(commands(&press(&mut model, "d D J")).is_empty());
    let effects = update(&mut model, Action::Start);
    assert_eq!(scores(&effects).len(), 4);
    assert!(effects.contains(&Effect::LoadCatalogue));
}

#[test]
fn how_t_and_epsilon_were_chosen_goes_with_them() {
    let mut model = started();
    let saved = |model: &Model, number: usize| model.to_session().queues[0].jobs[number].tuned.clone();
    assert_eq!(saved(&model, 0), None);
    press(&mut model, "l");
    assert_eq!(saved(&model, 0).unwrap().on, TunedOn::Reported);
    press(&mut model, "d");
    assert_eq!(
        saved(&model, 1),
        saved(&model, 0),
        "a duplicate is tuned as its original"
    );
    // Reopened, it still says so; the parameters that it was given count, not where it was opened.
    let again = Model::new(model.to_session(), "x".into());
    assert!(
        again.jobs[..2]
            .iter()
            .all(|job| job.is_tuned_here(Detector::Odin))
    );
    assert!(!again.is_unsaved());
    press(&mut model, "k h");
    assert_eq!(saved(&model, 0), None, "back at what the session gave");
}
