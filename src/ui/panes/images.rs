//! The Images screen: a page of pictures, and beside it (or in its place) what the network makes of the chosen one.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::explore::why_empty;
use super::inspection;
use crate::app::{Gallery, ImageOrder, Job, Listed, Model};
use crate::engine::protocol::Side;
use crate::ui::widgets::{blocks, title};
use crate::ui::{HitMap, Look, Target, format};

/// From this width on, the chosen image is shown beside the page.
const TWO_PANES: u16 = 72;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let gallery = &model.gallery;
    let Some(job) = model.selected() else {
        return empty(model, look, area, buffer);
    };
    if gallery.is_large {
        return inspection::draw(model, job, look, area, buffer, hits);
    }
    let beside = if area.width >= TWO_PANES {
        (area.width * 9 / 20).clamp(36, 96)
    } else {
        0
    };
    let page = Rect {
        width: area.width - beside,
        ..area
    };
    draw_page(model, job, look, page, buffer, hits);
    if beside > 0 && !gallery.listed.is_empty() {
        let side = Rect {
            x: page.right() + 1,
            width: beside - 1,
            ..area
        };
        inspection::draw(model, job, look, side, buffer, hits);
    }
}

fn draw_page(model: &Model, job: &Job, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let gallery = &model.gallery;
    let (first, in_sight) = gallery.in_sight();
    let count = match gallery.total {
        0 => String::new(),
        total => format!("{}{}{} of {total}", first + 1, glyphs.to, first + in_sight.len()),
    };
    let head = Rect { height: 1, ..area };
    let name = gallery.order.title();
    title::draw(head, name, vec![Span::styled(count, theme.dim)], look, buffer);
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
    let words = format::fit(&words, usize::from(area.width.saturating_sub(1)), glyphs);
    buffer.set_string(area.x + 1, area.y + 1, words, theme.dim);
    let room = Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(2),
        ..area
    };
    let tile = tile_width(room);
    let (across, down) = ((room.width / tile).max(1), (room.height / (tile / 2 + 1)).max(1));
    hits.page = Some((across, down));
    hits.add(room, Target::Gallery);
    if in_sight.is_empty() {
        return empty(model, look, room, buffer);
    }
    let spare = room.width.saturating_sub(across * tile) / (across + 1).max(1);
    for (n, listed) in in_sight.iter().take(usize::from(across * down)).enumerate() {
        let (row, column) = (n as u16 / across, n as u16 % across);
        let area = Rect {
            x: room.x + spare + column * (tile + spare),
            y: room.y + row * (tile / 2 + 1),
            width: tile,
            height: tile / 2 + 1,
        }
        .intersection(room);
        hits.add(area, Target::Image(first + n));
        draw_tile(model, job, listed, first + n, look, area, buffer, hits);
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

#[expect(clippy::too_many_arguments)]
fn draw_tile(
    model: &Model,
    job: &Job,
    listed: &Listed,
    place: usize,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let gallery = &model.gallery;
    let picture = Rect {
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(1),
        ..area
    };
    let said = |text: &str, style: Style, buffer: &mut Buffer| {
        let text = format::fit(text, usize::from(picture.width), glyphs);
        let x = picture.x + picture.width.saturating_sub(text.width() as u16) / 2;
        buffer.set_string(x, picture.y + picture.height / 2, text, style);
    };
    match gallery.thumbnail(job.id, listed.image) {
        Some(Ok(pixels)) => {
            let at = blocks::place(pixels, picture);
            blocks::draw(pixels, at, look, buffer);
            hits.pictures.push((at, pixels.clone()));
        }
        Some(Err(why)) => said(why, theme.error, buffer),
        None => said(glyphs.more, theme.dim, buffer),
    }
    let is_chosen = place == gallery.chosen;
    let set = if listed.image.side == Side::In {
        theme.ins
    } else {
        theme.outs
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
    let caption = format!(
        "{side}{} {wrong}{class}",
        format::score(listed.score, range, glyphs)
    );
    let marker = if is_chosen { glyphs.select } else { " " };
    let width = usize::from(picture.width);
    let caption = format!(
        "{marker}{}",
        format::fit(&caption, width.saturating_sub(1), glyphs)
    );
    let style = if is_chosen {
        set.add_modifier(Modifier::REVERSED | Modifier::BOLD)
    } else {
        set
    };
    let y = area.bottom().saturating_sub(1);
    buffer.set_string(area.x, y, format!("{caption:<width$}"), style);
}

fn empty(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let gallery: &Gallery = &model.gallery;
    let why = why_empty(model, model.view.detector);
    let why = why.unwrap_or_else(|| match model.selected() {
        Some(job) if job.scored() > 0 && gallery.basis_is_known() => "no image passes the filter".to_owned(),
        _ => "waiting for the first scores".to_owned(),
    });
    let text = format::fit(&why, usize::from(area.width.saturating_sub(2)), &look.glyphs);
    let line = Line::from(Span::styled(text, look.theme.dim));
    buffer.set_line(area.x + 1, area.y + area.height / 2, &line, area.width);
}
