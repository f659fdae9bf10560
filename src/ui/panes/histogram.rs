//! The histogram of ID and OOD scores, with the threshold.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::explore::why_empty;
use crate::app::{Analysis, Model};
use crate::metrics::{Bins, Densities};
use crate::session::{Axis, Detector};
use crate::ui::widgets::bars::{self, Column};
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};
use crate::units::LogOdds;

/// Room for the highest share on the left: `12%`.
const LABELS: u16 = 5;

pub fn draw(
    model: &Model,
    detector: Detector,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let head = Rect { height: 1, ..area };
    let axis = model.view.axis;
    let Some((job, analysis)) = model
        .selected()
        .and_then(|job| Some((job, job.analysis(detector)?)))
    else {
        title::draw(head, &format!("{detector} {axis}"), Vec::new(), look, buffer);
        return empty(model, detector, look, area, buffer);
    };
    let is_old = detector == Detector::Odin && job.is_stale();
    let left = if is_old {
        let old = analysis.parameters;
        let (t, e) = (
            format::temperature(old.temperature),
            format::magnitude(old.magnitude),
        );
        format!("{detector} still at T {t}, {} {e}", glyphs.epsilon)
    } else {
        format!("{detector} {axis}")
    };
    let [in_pattern, out_pattern, both_pattern] = glyphs.patterns;
    let block = |pattern| {
        if theme.has_colour && glyphs.unicode {
            "■"
        } else {
            pattern
        }
    };
    let legend = vec![
        Span::styled(block(in_pattern), theme.ins),
        Span::raw(format!(" ID {}  ", analysis.summary.n_in)),
        Span::styled(block(out_pattern), theme.outs),
        Span::raw(format!(" OOD {}  ", analysis.summary.n_out)),
        Span::styled(block(both_pattern), theme.both),
        Span::raw(" both"),
    ];
    title::draw(head, &left, legend, look, buffer);

    let room = area.width.saturating_sub(LABELS + 1);
    let wide = columns_a_bin(room, analysis);
    let bins = room / wide;
    let plot = Rect {
        x: area.x + LABELS,
        y: area.y + 1,
        width: bins * wide,
        height: area.height.saturating_sub(2),
    };
    let densities = analysis.histogram(axis).densities(usize::from(bins));
    let Some(densities) = densities.filter(|_| plot.width > 0 && plot.height > 0) else {
        return;
    };
    let (columns, highest) = columns(&densities, analysis, model.view.log_counts);
    let columns: Vec<Column> = columns
        .into_iter()
        .flat_map(|column| std::iter::repeat_n(column, usize::from(wide)))
        .collect();
    bars::draw(plot, &columns, look, buffer);
    let top = format!("{}%", short_share(highest));
    buffer.set_string(
        plot.x.saturating_sub(top.len() as u16 + 1),
        plot.y,
        top,
        theme.dim,
    );
    if model.view.log_counts && plot.height > 2 {
        buffer.set_string(area.x, plot.y + 1, " log", theme.dim);
    }
    buffer.set_string(plot.x - 2, plot.bottom() - 1, "0", theme.dim);
    draw_axis(model, detector, analysis, &densities.bins, plot, look, buffer);
    if detector == model.view.detector {
        let whole = Rect {
            height: plot.height + 1,
            ..plot
        };
        hits.add(
            whole,
            Target::Histogram {
                low: densities.bins.low,
                high: densities.bins.high,
            },
        );
    }
}

/// How many columns of the screen a bin takes: with few images, bins as narrow as a column would show noise.
fn columns_a_bin(room: u16, analysis: &Analysis) -> u16 {
    let fewest = analysis.summary.n_in.min(analysis.summary.n_out).max(1) as f64;
    let bins = (5.0 * fewest.cbrt()).max(16.0);
    ((f64::from(room) / bins).ceil() as u16).clamp(1, room.max(1))
}

/// Heights for each bin, and the share of a set that the full height stands for.
fn columns(densities: &Densities, analysis: &Analysis, log: bool) -> (Vec<Column>, f64) {
    let width = densities.bins.width();
    let shares = |density: &[f64]| density.iter().map(|d| d * width).collect::<Vec<_>>();
    let (ins, outs) = (shares(&densities.density_in), shares(&densities.density_out));
    let highest = ins.iter().chain(&outs).copied().fold(0.0, f64::max);
    // On a logarithmic scale the ground is half an image.
    let least = 0.5 / analysis.summary.n_in.max(analysis.summary.n_out).max(1) as f64;
    let height = |share: f64| match () {
        () if share <= 0.0 || highest <= 0.0 => 0.0,
        () if log => ((share / least).ln() / (highest / least).ln()).clamp(0.0, 1.0),
        () => share / highest,
    };
    let columns = ins.iter().zip(&outs).map(|(&i, &o)| Column {
        ins: height(i),
        outs: height(o),
    });
    (columns.collect(), highest)
}

fn short_share(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}

/// The ends of the axis, and the threshold through the plot down to its value.
fn draw_axis(
    model: &Model,
    detector: Detector,
    analysis: &Analysis,
    bins: &Bins,
    plot: Rect,
    look: &Look,
    buffer: &mut Buffer,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let y = plot.bottom();
    let range = bins.high - bins.low;
    let ends = [
        format::score(bins.low, range, glyphs),
        format::score(bins.high, range, glyphs),
    ];
    buffer.set_string(plot.x, y, &ends[0], theme.dim);
    buffer.set_string(
        plot.right().saturating_sub(ends[1].width() as u16),
        y,
        &ends[1],
        theme.dim,
    );
    let cursor = if detector == model.view.detector {
        model.cursor
    } else {
        // The other detector's threshold is the one with the same TPR.
        let Some(tpr) = model.shown().map(|shown| shown.at(model.cursor).tpr) else {
            return;
        };
        crate::app::Cursor::Tpr(tpr)
    };
    let threshold = analysis.at(cursor).threshold;
    let place = match model.view.axis {
        Axis::LogOdds => threshold,
        Axis::Probability => LogOdds(threshold).probability(),
    };
    let column = ((place - bins.low) / range * f64::from(plot.width)).floor();
    if !(0.0..=f64::from(plot.width)).contains(&column) {
        return;
    }
    let x = plot.x + (column as u16).min(plot.width - 1);
    for row in plot.top()..plot.bottom() {
        if let Some(cell) = buffer.cell_mut((x, row)) {
            // A full column stays behind the line.
            let behind = if cell.symbol() == glyphs.eighths[7] && theme.has_colour {
                cell.fg
            } else {
                cell.bg
            };
            cell.set_symbol(glyphs.cursor)
                .set_style(theme.cursor)
                .set_bg(behind);
        }
    }
    let label = format!("{} {}", glyphs.delta, format::score(place, range, glyphs));
    let width = label.width() as u16;
    let low = plot.x + ends[0].width() as u16 + 1;
    let high = plot.right().saturating_sub(ends[1].width() as u16 + 1 + width);
    if low <= high {
        buffer.set_string(
            x.saturating_sub(width / 2).clamp(low, high),
            y,
            label,
            theme.cursor,
        );
    }
}

/// What is going on while there is nothing to draw.
pub fn empty(model: &Model, detector: Detector, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(text) = why_empty(model, detector) else {
        return;
    };
    let text = format::fit(&text, usize::from(area.width.saturating_sub(2)), &look.glyphs);
    let x = area.x + area.width.saturating_sub(text.width() as u16) / 2;
    buffer.set_string(x, area.y + area.height / 2, text, look.theme.dim);
}
