//! The histogram of ID and OOD scores, with the threshold.
use ratatui::layout::Rect;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::compared::Compared;
use super::empty;
use crate::app::{Analysis, Cursor, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format::{self, knobs};
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::bars::{self, Column};
use crate::ui::widgets::canvas::Pen;
use crate::ui::widgets::pixels::Plot;
use odin_core::session::Axis;
use odin_core::units::LogOdds;
use odin_metrics::{Bins, Densities};

/// Room on the left for the highest share and a blank: ` 12% `.
const LABELS: u16 = 5;

/// Where the columns are on the screen, and the scores at the ends of their axis.
pub(super) struct Drawn {
    pub plot: Rect,
    pub low: f64,
    pub high: f64,
}

/// Draws the scores of one side of a comparison; the mouse moves the threshold on the main one.
pub(super) fn draw(
    model: &Model,
    which: &Compared,
    is_main: bool,
    area: Rect,
    painter: &mut Painter,
) -> Option<Drawn> {
    let theme = painter.theme();
    let [head, body] = areas::head(area);
    let Some(analysis) = which.analysis else {
        painter.title(head, &which.name, Vec::new());
        empty::draw(model, which.detector, area, painter);
        return None;
    };
    let axis = analysis.axis(model.view.axis);
    painter.title(
        head,
        &title(which, analysis, axis, painter),
        legend(analysis, painter),
    );

    let [body, _] = areas::foot(body);
    let mut plot = indent(body, LABELS);
    plot.width = plot.width.saturating_sub(1);
    let picture = Plot::new(plot, painter.look);
    // In a picture, columns can be as narrow as a pixel; a bin takes at least two.
    let cell = painter
        .look
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
    let densities = densities.filter(|_| !plot.is_empty())?;
    let (columns, [top, ground]) = columns(&densities, analysis, model.view.log_counts, model.view.counts);
    let threshold = threshold(model, is_main, analysis, &densities.bins);
    if let Some(mut picture) = picture {
        picture.bars(&columns);
        if let Some((_, part)) = threshold {
            let pen = Pen {
                style: theme.cursor,
                ascii: painter.glyphs().cursor,
                every: 1,
            };
            picture.polyline([(part, 0.0), (part, 1.0)], pen);
        }
        picture.show(plot, painter);
    } else {
        let columns: Vec<Column> = columns
            .into_iter()
            .flat_map(|column| std::iter::repeat_n(column, usize::from(wide)))
            .collect();
        bars::draw(plot, &columns, painter);
        if let Some((_, part)) = threshold {
            draw_threshold(part, plot, painter);
        }
    }
    let margin = Rect {
        x: area.x,
        width: LABELS - 1,
        ..plot
    };
    let [first, below] = areas::head(margin);
    painter.right(first, &top, theme.dim);
    if model.view.log_counts && plot.height > 2 {
        painter.right(below, "log", theme.dim);
    }
    painter.right(areas::foot(margin)[1], &ground, theme.dim);
    draw_axis(threshold, &densities.bins, plot, painter);
    let Bins { low, high, .. } = densities.bins;
    if is_main {
        let height = plot.height + 1;
        painter.target(Rect { height, ..plot }, Target::Histogram { low, high });
    }
    Some(Drawn { plot, low, high })
}

fn title(which: &Compared, analysis: &Analysis, axis: Axis, painter: &Painter) -> String {
    let detector = which.detector;
    let at = |name: &str| format!("{name} {}", knobs(&analysis.setting, painter.glyphs()));
    match axis {
        _ if which.is_stale => at(&format!("{detector} still at")),
        _ if which.is_pinned && !detector.knobs().is_empty() => at(&format!("A: {detector}")),
        _ if which.is_pinned => format!("A: {detector}"),
        _ if !detector.is_log_odds() => format!("{detector} score"),
        axis => format!("{detector} {axis}"),
    }
}

fn legend(analysis: &Analysis, painter: &Painter) -> Vec<Span<'static>> {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let [ins, outs, both] = glyphs.patterns.map(|pattern| {
        if theme.has_colour && glyphs.unicode {
            "■"
        } else {
            pattern
        }
    });
    vec![
        Span::styled(ins, theme.ins),
        Span::raw(format!(" ID {}  ", analysis.summary.n_in)),
        Span::styled(outs, theme.outs),
        Span::raw(format!(" OOD {}  ", analysis.summary.n_out)),
        Span::styled(both, theme.both),
        Span::raw(" both"),
    ]
}

/// How many columns of the screen a bin takes. With few images, a bin in each column would show noise.
fn columns_a_bin(room: u16, analysis: &Analysis) -> u16 {
    let fewest = analysis.summary.n_in.min(analysis.summary.n_out).max(1) as f64;
    let bins = (5.0 * fewest.cbrt()).max(16.0);
    ((f64::from(room) / bins).ceil() as u16).clamp(1, room.max(1))
}

/// The heights of the bins, and what the full height and the ground stand for: shares of a set, or numbers of images.
fn columns(
    densities: &Densities,
    analysis: &Analysis,
    log: bool,
    counts: bool,
) -> (Vec<Column>, [String; 2]) {
    let width = densities.bins.width();
    let (n_in, n_out) = (analysis.summary.n_in as f64, analysis.summary.n_out as f64);
    // Shares make sets of different sizes comparable; counts show which is larger.
    let (per_in, per_out) = if counts { (n_in, n_out) } else { (1.0, 1.0) };
    let values = |density: &[f64], per: f64| density.iter().map(|d| d * width * per).collect::<Vec<_>>();
    let ins = values(&densities.density_in, per_in);
    let outs = values(&densities.density_out, per_out);
    let highest = ins.iter().chain(&outs).copied().fold(0.0, f64::max);
    // The logarithmic scale begins at half an image.
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
    let ground = match (log, counts) {
        (false, _) => "0".to_owned(),
        (true, true) => format!("{least}"),
        (true, false) => least_share(least),
    };
    (columns.collect(), [top, ground])
}

/// A small share in four characters: `0.1%`, `.03%`, `<.01`.
fn least_share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.095.. => format!("{percent:.1}%"),
        0.005.. => format!("{percent:.2}%").trim_start_matches('0').to_owned(),
        _ => "<.01".to_owned(),
    }
}

/// A count in at most four characters: `812`, `12k`, `3.4M`.
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

/// The threshold on the axis, and where along the axis it lies (0 to 1); `None` where it is outside.
fn threshold(model: &Model, is_main: bool, analysis: &Analysis, bins: &Bins) -> Option<(f64, f64)> {
    let cursor = if is_main {
        model.cursor
    } else {
        // On the other side, the threshold with the same TPR.
        Cursor::Tpr(model.shown()?.tpr(model.cursor))
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

/// A vertical line through the plot.
fn draw_threshold(part: f64, plot: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let x = column(part, plot);
    for row in plot.top()..plot.bottom() {
        if let Some(cell) = painter.buffer.cell_mut((x, row)) {
            // A full column stays visible behind the line.
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

/// The ends of the axis, and the threshold's value under its line where there is room.
fn draw_axis(threshold: Option<(f64, f64)>, bins: &Bins, plot: Rect, painter: &mut Painter) {
    let (theme, glyphs) = (painter.theme(), painter.glyphs());
    let row = Rect {
        y: plot.bottom(),
        height: 1,
        ..plot
    };
    let range = bins.high - bins.low;
    let [low, high] = [bins.low, bins.high].map(|end| format::score(end, range, glyphs));
    painter.text(row, &low, theme.dim);
    painter.right(row, &high, theme.dim);
    let Some((value, part)) = threshold else { return };
    let label = format!("{} {}", glyphs.delta, format::score(value, range, glyphs));
    let width = label.width() as u16;
    let first = plot.x + low.width() as u16 + 1;
    let last = plot.right().saturating_sub(high.width() as u16 + 1 + width);
    if first <= last {
        let x = column(part, plot).saturating_sub(width / 2).clamp(first, last);
        painter.text(Rect { x, width, ..row }, &label, theme.cursor);
    }
}
