//! The Images screen: orders, filters, classes, what the engine is asked to show.
use crate::app::fake::{feed, show_images, started, wait};
use crate::app::testing::driver::press;
use crate::app::{Action, Effect, ImageFilter, ImageOrder, ImagesAction, Model, update};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{Failure, FailureKind, ImageId, JobId, Side};
use odin_core::session::{Detector, Screen};

fn asked(effects: &[Effect]) -> (Vec<ImageId>, Option<ImageId>) {
    let mut thumbnails = Vec::new();
    let mut inspected = None;
    for effect in effects {
        match effect {
            Effect::Engine(JobCommand::Thumbnails { images, .. }) => thumbnails = images.clone(),
            Effect::Engine(JobCommand::Inspect { image, .. }) => inspected = Some(*image),
            _ => {}
        }
    }
    (thumbnails, inspected)
}

/// The first job's sets have 200 images each, all scored; the Images screen is open.
fn on_images() -> (Model, Vec<Effect>) {
    let mut model = started();
    feed(&mut model, 0, 0, 200, 200);
    wait(&mut model, 200);
    let effects = press(&mut model, "3");
    (model, effects)
}

fn scores(model: &Model) -> Vec<f64> {
    model.gallery.listed.iter().map(|listed| listed.score).collect()
}

#[test]
fn the_strangest_are_listed_first_and_those_in_sight_are_asked_for() {
    let (model, effects) = on_images();
    let gallery = &model.gallery;
    assert_eq!((gallery.total, gallery.listed.len()), (200, 200));
    assert!(gallery.listed.iter().all(|listed| listed.image.side == Side::In));
    assert!(scores(&model).is_sorted());
    let (thumbnails, inspected) = asked(&effects);
    let (first, in_sight) = gallery.in_sight();
    assert_eq!((first, in_sight.len()), (0, 12));
    assert_eq!(
        thumbnails,
        in_sight.iter().map(|listed| listed.image).collect::<Vec<_>>()
    );
    assert_eq!(inspected, Some(gallery.listed[0].image));
    let elsewhere = update(&mut model.clone(), Action::Show(Screen::Explore));
    assert_eq!(asked(&elsewhere), (Vec::new(), None));
}

#[test]
fn every_order_lists_its_side_by_its_score() {
    let (mut model, _) = on_images();
    for order in ImageOrder::ALL {
        assert_eq!(model.gallery.order, order);
        let scores = scores(&model);
        let threshold = model.gallery.threshold;
        let sorted = match order {
            ImageOrder::OodLikeIn | ImageOrder::OodLikeOut => scores.is_sorted(),
            ImageOrder::IdLikeIn | ImageOrder::IdLikeOut => scores.iter().rev().is_sorted(),
            ImageOrder::AroundThreshold => scores.iter().map(|score| (score - threshold).abs()).is_sorted(),
        };
        assert!(
            sorted && scores.len() == if order.side().is_some() { 200 } else { 400 },
            "{order:?}"
        );
        press(&mut model, "o");
    }
    assert_eq!(model.gallery.order, ImageOrder::default());
    press(&mut model, "O");
    assert_eq!(model.gallery.order, ImageOrder::OodLikeOut);
}

#[test]
fn filters_let_through_what_they_say_and_change_to_the_side_that_has_it() {
    let (mut model, _) = on_images();
    press(&mut model, "f");
    assert_eq!(model.gallery.filter, ImageFilter::Misclassified);
    assert!(!model.gallery.listed.is_empty() && model.gallery.listed.iter().all(|listed| listed.is_wrong()));
    press(&mut model, "f");
    let threshold = model.gallery.threshold;
    assert!(scores(&model).iter().all(|score| *score < threshold) && model.gallery.total <= 10);
    press(&mut model, "f");
    assert_eq!(model.gallery.filter, ImageFilter::FalsePositives);
    assert_eq!(model.gallery.order, ImageOrder::IdLikeOut);
    let before = model.gallery.total;
    assert!(scores(&model).iter().all(|score| *score >= threshold));
    // A lower threshold calls more OOD images ID.
    press(&mut model, "] ]");
    assert!(
        model.gallery.total > before,
        "{} after {before}",
        model.gallery.total
    );
    press(&mut model, "o o");
    assert_eq!(
        model.gallery.filter,
        ImageFilter::All,
        "nothing OOD among the ID images"
    );
    press(&mut model, "F");
    assert_eq!(model.gallery.filter, ImageFilter::FalsePositives);
}

#[test]
fn classes_are_labels_and_where_there_are_none_guesses() {
    let (mut model, _) = on_images();
    press(&mut model, "c c");
    assert_eq!(model.gallery.class, Some(1));
    assert!(model.gallery.total == 20 && model.gallery.listed.iter().all(|listed| listed.label == Some(1)));
    press(&mut model, "o");
    assert!(
        model
            .gallery
            .listed
            .iter()
            .all(|listed| listed.prediction == 1 && listed.label.is_none())
    );
    press(&mut model, "C C");
    assert_eq!(model.gallery.class, None);
    press(&mut model, "C");
    assert_eq!(model.gallery.class, Some(9), "round to the last");
    press(&mut model, "0");
    assert_eq!(model.gallery.class, None);
}

#[test]
fn moving_asks_for_the_next_page_and_for_the_chosen_image() {
    let (mut model, effects) = on_images();
    for effect in effects {
        show_images(&mut model, effect);
    }
    assert!(model.gallery.inspection(&model.jobs[0]).unwrap().is_ok());
    assert_eq!(asked(&press(&mut model, "l")).0, [], "the same page");
    press(&mut model, "j");
    assert_eq!(model.gallery.chosen, 5, "a row is four images");
    assert_eq!(
        model.gallery.inspection(&model.jobs[0]),
        None,
        "the answer is on its way"
    );
    let (thumbnails, inspected) = asked(&press(&mut model, "pgdn"));
    assert_eq!(
        (thumbnails.len(), inspected),
        (12, Some(model.gallery.listed[17].image))
    );
    press(&mut model, "G l");
    assert_eq!(model.gallery.chosen, 199);
    press(&mut model, "g k pgup h");
    assert_eq!(model.gallery.chosen, 0);
    let fits = update(&mut model, Action::Images(ImagesAction::Fits(6, 4)));
    assert_eq!(asked(&fits).0.len(), 12, "twelve of twenty-four are there");
    assert!(update(&mut model, Action::Images(ImagesAction::Fits(6, 4))).is_empty());
    update(&mut model, Action::Images(ImagesAction::Choose(3)));
    assert!(model.gallery.chosen == 3 && !model.gallery.is_large);
    update(&mut model, Action::Images(ImagesAction::Choose(3)));
    assert!(model.gallery.is_large, "clicked once more");
    press(&mut model, "esc");
    assert!(!model.gallery.is_large);
    press(&mut model, "enter");
    assert!(model.gallery.is_large);
    assert!(update(&mut model, Action::Images(ImagesAction::Choose(4000))).is_empty());
}

#[test]
fn answers_at_other_parameters_or_of_other_images_are_dropped() {
    let (mut model, effects) = on_images();
    let late = effects
        .into_iter()
        .find(|effect| asked(std::slice::from_ref(effect)).1.is_some())
        .unwrap();
    press(&mut model, "1 l");
    feed(&mut model, 0, 0, 200, 200);
    wait(&mut model, 300);
    press(&mut model, "3");
    show_images(&mut model, late);
    assert_eq!(model.gallery.inspection(&model.jobs[0]), None);
    let image = model.gallery.chosen().unwrap().image;
    let no_weights = Failure::new(FailureKind::Missing { fetch: None }, "no such weights");
    let failed = JobEvent::Inspected {
        job: JobId::Job(0),
        image,
        result: Box::new(Err(no_weights.clone())),
    };
    update(&mut model, Action::Engine(failed));
    assert_eq!(model.gallery.inspection(&model.jobs[0]), Some(&Err(no_weights)));
}

#[test]
fn while_scores_come_the_list_holds_still_and_the_choice_stays() {
    let mut model = started();
    feed(&mut model, 0, 0, 50, 400);
    wait(&mut model, 200);
    press(&mut model, "3 l l");
    let chosen = model.gallery.chosen().unwrap().image;
    feed(&mut model, 0, 50, 100, 400);
    assert_eq!(model.gallery.total, 50, "not yet");
    wait(&mut model, 1500);
    assert_eq!(model.gallery.total, 100);
    assert_eq!(model.gallery.chosen().unwrap().image, chosen);
    press(&mut model, "b");
    assert_eq!(model.view.detector, Detector::Baseline);
    assert!(scores(&model).is_sorted(), "at once, where a person asks for it");
    assert!(model.next_tick().is_none_or(|due| due >= model.now));
}

#[test]
fn the_name_of_an_image_is_copied_or_it_is_said_why_not() {
    let copied = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text.clone()),
            _ => None,
        })
    };
    let (mut model, effects) = on_images();
    assert_eq!(copied(&press(&mut model, "y")), None);
    let said = model.status.as_ref().unwrap().text.clone();
    assert!(said.contains("not known yet"), "{said}");
    for effect in effects {
        show_images(&mut model, effect);
    }
    let number = model.gallery.chosen().unwrap().image.index;
    let path = copied(&press(&mut model, "y")).unwrap();
    assert!(path.ends_with(&format!("/test/{number}.png")), "{path}");
    let inspected = model.gallery.inspected.as_mut().unwrap();
    let found = inspected.result.as_mut().unwrap().as_mut().unwrap();
    (found.file, found.name) = (None, None);
    assert_eq!(copied(&press(&mut model, "y")), None);
    let said = model.status.as_ref().unwrap().text.clone();
    assert!(said.contains("no file of its own"), "{said}");
}
