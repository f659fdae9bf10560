//! The keys of every screen.
use super::binding::{Context, Group, Row};
use crate::app::action::Action as A;
use odin_core::session::Screen;

const HERE: Context = Context::Everywhere;

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Jobs, Program};
    vec![
        (HERE, Program, "show-explore", "1", A::Show(Screen::Explore), "Explore"),
        (HERE, Program, "show-grid", "2", A::Show(Screen::Grid), "Grid"),
        (HERE, Program, "show-images", "3", A::Show(Screen::Images), "Images"),
        (HERE, Program, "show-compare", "4", A::Show(Screen::Compare), "Compare"),
        (HERE, Program, "show-detectors", "5", A::Show(Screen::Detectors), "Detectors"),
        (HERE, Program, "show-log", "6", A::Show(Screen::Log), "Log"),
        (HERE, Jobs, "other-job", "}", A::NextJob, "next job, on any screen"),
        (HERE, Jobs, "other-job-back", "{", A::PreviousJob, "job before"),
        (HERE, Program, "save", "s", A::Save, "save the session"),
        (HERE, Program, "save-as", "S", A::OpenSaveAs, "save under another name"),
        (HERE, Program, "theme", "ctrl-t", A::NextTheme, "next theme"),
        (HERE, Program, "mouse", "m", A::ToggleMouse, "mouse on, off"),
        (HERE, Program, "help", "? f1", A::ToggleHelp, "this help"),
        (HERE, Program, "palette", ": ctrl-p", A::OpenPalette, "all actions"),
        (HERE, Program, "close", "esc", A::Dismiss, "close"),
        (HERE, Program, "suspend", "ctrl-z", A::Suspend, "suspend (fg: back)"),
        (HERE, Program, "restart-engine", "ctrl-e", A::RestartEngine, "start engine again"),
        (HERE, Program, "quit", "q ctrl-c", A::Quit, "quit"),
    ]
}
