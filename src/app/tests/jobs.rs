//! Selecting, pausing and cancelling jobs.
use crate::app::fake::{self, feed, started, wait};
use crate::app::testing::driver::{commands, press, scores, type_in};
use crate::app::{Action, JobState, Model, update};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{Failure, FailureKind, JobId, Side};
use odin_core::session::Session;
use odin_core::units::Device;

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
        "j k h l H L tab = 5 enter a u ctrl-r space x v [ ] t b p ^ z P E A g G pgdn / x enter ! R s 5 1 ? esc q",
    );
    assert!(model.jobs.is_empty());
}

/// Many jobs, of which some have failed.
fn many() -> Model {
    let jobs: String = (0..51)
        .map(|n| format!("    - {{network: net{}, dataset: set{n}}}\n", n % 3))
        .collect();
    let text = format!("version: 1\nname: x\nqueues:\n- name: q\n  jobs:\n{jobs}");
    let mut model = Model::new(Session::parse(&text, "x".as_ref()).unwrap(), "x".into());
    update(&mut model, Action::Start);
    for n in [7, 30, 44] {
        let (job, generation) = (model.jobs[n].id, model.jobs[n].generation);
        let missing = FailureKind::Missing { fetch: None };
        let reason = Failure::new(missing, format!("set{n} is missing"));
        update(
            &mut model,
            Action::Engine(JobEvent::Failed {
                job,
                generation,
                reason,
            }),
        );
    }
    model
}

#[test]
fn many_jobs_are_paged_filtered_and_retried() {
    let mut model = many();
    let mut at = |keys: &str| {
        press(&mut model, keys);
        model.view.job
    };
    assert_eq!([at("G"), at("g"), at("pgdn pgdn"), at("pgup")], [50, 0, 20, 10]);
    assert_eq!(
        [at("!"), at("!"), at("!")],
        [30, 44, 7],
        "round to the first that failed"
    );
    let said = model.status.as_ref().unwrap().text.clone();
    assert_eq!(said, "set7: set7 is missing");
    press(&mut model, "/");
    type_in(&mut model, "NET1 4");
    press(&mut model, "enter");
    // set4, set34, set40, set43, set46, set49 on net1.
    assert_eq!(model.listed_jobs(), [4, 34, 40, 43, 46, 49]);
    assert_eq!(model.view.job, 4);
    press(&mut model, "j j");
    assert_eq!(model.view.job, 40);
    press(&mut model, "!");
    assert_eq!(
        (model.view.job, model.job_filter.is_set()),
        (44, false),
        "it is shown"
    );
    press(&mut model, "/");
    type_in(&mut model, "failed");
    press(&mut model, "enter");
    assert_eq!((model.listed_jobs().len(), model.failed_jobs()), (3, 3));
    assert_eq!(scores(&press(&mut model, "R")).len(), 3);
    assert_eq!(model.failed_jobs(), 0);
    press(&mut model, "j");
    assert!(model.status.as_ref().unwrap().text.contains("no job matches"));
    press(&mut model, "esc esc");
    assert_eq!(model.listed_jobs().len(), 51);
    press(&mut model, "!");
    assert_eq!(model.status.as_ref().unwrap().text, "no job has failed");
}

#[test]
fn progress_counts_new_work_and_the_log_has_starts_and_ends() {
    let mut model = started();
    let job = &model.jobs[0];
    let (id, generation, spec) = (job.id, job.generation, job.spec.clone());
    let started = JobEvent::Started {
        job: id,
        generation,
        devices: Device::Cpu.into(),
        total_in: 100,
        total_out: 100,
    };
    update(&mut model, Action::Engine(started));
    for side in [Side::In, Side::Out] {
        let JobEvent::Scored(mut batch) = fake::batch(id, generation, &spec, side, 0, 60) else {
            unreachable!()
        };
        batch.from_cache = true;
        update(&mut model, Action::Engine(JobEvent::Scored(batch)));
    }
    let job = &model.jobs[0];
    assert_eq!(
        (job.state.name(), job.scored(), job.progress()),
        ("waiting", 120, Some(0.0))
    );
    assert_eq!(job.images_per_second(), None);
    wait(&mut model, 1000);
    update(
        &mut model,
        Action::Engine(fake::batch(id, generation, &spec, Side::In, 60, 40)),
    );
    assert_eq!(model.jobs[0].progress(), Some(0.5));
    update(
        &mut model,
        Action::Engine(fake::batch(id, generation, &spec, Side::Out, 60, 40)),
    );
    let finished = JobEvent::Finished {
        job: id,
        generation,
        seconds: 1.5,
    };
    update(&mut model, Action::Engine(finished));
    press(&mut model, "j space space x x");
    let said = model.status.as_ref().unwrap().text.clone();
    assert_eq!(said, "there is nothing to cancel: this job is cancelled");
    let log = model.log.text();
    for line in [
        "mnist-digits on fashion-densenet: scoring begins on cpu, 100+100 images, 120 of them known from before",
        "mnist-digits on fashion-densenet: done, 200 images in 1.5 s",
        "photo-crops on fashion-densenet is paused",
        "photo-crops on fashion-densenet goes on",
        "photo-crops on fashion-densenet is cancelled",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
}

#[test]
fn a_key_without_a_meaning_says_so() {
    let mut model = started();
    let mut said = |keys: &str| {
        press(&mut model, keys);
        model
            .status
            .as_ref()
            .map(|status| status.text.clone())
            .unwrap_or_default()
    };
    assert_eq!(said("5 x"), "x is a key of Explore: cancel");
    assert_eq!(said("&"), "& does nothing here; ? lists the keys");
    assert!(said("4 N").starts_with("sort by a metric first"));
    assert_eq!(said("j"), "", "the next key has read it");
}
