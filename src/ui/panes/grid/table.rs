//! The table below the map: the metrics of the cell under the cursor and of the best one, on the validation images and on the
//! rest.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::style::Style;

use crate::app::{Grid, Model, Parameters, Place, Subset};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::painter::Painter;
use odin_core::session::{Detector, Metric};
use odin_core::setting::Setting;
use odin_metrics::{Intervals, Summary};

/// Its head and four lines.
pub(super) const ROWS: u16 = 5;

/// A column of numbers.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Temperature,
    Magnitude,
    Metric(Metric),
    Interval(Metric),
}

/// The width of the names, and the columns with their widths. The chosen metric has its interval; all have where there is room.
/// Where there is too little room for all metrics, the chosen one comes first.
fn fields(width: u16, chosen: Metric) -> (u16, Vec<(Field, u16)>) {
    let is_wide = width >= 109;
    let (names, t, e, interval) = if is_wide { (30, 7, 8, 12) } else { (17, 6, 8, 11) };
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
    let mut fields = vec![(Field::Temperature, t), (Field::Magnitude, e)];
    let mut end = names + t + e;
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

/// A line of the table.
struct Row<'a> {
    name: &'static str,
    found: Option<(Parameters, Summary, Option<&'a Intervals>)>,
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
    let (names, fields) = fields(area.width, metric);
    let widths = std::iter::once(names).chain(fields.iter().map(|(_, width)| *width));
    let columns = area.layout_vec(&Layout::horizontal(widths).flex(Flex::Start));
    let columns = columns.get(1..).unwrap_or_default();
    for ((field, _), column) in fields.iter().zip(columns) {
        let (name, style) = match field {
            Field::Temperature => ("T".to_owned(), theme.dim),
            Field::Magnitude => (painter.glyphs().epsilon.to_owned(), theme.dim),
            Field::Metric(of) if *of == metric => (of.to_string(), theme.title),
            Field::Metric(of) => (of.to_string(), theme.dim),
            Field::Interval(_) => ("95 %".to_owned(), theme.dim),
        };
        painter.label_right(areas::cell(head, *column), &name, style);
    }
    let cursor = grid.parameters(grid.cursor);
    for (n, (row, line)) in lines(model, grid, painter).iter().zip(body.rows()).enumerate() {
        let known = row.found.as_ref().map(|(parameters, ..)| *parameters);
        let parameters = known.or(cursor.filter(|_| n == 0));
        for ((field, _), column) in fields.iter().zip(columns) {
            if let Some((text, style)) = row.cell(*field, parameters, painter) {
                painter.right(areas::cell(line, *column), &text, style);
            }
        }
        let mut name = row.name.to_owned();
        match &row.found {
            Some((_, summary, _)) if names > 20 => {
                name += &format!(" {}+{}", summary.n_in, summary.n_out);
            }
            Some(_) => {}
            // Behind T and ε where they are known, else in their place.
            None => {
                let behind = if n == 0 { 2 } else { 0 };
                let columns = columns.get(behind..).and_then(|columns| columns.first());
                let from = columns.map_or(area.x, |column| column.x) + 2;
                painter.text(indent(line, from - area.x), &row.missing, row.style);
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
    fn cell(
        &self,
        field: Field,
        parameters: Option<Parameters>,
        painter: &Painter,
    ) -> Option<(String, Style)> {
        let text = match field {
            Field::Temperature => format::temperature(parameters?.temperature),
            Field::Magnitude => format::magnitude(parameters?.magnitude),
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
        Some(_) => "not scored".to_owned(),
        None => String::new(),
    };
    let at = |place: Place| {
        let summary = grid.cell(place)?.by(&conventions);
        Some((
            grid.parameters(place)?,
            summary,
            grid.intervals(place, &conventions),
        ))
    };
    let rest_of_odin = on_rest.and_then(|rest| {
        let intervals = rest.odin_intervals().map(|each| each.by(&conventions));
        Some((grid.parameters(best?)?, rest.odin.by(&conventions), intervals))
    });
    let rest_of_baseline = on_rest.map(|rest| {
        let intervals = rest.baseline_intervals().map(|each| each.by(&conventions));
        (
            Parameters::of(&Setting::new(Detector::Baseline)),
            rest.baseline.by(&conventions),
            intervals,
        )
    });
    let row = |name, found, missing: &str, style| Row {
        name,
        found,
        missing: missing.to_owned(),
        style,
    };
    [
        row("under the cursor", at(grid.cursor), "empty", theme.text),
        row("best, validation", best.and_then(at), "", theme.odin),
        row("best on the rest", rest_of_odin, &rest_missing, theme.odin),
        row(
            "baseline on rest",
            rest_of_baseline,
            &rest_missing,
            theme.baseline,
        ),
    ]
}
