//! The keys of the screens Grid, Images and Compare.
use super::action::{Action as A, GridAction as G};
use super::keymap::{Context, Group, Row};
use crate::session::Screen;

#[rustfmt::skip]
pub(super) fn of_screens() -> Vec<Row> {
    use Group::{Conventions, Grid, Jobs};
    const GRID: Context = Context::On(Screen::Grid);
    vec![
        (GRID, Grid, "grid-left", "h left", A::Grid(G::Move(0, -1)), "smaller magnitude"),
        (GRID, Grid, "grid-right", "l right", A::Grid(G::Move(0, 1)), "larger magnitude"),
        (GRID, Grid, "grid-down", "j down", A::Grid(G::Move(-1, 0)), "smaller T"),
        (GRID, Grid, "grid-up", "k up", A::Grid(G::Move(1, 0)), "larger T"),
        (GRID, Grid, "grid-first", "H shift-left", A::Grid(G::Move(0, i32::MIN)), "least magnitude"),
        (GRID, Grid, "grid-last", "L shift-right", A::Grid(G::Move(0, i32::MAX)), "greatest magnitude"),
        (GRID, Grid, "grid-best", "b", A::Grid(G::ToBest), "to the best cell"),
        (GRID, Grid, "grid-take", "enter", A::Grid(G::Take), "take this T, magnitude"),
        (GRID, Grid, "grid-fill", "space", A::Grid(G::FillOrPause), "fill while idle, pause"),
        (GRID, Grid, "grid-rest", "r", A::Grid(G::ScoreBestOnRest), "best cell on the rest"),
        (GRID, Grid, "grid-metric", "v", A::NextMetric, "next metric"),
        (GRID, Jobs, "grid-next-job", "tab", A::NextJob, "next job"),
        (GRID, Jobs, "grid-previous-job", "backtab", A::PreviousJob, "job before"),
        (GRID, Conventions, "grid-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (GRID, Conventions, "grid-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (GRID, Conventions, "grid-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
