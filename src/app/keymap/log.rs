//! The keys of the Log screen.
use super::binding::{Context, Group, Row};
use crate::app::action::Action as A;
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Log);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::Log;
    vec![
        (HERE, Log, "log-down", "j down", A::Scroll(1), "down"),
        (HERE, Log, "log-up", "k up", A::Scroll(-1), "up"),
        (HERE, Log, "log-page-down", "pgdn", A::Scroll(10), "ten lines down"),
        (HERE, Log, "log-page-up", "pgup", A::Scroll(-10), "ten lines up"),
        (HERE, Log, "log-first", "g home", A::Scroll(i32::MIN), "to the first"),
        (HERE, Log, "log-last", "G end", A::Scroll(i32::MAX), "to the last"),
        (HERE, Log, "log-search", "/", A::SearchLog, "show lines with a text"),
        (HERE, Log, "log-filter", "f", A::NextLogFilter, "show some levels"),
        (HERE, Log, "log-copy", "y", A::CopyLog, "copy what is shown"),
        (HERE, Log, "log-write", "w", A::WriteLog, "write it to a file"),
    ]
}
