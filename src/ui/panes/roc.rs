//! The ROC or the CCR curve of what is shown and of what it is compared with, with the threshold on the curve.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::compared::{self, Compared};
use super::explore::why_empty;
use super::histogram::empty;
use crate::app::{Analysis, Model};
use crate::session::{CurveKind, Detector, Marks};
use crate::ui::widgets::canvas::{Canvas, Ink, Pen};
use crate::ui::widgets::pixels::Plot;
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target, format};

/// Room for `100` and a blank.
const LABELS: u16 = 4;
/// The least FPR on the logarithmic axis.
const LOWEST: f64 = 1e-3;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let kind = model.view.curve;
    let lowest = model.view.log_fpr.then_some(LOWEST);
    let curves = curves(model);
    title::draw(
        Rect { height: 1, ..area },
        match kind {
            CurveKind::Roc => "ROC",
            CurveKind::Ccr => "CCR",
        },
        legend(&curves, look),
        look,
        buffer,
    );
    if model.selected().is_none() || why_empty(model, Detector::Baseline).is_some() {
        return empty(model, Detector::Baseline, look, area, buffer);
    }
    let plot = Rect {
        x: area.x + LABELS,
        y: area.y + 1,
        width: area.width.saturating_sub(LABELS + 1),
        height: area.height.saturating_sub(2),
    };
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    let place = |fpr: f64| match lowest {
        Some(lowest) => 1.0 - fpr.max(lowest).ln() / lowest.ln(),
        None => fpr,
    };
    let mut lines: Vec<(Vec<(f64, f64)>, Pen)> = Vec::new();
    let faint = |every| Pen {
        style: theme.dim,
        ascii: "'",
        every,
    };
    if kind == CurveKind::Roc {
        lines.push((vec![(0.0, 0.95), (1.0, 0.95)], faint(4)));
        // How far the curve may be off, while there are few images.
        if let Some(shown) = model.shown().filter(|shown| !shown.band.is_empty()) {
            let band = || shown.band.iter();
            let high = band().map(|p| (place(p.fpr.low), p.tpr.high));
            let low = band().map(|p| (place(p.fpr.high), p.tpr.low));
            lines.extend([(high.collect(), faint(2)), (low.collect(), faint(2))]);
        }
    }
    let pixels = pixels(model, look, plot);
    let resolution = if pixels.is_some() { 16 } else { 4 } * usize::from(plot.width);
    let mut drawn = 0;
    for which in &curves {
        let points = which
            .analysis
            .and_then(|analysis| points(analysis, kind, resolution));
        if let Some(points) = points {
            let points = points.into_iter().map(|(fpr, rate)| (place(fpr), rate));
            lines.push((points.collect(), pen(which, look)));
            drawn += 1;
        }
    }
    let marker = model.shown().filter(|_| drawn > 0).and_then(|shown| {
        let point = shown.at(model.cursor);
        let rate = match kind {
            CurveKind::Roc => Some(point.tpr),
            CurveKind::Ccr => point.ccr,
        };
        Some((place(point.fpr), rate?))
    });
    if let Some(mut picture) = pixels.filter(|_| drawn > 0) {
        for (points, pen) in lines {
            picture.polyline(points, pen, look);
        }
        if let Some(marker) = marker {
            picture.mark(marker, theme.cursor, look);
        }
        hits.plots.push(picture.show(plot, buffer));
    } else {
        let mut canvas = Canvas::new(plot);
        for (points, pen) in lines {
            canvas.polyline(points, pen);
        }
        canvas.draw(plot, Ink::new(model.view.marks, look), buffer);
        if let Some((x, y)) = marker {
            let at = |part: f64, cells: u16| (part * f64::from(cells - 1)).round() as u16;
            let (x, y) = (plot.x + at(x, plot.width), plot.y + at(1.0 - y, plot.height));
            buffer.set_string(x, y, glyphs.marker, theme.cursor);
        }
    }
    if drawn == 0 {
        let text = format::fit(
            "no labels: no CCR",
            usize::from(plot.width.saturating_sub(1)),
            glyphs,
        );
        buffer.set_string(plot.x + 1, plot.y + plot.height / 2, text, theme.dim);
    }
    draw_labels(plot, kind, lowest, look, buffer);
    hits.add(plot, Target::Roc { lowest });
}

/// A picture to draw into, where plots are to be in pixels. Not while something lies on top, which it would cover.
pub fn pixels(model: &Model, look: &Look, area: Rect) -> Option<Plot> {
    let wanted = model.view.marks == Marks::Pixels && model.overlay.is_none();
    Plot::new(area, look).filter(|_| wanted)
}

/// From the faintest to the one that is looked at, which is drawn over the others.
fn curves(model: &Model) -> Vec<Compared<'_>> {
    let [left, right] = compared::pair(model);
    if left.is_pinned && right.detector != Detector::Baseline {
        vec![compared::of(model, Detector::Baseline), left, right]
    } else {
        vec![left, right]
    }
}

fn points(analysis: &Analysis, kind: CurveKind, resolution: usize) -> Option<Vec<(f64, f64)>> {
    match kind {
        CurveKind::Roc => Some(analysis.comparison.roc_polyline(resolution)),
        CurveKind::Ccr => analysis.comparison.ccr_polyline(resolution),
    }
}

fn pen(which: &Compared, look: &Look) -> Pen {
    let every = match which.detector {
        _ if which.is_stale => 3,
        _ if look.theme.has_colour => 1,
        _ if which.is_pinned => 2,
        Detector::Baseline => 3,
        _ => 1,
    };
    let ascii = match which.detector {
        _ if which.is_pinned => "a",
        Detector::Baseline => ".",
        _ => "*",
    };
    Pen {
        style: which.style(look),
        ascii,
        every,
    }
}

/// The one that is looked at first.
fn legend(curves: &[Compared], look: &Look) -> Vec<Span<'static>> {
    let mut legend = Vec::new();
    for which in curves.iter().rev() {
        let pen = pen(which, look);
        let line = match (look.glyphs.unicode, pen.every) {
            (false, _) => pen.ascii,
            (true, 1) => "━",
            (true, _) => "┅",
        };
        let name = match which.detector {
            _ if which.is_pinned => "A".to_owned(),
            Detector::Baseline => "base".to_owned(),
            detector => detector.to_string(),
        };
        let gap = if legend.is_empty() { "" } else { " " };
        legend.push(Span::styled(format!("{gap}{line}"), pen.style));
        legend.push(Span::raw(format!(" {name}")));
    }
    legend
}

fn draw_labels(plot: Rect, kind: CurveKind, lowest: Option<f64>, look: &Look, buffer: &mut Buffer) {
    let dim = look.theme.dim;
    buffer.set_string(plot.x - LABELS, plot.y, "100", dim);
    if plot.height >= 5 {
        let name = match kind {
            CurveKind::Roc => "TPR",
            CurveKind::Ccr => "CCR",
        };
        buffer.set_string(plot.x - LABELS, plot.y + plot.height / 2, name, dim);
    }
    buffer.set_string(plot.x - 2, plot.bottom() - 1, "0", dim);
    let y = plot.bottom();
    let low = lowest.map_or("0".to_owned(), |lowest| format!("{}", lowest * 100.0));
    let name = if lowest.is_some() { "log FPR %" } else { "FPR %" };
    buffer.set_string(plot.x, y, low, dim);
    buffer.set_string(
        plot.x + plot.width.saturating_sub(name.len() as u16) / 2,
        y,
        name,
        dim,
    );
    buffer.set_string(plot.right().saturating_sub(3), y, "100", dim);
}
