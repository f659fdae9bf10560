//! The Grid screen: filling, pausing, the best cell, its candidates.
use crate::app::fake::{answer_cells, cell_events, feed, started, wait};
use crate::app::testing::driver::press;
use crate::app::{
    Action, Effect, GridAction, GridId, GridReport, GridRequest, JobState, Model, Place, Subset, update,
};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{Failure, FailureKind, Generation, JobId, JobSpec};
use odin_core::session::{Detector, Metric, Screen, TunedOn};
use odin_datasets::Part;
use odin_metrics::Conventions;

pub(super) fn cells(effects: &[Effect]) -> Vec<(JobId, u64, JobSpec)> {
    let cell = |effect: &Effect| match effect {
        Effect::Engine(JobCommand::Score {
            job,
            generation,
            spec,
            ..
        }) if job.cell_number().is_some() => Some((*job, generation.0, spec.clone())),
        _ => None,
    };
    effects.iter().filter_map(cell).collect()
}

pub(super) fn of_job(job: u32, detector: Detector) -> GridId {
    GridId {
        job: JobId::Job(job),
        detector,
    }
}

/// The first job's sets have 60 images each, all scored; the Grid screen is open.
pub(super) fn on_grid() -> Model {
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
    assert_eq!((grid.total(), grid.done(), grid.validation()), (210, 0, (30, 30)));
    let here = grid.setting(grid.cursor).unwrap();
    assert_eq!(
        here,
        model.jobs[0].setting(Detector::Odin),
        "the cursor begins at the job's own cell"
    );
    press(&mut model, "}");
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
    assert_eq!(id.owner(), JobId::Job(0));
    assert_eq!(
        (spec.settings.temperature().get(), spec.settings.magnitude().get()),
        (1000.0, 0.0014)
    );
    assert_eq!(
        (spec.part, spec.limit),
        (Part::Validation(30), None),
        "the validation images"
    );
    assert_eq!(
        asked[1].2.settings.temperature().get(),
        1000.0,
        "the row first: it has its gradient"
    );
    // The cursor goes elsewhere: what is asked for next lies there.
    press(&mut model, "j j j j j j j j j H");
    let mut next = Vec::new();
    for event in cell_events(id, Generation(generation), &spec, 60) {
        next.extend(cells(&update(&mut model, Action::Engine(event))));
    }
    assert_eq!(next.len(), 1);
    assert_eq!(
        (
            next[0].2.settings.temperature().get(),
            next[0].2.settings.magnitude().get()
        ),
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
            Effect::Engine(JobCommand::Cancel { job }) => Some(*job),
            _ => None,
        })
        .collect();
    assert_eq!(cancelled, asked.iter().map(|cell| cell.0).collect::<Vec<_>>());
    let (id, generation, spec) = asked[0].clone();
    for event in cell_events(id, Generation(generation), &spec, 60) {
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
    assert!(cells(&press(&mut model, "e")).is_empty(), "nothing is filled");
    let asked = cells(&press(&mut model, "space"));
    let (id, generation, spec) = asked[0].clone();
    for event in cell_events(id, Generation(generation), &spec, 60) {
        update(&mut model, Action::Engine(event));
    }
    press(&mut model, "space");
    let asked = press(&mut model, "e");
    let rest = cells(&asked);
    assert_eq!((rest[0].2.part, rest[0].2.limit), (Part::Report(30), None));
    answer_cells(&mut model, asked);
    let place = model
        .grid()
        .unwrap()
        .place_of(&model.jobs[0].setting(Detector::Odin))
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
    assert_eq!(
        (spec.settings.temperature().get(), spec.settings.magnitude().get()),
        (500.0, 0.0016)
    );
    assert_eq!(model.view.screen, Screen::Explore);
    assert!(effects.iter().any(|effect| matches!(
        effect,
        Effect::Engine(JobCommand::Score { job: JobId::Job(0), spec, .. }) if spec.settings.temperature().get() == 500.0
    )));
    let saved = |model: &Model| model.to_session().queues[0].jobs[0].tuned.clone();
    let tuned = saved(&model).unwrap();
    assert_eq!(
        (tuned.on, tuned.images, tuned.metric),
        (
            TunedOn::Reported,
            Some(model.grids[&of_job(0, Detector::Odin)].validation().0),
            Some(Metric::Fpr95)
        ),
        "how it was chosen stays with the job"
    );
    press(&mut model, "u");
    assert_eq!(saved(&model), None);
    assert_eq!(
        model.jobs[0].spec.settings.temperature().get(),
        1000.0,
        "T and the magnitude together"
    );
    assert_eq!(model.jobs[0].spec.settings.magnitude().get(), 0.0014);
}

#[test]
fn the_cursor_stays_on_the_grid_and_goes_where_the_mouse_is() {
    let mut model = on_grid();
    press(&mut model, "H k k k L l");
    assert_eq!(model.grid().unwrap().cursor, Place { row: 9, column: 20 });
    let place = Place { row: 3, column: 4 };
    update(&mut model, Action::Grid(GridAction::To(place)));
    assert_eq!(model.grid().unwrap().cursor, place);
    let off = Place { row: 3, column: 21 };
    assert!(update(&mut model, Action::Grid(GridAction::To(off))).is_empty());
    press(&mut model, "*");
    assert_eq!(model.grid().unwrap().cursor, place, "nothing is best yet");
    let asked = press(&mut model, "space");
    answer_cells(&mut model, asked);
    press(&mut model, "*");
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
    let failed = JobEvent::Failed {
        job: asked[0].0,
        generation: Generation(asked[0].1),
        reason: Failure::new(FailureKind::Device, "libtorch: no memory"),
    };
    update(&mut model, Action::Engine(failed));
    assert!(!model.grid().unwrap().filling && model.grid().unwrap().in_flight.is_empty());
    assert!(model.status.as_ref().unwrap().text.contains("no memory"));
    press(&mut model, "space");
    update(&mut model, Action::EngineGone("killed".into()));
    assert!(!model.grid().unwrap().filling);
    assert!(!model.grid().unwrap().filling && model.status.as_ref().unwrap().text.contains("killed"));
    let effects = press(&mut model, "space");
    assert!(effects.contains(&Effect::StartEngine) && cells(&effects).is_empty());
    assert!(
        !cells(&update(&mut model, Action::Start)).is_empty(),
        "it goes on with the engine"
    );
}

/// What is asked to be computed of a grid.
fn computed(effects: &[Effect]) -> Vec<GridRequest> {
    let request = |effect: &Effect| match effect {
        Effect::ComputeGrid(request) => Some(request.clone()),
        _ => None,
    };
    effects.iter().filter_map(request).collect()
}

fn report(model: &mut Model, request: &GridRequest) -> Vec<Effect> {
    update(model, Action::GridReport(Box::new(request.compute())))
}

#[test]
fn a_cell_gets_its_intervals_aside_one_at_a_time() {
    let mut model = on_grid();
    let asked = cells(&press(&mut model, "space"));
    let mut requests = Vec::new();
    for (id, generation, spec) in &asked {
        for event in cell_events(*id, Generation(*generation), spec, 60) {
            requests.extend(computed(&update(&mut model, Action::Engine(event))));
        }
    }
    press(&mut model, "space");
    assert_eq!(model.grid().unwrap().done(), 2);
    assert_eq!(requests.len(), 1, "the second waits for the first");
    let conventions = model.view.conventions;
    let places: Vec<Place> = model
        .grid()
        .unwrap()
        .places()
        .filter(|place| model.grid().unwrap().cell(*place).is_some())
        .collect();
    let known = |model: &Model| {
        let grid = model.grid().unwrap();
        let known = places
            .iter()
            .filter_map(|place| grid.intervals(*place, &conventions).copied());
        known.collect::<Vec<_>>()
    };
    assert!(known(&model).is_empty());
    let mut asked = report(&mut model, &requests[0]);
    assert_eq!(known(&model).len(), 1);
    assert_eq!(
        model.grid().unwrap().candidates(Metric::Fpr95, &conventions),
        None
    );
    while let Some(request) = computed(&asked).first() {
        asked = report(&mut model, request);
    }
    assert_eq!(known(&model).len(), 2);
    for place in &places {
        let grid = model.grid().unwrap();
        for conventions in Conventions::ALL {
            let intervals = grid.intervals(*place, &conventions).unwrap();
            for metric in Metric::ALL {
                let value = grid.value(*place, metric, &conventions).unwrap();
                assert!(
                    metric.interval_of(intervals).contains(value),
                    "{metric}, {conventions}"
                );
            }
        }
    }
    let grid = model.grid().unwrap();
    let best = grid.best(Metric::Fpr95, &conventions).unwrap().0;
    let candidates = grid.candidates(Metric::Fpr95, &conventions).unwrap();
    assert!(candidates.contains(&best));
    // An answer about scores that the cell no longer has is not taken.
    let stale = model.clone();
    update(
        &mut model,
        Action::GridReport(Box::new(match requests[0].compute() {
            GridReport::Cell {
                grid,
                intervals,
                replicates,
                summaries,
                place,
            } => GridReport::Cell {
                grid,
                // Of its neighbour, which has nothing yet.
                place: Place {
                    row: place.row - 1,
                    ..place
                },
                summaries,
                intervals,
                replicates,
            },
            other => other,
        })),
    );
    assert_eq!(known(&model), known(&stale));
    assert_eq!(model.grid().unwrap().done(), 2);
}

#[test]
fn the_best_is_one_of_the_candidates_by_every_metric_and_the_worst_is_none() {
    let mut model = on_grid();
    let asked = press(&mut model, "space");
    answer_cells(&mut model, asked);
    for _ in Metric::ALL {
        let (metric, conventions) = (model.view.metric, model.view.conventions);
        let grid = model.grid().unwrap();
        let candidates = grid.candidates(metric, &conventions).unwrap();
        let best = grid.best(metric, &conventions).unwrap().0;
        assert!(candidates.contains(&best), "{metric}");
        assert!(
            candidates.len() < grid.total() * 3 / 4,
            "{metric}: {}",
            candidates.len()
        );
        let value = |place: &Place| grid.value(*place, metric, &conventions).unwrap();
        let worst = grid
            .places()
            .reduce(|a, b| {
                if metric.is_better(value(&a), value(&b)) {
                    b
                } else {
                    a
                }
            })
            .unwrap();
        assert!(!candidates.contains(&worst));
        // Those that tie with the best may be the best.
        let ties = grid.places().filter(|place| value(place) == value(&best));
        assert!(
            ties.into_iter().all(|place| candidates.contains(&place)),
            "{metric}"
        );
        let rest = grid.on_rest(best).unwrap();
        assert!(rest.tuned_intervals().is_some() && rest.baseline_intervals().is_some());
        let asked = press(&mut model, "v");
        answer_cells(&mut model, asked);
    }
    // By other conventions they are found anew.
    let asked = press(&mut model, "P");
    let grid = model.grid().unwrap();
    assert!(grid.candidates(Metric::Fpr95, &model.view.conventions).is_none());
    answer_cells(&mut model, asked);
    let grid = model.grid().unwrap();
    assert!(grid.candidates(Metric::Fpr95, &model.view.conventions).is_some());
}
