//! The Grid screen, driven as a person and an engine would.
use super::*;
use crate::app::fake::{answer_cells, cell_events, feed, started, wait};
use crate::app::{GridAction, JobState, Place, Subset};
use crate::engine::protocol::{Command, JobId, JobSpec};
use crate::session::{Metric, Screen};

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ')
        .flat_map(|key| update(model, Action::Key(key.parse().unwrap())))
        .collect()
}

fn cells(effects: &[Effect]) -> Vec<(JobId, u64, JobSpec)> {
    let cell = |effect: &Effect| match effect {
        Effect::Engine(Command::Score {
            job,
            generation,
            spec,
            ..
        }) if job.cell_number().is_some() => Some((*job, generation.0, spec.clone())),
        _ => None,
    };
    effects.iter().filter_map(cell).collect()
}

/// The first job's sets have 60 images each, all scored; the Grid screen is open.
fn on_grid() -> Model {
    let mut model = started();
    feed(&mut model, 0, 0, 60, 60);
    press(&mut model, "2");
    model
}

#[test]
fn there_is_a_grid_once_the_sets_are_open() {
    let mut model = started();
    press(&mut model, "2 space");
    assert!(model.grid().is_none() && model.status.is_some());
    feed(&mut model, 0, 0, 1, 60);
    let grid = model.grid().unwrap();
    assert_eq!((grid.total(), grid.done(), grid.validation()), (210, 0, 30));
    let here = grid.parameters(grid.cursor).unwrap();
    assert_eq!(
        here,
        model.jobs[0].parameters(),
        "the cursor begins at the job's own cell"
    );
    press(&mut model, "tab");
    assert!(model.grid().is_none(), "each job has its own, once it is open");
    feed(&mut model, 1, 0, 1, 1);
    assert!(model.grid().is_none(), "one image leaves none to report on");
}

#[test]
fn nothing_is_filled_unless_asked_for_and_then_nearest_first() {
    let mut model = on_grid();
    assert!(cells(&wait(&mut model, 60_000)).is_empty());
    let effects = press(&mut model, "space");
    let asked = cells(&effects);
    assert_eq!(asked.len(), 2, "one to work on, and one for when it is done");
    let (id, generation, spec) = asked[0].clone();
    assert_eq!(id.owner(), JobId(0));
    assert_eq!((spec.temperature.get(), spec.magnitude.get()), (1000.0, 0.0014));
    assert_eq!((spec.skip, spec.limit), (0, Some(30)), "the validation images");
    assert_eq!(
        asked[1].2.temperature.get(),
        1000.0,
        "the row first: it has its gradient"
    );
    // The cursor goes elsewhere: what is asked for next lies there.
    press(&mut model, "j j j j j j j j j H");
    let mut next = Vec::new();
    for event in cell_events(id, crate::engine::protocol::Generation(generation), &spec, 60) {
        next.extend(cells(&update(&mut model, Action::Engine(event))));
    }
    assert_eq!(next.len(), 1);
    assert_eq!(
        (next[0].2.temperature.get(), next[0].2.magnitude.get()),
        (1.0, 0.0)
    );
    assert_eq!(model.grid().unwrap().done(), 1);
    assert!(
        model.jobs[0].state == JobState::Done { seconds: 12.3 },
        "cells are not the job"
    );
}

#[test]
fn pausing_takes_back_what_was_asked_for() {
    let mut model = on_grid();
    let asked = cells(&press(&mut model, "space"));
    let effects = press(&mut model, "space");
    let cancelled: Vec<JobId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Engine(Command::Cancel { job }) => Some(*job),
            _ => None,
        })
        .collect();
    assert_eq!(cancelled, asked.iter().map(|cell| cell.0).collect::<Vec<_>>());
    let (id, generation, spec) = asked[0].clone();
    for event in cell_events(id, crate::engine::protocol::Generation(generation), &spec, 60) {
        update(&mut model, Action::Engine(event));
    }
    assert_eq!(model.grid().unwrap().done(), 0, "what comes late is stale");
    assert_eq!(cells(&press(&mut model, "space"))[0].1, generation + 1);
}

#[test]
fn a_full_grid_has_a_best_cell_whose_value_on_the_rest_is_computed() {
    let mut model = on_grid();
    let asked = press(&mut model, "space");
    answer_cells(&mut model, asked);
    let grid = model.grid().unwrap();
    assert!(grid.is_full() && grid.seconds_left.is_none());
    let conventions = model.view.conventions;
    let (best, value) = grid.best(Metric::Fpr95, &conventions).unwrap();
    let values = grid
        .places()
        .map(|place| grid.value(place, Metric::Fpr95, &conventions).unwrap());
    assert_eq!(values.fold(f64::INFINITY, f64::min), value);
    assert!(grid.on_rest(best).is_some() && !grid.is_in_flight(best, Subset::Rest));
    let (low, high) = grid.range(Metric::Fpr95, &conventions).unwrap();
    assert!(low == value && high > low);
    // Another metric has another best cell: it is asked for too.
    let asked = press(&mut model, "v v");
    answer_cells(&mut model, asked);
    let grid = model.grid().unwrap();
    let (best, _) = grid.best(Metric::Auroc, &conventions).unwrap();
    assert!(grid.on_rest(best).is_some());
    // And other conventions are read from the same cells.
    press(&mut model, "P");
    let other = model
        .grid()
        .unwrap()
        .range(Metric::Fpr95, &model.view.conventions)
        .unwrap();
    assert_ne!(other, (low, high));
}

#[test]
fn the_best_on_the_rest_can_be_asked_for_early() {
    let mut model = on_grid();
    assert!(cells(&press(&mut model, "r")).is_empty(), "nothing is filled");
    let asked = cells(&press(&mut model, "space"));
    let (id, generation, spec) = asked[0].clone();
    for event in cell_events(id, crate::engine::protocol::Generation(generation), &spec, 60) {
        update(&mut model, Action::Engine(event));
    }
    press(&mut model, "space");
    let asked = press(&mut model, "r");
    let rest = cells(&asked);
    assert_eq!((rest[0].2.skip, rest[0].2.limit), (30, None));
    answer_cells(&mut model, asked);
    let place = model
        .grid()
        .unwrap()
        .place_of(model.jobs[0].parameters())
        .unwrap();
    assert!(model.grid().unwrap().on_rest(place).is_some());
}

#[test]
fn enter_takes_the_cell_and_can_be_undone() {
    let mut model = on_grid();
    press(&mut model, "j l");
    let mut effects = press(&mut model, "enter");
    effects.extend(wait(&mut model, 100));
    let spec = &model.jobs[0].spec;
    assert_eq!((spec.temperature.get(), spec.magnitude.get()), (500.0, 0.0016));
    assert_eq!(model.view.screen, Screen::Explore);
    assert!(effects.iter().any(|effect| matches!(
        effect,
        Effect::Engine(Command::Score { job: JobId(0), spec, .. }) if spec.temperature.get() == 500.0
    )));
    press(&mut model, "u");
    assert_eq!(
        model.jobs[0].spec.temperature.get(),
        1000.0,
        "T and the magnitude together"
    );
    assert_eq!(model.jobs[0].spec.magnitude.get(), 0.0014);
}

#[test]
fn the_cursor_stays_on_the_grid_and_goes_where_the_mouse_is() {
    let mut model = on_grid();
    press(&mut model, "H k k k L l");
    assert_eq!(
        model.grid().unwrap().cursor,
        Place {
            temperature: 9,
            magnitude: 20
        }
    );
    let place = Place {
        temperature: 3,
        magnitude: 4,
    };
    update(&mut model, Action::Grid(GridAction::To(place)));
    assert_eq!(model.grid().unwrap().cursor, place);
    let off = Place {
        temperature: 3,
        magnitude: 21,
    };
    assert!(update(&mut model, Action::Grid(GridAction::To(off))).is_empty());
    press(&mut model, "b");
    assert_eq!(model.grid().unwrap().cursor, place, "nothing is best yet");
    let asked = press(&mut model, "space");
    answer_cells(&mut model, asked);
    press(&mut model, "b");
    let grid = model.grid().unwrap();
    assert_eq!(
        Some(grid.cursor),
        grid.best(Metric::Fpr95, &model.view.conventions)
            .map(|best| best.0)
    );
}

#[test]
fn a_cell_that_fails_stops_the_filling_and_says_why() {
    let mut model = on_grid();
    let asked = cells(&press(&mut model, "space"));
    let failed = crate::engine::protocol::Event::Failed {
        job: asked[0].0,
        generation: crate::engine::protocol::Generation(asked[0].1),
        reason: "libtorch: no memory".to_owned(),
    };
    update(&mut model, Action::Engine(failed));
    assert!(!model.grid().unwrap().filling && model.grid().unwrap().flights.is_empty());
    assert!(model.status.as_ref().unwrap().text.contains("no memory"));
    press(&mut model, "space");
    update(&mut model, Action::EngineGone("killed".into()));
    assert!(!model.grid().unwrap().filling);
    press(&mut model, "space");
    assert!(!model.grid().unwrap().filling && model.status.as_ref().unwrap().text.contains("killed"));
}
