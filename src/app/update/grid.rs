//! The Grid screen: where its cursor stands, which cells the engine is asked for, and what came of them.
use super::parameters;
use crate::app::action::GridAction;
use crate::app::cell::{CellScores, GridReport};
use crate::app::effect::{Effect, Redraw};
use crate::app::grid::{Flight, Grid, IN_FLIGHT, Place, Subset};
use crate::app::log::Level;
use crate::app::model::{EngineState, Model};
use crate::engine::protocol::{Command, Event, Generation, JobId, Placement, ScoreBatch};
use crate::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub fn apply(model: &mut Model, action: &GridAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let job = model.selected()?;
    // On the rest of the images a person waits for it; what fills by itself stays in the background.
    let (id, placement) = (job.id, job.placement(false));
    let Some(grid) = model.grids.get_mut(&id) else {
        let text = "there is no grid to fill here";
        model.say(Level::Info, text);
        return ANSWER;
    };
    match *action {
        GridAction::Move(temperatures, magnitudes) => {
            let to = |from: usize, steps: i32, count: usize| {
                let to = (from as i64).saturating_add(i64::from(steps));
                to.clamp(0, count.saturating_sub(1) as i64) as usize
            };
            let cursor = grid.cursor;
            grid.cursor = Place {
                temperature: to(cursor.temperature, temperatures, grid.temperatures().len()),
                magnitude: to(cursor.magnitude, magnitudes, grid.magnitudes().len()),
            };
        }
        GridAction::To(place) => {
            grid.parameters(place)?;
            grid.cursor = place;
        }
        GridAction::ToBest => match grid.best(model.view.metric, &model.view.conventions) {
            Some((place, _)) => grid.cursor = place,
            None => model.say(Level::Info, "no cell is filled yet"),
        },
        GridAction::FillOrPause => return fill_or_pause(model, id, effects),
        GridAction::ScoreBestOnRest => {
            let Some((best, _)) = grid.best(model.view.metric, &model.view.conventions) else {
                model.say(Level::Info, "no cell is filled yet");
                return ANSWER;
            };
            if grid.on_rest(best).is_none() && model.engine == EngineState::Up {
                request(grid, id, best, Subset::Rest, &placement, effects);
            }
        }
        GridAction::Take => {
            let (wanted, validation) = (grid.parameters(grid.cursor)?, grid.validation());
            parameters::set_both(model, wanted, effects);
            model.view.screen = Screen::Explore;
            let text = format!(
                "T {}, ε {} taken; the first {validation} images, which chose them, count here too",
                wanted.temperature, wanted.magnitude
            );
            model.say(Level::Info, &text);
        }
    }
    ANSWER
}

fn fill_or_pause(model: &mut Model, id: JobId, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let now = model.now;
    if let EngineState::Gone(_) = &model.engine {
        super::engine::restart(model, effects);
    }
    let grid = model.grids.get_mut(&id)?;
    if grid.filling {
        pause(grid, id, effects);
    } else {
        grid.filling = true;
        grid.began = Some((now, grid.done()));
        if grid.is_full() {
            model.say(Level::Info, "every cell is filled");
        }
    }
    ANSWER
}

/// Takes back what the engine was asked for; what it computed so far it keeps as evidence.
fn pause(grid: &mut Grid, id: JobId, effects: &mut Vec<Effect>) {
    grid.filling = false;
    grid.seconds_left = None;
    for flight in std::mem::take(&mut grid.flights) {
        let cell = grid.id(id, flight.place, flight.subset);
        effects.extend(cell.map(|job| Effect::Engine(Command::Cancel { job })));
    }
    grid.generation.0 += 1;
}

/// Keeps the grids in step with the jobs, the engine supplied with cells, and asks what is to be computed of them.
/// Called after every action.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    supply(model, effects);
    if model.grid_work_in_flight || model.grids.is_empty() {
        return;
    }
    let shown = model.selected().map(|job| job.id);
    let shown = shown.filter(|_| model.view.screen == Screen::Grid);
    let view = (model.view.metric, model.view.conventions);
    let request = model.grids.iter_mut().find_map(|(id, grid)| {
        let is_shown = shown == Some(*id);
        grid.next_request(*id, is_shown.then_some(view))
    });
    model.grid_work_in_flight = request.is_some();
    effects.extend(request.map(Effect::ComputeGrid));
}

/// What was computed of a grid is there.
pub fn report(model: &mut Model, report: GridReport) -> Option<Redraw> {
    model.grid_work_in_flight = false;
    let id = match &report {
        GridReport::Cell { job, .. } | GridReport::OnRest { job, .. } | GridReport::Best { job, .. } => *job,
        GridReport::Nothing => return None,
    };
    model.grids.get_mut(&id)?.take(report);
    (model.view.screen == Screen::Grid).then_some(Redraw::Progress)
}

fn supply(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view.screen == Screen::Grid
        && let Some(job) = model.selected()
        && job.totals.is_some()
        && !model.grids.get(&job.id).is_some_and(|grid| grid.is_of(job))
    {
        let (id, mut new) = (job.id, Grid::new(job));
        if let Some(mut old) = model.grids.remove(&id) {
            pause(&mut old, id, effects);
            // What the engine still says of the old one is stale.
            if let Some(new) = &mut new {
                new.generation = old.generation;
            }
        }
        model.grids.extend(new.map(|grid| (id, grid)));
    }
    if model.engine != EngineState::Up || model.grids.values().all(|grid| !grid.filling) {
        return;
    }
    let gone: Vec<JobId> = model
        .grids
        .keys()
        .filter(|id| model.jobs.iter().all(|job| job.id != **id))
        .copied()
        .collect();
    for id in gone {
        if let Some(mut grid) = model.grids.remove(&id) {
            pause(&mut grid, id, effects);
        }
    }
    let flying: usize = model.grids.values().map(|grid| grid.flights.len()).sum();
    let (metric, conventions) = (model.view.metric, model.view.conventions);
    // The grid on the screen comes first.
    let shown = model.selected().map(|job| job.id);
    let others = model.grids.keys().copied().filter(|id| Some(*id) != shown);
    let order: Vec<JobId> = shown.into_iter().chain(others).collect();
    let mut free = IN_FLIGHT.saturating_sub(flying);
    for id in order {
        let Some(job) = model.jobs.iter().find(|job| job.id == id) else {
            continue;
        };
        let placement = job.placement(true);
        let Some(grid) = model.grids.get_mut(&id).filter(|grid| grid.filling) else {
            continue;
        };
        while free > 0
            && let Some(place) = grid.next()
        {
            request(grid, id, place, Subset::Validation, &placement, effects);
            free -= 1;
        }
        if free > 0
            && grid.is_full()
            && let Some((best, _)) = grid.best(metric, &conventions)
            && grid.on_rest(best).is_none()
            && !grid.is_in_flight(best, Subset::Rest)
        {
            request(grid, id, best, Subset::Rest, &placement, effects);
            free -= 1;
        }
    }
}

fn request(
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
    if let (Some(cell), Some(spec)) = (grid.id(job, place, subset), grid.spec(place, subset)) {
        grid.flights.push(Flight {
            place,
            subset,
            scores: CellScores::default(),
            total: None,
        });
        effects.push(Effect::Engine(Command::Score {
            job: cell,
            generation: grid.generation,
            placement: placement.clone(),
            spec,
        }));
    }
}

/// Whether an event is about a cell.
pub fn is_about(event: &Event) -> bool {
    subject(event).is_some_and(|(job, _)| job.cell_number().is_some())
}

fn subject(event: &Event) -> Option<(JobId, Generation)> {
    match event {
        Event::Started { job, generation, .. }
        | Event::Finished { job, generation, .. }
        | Event::Failed { job, generation, .. }
        | Event::Scored(ScoreBatch { job, generation, .. }) => Some((*job, *generation)),
        _ => None,
    }
}

pub fn event(model: &mut Model, event: &Event, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let (cell, generation) = subject(event)?;
    let (id, now) = (cell.owner(), model.now);
    let grid = model.grids.get_mut(&id)?;
    let (place, subset) = grid.by_number(cell.cell_number()?)?;
    if generation != grid.generation {
        return None;
    }
    let at = grid
        .flights
        .iter()
        .position(|flight| flight.place == place && flight.subset == subset)?;
    let redraw = (model.view.screen == Screen::Grid).then_some(Redraw::Progress);
    match event {
        Event::Started {
            total_in, total_out, ..
        } => grid.flights.get_mut(at)?.total = Some(total_in.saturating_add(*total_out)),
        Event::Scored(batch) => grid.flights.get_mut(at)?.scores.absorb(batch),
        Event::Finished { .. } => {
            let Flight { scores, .. } = grid.flights.remove(at);
            if grid.complete(place, subset, scores).is_none() {
                return failed(model, id, "no image has a score", effects);
            }
            let (done, total) = (grid.done(), grid.total());
            grid.seconds_left = grid.began.and_then(|(began, before)| {
                let each = now.saturating_sub(began).as_secs_f64() / done.checked_sub(before)?.max(1) as f64;
                (done > before && done < total).then(|| each * (total - done) as f64)
            });
            if done == total && subset == Subset::Validation {
                let name = model
                    .jobs
                    .iter()
                    .find(|job| job.id == id)
                    .map(|job| job.spec.dataset.clone());
                let text = format!("the grid of {} is full", name.unwrap_or_default());
                model.say(Level::Info, &text);
                return ANSWER;
            }
        }
        Event::Failed { reason, .. } => {
            grid.flights.remove(at);
            return failed(model, id, reason, effects);
        }
        _ => {}
    }
    redraw
}

/// A cell that fails would fail the next one too: filling stops, and says why.
fn failed(model: &mut Model, id: JobId, reason: &str, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let Some(grid) = model.grids.get_mut(&id) {
        pause(grid, id, effects);
    }
    model.say(Level::Error, &format!("filling the grid stopped: {reason}"));
    ANSWER
}

/// No engine any more: nothing is under way.
pub fn engine_gone(model: &mut Model) {
    for grid in model.grids.values_mut() {
        grid.flights.clear();
        grid.filling = false;
        grid.seconds_left = None;
        grid.generation.0 += 1;
    }
}
