//! The keys of the Grid screen.
use super::binding::{Context, Group, Row};
use crate::app::action::{Action as A, GridAction as G};
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Grid);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Conventions, Grid};
    vec![
        (HERE, Grid, "grid-left", "h left", A::Grid(G::Move(0, -1)), "smaller magnitude"),
        (HERE, Grid, "grid-right", "l right", A::Grid(G::Move(0, 1)), "larger magnitude"),
        (HERE, Grid, "grid-down", "j down", A::Grid(G::Move(-1, 0)), "smaller T"),
        (HERE, Grid, "grid-up", "k up", A::Grid(G::Move(1, 0)), "larger T"),
        (HERE, Grid, "grid-first", "H shift-left", A::Grid(G::Move(0, i32::MIN)), "least magnitude"),
        (HERE, Grid, "grid-last", "L shift-right", A::Grid(G::Move(0, i32::MAX)), "greatest magnitude"),
        (HERE, Grid, "grid-best", "*", A::Grid(G::ToBest), "to the best cell"),
        (HERE, Grid, "grid-take", "enter", A::Grid(G::Take), "take this T, magnitude"),
        (HERE, Grid, "grid-fill", "space", A::Grid(G::FillOrPause), "fill while idle, pause"),
        (HERE, Grid, "grid-rest", "e", A::Grid(G::ScoreBestOnRest), "best cell on the rest"),
        (HERE, Grid, "grid-metric", "v", A::NextMetric, "next metric"),
        (HERE, Conventions, "grid-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (HERE, Conventions, "grid-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (HERE, Conventions, "grid-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
