//! The table of choices: what it is of, what it asks for, and that it is what `odin tune --by each` computes.
use crate::app::fake::{answer_cells, answer_missing, feed, image, started};
use crate::app::testing::driver::press;
use crate::app::{Action, Effect, GridAction, GridRequest, JobState, Model, Place, update};
use odin_core::comparisons::JobCommand;
use odin_core::protocol::{JobId, JobSpec, Side};
use odin_core::session::{Detector, Metric, Screen};
use odin_core::setting::Setting;
use odin_core::tuning::Transfer;
use odin_datasets::Part;
use odin_metrics::{Conventions, Paired, Resampling};

/// The jobs whose cells the engine is asked for, and what it is asked for of them.
fn asked(effects: &[Effect]) -> Vec<(JobId, JobSpec)> {
    let cell = |effect: &Effect| match effect {
        Effect::Engine(JobCommand::Score { job, spec, .. }) if job.cell_number().is_some() => {
            Some((job.owner(), spec.clone()))
        }
        _ => None,
    };
    effects.iter().filter_map(cell).collect()
}

/// KNN's Grid, with the sets of all four jobs open; each has 80 images.
fn on_grid() -> Model {
    let mut model = started();
    for job in 0..4 {
        feed(&mut model, job, 0, 80, 80);
    }
    model.view.detector = Detector::Knn;
    press(&mut model, "2");
    model
}

/// The table, filled.
fn full() -> Model {
    let mut model = on_grid();
    let asked = press(&mut model, "T space");
    answer_cells(&mut model, asked);
    model
}

/// The choices, set by set.
fn chosen(model: &Model) -> Vec<Setting> {
    let sets = model.transfer_sets().into_iter();
    sets.map(|set| set.grid.unwrap().setting(set.choice.unwrap()).unwrap())
        .collect()
}

/// The table as the command line computes it, from the scores themselves.
fn by_hand(model: &Model, metric: Metric, conventions: &Conventions) -> Transfer {
    let scores = |setting: &Setting, place: usize, side: Side| -> Vec<f64> {
        let spec = JobSpec {
            settings: [*setting].into_iter().collect(),
            ..model.jobs[place].spec.clone()
        };
        // Forty images of each set chose.
        (40..80).map(|index| image(&spec, side, index).1[0]).collect()
    };
    let jobs = model.transfer_jobs();
    let row = |setting: &Setting| -> Vec<Paired> {
        let column = |(number, place): (usize, &usize)| {
            let resampling = Resampling {
                replicates: 60,
                seed: model.jobs[*place].spec.seed,
                set: number as u64,
                ..Resampling::default()
            };
            let (ins, outs) = (
                scores(setting, *place, Side::In),
                scores(setting, *place, Side::Out),
            );
            Paired::resampled(&ins, None, &outs, &resampling).unwrap()
        };
        jobs.iter().enumerate().map(column).collect()
    };
    let reported: Vec<Vec<Paired>> = chosen(model).iter().map(row).collect();
    Transfer::of(metric, conventions, &reported).unwrap()
}

#[test]
fn the_table_is_what_tune_by_each_computes_from_the_same_scores() {
    let mut model = full();
    let choices = chosen(&model);
    let k = choices.iter().map(|setting| setting.get("k").unwrap());
    let is_large: Vec<bool> = k.map(|k| k > 50.0).collect();
    assert_eq!(is_large, [true, false, false, true], "as it was made up");
    let table = model.transfer_table().unwrap().unwrap().clone();
    assert_eq!(table, by_hand(&model, Metric::Fpr95, &Conventions::default()));
    let lost = &table.0[1].on[0];
    assert!(lost.loss.difference > 0.0 && table.0[1].on[1].loss.difference == 0.0);
    assert_eq!(model.transfer_progress(), (4 * 10 + 16, 4 * 10 + 16));
    // By another metric and other conventions it is another table, computed by itself.
    let asked = press(&mut model, "v v P");
    answer_cells(&mut model, asked);
    let conventions = model.view.conventions;
    assert_ne!(conventions, Conventions::default());
    let table = model.transfer_table().unwrap().unwrap();
    assert_eq!(*table, by_hand(&model, Metric::Auroc, &conventions));
    // And back it is known.
    model.view.metric = Metric::Fpr95;
    let effects = press(&mut model, "P");
    assert!(model.transfer_table().is_some());
    let is_of_table = |effect: &Effect| matches!(effect, Effect::ComputeGrid(GridRequest::Transfer(_)));
    assert!(!effects.iter().any(is_of_table));
}

#[test]
fn grids_that_are_full_are_used_and_the_others_filled() {
    let mut model = on_grid();
    let of_one = press(&mut model, "space");
    answer_cells(&mut model, of_one);
    press(&mut model, "T");
    assert!(model.is_transfer_shown() && model.transfer_progress() == (10, 40));
    let effects = press(&mut model, "space");
    let owners: Vec<JobId> = asked(&effects).iter().map(|(job, _)| *job).collect();
    assert!(
        owners.len() == 2 && !owners.contains(&JobId::Job(0)),
        "{owners:?}"
    );
    let paused = press(&mut model, "space");
    let cancelled = paused
        .iter()
        .filter(|effect| matches!(effect, Effect::Engine(JobCommand::Cancel { .. })));
    assert_eq!((cancelled.count(), model.is_transfer_filling()), (2, false));
    let again = press(&mut model, "space");
    answer_cells(&mut model, again);
    assert!(model.transfer_table().is_some_and(|table| table.is_ok()));
    press(&mut model, "T");
    assert!(!model.is_transfer_shown() && model.grid().unwrap().is_full());
}

#[test]
fn as_many_images_of_every_set_choose_as_the_smallest_has_to_spare() {
    let mut model = started();
    for (job, images) in [(0, 80), (1, 20), (2, 80), (3, 80)] {
        feed(&mut model, job, 0, images, images as usize);
    }
    model.view.detector = Detector::Knn;
    let own = press(&mut model, "2 space");
    assert_eq!(asked(&own)[0].1.part, Part::Validation(40));
    let table = press(&mut model, "space T space");
    assert!(
        asked(&table)
            .iter()
            .all(|(_, spec)| spec.part == Part::Validation(10))
    );
}

#[test]
fn enter_gives_the_row_s_job_what_its_set_chose() {
    let mut model = full();
    press(&mut model, "j l");
    assert_eq!((model.transfer.row, model.transfer.column), (1, 1));
    press(&mut model, "enter");
    assert_eq!((model.view.screen, model.view.job), (Screen::Explore, 1));
    assert_eq!(model.jobs[1].setting(Detector::Knn).get("k"), Some(1.0));
    assert_eq!(model.jobs[0].setting(Detector::Knn).get("k"), Some(50.0));
    press(&mut model, "2");
    assert!(model.transfer_table().is_some(), "the table is still there");
    let cell = Place { row: 2, column: 3 };
    update(&mut model, Action::Grid(GridAction::To(cell)));
    assert_eq!((model.transfer.row, model.transfer.column), (2, 3));
    let off = Place { row: 4, column: 0 };
    update(&mut model, Action::Grid(GridAction::To(off)));
    press(&mut model, "H k k k k");
    assert_eq!((model.transfer.row, model.transfer.column), (0, 0));
}

#[test]
fn one_set_has_no_table_and_one_that_cannot_be_opened_is_left_out() {
    let mut model = on_grid();
    for job in [1, 2, 3] {
        model.jobs[job].state = JobState::Cancelled;
        model.jobs[job].totals = None;
    }
    press(&mut model, "T");
    assert!(!model.is_transfer_shown() && model.status.as_ref().unwrap().text.contains("another OOD set"));
    let mut model = on_grid();
    model.jobs[3].state = JobState::Cancelled;
    model.jobs[3].totals = None;
    assert_eq!(model.transfer_jobs(), [0, 1, 2]);
    assert_eq!(model.left_out_of_transfer(), [3]);
}

#[test]
fn a_set_on_which_nothing_can_be_chosen_leaves_no_table() {
    let mut model = on_grid();
    let mut effects: std::collections::VecDeque<Effect> = press(&mut model, "T space").into();
    while let Some(effect) = effects.pop_front() {
        effects.extend(match effect {
            Effect::Engine(JobCommand::Score {
                job,
                generation,
                spec,
                ..
            }) if job.owner() == JobId::Job(2) => {
                answer_missing(&mut model, job, generation, &spec, "no features")
            }
            effect => crate::app::fake::answer_cell(&mut model, effect),
        });
    }
    assert!(model.transfer_table().is_none());
    assert_eq!(model.transfer_sets()[2].grid.unwrap().measured(), 0);
    assert_eq!(model.transfer_progress().0, 40);
}

#[test]
fn filling_ends_with_the_engine_and_goes_on_with_the_next_and_is_of_one_detector() {
    let mut model = on_grid();
    press(&mut model, "T space");
    update(&mut model, Action::EngineGone("killed".into()));
    assert!(!model.is_transfer_filling());
    let effects = press(&mut model, "space");
    assert!(effects.contains(&Effect::StartEngine) && asked(&effects).is_empty());
    assert!(!asked(&update(&mut model, Action::Start)).is_empty());
    press(&mut model, "b");
    assert!(
        model.is_transfer_shown() && !model.is_transfer_filling(),
        "the next detector was not asked for"
    );
}
