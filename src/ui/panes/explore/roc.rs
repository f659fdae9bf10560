//! The ROC or CCR curves of what is shown and of what it is compared with, with the threshold on the curve.
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::{Analysis, Model};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::panes::compared::{self, Compared};
use crate::ui::panes::empty;
use crate::ui::widgets::canvas::{Canvas, Ink, Pen};
use crate::ui::widgets::pixels::Plot;
use odin_core::session::{CurveKind, Detector};
use odin_metrics::Positive;

/// Room on the left for `100` and a blank.
const LABELS: u16 = 4;
/// The lowest FPR on the logarithmic axis is what the images can show, but a decade is always there.
const HIGHEST_START: f64 = 0.1;

/// What faint lines are made of where there is only ASCII.
const FAINT: &str = "'";

/// Points of the unit square, and how they are joined.
type Curve = (Vec<(f64, f64)>, Pen);

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let kind = model.view.curve;
    let shown = curves(model);
    let least = model.shown().map_or(HIGHEST_START, |shown| match kind {
        CurveKind::Roc => shown.least_fpr(),
        CurveKind::Ccr => 1.0 / shown.summary.n_out.max(1) as f64,
    });
    let lowest = model.view.log_fpr.then_some(least.min(HIGHEST_START));
    let [head, body] = areas::head(area);
    let name = match kind {
        CurveKind::Roc => "ROC",
        CurveKind::Ccr => "CCR",
    };
    let mut legend = legend(&shown, painter);
    if kind == CurveKind::Roc {
        // The title, its rule and the blanks around both take ten columns.
        let room = usize::from(area.width).saturating_sub(10);
        extend_legend(&mut legend, model, room, painter);
    }
    painter.title(head, name, legend);
    if empty::why(model, Detector::Baseline).is_some() {
        return empty::draw(model, Detector::Baseline, area, painter);
    }
    let [body, _] = areas::foot(body);
    let mut plot = indent(body, LABELS);
    plot.width = plot.width.saturating_sub(1);
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    let place = |fpr: f64| match lowest {
        Some(lowest) => 1.0 - fpr.max(lowest).ln() / lowest.ln(),
        None => fpr,
    };
    let picture = Plot::new(plot, painter.look);
    let resolution = if picture.is_some() { 16 } else { 4 } * usize::from(plot.width);
    let mut lines = guides(model, kind, place, painter);
    let guides = lines.len();
    for which in &shown {
        let points = which
            .analysis
            .and_then(|analysis| points(analysis, kind, resolution));
        if let Some(points) = points {
            let points = points.into_iter().map(|(fpr, rate)| (place(fpr), rate));
            lines.push((points.collect(), pen(which, painter)));
        }
    }
    let has_curves = lines.len() > guides;
    let marker = model.shown().filter(|_| has_curves).and_then(|shown| {
        let point = shown.at(model.cursor);
        let (fpr, rate) = match kind {
            CurveKind::Roc => shown.on_roc((point.fpr, point.tpr)),
            CurveKind::Ccr => (point.fpr, point.ccr?),
        };
        Some((place(fpr), rate))
    });
    if let Some(mut picture) = picture.filter(|_| has_curves) {
        for (points, pen) in lines {
            picture.polyline(points, pen);
        }
        if let Some(marker) = marker {
            picture.mark(marker, theme.cursor);
        }
        picture.show(plot, painter);
    } else {
        let mut canvas = Canvas::new(plot);
        for (points, pen) in lines {
            canvas.polyline(points, pen);
        }
        canvas.draw(plot, Ink::new(model.view.marks, painter.look), painter);
        if let Some((x, y)) = marker {
            let at = |part: f64, cells: u16| (part * f64::from(cells - 1)).round() as u16;
            let at = Rect {
                x: plot.x + at(x, plot.width),
                y: plot.y + at(1.0 - y, plot.height),
                width: 1,
                height: 1,
            };
            painter.text(at, painter.glyphs().marker, theme.cursor);
        }
    }
    if !has_curves {
        let middle = indent(areas::middle_row(plot), 1);
        painter.fitted(middle, "no labels: no CCR", theme.dim);
    }
    let of = match (kind, model.view.conventions.positive) {
        (CurveKind::Ccr, Positive::OutOfDistribution) => "FNR",
        _ => "FPR",
    };
    draw_labels(plot, kind, of, lowest, painter);
    painter.target(plot, Target::Roc { lowest });
}

/// Faint lines below the curves: the TPR that FPR95 is read at, and how far the curve may be off while there are few images.
fn guides(model: &Model, kind: CurveKind, place: impl Fn(f64) -> f64, painter: &Painter) -> Vec<Curve> {
    if kind != CurveKind::Roc {
        return Vec::new();
    }
    let faint = |every| Pen {
        style: painter.theme().dim,
        ascii: FAINT,
        every,
    };
    let mut lines = vec![(vec![(0.0, 0.95), (1.0, 0.95)], faint(4))];
    if let Some(shown) = model.shown().filter(|shown| !shown.band.is_empty()) {
        let band = || shown.band.iter();
        let point = |fpr, tpr| {
            let (fpr, tpr) = shown.on_roc((fpr, tpr));
            (place(fpr), tpr)
        };
        let high = band().map(|p| point(p.fpr.low, p.tpr.high));
        let low = band().map(|p| point(p.fpr.high, p.tpr.low));
        lines.extend([(high.collect(), faint(2)), (low.collect(), faint(2))]);
    }
    lines
}

/// From the faintest to the one that is looked at, which is drawn last and so over the others.
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
        CurveKind::Roc => {
            let points = analysis.comparison.roc_polyline(resolution).into_iter();
            Some(points.map(|point| analysis.on_roc(point)).collect())
        }
        CurveKind::Ccr => analysis.comparison.ccr_polyline(resolution),
    }
}

fn pen(which: &Compared, painter: &Painter) -> Pen {
    let every = match which.detector {
        _ if which.is_stale => 3,
        _ if painter.theme().has_colour => 1,
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
        style: which.style(painter.theme()),
        ascii,
        every,
    }
}

/// The curve that is looked at comes first.
fn legend(curves: &[Compared], painter: &Painter) -> Vec<Span<'static>> {
    let mut legend = Vec::new();
    for which in curves.iter().rev() {
        let pen = pen(which, painter);
        let line = match (painter.glyphs().unicode, pen.every) {
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

/// Names the faint lines, as many as there is room for.
fn extend_legend(legend: &mut Vec<Span<'static>>, model: &Model, room: usize, painter: &Painter) {
    let has_band = model.shown().is_some_and(|shown| !shown.band.is_empty());
    let mut used: usize = legend.iter().map(Span::width).sum();
    for (is_there, line, name) in [(has_band, "┄", "95 % band"), (true, "┈", "TPR 95")] {
        let line = if painter.glyphs().unicode { line } else { FAINT };
        let spans = [
            Span::styled(format!(" {line}"), painter.theme().dim),
            Span::raw(format!(" {name}")),
        ];
        let width: usize = spans.iter().map(Span::width).sum();
        if is_there && used + width <= room {
            used += width;
            legend.extend(spans);
        }
    }
}

/// `of` names the rate on the horizontal axis.
fn draw_labels(plot: Rect, kind: CurveKind, of: &str, lowest: Option<f64>, painter: &mut Painter) {
    let dim = painter.theme().dim;
    let margin = Rect {
        x: plot.x - LABELS,
        width: LABELS - 1,
        ..plot
    };
    painter.right(margin, "100", dim);
    if plot.height >= 5 {
        let name = match kind {
            CurveKind::Roc => "TPR",
            CurveKind::Ccr => "CCR",
        };
        painter.centred(margin, name, dim);
    }
    painter.right(areas::foot(margin)[1], "0", dim);
    let row = Rect {
        y: plot.bottom(),
        height: 1,
        ..plot
    };
    let low = lowest.map_or("0".to_owned(), format::short_share);
    painter.text(row, &low, dim);
    let log = if lowest.is_some() { "log " } else { "" };
    painter.centred(row, &format!("{log}{of} %"), dim);
    painter.right(row, "100", dim);
}
