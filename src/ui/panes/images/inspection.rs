//! One image: the picture as it is, what ODIN adds to it, the two together; facts, logits, and its place among the others.
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

use super::{facts, logits};
use crate::app::{Gallery, Job, Listed, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::painter::Painter;
use crate::ui::panes::compared;
use crate::ui::panes::histogram::{self, Drawn};
use crate::ui::widgets::blocks;
use odin_core::plain::plain;
use odin_core::protocol::{Failure, Inspection, Pixels, Side};
use odin_core::session::Axis;
use odin_core::units::LogOdds;

/// From this width on there is room for three pictures beside one another.
const THREE: u16 = 60;
/// Room for the facts beside a single picture.
const FACTS: u16 = 20;

/// The three pictures of an image, and what the engine has found.
struct Inspected<'a> {
    result: Option<&'a Result<Inspection, Failure>>,
    /// What is shown until the engine answers.
    thumbnail: Option<&'a Pixels>,
}

impl<'a> Inspected<'a> {
    fn new(gallery: &'a Gallery, job: &Job, listed: &Listed) -> Self {
        let known = gallery.thumbnail(job.id, listed.image);
        Self {
            result: gallery.inspection(job),
            thumbnail: known.and_then(|known| known.as_ref().ok()),
        }
    }

    fn found(&self) -> Option<&'a Inspection> {
        self.result?.as_ref().ok()
    }

    fn original(&self) -> Option<&'a Pixels> {
        self.found().map(|found| &found.original).or(self.thumbnail)
    }
}

pub(super) fn draw(model: &Model, job: &Job, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let gallery = &model.gallery;
    let Some(listed) = gallery.chosen() else {
        return;
    };
    let inspected = Inspected::new(gallery, job, listed);
    let number = listed.image.index;
    // Its own name says more than the set's.
    let name = inspected.found().and_then(|found| found.name.as_deref());
    let (set, style, name) = match (listed.image.side, name) {
        (Side::In, None) => ("ID", theme.ins, format!("image {number}")),
        (Side::Out, None) => {
            let name = format!("image {number} of {}", job.spec.dataset);
            ("OOD", theme.outs, name)
        }
        (side, Some(name)) => {
            let name = plain(name);
            let what = format!("image {number}: ");
            // Cut in its middle, with room for what stands around it: the side and the rule.
            let room = usize::from(area.width).saturating_sub(what.len() + 10);
            let name = what + &format::fit_name(&name, room, painter.glyphs());
            match side {
                Side::In => ("ID", theme.ins, name),
                Side::Out => ("OOD", theme.outs, name),
            }
        }
    };
    let [head, body] = areas::head(area);
    painter.title(head, &name, vec![Span::styled(set, style)]);
    if body.width < 24 || body.height < 8 {
        return;
    }
    let facts = facts::lines(model, job, listed, inspected.found(), painter);
    let is_three = body.width >= THREE;
    // Rows of a square picture: a cell is twice as high as wide.
    let (square, least_below) = if is_three {
        (body.width / 3 / 2 + 1, 10)
    } else {
        ((body.width - FACTS) / 2, 7)
    };
    let pictures = square.min(body.height.saturating_sub(least_below)).max(4);
    let facts_rows = if is_three { 3 } else { 0 };
    let below = body.height.saturating_sub(pictures + facts_rows);
    let [top, facts_area, rest] = areas::stack(body, [pictures, facts_rows, below]);
    let [logits, scores] = if is_three {
        areas::beside(rest, rest.width / 2)
    } else {
        let scores = if below >= 12 {
            (below / 2).min(12)
        } else {
            below.min(5)
        };
        areas::stack(rest, [below.saturating_sub(scores), scores])
    };
    if is_three {
        draw_three(&inspected, top, painter);
        // Two facts a line.
        let half = facts_area.width / 2;
        let [left, right, _] = areas::columns(facts_area, [half, half, facts_area.width - 2 * half]);
        for ((facts, left), right) in facts.chunks(2).zip(left.rows()).zip(right.rows()) {
            for (fact, place) in facts.chunks(1).zip([left, right]) {
                painter.lines(place, fact);
            }
        }
    } else {
        let [picture, _, facts_area] = areas::columns(top, [top.width - FACTS, 1, FACTS - 1]);
        if let Some(pixels) = inspected.original() {
            blocks::draw(pixels, picture, painter);
        }
        painter.lines(facts_area, &facts);
    }
    match inspected.result {
        Some(Ok(found)) => logits::draw(gallery, job, found, logits, painter),
        Some(Err(why)) => say(&why.text, theme.error, logits, painter),
        None => say("asking the network", theme.dim, logits, painter),
    }
    if scores.height >= 4 {
        let shown = compared::of(model, model.view.detector);
        if let Some(drawn) = histogram::draw(model, &shown, true, scores, painter) {
            mark(model, listed, &drawn, painter);
        }
    }
}

fn say(text: &str, style: Style, area: Rect, painter: &mut Painter) {
    painter.wrapped(area.inner(Margin::new(1, 0)), text, style);
}

/// The image as it is, what is added to it, and the sum, beside one another.
fn draw_three(inspected: &Inspected, area: Rect, painter: &mut Painter) {
    let found = inspected.found();
    let added = match found.map(|found| found.magnitude.get()) {
        Some(0.0) => "direction; nothing is added".to_owned(),
        Some(epsilon) => format!("perturbation, {:.0} times", 0.5 / epsilon),
        None => "perturbation".to_owned(),
    };
    let third = area.width / 3;
    let columns = areas::columns(area, [third, third, third]);
    let pictures = [
        (inspected.original(), "as it is"),
        (found.map(|found| &found.perturbation), added.as_str()),
        (found.map(|found| &found.perturbed), "perturbed"),
    ];
    for (mut column, (pixels, name)) in columns.into_iter().zip(pictures) {
        column.width = column.width.saturating_sub(1);
        let [picture, caption] = areas::foot(column);
        if let Some(pixels) = pixels {
            blocks::draw(pixels, picture, painter);
        }
        painter.centred(caption, name, painter.theme().dim);
    }
}

/// Marks the place of the chosen image at the top of the histogram.
fn mark(model: &Model, listed: &Listed, drawn: &Drawn, painter: &mut Painter) {
    let theme = painter.theme();
    let Drawn { plot, low, high } = *drawn;
    let value = match model.view.axis {
        Axis::LogOdds => listed.score,
        Axis::Probability => LogOdds(listed.score).probability(),
    };
    let part = ((value - low) / (high - low)).clamp(0.0, 1.0);
    if part.is_nan() {
        return;
    }
    let column = ((part * f64::from(plot.width)) as u16).min(plot.width.saturating_sub(1));
    let style = match listed.image.side {
        Side::In => theme.ins,
        Side::Out => theme.outs,
    };
    let place = Rect {
        width: 1,
        ..indent(plot, column)
    };
    painter.text(place, painter.glyphs().down_marker, style.patch(theme.title));
}
