//! The table of choices on the Grid screen: its cursor, the grids and cells that it needs, and computing it.
use super::{grid, jobs};
use crate::app::action::GridAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::grid::{Grid, GridReport, GridRequest, IN_FLIGHT, Subset};
use crate::app::state::log::Level;
use odin_core::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

/// What an action does on the Grid screen: where the table is shown it is about the table.
pub(super) fn apply(model: &mut Model, action: &GridAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let GridAction::ToggleTransfer = action {
        return toggle(model);
    }
    if !model.is_transfer_shown() {
        return grid::apply(model, action, effects);
    }
    let sets = model.transfer_jobs().len();
    let to = |from: usize, steps: i32| {
        let to = (from as i64).saturating_add(i64::from(steps));
        to.clamp(0, sets as i64 - 1) as usize
    };
    match *action {
        GridAction::Move(rows, columns) => {
            let transfer = &mut model.transfer;
            // Rows of a grid go up, those of a table down.
            transfer.row = to(transfer.row, rows.saturating_neg());
            transfer.column = to(transfer.column, columns);
        }
        GridAction::To(place) => {
            // The place comes from the mouse, and may lie outside.
            if place.row >= sets || place.column >= sets {
                return None;
            }
            (model.transfer.row, model.transfer.column) = (place.row, place.column);
        }
        GridAction::ToBest | GridAction::ScoreBestOnRest => {
            model.say(Level::Info, "that is of one set's grid: T goes back to it");
        }
        GridAction::FillOrPause => return fill_or_pause(model, effects),
        GridAction::Take => return take(model, effects),
        GridAction::ToggleTransfer => {}
    }
    ANSWER
}

fn toggle(model: &mut Model) -> Option<Redraw> {
    if model.is_transfer_shown() {
        model.transfer.is_shown = false;
        return ANSWER;
    }
    let places = model.transfer_jobs();
    if places.len() < 2 {
        let detector = model.view.detector;
        let text = match detector.knobs().is_empty() {
            true => format!("{detector} has no knobs to choose"),
            false => "what is chosen on one set is reported on others: add a job on another OOD set of this network".to_owned(),
        };
        model.say(Level::Info, &text);
        return ANSWER;
    }
    let own = places
        .iter()
        .position(|place| *place == model.view.job)
        .unwrap_or_default();
    model.transfer.is_shown = true;
    (model.transfer.row, model.transfer.column) = (own, own);
    ANSWER
}

fn fill_or_pause(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    if let EngineState::Gone(_) = &model.engine {
        super::engine::restart(model, effects);
    }
    if model.is_transfer_filling() {
        pause(model, effects);
        return ANSWER;
    }
    model.transfer.filling = model.transfer_ids();
    for place in model.transfer_jobs() {
        if let Some(grid) = grid_of(model, place) {
            grid.retry_missing();
        }
    }
    if model.transfer_table().is_some() {
        model.say(Level::Info, "every choice is scored on every set");
    }
    ANSWER
}

fn grid_of(model: &mut Model, place: usize) -> Option<&mut Grid> {
    let id = model.grid_id(model.jobs.get(place)?);
    model.grids.get_mut(&id)
}

fn pause(model: &mut Model, effects: &mut Vec<Effect>) {
    model.transfer.filling.clear();
    for place in model.transfer_jobs() {
        let id = model.job(place).id;
        if let Some(grid) = grid_of(model, place) {
            grid::pause(grid, id, effects);
        }
    }
}

/// Gives the job of the row what its set chose.
fn take(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let sets = model.transfer_sets();
    let set = sets.get(model.transfer.row);
    let Some((place, choice)) = set.and_then(|set| Some((set.place, set.choice?))) else {
        model.say(Level::Info, "nothing is chosen on this set yet");
        return ANSWER;
    };
    jobs::select(model, place, effects);
    grid::take(model, choice, effects);
    ANSWER
}

/// Called after every action: asks for what the table lacks, where a person wants it filled.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    // Nothing below changes which jobs there are, what is shown of them, or what a person wants filled.
    let is_on_screen = model.view.screen == Screen::Grid && model.is_transfer_shown();
    let is_filled = model.is_transfer_filling()
        && model.engine == EngineState::Up
        && (is_on_screen || model.is_transfer_shown());
    if is_on_screen {
        let last = model.transfer_jobs().len() - 1;
        let transfer = &mut model.transfer;
        (transfer.row, transfer.column) = (transfer.row.min(last), transfer.column.min(last));
    }
    if is_filled {
        fill(model, effects);
    }
    grid::settle(model, effects);
    if is_filled {
        score_choices(model, effects);
    }
    if is_on_screen {
        compute(model, effects);
    }
}

/// Makes the grids of the table's jobs on the table's images, and has them filled.
fn fill(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(split) = model.transfer_split() else {
        return;
    };
    let sets = model.transfer_sets();
    let sets: Vec<(usize, bool)> = sets.iter().map(|set| (set.place, set.grid.is_some())).collect();
    for (place, has_grid) in sets {
        if !has_grid {
            let job = model.job(place);
            let (id, new) = (
                model.grid_id(job),
                Grid::with_split(job, model.view.detector, split),
            );
            grid::replace(model, id, new, effects);
        }
        let now = model.now;
        if let Some(grid) = grid_of(model, place).filter(|grid| !grid.filling && !grid.is_full()) {
            grid::begin(grid, now);
        }
    }
}

/// Asks for the choices on the sets' other images, as far as the engine is free.
fn score_choices(model: &mut Model, effects: &mut Vec<Effect>) {
    let in_flight: usize = model.grids.values().map(|grid| grid.in_flight.len()).sum();
    let free = IN_FLIGHT.saturating_sub(in_flight);
    if free == 0 {
        return;
    }
    for (id, place) in model.transfer_lacking().into_iter().take(free) {
        let placement = model.job_by_id(id.job).map(|job| job.placement(true));
        if let Some((grid, placement)) = model.grids.get_mut(&id).zip(placement) {
            grid::request(grid, id.job, place, Subset::Rest, &placement, effects);
        }
    }
}

/// Starts computing the table in the background, once all is there and nothing else of a grid is being computed.
fn compute(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.is_computing_grid || model.transfer.is_computing() {
        return;
    }
    let Some(basis) = model.transfer_basis() else {
        return;
    };
    if model.transfer.table(&basis).is_none() {
        let request = model.transfer.request(basis);
        model.is_computing_grid = true;
        effects.push(Effect::ComputeGrid(GridRequest::Transfer(request)));
    }
}

/// Something of a grid, or of several, has been computed.
pub(super) fn report(model: &mut Model, report: GridReport) -> Option<Redraw> {
    let GridReport::Transfer(report) = report else {
        return grid::report(model, report);
    };
    model.is_computing_grid = false;
    model.transfer.take(report);
    (model.view.screen == Screen::Grid).then_some(Redraw::Progress)
}

/// There is no engine any more.
pub(super) fn engine_gone(model: &mut Model) {
    model.transfer.filling.clear();
    grid::engine_gone(model);
}
