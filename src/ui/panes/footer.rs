//! The last line: what is being typed, or the last message, else which keys there are.
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::tuned;
use crate::app::{
    Action, CompareAction as C, DetectorsAction as D, GridAction as G, ImagesAction as I, Level, Model,
    Slider,
};
use crate::ui::format;
use crate::ui::painter::Painter;
use odin_core::session::Screen;
use odin_core::setting::Knob;

pub(crate) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let line = if let Some(typing) = &model.typing {
        let what = match typing.slider {
            Slider::Knob(place) => knob_of(model, place)
                .map(|knob| format!("{}, {}", knob.meaning, knob.allowed()))
                .unwrap_or_default(),
            Slider::Threshold => "threshold, as a TPR in %".to_owned(),
        };
        match &typing.error {
            Some(error) => Line::from(Span::styled(format!(" {error}"), theme.error)),
            None => {
                let mut line = Line::from(vec![
                    Span::styled(format!(" {what}: "), theme.title),
                    Span::styled(format!("{}_", typing.text), theme.accent),
                ]);
                let how = "   enter takes it, esc leaves";
                if line.width() + how.len() <= usize::from(area.width) {
                    line.push_span(Span::styled(how, theme.dim));
                }
                line
            }
        }
    } else if model.job_filter.is_typing {
        Line::from(vec![
            Span::styled(" jobs with: ", theme.title),
            Span::styled(format!("{}_", model.job_filter.text.text()), theme.accent),
            Span::styled("   enter keeps it, esc shows all", theme.dim),
        ])
    } else if let Some(status) = &model.status {
        let style = match status.level {
            Level::Info | Level::Native => theme.text,
            Level::Warning => theme.warning,
            Level::Error => theme.error,
        };
        let room = usize::from(area.width.saturating_sub(1));
        let text = format::fit(&status.text, room, painter.glyphs());
        Line::from(Span::styled(format!(" {text}"), style))
    } else {
        let note = note(model, area.width, painter);
        let right = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        painter.right(right, &note, theme.warning);
        let room = right.width.saturating_sub(note.width() as u16);
        hints(model, room, painter)
    };
    painter.lines(area, &[line]);
}

/// A warning about the numbers: knobs that were set by looking at these very images make them look better than they
/// are.
fn note(model: &Model, width: u16, painter: &Painter) -> String {
    let moved = model.slider_detector();
    let tuned = model.selected().and_then(|job| job.tuned(moved));
    // Where there is room, Explore shows it beside the numbers.
    let shown = tuned.filter(|_| model.view.screen == Screen::Explore && width < 120);
    shown.map_or(String::new(), |tuned| {
        let room = usize::from(width / 2);
        let text = tuned::words(&tuned, moved, painter.glyphs());
        format::fit(&text, room, painter.glyphs())
    })
}

fn knob_of(model: &Model, place: u8) -> Option<&'static Knob> {
    model.slider_detector().knobs().get(usize::from(place))
}

/// The keys worth knowing first, as many as fit.
fn hints(model: &Model, width: u16, painter: &Painter) -> Line<'static> {
    use Action as A;
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let next = match model.focus.next(model.slider_detector().knobs().len()) {
        Slider::Knob(place) => {
            let label = knob_of(model, place).map(|knob| glyphs.knob(knob));
            format!("to {}", label.unwrap_or_default())
        }
        Slider::Threshold => format!("to {}", glyphs.delta),
    };
    let is_table = model.is_transfer_shown();
    let is_filling = match is_table {
        true => model.is_transfer_filling(),
        false => model.grid().is_some_and(|grid| grid.filling && !grid.is_full()),
    };
    let filling = if is_filling { "pause" } else { "fill" };
    let transfer = if is_table { "grid" } else { "other sets" };
    let size = if model.gallery.is_large { "small" } else { "large" };
    let screen = model.view.screen;
    let hints: Vec<(Vec<A>, String)> = match screen {
        Screen::Explore => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (vec![A::OpenPalette], "all actions".to_owned()),
            (vec![A::Step(-1), A::Step(1)], "step".to_owned()),
            (vec![A::FocusNext], next),
            (vec![A::NextJob, A::PreviousJob], "job".to_owned()),
            (vec![A::Edit], "type".to_owned()),
            (vec![A::Save], "save".to_owned()),
            (vec![A::PauseOrResume], "pause".to_owned()),
            (vec![A::NextFailed], "next failed".to_owned()),
            (vec![A::OpenPicker], "new job".to_owned()),
            (vec![A::ApplyToAll], "to all jobs".to_owned()),
            (vec![A::NextDetector], "detector".to_owned()),
            (vec![A::PinOrUnpin], "pin".to_owned()),
            (vec![A::ToggleLogFpr], "log FPR".to_owned()),
            (vec![A::Undo], "undo".to_owned()),
        ],
        Screen::Grid => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (vec![A::Grid(G::FillOrPause)], filling.to_owned()),
            (vec![A::Grid(G::Take)], "take".to_owned()),
            (vec![A::Grid(G::ToBest)], "best".to_owned()),
            (vec![A::NextMetric], "metric".to_owned()),
            (vec![A::Grid(G::ToggleTransfer)], transfer.to_owned()),
            (vec![A::NextJob], "next job".to_owned()),
            (vec![A::NextDetector], "detector".to_owned()),
            (vec![A::Grid(G::ScoreBestOnRest)], "best on the rest".to_owned()),
        ],
        Screen::Images => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (vec![A::Images(I::ToggleLarge)], size.to_owned()),
            (vec![A::Images(I::NextOrder(1))], "order".to_owned()),
            (vec![A::Images(I::NextFilter(1))], "filter".to_owned()),
            (vec![A::Images(I::NextClass(1))], "class".to_owned()),
            (vec![A::NextDetector], "detector".to_owned()),
            (vec![A::Images(I::MovePages(1))], "page".to_owned()),
            (vec![A::Images(I::CopyName)], "copy name".to_owned()),
            (vec![A::NextJob], "next job".to_owned()),
        ],
        Screen::Compare => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (
                vec![A::Compare(C::NextColumn(-1)), A::Compare(C::NextColumn(1))],
                "sort".to_owned(),
            ),
            (vec![A::Compare(C::Reverse)], "reverse".to_owned()),
            (vec![A::Compare(C::NextDetector(1))], "detector".to_owned()),
            (vec![A::OpenExports], "to a file".to_owned()),
            (vec![A::Show(Screen::Explore)], "show".to_owned()),
            (vec![A::Compare(C::ToggleDetails)], "details".to_owned()),
        ],
        Screen::Detectors => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (vec![A::Detectors(D::Show)], "show".to_owned()),
            (vec![A::NextMetric], "metric".to_owned()),
            (vec![A::Detectors(D::NextAverage(1))], "average".to_owned()),
            (vec![A::Detectors(D::TogglePasses)], "with passes".to_owned()),
            (vec![A::Detectors(D::Keep)], "into session".to_owned()),
            (vec![A::NextJob], "next job".to_owned()),
        ],
        Screen::Log => vec![
            (vec![A::ToggleHelp], "help".to_owned()),
            (vec![A::Quit], "quit".to_owned()),
            (vec![A::Scroll(1), A::Scroll(-1)], "scroll".to_owned()),
            (vec![A::SearchLog], "search".to_owned()),
            (vec![A::NextLogFilter], "levels".to_owned()),
            (vec![A::CopyLog], "copy".to_owned()),
            (vec![A::WriteLog], "to a file".to_owned()),
            (vec![A::Show(Screen::Explore)], "Explore".to_owned()),
        ],
    };
    let mut line = Line::default();
    let live = hints
        .into_iter()
        .filter(|(actions, _)| actions.iter().any(|action| model.is_live(action)));
    for (actions, text) in live {
        let keys = actions
            .iter()
            .filter_map(|action| model.keymap.key_on(screen, action));
        let keys = keys.map(|key| key.to_string()).collect::<Vec<_>>().join("/");
        let before = line.width();
        if before + keys.len() + text.len() + 4 > usize::from(width) {
            break;
        }
        line.push_span(Span::styled(format!(" {keys}"), theme.title));
        line.push_span(Span::styled(format!(" {text} "), theme.dim));
    }
    line
}
