//! The ROC of ODIN and of the baseline, with the threshold on the curve that is shown.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::explore::why_empty;
use super::histogram::empty;
use crate::app::Model;
use crate::session::Detector;
use crate::ui::widgets::canvas::{Canvas, Pen};
use crate::ui::widgets::title;
use crate::ui::{HitMap, Look, Target};

/// Room for `100` and a blank.
const LABELS: u16 = 4;
/// The least FPR on the logarithmic axis.
const LOWEST: f64 = 1e-3;

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer, hits: &mut HitMap) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let lowest = model.view.log_fpr.then_some(LOWEST);
    let odin = Pen {
        style: theme.odin,
        ascii: "*",
        every: 1,
    };
    let baseline = Pen {
        style: theme.baseline,
        ascii: ".",
        every: if theme.has_colour { 1 } else { 3 },
    };
    let line = if glyphs.unicode {
        ["━", if theme.has_colour { "━" } else { "┅" }]
    } else {
        ["*", "."]
    };
    let legend = vec![
        Span::styled(line[0], odin.style),
        Span::raw(" ODIN "),
        Span::styled(line[1], baseline.style),
        Span::raw(" base"),
    ];
    title::draw(Rect { height: 1, ..area }, "ROC", legend, look, buffer);
    let Some(job) = model
        .selected()
        .filter(|_| why_empty(model, Detector::Baseline).is_none())
    else {
        return empty(model, Detector::Baseline, look, area, buffer);
    };
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
    let mut canvas = Canvas::new(plot);
    let faint = Pen {
        style: theme.dim,
        ascii: "'",
        every: 4,
    };
    canvas.polyline([(0.0, 0.95), (1.0, 0.95)], faint);
    let resolution = 4 * usize::from(plot.width);
    for (detector, pen) in [(Detector::Baseline, baseline), (Detector::Odin, odin)] {
        if let Some(analysis) = job.analysis(detector) {
            let pen = if detector == Detector::Odin && job.is_stale() {
                Pen { every: 3, ..pen }
            } else {
                pen
            };
            let points = analysis.comparison.roc_polyline(resolution);
            canvas.polyline(points.into_iter().map(|(fpr, tpr)| (place(fpr), tpr)), pen);
        }
    }
    canvas.draw(plot, glyphs.unicode, buffer);
    if let Some(shown) = model.shown() {
        let point = shown.at(model.cursor);
        let at = |part: f64, cells: u16| (part * f64::from(cells - 1)).round() as u16;
        let (x, y) = (
            plot.x + at(place(point.fpr), plot.width),
            plot.y + at(1.0 - point.tpr, plot.height),
        );
        buffer.set_string(x, y, glyphs.marker, theme.cursor);
    }
    draw_labels(plot, lowest, look, buffer);
    hits.add(plot, Target::Roc { lowest });
}

fn draw_labels(plot: Rect, lowest: Option<f64>, look: &Look, buffer: &mut Buffer) {
    let dim = look.theme.dim;
    buffer.set_string(plot.x - LABELS, plot.y, "100", dim);
    if plot.height >= 5 {
        buffer.set_string(plot.x - LABELS, plot.y + plot.height / 2, "TPR", dim);
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
