//! The histogram of ID and OOD scores, with the threshold.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::compared::Compared;
use super::explore::why_empty;
use super::roc;
use crate::app::{Analysis, Model};
use crate::metrics::{Bins, Densities};
use crate::session::{Axis, Detector};
use crate::ui::widgets::bars::{self, Column};
use crate::ui::widgets::canvas::Pen;
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};
use crate::units::LogOdds;

/// Room for the highest share on the left: `12%`.
const LABELS: u16 = 5;

/// Draws the scores of one of two; the mouse moves the threshold on the main one.
pub fn draw(
    model: &Model,
    which: &Compared,
    is_main: bool,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut HitMap,
) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let head = Rect { height: 1, ..area };
    let Some(analysis) = which.analysis else {
        title::draw(head, &which.name, Vec::new(), look, buffer);
        return empty(model, which.detector, look, area, buffer);
    };
    let axis = analysis.axis(model.view.axis);
    let detector = which.detector;
    let at = |name: &str| {
        let of = analysis.parameters;
        let (t, e) = (
            format::temperature(of.temperature),
            format::magnitude(of.magnitude),
        );
        format!("{name} T {t}, {} {e}", glyphs.epsilon)
    };
    let left = match axis {
        _ if which.is_stale => at(&format!("{detector} still at")),
        _ if which.is_pinned && detector.has_parameters() => at(&format!("A: {detector}")),
        _ if which.is_pinned => format!("A: {detector}"),
        _ if !detector.is_log_odds() => format!("{detector} score"),
        axis => format!("{detector} {axis}"),
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

    let mut plot = Rect {
        x: area.x + LABELS,
        y: area.y + 1,
        width: area.width.saturating_sub(LABELS + 1),
        height: area.height.saturating_sub(2),
    };
    let picture = roc::pixels(model, look, plot);
    // Of a picture a column is a pixel wide; a bin takes at least two.
    let cell = look
        .cell
        .filter(|_| picture.is_some())
        .map_or(1, |(width, _)| width);
    let room = plot.width.saturating_mul(cell);
    let wide = columns_a_bin(room, analysis).max(cell.min(2));
    let bins = room / wide;
    if picture.is_none() {
        plot.width = bins * wide;
    }
    let densities = analysis.histogram(axis).densities(usize::from(bins));
    let Some(densities) = densities.filter(|_| plot.width > 0 && plot.height > 0) else {
        return;
    };
    let (columns, top) = columns(&densities, analysis, model.view.log_counts, model.view.counts);
    let threshold = threshold(model, is_main, analysis, &densities.bins);
    if let Some(mut picture) = picture {
        picture.bars(&columns, look);
        if let Some((_, part)) = threshold {
            let pen = Pen {
                style: theme.cursor,
                ascii: glyphs.cursor,
                every: 1,
            };
            picture.polyline([(part, 0.0), (part, 1.0)], pen, look);
        }
        hits.plots.push(picture.show(plot, buffer));
    } else {
        let columns: Vec<Column> = columns
            .into_iter()
            .flat_map(|column| std::iter::repeat_n(column, usize::from(wide)))
            .collect();
        bars::draw(plot, &columns, look, buffer);
        if let Some((_, part)) = threshold {
            draw_threshold(part, plot, look, buffer);
        }
    }
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
    draw_axis(threshold, &densities.bins, plot, look, buffer);
    if is_main {
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

/// Heights for each bin, and what the full height stands for: a share of a set, or so many images.
fn columns(densities: &Densities, analysis: &Analysis, log: bool, counts: bool) -> (Vec<Column>, String) {
    let width = densities.bins.width();
    let (n_in, n_out) = (analysis.summary.n_in as f64, analysis.summary.n_out as f64);
    // Shares make sets of different sizes alike; counts show which is larger.
    let (per_in, per_out) = if counts { (n_in, n_out) } else { (1.0, 1.0) };
    let values = |density: &[f64], per: f64| density.iter().map(|d| d * width * per).collect::<Vec<_>>();
    let ins = values(&densities.density_in, per_in);
    let outs = values(&densities.density_out, per_out);
    let highest = ins.iter().chain(&outs).copied().fold(0.0, f64::max);
    // On a logarithmic scale the ground is half an image.
    let least = if counts {
        0.5
    } else {
        0.5 / n_in.max(n_out).max(1.0)
    };
    let height = |value: f64| match () {
        () if value <= 0.0 || highest <= 0.0 => 0.0,
        () if log => ((value / least).ln() / (highest / least).ln()).clamp(0.0, 1.0),
        () => value / highest,
    };
    let columns = ins.iter().zip(&outs).map(|(&i, &o)| Column {
        ins: height(i),
        outs: height(o),
    });
    let top = if counts {
        short_count(highest)
    } else {
        format!("{}%", short_share(highest))
    };
    (columns.collect(), top)
}

/// At most four columns: `812`, `12k`, `3.4M`.
fn short_count(count: f64) -> String {
    match count {
        ..9_999.5 => format!("{count:.0}"),
        ..999_500.0 => format!("{:.0}k", count / 1e3),
        ..9.95e6 => format!("{:.1}M", count / 1e6),
        _ => format!("{:.0}M", count / 1e6),
    }
}

fn short_share(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}

/// The threshold on the axis, and where along it that lies; `None` where it is not in sight.
fn threshold(model: &Model, is_main: bool, analysis: &Analysis, bins: &Bins) -> Option<(f64, f64)> {
    let cursor = if is_main {
        model.cursor
    } else {
        // The other one's threshold is that with the same TPR.
        crate::app::Cursor::Tpr(model.shown()?.at(model.cursor).tpr)
    };
    let threshold = analysis.at(cursor).threshold;
    let value = match analysis.axis(model.view.axis) {
        Axis::LogOdds => threshold,
        Axis::Probability => LogOdds(threshold).probability(),
    };
    let part = (value - bins.low) / (bins.high - bins.low);
    (0.0..=1.0).contains(&part).then_some((value, part))
}

/// The column of the plot in which a part of its axis lies.
fn column(part: f64, plot: Rect) -> u16 {
    plot.x + ((part * f64::from(plot.width)).floor() as u16).min(plot.width.saturating_sub(1))
}

/// A line through the plot.
fn draw_threshold(part: f64, plot: Rect, look: &Look, buffer: &mut Buffer) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let x = column(part, plot);
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
}

/// The ends of the axis, and the threshold's value under its line.
fn draw_axis(threshold: Option<(f64, f64)>, bins: &Bins, plot: Rect, look: &Look, buffer: &mut Buffer) {
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
    let Some((place, part)) = threshold else { return };
    let x = column(part, plot);
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
