//! The keys of the Detectors screen.
use super::binding::{Context, Group, Row};
use crate::app::action::{Action as A, DetectorsAction as D};
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Detectors);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Conventions, Detectors};
    vec![
        (HERE, Detectors, "detector-down", "j down", A::Detectors(D::Move(1)), "next detector"),
        (HERE, Detectors, "detector-up", "k up", A::Detectors(D::Move(-1)), "detector before"),
        (HERE, Detectors, "detector-first", "g home", A::Detectors(D::Move(i32::MIN)), "first detector"),
        (HERE, Detectors, "detector-last", "G end", A::Detectors(D::Move(i32::MAX)), "last detector"),
        (HERE, Detectors, "detector-page-down", "pgdn", A::Detectors(D::Move(10)), "ten down"),
        (HERE, Detectors, "detector-page-up", "pgup", A::Detectors(D::Move(-10)), "ten up"),
        (HERE, Detectors, "detectors-average", "l right o", A::Detectors(D::NextAverage(1)), "average: all, near, far"),
        (HERE, Detectors, "detectors-average-back", "h left O", A::Detectors(D::NextAverage(-1)), "average before"),
        (HERE, Detectors, "detectors-metric", "v", A::NextMetric, "next metric"),
        (HERE, Detectors, "detectors-passes", "f", A::Detectors(D::TogglePasses), "those with passes too"),
        (HERE, Detectors, "detectors-show", "enter", A::Detectors(D::Show), "show it in Explore"),
        (HERE, Detectors, "detectors-keep", "space", A::Detectors(D::Keep), "into the session, out"),
        (HERE, Conventions, "detectors-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (HERE, Conventions, "detectors-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (HERE, Conventions, "detectors-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
