//! The keys of the screens Grid, Images and Compare.
use super::action::{Action as A, CompareAction as C, GridAction as G, ImagesAction as I};
use super::keymap::{Context, Group, Row};
use super::slider::Slider;
use crate::report::TableKind;
use crate::session::Screen;

#[rustfmt::skip]
pub(super) fn of_screens() -> Vec<Row> {
    use Group::{Compare, Conventions, Grid, Images, Jobs, Threshold};
    const GRID: Context = Context::On(Screen::Grid);
    const IMAGES: Context = Context::On(Screen::Images);
    const COMPARE: Context = Context::On(Screen::Compare);
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
        (IMAGES, Images, "image-left", "h left", A::Images(I::Move(-1)), "image before"),
        (IMAGES, Images, "image-right", "l right", A::Images(I::Move(1)), "next image"),
        (IMAGES, Images, "image-down", "j down", A::Images(I::MoveRows(1)), "a row down"),
        (IMAGES, Images, "image-up", "k up", A::Images(I::MoveRows(-1)), "a row up"),
        (IMAGES, Images, "image-page-down", "pgdn", A::Images(I::MovePages(1)), "next page"),
        (IMAGES, Images, "image-page-up", "pgup", A::Images(I::MovePages(-1)), "page before"),
        (IMAGES, Images, "image-first", "g home", A::Images(I::Move(i32::MIN)), "to the first"),
        (IMAGES, Images, "image-last", "G end", A::Images(I::Move(i32::MAX)), "to the last"),
        (IMAGES, Images, "image-large", "enter", A::Images(I::ToggleLarge), "large, small"),
        (IMAGES, Images, "image-order", "o", A::Images(I::NextOrder(1)), "next order"),
        (IMAGES, Images, "image-order-back", "O", A::Images(I::NextOrder(-1)), "order before"),
        (IMAGES, Images, "image-filter", "f", A::Images(I::NextFilter(1)), "next filter"),
        (IMAGES, Images, "image-filter-back", "F", A::Images(I::NextFilter(-1)), "filter before"),
        (IMAGES, Images, "image-class", "c", A::Images(I::NextClass(1)), "only the next class"),
        (IMAGES, Images, "image-class-back", "C", A::Images(I::NextClass(-1)), "only the class before"),
        (IMAGES, Images, "image-any-class", "x", A::Images(I::AnyClass), "every class"),
        (IMAGES, Images, "image-pixels", "i", A::Images(I::TogglePixels), "pixels, half blocks"),
        (IMAGES, Images, "image-detector", "b", A::NextDetector, "next detector"),
        (IMAGES, Threshold, "image-tpr-down", "[", A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
        (IMAGES, Threshold, "image-tpr-up", "]", A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
        (IMAGES, Threshold, "image-tpr-95", "t", A::ThresholdReset, "back to TPR 95 %"),
        (IMAGES, Jobs, "image-next-job", "tab", A::NextJob, "next job"),
        (IMAGES, Jobs, "image-previous-job", "backtab", A::PreviousJob, "job before"),
        (COMPARE, Compare, "row-down", "j down", A::Compare(C::Move(1)), "next row"),
        (COMPARE, Compare, "row-up", "k up", A::Compare(C::Move(-1)), "row before"),
        (COMPARE, Compare, "row-page-down", "pgdn", A::Compare(C::Move(10)), "ten rows down"),
        (COMPARE, Compare, "row-page-up", "pgup", A::Compare(C::Move(-10)), "ten rows up"),
        (COMPARE, Compare, "sort-right", "l right >", A::Compare(C::NextColumn(1)), "sort by the next column"),
        (COMPARE, Compare, "sort-left", "h left <", A::Compare(C::NextColumn(-1)), "by the column before"),
        (COMPARE, Compare, "sort-reverse", "r", A::Compare(C::Reverse), "the other way round"),
        (COMPARE, Compare, "sort-number", "n", A::Compare(C::NextNumber), "by which number"),
        (COMPARE, Compare, "compare-detector", "b", A::Compare(C::NextDetector(1)), "next detector"),
        (COMPARE, Compare, "compare-detector-back", "B", A::Compare(C::NextDetector(-1)), "detector before"),
        (COMPARE, Compare, "compare-details", "d", A::Compare(C::ToggleDetails), "details on, off"),
        (COMPARE, Compare, "compare-show", "enter", A::Show(Screen::Explore), "show it in Explore"),
        (COMPARE, Compare, "export-markdown", "M", A::Compare(C::Export(TableKind::Markdown)), "export as Markdown"),
        (COMPARE, Compare, "export-latex", "T", A::Compare(C::Export(TableKind::Latex)), "export as LaTeX"),
        (COMPARE, Compare, "export-csv", "C", A::Compare(C::Export(TableKind::Csv)), "export as CSV"),
        (COMPARE, Compare, "export-json", "J", A::Compare(C::Export(TableKind::Json)), "export as JSON"),
        (COMPARE, Conventions, "compare-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (COMPARE, Conventions, "compare-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (COMPARE, Conventions, "compare-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
