//! The keys of the Grid screen.
use super::binding::{Context, Group, Row};
use crate::app::action::{Action as A, GridAction as G};
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Grid);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Conventions, Grid};
    vec![
        (HERE, Grid, "grid-left", "h left", A::Grid(G::Move(0, -1)), "cell to the left"),
        (HERE, Grid, "grid-right", "l right", A::Grid(G::Move(0, 1)), "cell to the right"),
        (HERE, Grid, "grid-down", "j down", A::Grid(G::Move(-1, 0)), "cell below"),
        (HERE, Grid, "grid-up", "k up", A::Grid(G::Move(1, 0)), "cell above"),
        (HERE, Grid, "grid-first", "H shift-left", A::Grid(G::Move(0, i32::MIN)), "first of the row"),
        (HERE, Grid, "grid-last", "L shift-right", A::Grid(G::Move(0, i32::MAX)), "last of the row"),
        (HERE, Grid, "grid-best", "*", A::Grid(G::ToBest), "to the best cell"),
        (HERE, Grid, "grid-take", "enter", A::Grid(G::Take), "take these values"),
        (HERE, Grid, "grid-fill", "space", A::Grid(G::FillOrPause), "fill while idle, pause"),
        (HERE, Grid, "grid-rest", "e", A::Grid(G::ScoreBestOnRest), "best cell on the rest"),
        (HERE, Grid, "grid-transfer", "T", A::Grid(G::ToggleTransfer), "chosen on, reported on"),
        (HERE, Grid, "grid-detector", "b", A::NextDetector, "next detector"),
        (HERE, Grid, "grid-detector-back", "B", A::PreviousDetector, "detector before"),
        (HERE, Grid, "grid-metric", "v", A::NextMetric, "next metric"),
        (HERE, Conventions, "grid-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (HERE, Conventions, "grid-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (HERE, Conventions, "grid-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
