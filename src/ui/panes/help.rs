//! Help: the keymap itself, in as many columns as fit.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use crate::app::{Binding, Group, Model};
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target};

const COLUMN: u16 = 39;

pub fn draw(model: &Model, page: usize, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Overlay);
    // What holds on this screen; the other screens' keys are in their own help.
    let groups = Group::ALL.iter().map(|&group| lines(model, group, look));
    let groups: Vec<Vec<Line>> = groups.filter(|lines| lines.len() > 1).collect();
    let total: usize = groups.iter().map(|lines| lines.len() + 1).sum();
    let columns = usize::from((area.width / COLUMN).clamp(1, 3));
    // Room for all, as level as whole lines allow.
    let rows = total
        .div_ceil(columns)
        .clamp(1, usize::from(area.height.saturating_sub(2)));
    let width = (columns as u16 * COLUMN).min(area.width);
    let all: Vec<Line> = flow(groups, rows);
    let rows = rows.min(all.len()) as u16;
    let a_page = (usize::from(rows) * columns).max(1);
    let pages = all.len().div_ceil(a_page).max(1);
    let page = page % pages;
    let panel = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + area.height.saturating_sub(rows + 2) / 2,
        width,
        height: (rows + 2).min(area.height),
    };
    Clear.render(area, buffer);
    buffer.set_style(area, look.theme.background);
    let head = Rect { height: 1, ..panel };
    let hint = match pages {
        1 => "any of ? esc q closes".to_owned(),
        _ => format!("page {} of {pages}: space turns; ? esc q closes", page + 1),
    };
    title::draw(
        head,
        "Keys",
        vec![Span::styled(hint, look.theme.dim)],
        look,
        buffer,
    );
    for (n, line) in all.iter().skip(page * a_page).take(a_page).enumerate() {
        let (column, row) = (n as u16 / rows.max(1), n as u16 % rows.max(1));
        let (x, y) = (panel.x + column * COLUMN, panel.y + 1 + row);
        if column < columns as u16 && y < panel.bottom() {
            buffer.set_line(x, y, line, COLUMN);
        }
    }
    title::rule(
        Rect {
            y: panel.bottom().saturating_sub(1),
            height: 1,
            ..panel
        },
        look,
        buffer,
    );
}

/// The lines of all groups one after another, a blank between groups; none at the top of a column.
fn flow(groups: Vec<Vec<Line<'_>>>, rows: usize) -> Vec<Line<'_>> {
    let mut all: Vec<Line> = Vec::new();
    for group in groups {
        if !all.len().is_multiple_of(rows) {
            all.push(Line::default());
        }
        all.extend(group);
    }
    all
}

fn lines<'a>(model: &'a Model, group: Group, look: &Look) -> Vec<Line<'a>> {
    let head = Line::from(Span::styled(format!(" {}", group.title()), look.theme.accent));
    let bindings = model.keymap.bindings().iter();
    let bindings =
        bindings.filter(|binding| binding.group == group && binding.context.holds_on(model.view.screen));
    std::iter::once(head)
        .chain(bindings.map(|binding| line(binding, look)))
        .collect()
}

fn line<'a>(binding: &'a Binding, look: &Look) -> Line<'a> {
    let keys = binding
        .keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    Line::from(vec![
        Span::styled(format!("  {keys:<14}"), look.theme.title),
        Span::styled(binding.help, look.theme.text),
    ])
}
