//! The Grid screen of detectors other than ODIN.
use super::grid::{cells, of_job, on_grid};
use crate::app::fake::{answer_cell, answer_cells, answer_missing};
use crate::app::testing::driver::press;
use crate::app::{Effect, GridId, Model, Place};
use odin_core::protocol::{Generation, JobId, JobSpec};
use odin_core::session::{Detector, Metric, Screen};

/// The grid of another detector is open.
fn on_grid_of(detector: Detector) -> Model {
    let mut model = on_grid();
    model.view.detector = detector;
    press(&mut model, "1 2");
    model
}

#[test]
fn one_knob_is_one_row_of_the_values_that_tune_tries() {
    let mut model = on_grid_of(Detector::Knn);
    let grid = model.grid().unwrap();
    assert_eq!(
        (grid.detector(), grid.total(), grid.rows()),
        (Detector::Knn, 10, None)
    );
    assert_eq!(grid.columns().knob.key, "k");
    assert_eq!(
        grid.setting(grid.cursor).unwrap().get("k"),
        Some(50.0),
        "the job's own"
    );
    let asked = press(&mut model, "space");
    let specs = cells(&asked);
    let settings = &specs[0].2.settings;
    assert_eq!(settings.get(Detector::Knn).unwrap().get("k"), Some(50.0));
    assert_eq!((settings.iter().len(), settings.get(Detector::Odin)), (2, None));
    answer_cells(&mut model, asked);
    let grid = model.grid().unwrap();
    assert!(grid.is_full());
    let best = grid.best(Metric::Fpr95, &model.view.conventions).unwrap().0;
    let k = grid.setting(best).unwrap().get("k").unwrap();
    assert!(k > 50.0, "as it was made up: {k}");
    assert!(grid.on_rest(best).is_some());
    assert!(
        grid.candidates(Metric::Fpr95, &model.view.conventions)
            .unwrap()
            .contains(&best)
    );
    let before = model.jobs[0].setting(Detector::Odin);
    press(&mut model, "j k * enter");
    let job = &model.jobs[0];
    assert_eq!(job.setting(Detector::Knn).get("k"), Some(k));
    assert_eq!(
        (model.view.screen, job.setting(Detector::Odin)),
        (Screen::Explore, before)
    );
    assert_eq!(job.tuned(Detector::Knn).unwrap().metric, Some(Metric::Fpr95));
    assert!(
        model
            .status
            .as_ref()
            .unwrap()
            .text
            .contains(&format!("k {k} set"))
    );
    press(&mut model, "u 2");
    assert_eq!(model.jobs[0].setting(Detector::Knn).get("k"), Some(50.0));
    assert!(model.grid().unwrap().is_full(), "it is the same grid at every k");
}

#[test]
fn two_knobs_are_rows_and_columns_and_the_others_stay_as_they_are() {
    let mut model = on_grid_of(Detector::AdascaleA);
    let grid = model.grid().unwrap();
    let (rows, columns) = (grid.rows().unwrap(), grid.columns());
    assert_eq!((rows.knob.key, columns.knob.key), ("low", "high"));
    let lambda = |model: &Model| {
        let grid = model.grid().unwrap();
        grid.setting(grid.cursor).unwrap().get("lambda")
    };
    assert_eq!(lambda(&model), Some(10.0));
    let moved = model.jobs[0]
        .setting(Detector::AdascaleA)
        .with("lambda", 20.0)
        .unwrap();
    model.jobs[0].spec.settings.set(moved);
    press(&mut model, "1 2");
    assert_eq!(
        lambda(&model),
        Some(20.0),
        "other values of the other knobs, another grid"
    );
}

#[test]
fn a_cell_without_scores_says_why_and_the_others_go_on() {
    let mut model = on_grid_of(Detector::Knn);
    let why = "knn: k is 1000, and there are 60 images to fit on";
    let mut asked: std::collections::VecDeque<Effect> = press(&mut model, "space").into();
    while let Some(effect) = asked.pop_front() {
        let cell = cells(std::slice::from_ref(&effect)).pop();
        let lacks = |spec: &JobSpec| spec.settings.get(Detector::Knn).unwrap().get("k") == Some(1000.0);
        asked.extend(match cell {
            Some((id, generation, spec)) if lacks(&spec) => {
                answer_missing(&mut model, id, Generation(generation), &spec, why)
            }
            _ => answer_cell(&mut model, effect),
        });
    }
    let grid = model.grid().unwrap();
    assert_eq!((grid.done(), grid.measured(), grid.total()), (10, 9, 10));
    let last = Place { row: 0, column: 9 };
    assert_eq!(grid.missing(last).unwrap().to_string(), why);
    let best = grid.best(Metric::Fpr95, &model.view.conventions).unwrap().0;
    assert!(best != last && grid.on_rest(best).is_some());
    assert!(model.status.as_ref().unwrap().text.contains("9 of 10 cells"));
    assert!(grid.candidates(Metric::Fpr95, &model.view.conventions).is_some());
    // The key asks again for what has none: there may be more images to fit on by now.
    let again = press(&mut model, "space");
    assert_eq!(cells(&again).len(), 1);
    answer_cells(&mut model, again);
    assert_eq!(model.grid().unwrap().measured(), 10);
}

#[test]
fn grids_of_two_detectors_of_one_job_do_not_mix() {
    let mut model = on_grid();
    let of_odin = press(&mut model, "space");
    model.view.detector = Detector::Knn;
    let of_knn = press(&mut model, "1 2 space");
    assert!(cells(&of_knn).is_empty(), "two cells are under way already");
    let ids: Vec<JobId> = cells(&of_odin).iter().map(|cell| cell.0).collect();
    answer_cells(&mut model, of_odin);
    for detector in [Detector::Odin, Detector::Knn] {
        assert!(model.grids[&of_job(0, detector)].is_full(), "{detector}");
    }
    assert_eq!(GridId::of_cell(ids[0]).unwrap().0, of_job(0, Detector::Odin));
    press(&mut model, "b");
    assert_ne!(
        model.view.detector,
        Detector::Knn,
        "the key is one of the Grid too"
    );
}

#[test]
fn without_knobs_there_is_no_grid() {
    let mut model = on_grid_of(Detector::Baseline);
    assert!(model.grid().is_none());
    press(&mut model, "space");
    assert!(model.status.as_ref().unwrap().text.contains("has no knobs"));
    press(&mut model, "T");
    assert!(!model.is_transfer_shown());
}
