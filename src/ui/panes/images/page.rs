//! A page of pictures, ordered by score.
use ratatui::layout::{Margin, Rect};
use ratatui::style::Modifier;
use ratatui::text::Span;

use crate::app::{ImageOrder, Job, Listed, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::panes::empty;
use crate::ui::widgets::blocks;
use odin_core::protocol::Side;

pub(super) fn draw(model: &Model, job: &Job, area: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let gallery = &model.gallery;
    let (first, in_sight) = gallery.in_sight();
    let count = match gallery.total {
        0 => String::new(),
        total => format!("{}{}{} of {total}", first + 1, glyphs.to, first + in_sight.len()),
    };
    let [head, body] = areas::head(area);
    painter.title(head, gallery.order.title(), vec![Span::styled(count, theme.dim)]);
    let mut words = vec![
        format!("{} scores", model.view.detector),
        gallery.filter.title().to_owned(),
    ];
    words.extend(
        gallery
            .class
            .map(|class| format!("only {}", gallery.class_name(job.id, class))),
    );
    let words = words.join(&format!(" {} ", glyphs.separator));
    let [line, room] = areas::head(body);
    painter.fitted(indent(line, 1), &words, theme.dim);
    let tile = tile_width(room);
    let tile_height = tile / 2 + 1;
    let (across, down) = ((room.width / tile).max(1), (room.height / tile_height).max(1));
    painter.hits.page = Some((across, down));
    painter.target(room, Target::Gallery);
    if in_sight.is_empty() {
        return draw_empty(model, room, painter);
    }
    let spare = room.width.saturating_sub(across * tile) / (across + 1);
    for (n, listed) in in_sight.iter().take(usize::from(across * down)).enumerate() {
        let (row, column) = (n as u16 / across, n as u16 % across);
        let area = Rect {
            x: room.x + spare + column * (tile + spare),
            y: room.y + row * tile_height,
            width: tile,
            height: tile_height,
        }
        .intersection(room);
        painter.target(area, Target::Image(first + n));
        let is_chosen = first + n == gallery.chosen;
        draw_tile(model, job, listed, is_chosen, area, painter);
    }
}

/// How wide a picture and its margin are: wider where there is much room.
fn tile_width(room: Rect) -> u16 {
    let wide = match (room.width, room.height) {
        (0..56, _) | (_, 0..24) => 14,
        (56..100, _) | (_, 24..40) => 18,
        _ => 24,
    };
    wide.min(room.width.max(1))
}

/// Draws a picture, and its caption below it.
fn draw_tile(model: &Model, job: &Job, listed: &Listed, is_chosen: bool, area: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let gallery = &model.gallery;
    let [picture, foot] = areas::foot(area);
    let width = area.width.saturating_sub(1);
    let picture = Rect { width, ..picture };
    match gallery.thumbnail(job.id, listed.image) {
        Some(Ok(pixels)) => blocks::draw(pixels, picture, painter),
        Some(Err(why)) => painter.centred(picture, &why.text, theme.error),
        None => painter.centred(picture, glyphs.more, theme.dim),
    }
    let set = match listed.image.side {
        Side::In => theme.ins,
        Side::Out => theme.outs,
    };
    let range = model.shown().map_or(1.0, |shown| {
        let (low, high) = shown.comparison.range();
        high - low
    });
    let side = match (gallery.order, listed.image.side) {
        (ImageOrder::AroundThreshold, Side::In) => "ID ",
        (ImageOrder::AroundThreshold, Side::Out) => "OOD ",
        _ => "",
    };
    let wrong = if listed.is_wrong() { glyphs.worse } else { "" };
    let class = gallery.class_name(job.id, listed.prediction);
    let score = format::score(listed.score, range, glyphs);
    let width = usize::from(width);
    let caption = format::fit(
        &format!("{side}{score} {wrong}{class}"),
        width.saturating_sub(1),
        glyphs,
    );
    let (marker, style) = if is_chosen {
        let style = set.add_modifier(Modifier::REVERSED | Modifier::BOLD);
        (glyphs.select, style)
    } else {
        (" ", set)
    };
    painter.text(foot, &format!("{:<width$}", format!("{marker}{caption}")), style);
}

/// Says why there are no images.
pub(super) fn draw_empty(model: &Model, area: Rect, painter: &mut Painter) {
    let why = empty::why(model, model.view.detector);
    let why = why.unwrap_or_else(|| match model.selected() {
        Some(job) if job.scored() > 0 && model.gallery.basis_is_known() => {
            "no image passes the filter".to_owned()
        }
        _ => "waiting for the first scores".to_owned(),
    });
    painter.wrapped(area.inner(Margin::new(1, 0)), &why, painter.theme().dim);
}
