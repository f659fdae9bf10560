//! Saving, quitting, and restoring what was not saved.
use crate::app::fake::{self, feed, model, started, wait};
use crate::app::testing::driver::{commands, press, scores, type_in};
use crate::app::{Action, Cursor, Effect, Overlay, Restore, update};
use odin_core::comparisons::JobCommand;

#[test]
fn saving_and_quitting() {
    let mut model = started();
    for job in 0..4 {
        feed(&mut model, job, 0, 50, 50);
    }
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
fn what_was_not_saved_is_offered_before_anything_is_scored() {
    let offered = || {
        let mut model = model();
        let mut session = model.to_session();
        session.queues[0].jobs.truncate(2);
        session.view.job = 1;
        let restore = Restore::new(&model.session, session, "an hour ago".to_owned(), false);
        assert_eq!(
            restore.changes,
            [
                "fashion-densenet × Uniform in fashion: removed",
                "fashion-densenet × Gaussian in fashion: removed"
            ]
        );
        model.offer(restore);
        assert!(commands(&update(&mut model, Action::Start)).is_empty());
        assert!(commands(&press(&mut model, "l esc q ? : j")).is_empty());
        assert!(
            matches!(model.overlay, Some(Overlay::Restore(_))),
            "it waits for an answer"
        );
        model
    };
    let mut model = offered();
    let effects = press(&mut model, "r");
    assert_eq!(
        (model.jobs.len(), model.view.job, scores(&effects).len()),
        (2, 1, 2)
    );
    assert!(model.is_unsaved() && model.overlay.is_none());

    let mut model = offered();
    assert!(
        press(&mut model, "d esc d")
            .iter()
            .all(|effect| *effect != Effect::DiscardAutosave)
    );
    let effects = press(&mut model, "d");
    assert!(effects.contains(&Effect::DiscardAutosave));
    assert_eq!(
        (model.jobs.len(), scores(&effects).len(), model.is_unsaved()),
        (4, 4, false)
    );
    assert!(press(&mut offered(), "ctrl-c").contains(&Effect::Quit));
    assert!(
        update(&mut model, Action::RestoreSession).is_empty(),
        "nothing is offered any more"
    );
}

#[test]
fn running_jobs_are_not_left_unasked() {
    let mut model = started();
    feed(&mut model, 0, 0, 100, 200);
    assert!(!press(&mut model, "q").contains(&Effect::Quit));
    let said = model.status.as_ref().unwrap().text.clone();
    assert!(said.starts_with("4 jobs are not done: q again"), "{said}");
    assert!(press(&mut model, "q").contains(&Effect::Quit));
    press(&mut model, "l q");
    let said = model.status.as_ref().unwrap().text.clone();
    assert!(said.contains("not saved, and 4 jobs"), "{said}");
}

#[test]
fn the_dashboard_is_as_it_was_left() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 1000);
    press(&mut model, "b r v P ] ] 3 o f c 1 j 4 > > ~ N +");
    assert!(!model.is_unsaved(), "what is shown is no change to the session");
    let view = model.left_view();
    assert_ne!(view, *model.saved_view());
    let mut again = fake::model();
    again.take_view(view.clone());
    assert_eq!((again.cursor, again.left_view()), (Cursor::Tpr(0.97), view));
    assert_eq!(
        (
            again.compare,
            again.gallery.order,
            again.gallery.filter,
            again.gallery.class
        ),
        (model.compare, model.gallery.order, model.gallery.filter, Some(0))
    );
    let default = fake::model();
    assert!(again.compare != default.compare && again.gallery.filter != default.gallery.filter);
    // A save takes the view along.
    let effects = press(&mut model, "s");
    update(&mut model, Action::Saved);
    assert_eq!(model.left_view(), *model.saved_view());
    let saved = effects.iter().find_map(|effect| match effect {
        Effect::SaveSession { session, .. } => Some(session.view.clone()),
        _ => None,
    });
    assert_eq!(saved.as_ref(), Some(model.saved_view()));
}

#[test]
fn what_was_pinned_is_pinned_again() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 1000);
    press(&mut model, "i");
    let pinned = model.pin.as_ref().unwrap().analysis.summary;
    press(&mut model, "H");
    let view = model.left_view();
    assert_eq!(view.pin.unwrap().setting.get("temperature"), Some(1000.0));

    let mut again = fake::model();
    again.take_view(view.clone());
    let effects = update(&mut again, Action::Start);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Engine(JobCommand::Score {
            job,
            generation,
            spec,
            ..
        }) if job.cell_number().is_some() => Some((*job, *generation, spec.clone())),
        _ => None,
    });
    assert_eq!(again.left_view(), view, "it is wanted until it is there");
    let (job, generation, spec) = asked.unwrap();
    for event in fake::cell_events(job, generation, &spec, 300) {
        update(&mut again, Action::Engine(event));
    }
    let pin = again.pin.as_ref().unwrap();
    assert_eq!(
        (pin.analysis.summary, pin.setting.get("temperature")),
        (pinned, Some(1000.0))
    );
    assert_eq!(again.left_view(), view);
}

#[test]
fn saving_under_another_name_opens_that_file() {
    let mut model = started();
    press(&mut model, "l S");
    type_in(&mut model, "mine");
    let effects = press(&mut model, "enter");
    let (from, path) = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::SaveSessionAs { from, path, .. } => Some((from.clone(), path.clone())),
            _ => None,
        })
        .unwrap();
    let name = effects.iter().find_map(|effect| match effect {
        Effect::SaveSessionAs { session, .. } => Some(session.name.clone()),
        _ => None,
    });
    assert_eq!(name.as_deref(), Some("mine"), "it goes by its file's name");
    assert_eq!(
        (from.to_str(), path.to_str()),
        (Some("sessions/made-up.yaml"), Some("sessions/mine.yaml"))
    );
    update(&mut model, Action::SaveFailed("there already".into()));
    assert!(model.is_unsaved() && model.path == from && model.session.name == "made-up");
    press(&mut model, "S");
    type_in(&mut model, "yours");
    press(&mut model, "enter");
    update(&mut model, Action::SavedAs("sessions/yours.yaml".into()));
    assert!(!model.is_unsaved() && model.path.ends_with("yours.yaml"));
    assert_eq!(model.session.name, "yours");
    assert!(
        press(&mut model, "S esc")
            .iter()
            .all(|effect| !matches!(effect, Effect::SaveSessionAs { .. }))
    );
}
