//! The screens Grid, Images and Compare, and what the mouse finds on them.
use std::sync::OnceLock;

use super::{colour, draw, snapshot, styles, text};
use crate::app::fake::{answer_cell, answer_cells, feed, show_images, started, tell_missing, wait};
use crate::app::{Action, CompareAction, GridAction, ImagesAction, Model, Place, update};
use crate::ui::{Colours, Look, Target};
use odin_core::protocol::{Failure, FailureKind};
use odin_core::session::{Detector, Screen};

/// As in the other pictures; made once, for it takes a while.
fn working() -> Model {
    static WORKING: OnceLock<Model> = OnceLock::new();
    WORKING.get_or_init(super::working).clone()
}

/// The grid of the first job, filled as far as `cells`.
fn with_grid(cells: usize) -> Model {
    let mut model = working();
    update(&mut model, Action::Show(Screen::Grid));
    let mut asked: std::collections::VecDeque<_> =
        update(&mut model, Action::Grid(GridAction::FillOrPause)).into();
    while let Some(effect) = asked.pop_front() {
        if model.grid().unwrap().done() < cells || cells > 200 {
            asked.extend(answer_cell(&mut model, effect));
        }
    }
    update(&mut model, Action::Dismiss);
    model
}

#[test]
fn the_grid_at_three_sizes() {
    let mut model = with_grid(40);
    update(&mut model, Action::Grid(GridAction::Move(-3, 4)));
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    snapshot!("grid_80x24", text(&buffer));
    snapshot!("grid_80x24_colours", styles(&buffer));
    let cell = Place { row: 9, column: 0 };
    assert_eq!(
        hits.at(8, 2).map(|hit| hit.1),
        Some(Target::Cell(cell)),
        "the largest T is on top"
    );
    let mut full = with_grid(210);
    snapshot!("grid_120x40", text(&draw(&full, &colour(), 120, 40).0));
    update(&mut full, Action::Grid(GridAction::ToBest));
    snapshot!("grid_200x60", text(&draw(&full, &colour(), 200, 60).0));
    snapshot!("grid_60x18", text(&draw(&full, &colour(), 60, 18).0));
    snapshot!(
        "grid_80x24_basic",
        styles(&draw(&full, &Look::new(Colours::Sixteen, true), 80, 24).0)
    );
    snapshot!(
        "grid_80x24_mono",
        text(&draw(&full, &Look::new(Colours::None, true), 80, 24).0)
    );
    let ascii = text(&draw(&full, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("grid_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    update(&mut model, Action::SelectJob(2));
    let waiting = text(&draw(&model, &colour(), 80, 24).0);
    assert!(waiting.contains("waiting until Uniform is opened"), "{waiting}");
    for width in (60..=130).step_by(14) {
        for height in (18..=50).step_by(3) {
            draw(&full, &colour(), width, height);
        }
    }
}

/// The grid of a detector of the first job, filled as far as `cells`.
fn with_grid_of(detector: Detector, cells: usize) -> Model {
    let mut model = working();
    model.view.detector = detector;
    update(&mut model, Action::Show(Screen::Grid));
    let mut asked: std::collections::VecDeque<_> =
        update(&mut model, Action::Grid(GridAction::FillOrPause)).into();
    while let Some(effect) = asked.pop_front() {
        if model.grid().unwrap().done() < cells || cells >= model.grid().unwrap().total() {
            asked.extend(answer_cell(&mut model, effect));
        }
    }
    update(&mut model, Action::Dismiss);
    model
}

#[test]
fn the_grid_of_one_knob_is_a_curve() {
    let model = with_grid_of(Detector::Knn, 5);
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    snapshot!("curve_filling_80x24", text(&buffer));
    let column = |x| match hits.at(x, 8) {
        Some((_, Target::Cell(place))) => place.column,
        other => panic!("{other:?}"),
    };
    assert_eq!((column(8), column(77)), (0, 9));
    let mut full = with_grid_of(Detector::Knn, 10);
    update(&mut full, Action::Grid(GridAction::Move(0, -2)));
    let buffer = draw(&full, &colour(), 80, 24).0;
    snapshot!("curve_80x24", text(&buffer));
    snapshot!("curve_80x24_colours", styles(&buffer));
    snapshot!("curve_200x60", text(&draw(&full, &colour(), 200, 60).0));
    snapshot!("curve_60x18", text(&draw(&full, &colour(), 60, 18).0));
    let ascii = text(&draw(&full, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("curve_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    for width in (60..=130).step_by(14) {
        for height in (18..=50).step_by(3) {
            draw(&full, &colour(), width, height);
            draw(&model, &colour(), width, height);
        }
    }
}

#[test]
fn the_grid_of_two_other_knobs_is_a_map() {
    let model = with_grid_of(Detector::Vra, 30);
    snapshot!("grid_vra_80x24", text(&draw(&model, &colour(), 80, 24).0));
    let mut none = working();
    none.view.detector = Detector::Baseline;
    update(&mut none, Action::Show(Screen::Grid));
    snapshot!(
        "grid_without_knobs_80x24",
        text(&draw(&none, &colour(), 80, 24).0)
    );
}

#[test]
fn the_table_of_choices_at_three_sizes() {
    let mut model = started();
    for job in 0..4 {
        feed(&mut model, job, 0, 80, 80);
    }
    model.view.detector = Detector::Knn;
    update(&mut model, Action::Show(Screen::Grid));
    update(&mut model, Action::Grid(GridAction::ToggleTransfer));
    snapshot!("transfer_empty_80x24", text(&draw(&model, &colour(), 80, 24).0));
    let asked = update(&mut model, Action::Grid(GridAction::FillOrPause));
    answer_cells(&mut model, asked);
    update(&mut model, Action::Dismiss);
    update(&mut model, Action::Grid(GridAction::Move(-1, 0)));
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    snapshot!("transfer_80x24", text(&buffer));
    snapshot!("transfer_80x24_colours", styles(&buffer));
    assert_eq!(
        hits.at(35, 4).map(|hit| hit.1),
        Some(Target::Cell(Place { row: 1, column: 0 }))
    );
    snapshot!("transfer_200x60", text(&draw(&model, &colour(), 200, 60).0));
    update(&mut model, Action::Grid(GridAction::Move(0, 3)));
    snapshot!("transfer_60x18", text(&draw(&model, &colour(), 60, 18).0));
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("transfer_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    for width in (60..=130).step_by(14) {
        for height in (18..=50).step_by(3) {
            draw(&model, &colour(), width, height);
        }
    }
}

/// The Images screen as it looks once the engine has answered, with as many images a page as there is room for.
fn with_images(actions: &[ImagesAction], width: u16, height: u16) -> Model {
    let mut model = working();
    let mut asked = update(&mut model, Action::Show(Screen::Images));
    for action in actions {
        asked.extend(update(&mut model, Action::Images(action.clone())));
    }
    let (_, hits) = draw(&model, &colour(), width, height);
    if let Some((across, down)) = hits.page {
        asked.extend(update(
            &mut model,
            Action::Images(ImagesAction::Fits(across, down)),
        ));
    }
    for effect in asked {
        show_images(&mut model, effect);
    }
    model
}

#[test]
fn images_at_three_sizes() {
    for (name, width, height) in [
        ("images_80x24", 80, 24),
        ("images_120x40", 120, 40),
        ("images_200x60", 200, 60),
        ("images_60x18", 60, 18),
    ] {
        let model = with_images(&[], width, height);
        let picture = text(&draw(&model, &colour(), width, height).0);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, picture);
        });
    }
    let large = [ImagesAction::NextOrder(2), ImagesAction::ToggleLarge];
    let model = with_images(&large, 80, 24);
    snapshot!("images_large_80x24", text(&draw(&model, &colour(), 80, 24).0));
    let model = with_images(&large, 200, 60);
    snapshot!("images_large_200x60", text(&draw(&model, &colour(), 200, 60).0));
}

#[test]
fn images_with_few_colours_and_with_none() {
    let model = with_images(&[ImagesAction::NextFilter(1)], 80, 24);
    let basic = draw(&model, &Look::new(Colours::Sixteen, true), 80, 24).0;
    snapshot!("images_80x24_basic_colours", styles(&basic));
    snapshot!(
        "images_80x24_mono",
        text(&draw(&model, &Look::new(Colours::None, true), 80, 24).0)
    );
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("images_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn the_mouse_chooses_images_and_every_size_can_be_drawn() {
    let mut model = with_images(&[], 80, 24);
    let (_, hits) = draw(&model, &colour(), 80, 24);
    let (area, target) = hits.at(18, 5).unwrap();
    assert_eq!(target, Target::Image(1));
    update(&mut model, target.press(area, 18).unwrap());
    assert_eq!(model.gallery.chosen, 1);
    assert_eq!(target.wheel(1), Some(Action::Images(ImagesAction::MoveRows(1))));
    let pictures = hits.pictures.len();
    assert!(pictures >= 4, "{pictures} pictures for those who can show pixels");
    for large in [false, true] {
        model.gallery.is_large = large;
        for width in (60..=210).step_by(25) {
            for height in (18..=60).step_by(7) {
                draw(&model, &colour(), width, height);
            }
        }
    }
}

#[test]
fn an_empty_list_says_why() {
    let mut model = working();
    update(&mut model, Action::Show(Screen::Images));
    update(&mut model, Action::SelectJob(2));
    let waiting = text(&draw(&model, &colour(), 80, 24).0);
    assert!(waiting.contains("waits for its turn"), "{waiting}");
    update(&mut model, Action::SelectJob(0));
    for action in [ImagesAction::NextFilter(2), ImagesAction::NextClass(4)] {
        update(&mut model, Action::Images(action));
    }
    for _ in 0..60 {
        update(&mut model, Action::StepOf(crate::app::Slider::Threshold, 1));
    }
    let none = text(&draw(&model, &colour(), 80, 24).0);
    assert!(none.contains("no image passes the filter"), "{none}");
}

/// The Compare screen with what a card has published about one of the sets.
fn with_table() -> Model {
    let mut model = working();
    let measures = |fpr95, auroc| odin_core::networks::Measures {
        fpr95,
        detection_error: 10.5,
        auroc,
        aupr_in: 96.0,
        aupr_out: 93.8,
    };
    let row = odin_core::networks::PublishedRow {
        set: "mnist-digits".to_owned(),
        magnitude: odin_core::units::Magnitude::PAPER,
        baseline: measures(34.7, 95.3),
        odin: measures(4.3, 99.1),
    };
    let published = odin_core::networks::Published {
        source: "a paper".to_owned(),
        weights: None,
        temperature: odin_core::units::Temperature::PAPER,
        skip: 0,
        rows: vec![row],
    };
    model
        .catalogue
        .published
        .insert("fashion-densenet".to_owned(), published);
    update(&mut model, Action::Show(Screen::Compare));
    crate::app::fake::wait(&mut model, 3000);
    model
}

#[test]
fn the_table_at_three_sizes() {
    let mut model = with_table();
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    snapshot!("compare_80x24", text(&buffer));
    snapshot!("compare_80x24_colours", styles(&buffer));
    assert_eq!(hits.at(20, 3).map(|hit| hit.1), Some(Target::Row(0)));
    assert!(matches!(hits.at(70, 2), Some((_, Target::Column(_)))));
    snapshot!("compare_60x18", text(&draw(&model, &colour(), 60, 18).0));
    snapshot!(
        "compare_80x24_mono",
        text(&draw(&model, &Look::new(Colours::None, true), 80, 24).0)
    );
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("compare_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    let column = crate::app::CompareColumn::Metric(odin_core::session::Metric::Auroc);
    let mut other = model.clone();
    for action in [CompareAction::NextDetector(1), CompareAction::SortBy(column)] {
        update(&mut other, Action::Compare(action));
    }
    crate::app::fake::wait(&mut other, 4000);
    snapshot!(
        "compare_max_logit_80x24",
        text(&draw(&other, &colour(), 80, 24).0)
    );
    update(&mut model, Action::Compare(CompareAction::SortBy(column)));
    update(&mut model, Action::Compare(CompareAction::Reverse));
    snapshot!("compare_120x40", text(&draw(&model, &colour(), 120, 40).0));
    snapshot!("compare_200x60", text(&draw(&model, &colour(), 200, 60).0));
    for width in (60..=210).step_by(15) {
        for height in (18..=60).step_by(7) {
            draw(&model, &colour(), width, height);
        }
    }
}

#[test]
fn the_table_of_two_networks_says_at_which_setting_before_it_shows_aupr() {
    let mut model = with_table();
    for job in model.jobs.iter_mut().skip(2) {
        job.spec.network = "cifar-densenet-bc-100-12".to_owned();
    }
    snapshot!(
        "compare_two_networks_120x40",
        text(&draw(&model, &colour(), 120, 40).0)
    );
    snapshot!(
        "compare_two_networks_60x18",
        text(&draw(&model, &colour(), 60, 18).0)
    );
}

#[test]
fn a_failed_job_says_why_on_every_screen() {
    let mut model = working();
    let reason = "the data set photo-crops is missing, which data/photo-crops.yaml describes: get it by \
                  odin fetch photo-crops";
    let fetch = Some("photo-crops".to_owned());
    let kind = FailureKind::Missing { fetch };
    model.jobs[2].state = crate::app::JobState::Failed {
        reason: crate::app::JobFailure::Scoring(Failure::new(kind, reason)),
    };
    update(&mut model, Action::SelectJob(2));
    update(
        &mut model,
        Action::Said(crate::app::Level::Error, format!("Uniform failed: {reason}")),
    );
    for screen in [Screen::Explore, Screen::Grid, Screen::Images, Screen::Log] {
        update(&mut model, Action::Show(screen));
        for (width, height) in [(60, 18), (80, 24), (120, 40)] {
            let picture = text(&draw(&model, &colour(), width, height).0);
            // What is cut first by one who does not wrap.
            assert!(
                picture.contains("odin fetch"),
                "{screen} at {width}x{height}\n{picture}"
            );
        }
    }
    update(&mut model, Action::Show(Screen::Explore));
    snapshot!("failed_80x24", text(&draw(&model, &colour(), 80, 24).0));
    update(&mut model, Action::Show(Screen::Grid));
    snapshot!("failed_grid_80x24", text(&draw(&model, &colour(), 80, 24).0));
    update(&mut model, Action::Show(Screen::Images));
    snapshot!("failed_images_80x24", text(&draw(&model, &colour(), 80, 24).0));
    update(&mut model, Action::Show(Screen::Log));
    snapshot!("failed_log_80x24", text(&draw(&model, &colour(), 80, 24).0));
}

#[test]
fn the_best_detectors_come_first_with_their_sets() {
    let mut model = started();
    for job in [0, 1] {
        feed(&mut model, job, 0, 400, 400);
    }
    update(&mut model, Action::Show(Screen::Detectors));
    let why = "knn needs training images to fit it on, and there are none: the card names none";
    tell_missing(&mut model, Detector::Knn, why);
    wait(&mut model, 4000);
    snapshot!("detectors_80x24", text(&draw(&model, &colour(), 80, 24).0));
    snapshot!("detectors_200x60", text(&draw(&model, &colour(), 200, 60).0));
}
