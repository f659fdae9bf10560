//! The keys of the Compare screen.
use super::binding::{Context, Group, Row};
use crate::app::action::{Action as A, CompareAction as C};
use odin_core::report::TableKind;
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Compare);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Compare, Conventions};
    vec![
        (HERE, Compare, "row-down", "j down", A::Compare(C::Move(1)), "next row"),
        (HERE, Compare, "row-up", "k up", A::Compare(C::Move(-1)), "row before"),
        (HERE, Compare, "row-first", "g home", A::Compare(C::Move(i32::MIN)), "first row"),
        (HERE, Compare, "row-last", "G end", A::Compare(C::Move(i32::MAX)), "last row"),
        (HERE, Compare, "row-page-down", "pgdn", A::Compare(C::Move(10)), "ten rows down"),
        (HERE, Compare, "row-page-up", "pgup", A::Compare(C::Move(-10)), "ten rows up"),
        (HERE, Compare, "sort-right", "l right > o", A::Compare(C::NextColumn(1)), "sort by the next column"),
        (HERE, Compare, "sort-left", "h left < O", A::Compare(C::NextColumn(-1)), "by the column before"),
        (HERE, Compare, "sort-reverse", "~", A::Compare(C::Reverse), "the other way round"),
        (HERE, Compare, "sort-number", "N", A::Compare(C::NextNumber), "by which number"),
        (HERE, Compare, "compare-detector", "b", A::Compare(C::NextDetector(1)), "next detector"),
        (HERE, Compare, "compare-detector-back", "B", A::Compare(C::NextDetector(-1)), "detector before"),
        (HERE, Compare, "compare-details", "+", A::Compare(C::ToggleDetails), "details on, off"),
        (HERE, Compare, "compare-show", "enter", A::Show(Screen::Explore), "show it in Explore"),
        (HERE, Compare, "export", "w", A::OpenExports, "write it to a file"),
        (HERE, Compare, "export-markdown", "alt-m", A::Compare(C::Export(TableKind::Markdown)), "export as Markdown"),
        (HERE, Compare, "export-latex", "alt-t", A::Compare(C::Export(TableKind::Latex)), "export as LaTeX"),
        (HERE, Compare, "export-csv", "alt-c", A::Compare(C::Export(TableKind::Csv)), "export as CSV"),
        (HERE, Compare, "export-json", "alt-j", A::Compare(C::Export(TableKind::Json)), "export as JSON"),
        (HERE, Conventions, "compare-positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (HERE, Conventions, "compare-error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (HERE, Conventions, "compare-aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
