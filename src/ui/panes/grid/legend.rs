//! The legend below the curve or the map: what the lines, the colours and the marks stand for.
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::scale::Scale;
use crate::app::{Action, Grid, GridAction, Model, Place};
use crate::ui::format;
use crate::ui::painter::Painter;
use crate::ui::widgets::heat;

/// What the faint lines of a curve are made of where there is only ASCII.
pub(super) const FAINT: &str = "'";

/// Why the cell under the cursor has no scores; `None` where it has, or no cell has any: the first line says it then.
pub(super) fn why(grid: &Grid, scale: &Scale<'_>, width: u16, painter: &Painter) -> Option<Line<'static>> {
    let why = grid.missing(grid.cursor).filter(|_| scale.ends.is_some())?;
    let text = format!(" {} {why}", painter.glyphs().missing);
    let text = format::fit(&text, usize::from(width), painter.glyphs());
    Some(Line::from(Span::styled(text, painter.theme().warning)))
}

/// One line, or two where there `is_room_for_two`; where neither is enough, one line in fewer words.
pub(super) fn lines(
    model: &Model,
    grid: &Grid,
    scale: &Scale<'_>,
    own: Option<Place>,
    width: u16,
    is_room_for_two: bool,
    painter: &Painter,
) -> Vec<Line<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let width = usize::from(width);
    let dim = |text: String| Span::styled(text, theme.dim);
    let mark = |glyph: &'static str| Span::styled(format!("   {glyph} "), theme.title);
    let is_curve = grid.rows().is_none();
    let Some((worst, best)) = scale.ends else {
        let missing = grid.is_full().then(|| grid.missing(grid.cursor)).flatten();
        let text = if let Some(why) = missing {
            format!(" no cell has scores: {why}")
        } else if grid.filling {
            " the first cell is on its way".to_owned()
        } else {
            let fill = Action::Grid(GridAction::FillOrPause);
            let key = model.keymap.key_on(model.view.screen, &fill);
            let key = key.map(|key| key.to_string()).unwrap_or_default();
            format!(" {key} fills the cells while no job has work, nearest to the cursor first")
        };
        return vec![Line::from(vec![dim(text)])];
    };
    let (worst, best) = (format::percent(worst), format::percent(best));
    let shades = || {
        (0..10).map(|n| {
            let shade = heat::shade((f64::from(n) + 0.5) / 10.0, painter.look);
            let text = shade.digit.map_or(" ".to_owned(), |digit| digit.to_string());
            let fill = if shade.fill == " " { "" } else { shade.fill };
            Span::styled(format!("{text}{fill}"), shade.style)
        })
    };
    // What a value is drawn as.
    let values = |before: String, after: String| -> Vec<Span<'static>> {
        if is_curve {
            let line = if glyphs.unicode { "┄" } else { FAINT };
            return vec![dim(format!(" {line} 95 % intervals"))];
        }
        let before = std::iter::once(dim(before));
        before.chain(shades()).chain([dim(after)]).collect()
    };
    let mut line: Line = values(format!(" worst {worst} "), format!(" {best} best"))
        .into_iter()
        .chain([mark(glyphs.marker), dim("best so far".to_owned())])
        .chain([mark(glyphs.grip), dim("the job's own".to_owned())])
        .collect();
    let short = || {
        values(format!(" {worst} "), format!(" {best}"))
            .into_iter()
            .chain([mark(glyphs.marker), dim("best".to_owned())])
            .chain([mark(glyphs.grip), dim("job".to_owned())])
    };
    let Some(candidates) = scale.candidates else {
        return vec![if line.width() <= width {
            line
        } else {
            short().collect()
        }];
    };
    let said = if candidates.len() == 1 {
        "best with 95 % confidence".to_owned()
    } else {
        format!("one of these {} is the best (95 %)", candidates.len())
    };
    let alike = if candidates.len() == 1 {
        glyphs.marker
    } else {
        glyphs.alike
    };
    if line.width() + 5 + said.width() <= width {
        line.extend([mark(alike), dim(said)]);
        return vec![line];
    }
    if is_room_for_two && line.width() <= width {
        let own = own.map(|own| {
            let is = if candidates.contains(&own) { "is" } else { "is not" };
            format!("; the job's own {is}")
        });
        let own = own.filter(|_| candidates.len() > 1).unwrap_or_default();
        let fits = |text: &str| text.width() + 3 <= width;
        let text = if candidates.len() == 1 {
            "is truly the best, with 95 % confidence".to_owned()
        } else {
            let text = format!(
                "one of these {} is truly the best, with 95 % confidence",
                candidates.len()
            );
            let with_own = format!("{text}{own}");
            if fits(&with_own) { with_own } else { text }
        };
        let second = vec![Span::styled(format!(" {alike} "), theme.title), dim(text)];
        return vec![line, Line::from(second)];
    }
    let alike = [mark(alike), dim("may be best".to_owned())];
    vec![short().chain(alike).collect()]
}
