//! The table below the map: the metrics of the cell under the cursor and of the best one, on the validation images and on the
//! rest.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Grid, Model, Place, Subset};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::glyphs::Glyphs;
use crate::ui::painter::Painter;
use odin_core::session::{Detector, Metric};
use odin_core::setting::Setting;
use odin_core::tuning::Axis;
use odin_metrics::{Intervals, Summary};

/// Its head and four lines.
pub(super) const ROWS: u16 = 5;

/// A column of numbers.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    /// The first or the second of the knobs.
    Knob(usize),
    Metric(Metric),
    Interval(Metric),
}

/// The width of the names, and the columns with their widths. The chosen metric has its interval; all have where there is room.
/// Where there is too little room for all metrics, the chosen one comes first.
fn fields(grid: &Grid, width: u16, chosen: Metric, glyphs: &Glyphs) -> (u16, Vec<(Field, u16)>) {
    let is_wide = width >= 109;
    let (names, least, interval) = if is_wide { (30, 7, 12) } else { (17, 6, 11) };
    let knob_width = |axis: &Axis| {
        let values = axis.values.iter().map(|value| format::knob(*value).width());
        let name = glyphs.knob(axis.knob).width();
        (values.max().unwrap_or(0).max(name) as u16 + 2).clamp(least, 12)
    };
    let metric_width = |metric| match metric {
        _ if is_wide => 10,
        Metric::Fpr95 | Metric::DetectionError | Metric::Auroc => 7,
        Metric::AuprIn => 8,
        Metric::AuprOut => 9,
    };
    let every = width >= 160;
    let mut metrics = Metric::ALL.to_vec();
    if width < 80 {
        metrics.sort_by_key(|metric| *metric != chosen);
    }
    let axes = grid.axes().enumerate();
    let mut fields: Vec<_> = axes
        .map(|(place, axis)| (Field::Knob(place), knob_width(axis)))
        .collect();
    let mut end = names + fields.iter().map(|(_, width)| width).sum::<u16>();
    for metric in metrics {
        let own = [(Field::Metric(metric), metric_width(metric))];
        let its_interval = (every || metric == chosen).then_some((Field::Interval(metric), interval));
        let both: Vec<_> = own.into_iter().chain(its_interval).collect();
        end += both.iter().map(|(_, width)| width).sum::<u16>();
        if end <= width {
            fields.extend(both);
        }
    }
    (names, fields)
}

/// The values of the tuned knobs, as far as there are any.
type Values = Vec<Option<f64>>;

fn values(grid: &Grid, setting: &Setting) -> Values {
    grid.axes().map(|axis| setting.get(axis.knob.key)).collect()
}

/// A line of the table.
struct Row<'a> {
    name: &'static str,
    found: Option<(Values, Summary, Option<&'a Intervals>)>,
    /// What is said where there are no metrics.
    missing: String,
    style: Style,
}

pub(super) fn draw(model: &Model, grid: &Grid, area: Rect, painter: &mut Painter) {
    if area.height < 2 {
        return;
    }
    let theme = painter.theme();
    let metric = model.view.metric;
    let [head, body] = areas::head(area);
    painter.rule(head);
    let (names, fields) = fields(grid, area.width, metric, painter.glyphs());
    let widths = std::iter::once(names).chain(fields.iter().map(|(_, width)| *width));
    let columns = area.layout_vec(&Layout::horizontal(widths).flex(Flex::Start));
    let columns = columns.get(1..).unwrap_or_default();
    for ((field, _), column) in fields.iter().zip(columns) {
        let (name, style) = match field {
            Field::Knob(place) => {
                let knob = grid
                    .axes()
                    .nth(*place)
                    .map(|axis| painter.glyphs().knob(axis.knob));
                (knob.unwrap_or_default().to_owned(), theme.dim)
            }
            Field::Metric(of) if *of == metric => (of.to_string(), theme.title),
            Field::Metric(of) => (of.to_string(), theme.dim),
            Field::Interval(_) => ("95 %".to_owned(), theme.dim),
        };
        painter.label_right(areas::cell(head, *column), &name, style);
    }
    let cursor = grid.setting(grid.cursor).map(|setting| values(grid, &setting));
    for (n, (row, line)) in lines(model, grid, painter).iter().zip(body.rows()).enumerate() {
        let known = row.found.as_ref().map(|(values, ..)| values);
        let values = known.or(cursor.as_ref().filter(|_| n == 0));
        for ((field, _), column) in fields.iter().zip(columns) {
            if let Some((text, style)) = row.cell(*field, values, painter) {
                painter.right(areas::cell(line, *column), &text, style);
            }
        }
        let mut name = row.name.to_owned();
        match &row.found {
            Some((_, summary, _)) if names > 20 => {
                name += &format!(" {}+{}", summary.n_in, summary.n_out);
            }
            Some(_) => {}
            // Behind the knobs where they are known, else in their place.
            None => {
                let behind = if n == 0 { grid.axes().count() } else { 0 };
                let columns = columns.get(behind..).and_then(|columns| columns.first());
                let from = columns.map_or(area.x, |column| column.x) + 2;
                painter.fitted(indent(line, from - area.x), &row.missing, row.style);
            }
        }
        let place = Rect {
            width: names + 1,
            ..line
        };
        painter.text(indent(place, 1), &name, theme.text);
    }
}

impl Row<'_> {
    fn cell(&self, field: Field, values: Option<&Values>, painter: &Painter) -> Option<(String, Style)> {
        let text = match field {
            Field::Knob(place) => format::knob((*values?.get(place)?)?),
            Field::Metric(metric) => {
                let (_, summary, _) = self.found.as_ref()?;
                format::percent(metric.of(summary))
            }
            Field::Interval(metric) => {
                let (_, _, intervals) = self.found.as_ref()?;
                let interval = metric.interval_of((*intervals)?);
                let text = format::interval((interval.low, interval.high), painter.glyphs());
                return Some((text, painter.theme().dim));
            }
        };
        Some((text, self.style))
    }
}

/// The lines of the table.
fn lines<'a>(model: &Model, grid: &'a Grid, painter: &Painter) -> [Row<'a>; 4] {
    let theme = painter.theme();
    let (metric, conventions) = (model.view.metric, model.view.conventions);
    let best = grid.best(metric, &conventions).map(|(place, _)| place);
    let on_rest = best.and_then(|place| grid.on_rest(place));
    let rest_missing = match best {
        Some(best) if grid.is_in_flight(best, Subset::Rest) => {
            let part = grid.progress(best, Subset::Rest).unwrap_or(0.0);
            format!("scoring, {:.0}%", part * 100.0)
        }
        Some(best) => match grid.missing_on_rest(best) {
            Some(why) => why.to_string(),
            None => "not scored".to_owned(),
        },
        None => String::new(),
    };
    let values_at = |place: Place| Some(values(grid, &grid.setting(place)?));
    let at = |place: Place| {
        let summary = grid.cell(place)?.by(&conventions);
        Some((values_at(place)?, summary, grid.intervals(place, &conventions)))
    };
    let rest_of_tuned = on_rest.and_then(|rest| {
        let intervals = rest.tuned_intervals().map(|each| each.by(&conventions));
        Some((values_at(best?)?, rest.tuned.by(&conventions), intervals))
    });
    // It is ODIN at these T and ε.
    let of_baseline = match grid.detector() {
        Detector::Odin => vec![Some(1.0), Some(0.0)],
        _ => Vec::new(),
    };
    let rest_of_baseline = on_rest.map(|rest| {
        let intervals = rest.baseline_intervals().map(|each| each.by(&conventions));
        (of_baseline, rest.baseline.by(&conventions), intervals)
    });
    let row = |name, found, missing: &str, style| Row {
        name,
        found,
        missing: missing.to_owned(),
        style,
    };
    let empty = grid.missing(grid.cursor).map_or("empty", |why| why.0.as_str());
    [
        row("under the cursor", at(grid.cursor), empty, theme.text),
        row("best, validation", best.and_then(at), "", theme.odin),
        row("best on the rest", rest_of_tuned, &rest_missing, theme.odin),
        row(
            "baseline on rest",
            rest_of_baseline,
            &rest_missing,
            theme.baseline,
        ),
    ]
}
