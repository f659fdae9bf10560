//! The Grid screen: its cursor, which cells the engine is asked for, and their results.
use std::fmt;
use std::time::Duration;

use super::engine::restart;
use super::parameters;
use crate::app::action::GridAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::{Model, one_line};
use crate::app::state::engine::EngineState;
use crate::app::state::grid::{
    CellInFlight, CellScores, Grid, GridId, GridReport, IN_FLIGHT, Missing, Place, Subset,
};
use crate::app::state::log::Level;
use odin_core::comparisons::{JobBatch, JobCommand, JobEvent};
use odin_core::protocol::{Generation, JobId, Placement};
use odin_core::session::{Detector, Screen, Tuned, TunedOn};

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn apply(model: &mut Model, action: &GridAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    // A person waits for what is asked for here; only cells that fill by themselves are scored in the background.
    let (id, placement) = (model.grid_id(job), job.placement(false));
    let Some(grid) = model.grids.get_mut(&id) else {
        let text = match id.detector.knobs().is_empty() {
            true => format!("{} has no knobs, so there is no grid to fill", id.detector),
            false => "there is no grid to fill here".to_owned(),
        };
        model.say(Level::Info, &text);
        return ANSWER;
    };
    match *action {
        GridAction::Move(rows, columns) => grid.step(rows, columns),
        GridAction::To(place) => {
            // The place comes from the mouse, and may lie outside.
            grid.setting(place)?;
            grid.cursor = place;
        }
        GridAction::ToBest => match grid.best(model.view.metric, &model.view.conventions) {
            Some((place, _)) => grid.cursor = place,
            None => model.say(Level::Info, "no cell is computed yet"),
        },
        GridAction::FillOrPause => return fill_or_pause(model, id, effects),
        GridAction::ScoreBestOnRest => {
            let Some((best, _)) = grid.best(model.view.metric, &model.view.conventions) else {
                model.say(Level::Info, "no cell is computed yet");
                return ANSWER;
            };
            if grid.on_rest(best).is_none() && model.engine == EngineState::Up {
                request(grid, id.job, best, Subset::Rest, &placement, effects);
            }
        }
        GridAction::Take => {
            let cursor = grid.cursor;
            take(model, cursor, effects);
        }
        // The table of choices is not of one grid.
        GridAction::ToggleTransfer => return None,
    }
    ANSWER
}

/// Gives the selected job the values of a cell of its grid, and shows what they come to.
pub(super) fn take(model: &mut Model, place: Place, effects: &mut Vec<Effect>) {
    let Some(grid) = model.grid() else { return };
    let Some(wanted) = grid.setting(place) else { return };
    let (ins, outs) = grid.validation();
    let tuned_knobs: Vec<_> = grid.axes().map(|axis| axis.knob).collect();
    parameters::set_setting(model, wanted, effects);
    let metric = model.view.metric;
    let tuned = Tuned {
        on: TunedOn::Reported,
        // It is one number for both sets.
        images: (ins == outs).then_some(ins),
        metric: Some(metric),
        dataset: None,
    };
    model.job_mut(model.view.job).choose(wanted.detector(), tuned);
    model.touch();
    model.view.screen = Screen::Explore;
    let values: Vec<String> = tuned_knobs
        .iter()
        .filter_map(|knob| Some(format!("{} {}", knob.label, wanted.get(knob.key)?)))
        .collect();
    let text = format!(
        "{} set; metrics include the {ins} + {outs} images that chose {}",
        values.join(", "),
        if values.len() == 1 { "it" } else { "them" }
    );
    model.say(Level::Info, &text);
}

fn fill_or_pause(model: &mut Model, id: GridId, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let now = model.now;
    if let EngineState::Gone(_) = &model.engine {
        restart(model, effects);
    }
    let grid = model.grids.get_mut(&id)?;
    // A grid that is full but for cells without scores is asked for these again.
    let is_to_retry = grid.is_full() && grid.measured() < grid.total();
    if grid.filling && !is_to_retry {
        pause(grid, id.job, effects);
    } else {
        grid.retry_missing();
        begin(grid, now);
        if grid.is_full() {
            model.say(Level::Info, "every cell is computed");
        }
    }
    ANSWER
}

/// A person wants the cells filled.
pub(super) fn begin(grid: &mut Grid, now: Duration) {
    grid.filling = true;
    grid.began = Some((now, grid.done()));
}

/// Cancels what the engine was asked for; what it has computed by then it keeps as evidence.
pub(super) fn pause(grid: &mut Grid, id: JobId, effects: &mut Vec<Effect>) {
    grid.filling = false;
    grid.seconds_left = None;
    for cell in std::mem::take(&mut grid.in_flight) {
        let job = grid.id(id, cell.place, cell.subset);
        effects.push(Effect::Engine(JobCommand::Cancel { job }));
    }
    grid.generation.0 += 1;
}

/// Called after every action: makes the grid that is shown, drops those whose jobs are gone, and asks for the next cells
/// and for what is to be computed of them.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    make_shown(model, effects);
    if model.engine == EngineState::Up && model.grids.values().any(|grid| grid.filling) {
        drop_orphans(model, effects);
        fill(model, effects);
    }
    compute(model, effects);
}

/// Starts the next computation in the background, one at a time.
fn compute(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.is_computing_grid {
        return;
    }
    let shown = model.selected().map(|job| model.grid_id(job));
    let shown = shown.filter(|_| model.view.screen == Screen::Grid);
    let view = (model.view.metric, model.view.conventions);
    let request = model.grids.iter_mut().find_map(|(id, grid)| {
        let is_shown = shown == Some(*id);
        grid.next_request(*id, is_shown.then_some(view))
    });
    model.is_computing_grid = request.is_some();
    effects.extend(request.map(Effect::ComputeGrid));
}

/// Something of a grid has been computed.
pub(super) fn report(model: &mut Model, report: GridReport) -> Option<Redraw> {
    model.is_computing_grid = false;
    model.grids.get_mut(&report.grid()?)?.take(report);
    (model.view.screen == Screen::Grid).then_some(Redraw::Progress)
}

/// Makes the grid of the selected job when it is first shown, and again when the job has changed in more than the knobs that
/// its cells differ in.
fn make_shown(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view.screen == Screen::Grid
        && let Some(job) = model.selected()
        && job.totals.is_some()
        && model.grid().is_none()
    {
        let (id, new) = (model.grid_id(job), Grid::new(job, model.view.detector));
        replace(model, id, new, effects);
    }
}

/// Puts a grid in the place of the one that there was.
pub(super) fn replace(model: &mut Model, id: GridId, mut new: Option<Grid>, effects: &mut Vec<Effect>) {
    if let Some(mut old) = model.grids.remove(&id) {
        pause(&mut old, id.job, effects);
        // What the engine still says about the old one is stale.
        if let Some(new) = &mut new {
            new.generation = old.generation;
        }
    }
    model.grids.extend(new.map(|grid| (id, grid)));
}

/// Stops the grids of jobs that have been removed.
fn drop_orphans(model: &mut Model, effects: &mut Vec<Effect>) {
    let jobs = &model.jobs;
    model.grids.retain(|&id, grid| {
        let has_job = jobs.iter().any(|job| job.id == id.job);
        if !has_job {
            pause(grid, id.job, effects);
        }
        has_job
    });
}

/// Keeps the engine busy with the cells of the grids that are being filled.
fn fill(model: &mut Model, effects: &mut Vec<Effect>) {
    let in_flight: usize = model.grids.values().map(|grid| grid.in_flight.len()).sum();
    let (metric, conventions) = (model.view.metric, model.view.conventions);
    // The grid on the screen comes first.
    let shown = model.selected().map(|job| model.grid_id(job));
    let others = model.grids.keys().copied().filter(|id| Some(*id) != shown);
    let order: Vec<GridId> = shown.into_iter().chain(others).collect();
    let mut free = IN_FLIGHT.saturating_sub(in_flight);
    for id in order {
        let job = model.job_by_id(id.job);
        let placement = job.expect("grids of removed jobs are dropped").placement(true);
        let Some(grid) = model.grids.get_mut(&id).filter(|grid| grid.filling) else {
            continue;
        };
        while free > 0
            && let Some(place) = grid.next()
        {
            request(grid, id.job, place, Subset::Validation, &placement, effects);
            free -= 1;
        }
        if free > 0
            && grid.is_full()
            && let Some((best, _)) = grid.best(metric, &conventions)
            && !grid.is_known_on_rest(best)
            && !grid.is_in_flight(best, Subset::Rest)
        {
            request(grid, id.job, best, Subset::Rest, &placement, effects);
            free -= 1;
        }
    }
}

pub(super) fn request(
    grid: &mut Grid,
    job: JobId,
    place: Place,
    subset: Subset,
    placement: &Placement,
    effects: &mut Vec<Effect>,
) {
    if grid.is_in_flight(place, subset) {
        return;
    }
    grid.in_flight.push(CellInFlight {
        place,
        subset,
        scores: CellScores::default(),
        missing: None,
        total: None,
    });
    effects.push(Effect::Engine(JobCommand::Score {
        job: grid.id(job, place, subset),
        generation: grid.generation,
        placement: placement.clone(),
        spec: grid.spec(place, subset),
    }));
}

/// Whether an event is about a cell.
pub(super) fn is_about(event: &JobEvent) -> bool {
    subject(event).is_some_and(|(job, _)| job.cell_number().is_some())
}

fn subject(event: &JobEvent) -> Option<(JobId, Generation)> {
    match event {
        JobEvent::Started { job, generation, .. }
        | JobEvent::Finished { job, generation, .. }
        | JobEvent::Failed { job, generation, .. }
        | JobEvent::Missing { job, generation, .. }
        | JobEvent::Scored(JobBatch { job, generation, .. }) => Some((*job, *generation)),
        _ => None,
    }
}

/// What the engine says about a cell; `None` where that is stale.
pub(super) fn event(model: &mut Model, event: &JobEvent, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let (cell, generation) = subject(event)?;
    let (id, number, subset) = GridId::of_cell(cell)?;
    let now = model.now;
    let groups = model.job_by_id(id.job).map(|job| job.groups.clone());
    let grid = model.grids.get_mut(&id)?;
    let place = grid.by_number(number)?;
    if generation != grid.generation {
        return None;
    }
    let at = grid
        .in_flight
        .iter()
        .position(|cell| cell.place == place && cell.subset == subset)?;
    let redraw = (model.view.screen == Screen::Grid).then_some(Redraw::Progress);
    match event {
        JobEvent::Started {
            total_in, total_out, ..
        } => {
            let cell = grid.in_flight.get_mut(at)?;
            cell.total = Some(total_in.saturating_add(*total_out));
            if cell.subset == Subset::Validation {
                grid.chosen_on = Some((*total_in, *total_out));
            }
        }
        JobEvent::Missing { detectors, .. } => {
            let missing = detectors.iter().find(|(detector, _)| *detector == id.detector);
            let cell = grid.in_flight.get_mut(at)?;
            cell.missing = missing.map(|(_, why)| Missing(one_line(why)));
        }
        JobEvent::Scored(batch) => grid.in_flight.get_mut(at)?.scores.absorb(id.detector, batch),
        JobEvent::Finished { .. } => {
            let mut cell = grid.in_flight.remove(at);
            cell.scores.group(groups.unwrap_or_default());
            grid.complete(cell);
            let (done, total) = (grid.done(), grid.total());
            grid.seconds_left = grid.began.and_then(|(began, before)| {
                let since = done.saturating_sub(before);
                let seconds = now.saturating_sub(began).as_secs_f64();
                (since > 0 && done < total).then(|| seconds / since as f64 * (total - done) as f64)
            });
            if done == total && subset == Subset::Validation {
                let measured = grid.measured();
                let job = model.job_by_id(id.job);
                let job = job.expect("the grid of a removed job is stopped, and no longer asks for cells");
                let of = match id.detector {
                    Detector::Odin => job.spec.dataset.clone(),
                    detector => format!("{detector} on {}", job.spec.dataset),
                };
                let text = match measured == total {
                    true => format!("every cell of the grid of {of} is computed"),
                    false => format!(
                        "{measured} of {total} cells of the grid of {of} are computed; no others have scores"
                    ),
                };
                model.say(Level::Info, &text);
                return ANSWER;
            }
        }
        JobEvent::Failed { reason, .. } => {
            grid.in_flight.remove(at);
            return failed(model, id, reason, effects);
        }
        _ => unreachable!("only these five events have a subject"),
    }
    redraw
}

/// Where one cell fails, the next would fail too: filling stops, and says why.
fn failed(
    model: &mut Model,
    id: GridId,
    reason: &dyn fmt::Display,
    effects: &mut Vec<Effect>,
) -> Option<Redraw> {
    if let Some(grid) = model.grids.get_mut(&id) {
        pause(grid, id.job, effects);
    }
    model.transfer.filling.clear();
    model.say(Level::Error, &format!("filling the grid stopped: {reason}"));
    ANSWER
}

/// There is no engine any more: nothing is in flight.
pub(super) fn engine_gone(model: &mut Model) {
    for grid in model.grids.values_mut() {
        grid.in_flight.clear();
        grid.filling = false;
        grid.seconds_left = None;
        grid.generation.0 += 1;
    }
}
