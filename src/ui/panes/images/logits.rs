//! The greatest logits as bars.
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Span;

use crate::app::{Gallery, Job};
use crate::ui::areas::{self, indent};
use crate::ui::painter::Painter;
use odin_core::protocol::Inspection;

/// Draws the greatest logits of the image as it is, and what they become when it is perturbed.
pub(super) fn draw(gallery: &Gallery, job: &Job, found: &Inspection, area: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    if area.height < 2 {
        return;
    }
    let [head, body] = areas::head(area);
    let legend = format!("as it is {} perturbed", glyphs.arrow);
    painter.title(head, "logits", vec![Span::styled(legend, theme.dim)]);
    let mut order: Vec<usize> = (0..found.logits_before.len()).collect();
    let value = |class: usize| found.logits_before.get(class).copied().unwrap_or(f32::NAN);
    order.sort_by(|a, b| value(*b).total_cmp(&value(*a)));
    let finite = found.logits_before.iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    let [names, bars, numbers] = indent(body, 1).layout(
        &Layout::horizontal([
            Constraint::Length(if area.width >= 60 { 16 } else { 10 }),
            Constraint::Fill(1),
            Constraint::Length(16),
        ])
        .spacing(1),
    );
    for (class, row) in order.into_iter().zip(body.rows()) {
        let number = u16::try_from(class).unwrap_or(u16::MAX);
        let style = if found.label == Some(number) {
            theme.title
        } else {
            theme.text
        };
        painter.fitted(
            areas::cell(row, names),
            &gallery.class_name(job.id, number),
            style,
        );
        let share = f64::from((value(class) - low) / (high - low).max(f32::MIN_POSITIVE));
        let filled = (share.clamp(0.0, 1.0) * f64::from(bars.width)).round() as usize;
        painter.text(
            areas::cell(row, bars),
            &glyphs.bar_full.repeat(filled.max(1)),
            theme.ins,
        );
        let after = found.logits_after.get(class).copied().unwrap_or(f32::NAN);
        let text = format!("{:>7.2} {:>7.2}", value(class), after).replace('-', glyphs.minus);
        painter.right(areas::cell(row, numbers), &text, theme.dim);
    }
}
