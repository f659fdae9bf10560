//! Help: the keymap itself, in as many columns as fit.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use crate::app::{Binding, Group, Model};
use crate::ui::areas;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::theme::Theme;

const COLUMN: u16 = 39;

pub(crate) fn draw(model: &Model, page: usize, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    painter.target(area, Target::Overlay);
    // The keys of this screen; other screens' keys are in their own help.
    let groups = Group::ALL.iter().map(|&group| lines(model, group, theme));
    let groups: Vec<Vec<Line>> = groups.filter(|lines| lines.len() > 1).collect();
    let total: usize = groups.iter().map(|lines| lines.len() + 1).sum();
    let columns = usize::from((area.width / COLUMN).clamp(1, 3));
    // Columns of about the same length.
    let rows = total
        .div_ceil(columns)
        .clamp(1, usize::from(area.height.saturating_sub(2)));
    let all: Vec<Line> = flow(groups, rows);
    let rows = rows.min(all.len());
    let a_page = (rows * columns).max(1);
    let pages = all.len().div_ceil(a_page).max(1);
    let page = page % pages;
    Clear.render(area, painter.buffer);
    painter.buffer.set_style(area, theme.background);
    let panel = areas::middle(area, columns as u16 * COLUMN, rows as u16 + 2);
    let [head, body] = areas::head(panel);
    let [body, foot] = areas::foot(body);
    let hint = match pages {
        1 => "any of ? esc q closes".to_owned(),
        _ => format!("page {} of {pages}: space turns; ? esc q closes", page + 1),
    };
    painter.title(head, "Keys", vec![Span::styled(hint, theme.dim)]);
    let layout = Layout::horizontal(vec![COLUMN; columns]).flex(Flex::Start);
    let lines = all.get(page * a_page..).unwrap_or_default();
    for (lines, column) in lines.chunks(rows.max(1)).zip(body.layout_vec(&layout)) {
        painter.lines(column, lines);
    }
    painter.rule(foot);
}

/// The lines of all groups one after another, with a blank line between groups, except at the top of a column. No heading
/// is at the foot of a column.
fn flow(groups: Vec<Vec<Line<'_>>>, rows: usize) -> Vec<Line<'_>> {
    let mut all: Vec<Line> = Vec::new();
    for group in groups {
        if !all.len().is_multiple_of(rows) {
            all.push(Line::default());
        }
        if rows > 1 && all.len() % rows == rows - 1 {
            all.push(Line::default());
        }
        all.extend(group);
    }
    all
}

fn lines<'a>(model: &'a Model, group: Group, theme: &Theme) -> Vec<Line<'a>> {
    let head = Line::from(Span::styled(format!(" {}", group.title()), theme.accent));
    let bindings = model.keymap.bindings().iter();
    let bindings =
        bindings.filter(|binding| binding.group == group && binding.context.holds_on(model.view.screen));
    std::iter::once(head)
        .chain(bindings.map(|binding| line(binding, theme)))
        .collect()
}

fn line<'a>(binding: &'a Binding, theme: &Theme) -> Line<'a> {
    let keys = binding
        .keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    Line::from(vec![
        Span::styled(format!("  {keys:<14}"), theme.title),
        Span::styled(binding.help, theme.text),
    ])
}
