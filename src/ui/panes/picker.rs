//! The picker: a network and a data set for a new job, those that are on this machine first.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Choice, Choices, Column, Model, Picker};
use crate::ui::widgets::{panel, title};
use crate::ui::{HitMap, Look, Target};

const WIDTH: u16 = 110;
const ROWS: u16 = 18;

pub fn draw(model: &Model, picker: &Picker, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    hits.add(area, Target::Overlay);
    let hint = "enter adds, tab other list, esc closes";
    let inner = panel::draw(
        area,
        WIDTH.min(area.width.saturating_sub(2)),
        ROWS,
        "New job",
        hint,
        look,
        buffer,
    );
    hits.add(inner, Target::Panel);
    let half = inner.width / 2;
    let left = Rect {
        width: half.saturating_sub(1),
        ..inner
    };
    let right = Rect {
        x: inner.x + half,
        width: inner.width - half,
        ..inner
    };
    let catalogue = &model.catalogue;
    for (column, name, area, choices, all) in [
        (
            Column::Networks,
            "network",
            left,
            &picker.networks,
            &catalogue.networks,
        ),
        (Column::Sets, "OOD set", right, &picker.sets, &catalogue.sets),
    ] {
        list(
            column,
            name,
            choices,
            all,
            picker.column == column,
            look,
            area,
            buffer,
            hits,
        );
    }
}

#[allow(clippy::too_many_arguments)] // One call; a struct would only name them twice.
fn list(
    column: Column,
    name: &str,
    choices: &Choices,
    all: &[Choice],
    has_keyboard: bool,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let theme = &look.theme;
    let label = format!("{name}: ");
    if has_keyboard {
        panel::field(area, &label, choices.query.text(), look, buffer);
    } else {
        let room = usize::from(area.width.saturating_sub(1));
        let text = format!("{label}{}", choices.query.text());
        buffer.set_stringn(area.x + 1, area.y, text, room, theme.dim);
    }
    let below = area.y + 1;
    if choices.found.is_empty() {
        let text = match choices.path() {
            Some(path) if column == Column::Sets => format!("the images at {path}"),
            _ if all.is_empty() => "none yet".to_owned(),
            _ if column == Column::Sets => "none; a path with a / is taken too".to_owned(),
            _ => "none".to_owned(),
        };
        let line = Rect {
            y: below,
            height: 1,
            ..area
        };
        return panel::row(line, choices.path().is_some(), &text, "", true, look, buffer);
    }
    // The last row tells more about the chosen one.
    let rows = area.height.saturating_sub(3);
    let first = panel::first_in_sight(choices.selected, rows);
    let shown = choices.found.iter().enumerate().skip(first);
    for ((place, &number), y) in shown.zip(below..below + rows) {
        let Some(choice) = all.get(number) else { continue };
        let line = Rect { y, height: 1, ..area };
        let about = if choice.is_present { "" } else { "not here" };
        let is_chosen = place == choices.selected;
        panel::row(
            line,
            is_chosen,
            &choice.name,
            about,
            !choice.is_present,
            look,
            buffer,
        );
        hits.add(line, Target::Choice(column, place));
    }
    if let Some(choice) = choices.choice(all).filter(|_| area.height > 3) {
        let foot = Rect {
            y: area.bottom() - 2,
            height: 1,
            ..area
        };
        title::rule(foot, look, buffer);
        let line = Rect {
            y: area.bottom() - 1,
            ..foot
        };
        let text = match choice.is_present {
            true => choice.title.clone(),
            false => format!("odin fetch {}: {}", choice.name, choice.title),
        };
        panel::row(line, false, &text, "", true, look, buffer);
    }
}
