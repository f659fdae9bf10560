//! Saving, quitting, and restoring what was not saved.
use crate::app::fake::{model, started};
use crate::app::testing::driver::{commands, press, scores};
use crate::app::{Action, Effect, Overlay, Restore, update};

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
fn what_was_not_saved_is_offered_before_anything_is_scored() {
    let offered = || {
        let mut model = model();
        let mut session = model.to_session();
        session.queues[0].jobs.truncate(2);
        session.view.job = 1;
        model.offer(Restore {
            session: Box::new(session),
            when: "an hour ago".to_owned(),
            is_outdated: false,
        });
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
