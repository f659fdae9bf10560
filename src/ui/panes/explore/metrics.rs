//! The metrics of both sides of a comparison, with the change, the 95 % interval and published numbers. Each name says by
//! which convention it is read.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Analysis, Model};
use crate::metrics::{AuprConvention, ErrorConvention, Positive};
use crate::networks::PublishedRow;
use crate::session::Metric;
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::painter::Painter;
use crate::ui::panes::compared::{self, Compared};

const NAME: u16 = 15;
const NUMBER: u16 = 8;
const CHANGE: u16 = 10;
const INTERVAL: u16 = 14;
/// Where there is little room: `98.5–99.0` and a blank.
const SHORT_INTERVAL: u16 = 11;
const WIDTH: u16 = 1 + NAME + 2 * NUMBER + CHANGE + SHORT_INTERVAL;
/// Published numbers, baseline/ODIN.
const PUBLISHED: u16 = 13;
/// Five metrics, OSCR, and CCR at four FPRs.
pub const MOST_ROWS: u16 = 10;

/// How many of `room` columns the table takes.
pub fn width(model: &Model, room: u16) -> u16 {
    const WIDE: u16 = WIDTH + 2 * INTERVAL - SHORT_INTERVAL + 2;
    let extra = extra(&compared::pair(model)[1]);
    if room >= WIDE + PUBLISHED + 45 + extra && published(model).is_some() {
        WIDE + PUBLISHED + extra
    } else if room >= WIDTH + 2 * INTERVAL + 34 + extra {
        WIDE + extra
    } else if room >= WIDTH + 22 + extra {
        WIDTH + 1 + extra
    } else {
        room
    }
}

/// How many columns the name of what is looked at needs beyond a number's, with a blank on each side.
fn extra(right: &Compared) -> u16 {
    (right.name.width() as u16 + 2).saturating_sub(NUMBER)
}

fn published(model: &Model) -> Option<&PublishedRow> {
    let job = model.selected().filter(|_| model.pin.is_none())?;
    model.catalogue.published(&job.spec.network, &job.spec.dataset)
}

/// A row: a metric of each side, and which way is better.
struct Row {
    name: String,
    convention: String,
    left: Option<f64>,
    right: Option<f64>,
    left_interval: Option<(f64, f64)>,
    right_interval: Option<(f64, f64)>,
    /// Baseline and ODIN, in %, as published.
    published: Option<(f64, f64)>,
    higher_is_better: bool,
    is_headline: bool,
}

/// A column of numbers: of one side of the comparison, or of both.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Left,
    LeftInterval,
    Right,
    RightInterval,
    Change,
    Published,
}

pub fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let [head, body] = areas::head(area);
    let [left, right] = compared::pair(model);
    let extra = extra(&right);
    let wide = area.width > WIDTH + INTERVAL + extra;
    let has_published = area.width > WIDTH + 2 * INTERVAL + extra && published(model).is_some();
    let mut fields = if wide {
        vec![
            (Field::Left, left.name.as_str(), NUMBER),
            (Field::LeftInterval, "95 %", INTERVAL),
            (Field::Right, right.name.as_str(), NUMBER + extra),
            (Field::RightInterval, "95 %", INTERVAL),
            (Field::Change, "change", CHANGE),
        ]
    } else {
        vec![
            (Field::Left, left.name.as_str(), NUMBER),
            (Field::Right, right.name.as_str(), NUMBER + extra),
            (Field::Change, "change", CHANGE),
            (Field::RightInterval, "95 % int.", SHORT_INTERVAL),
        ]
    };
    if has_published {
        fields.push((Field::Published, "published", PUBLISHED));
    }
    painter.rule(head);
    painter.label(indent(head, 2), "metric, %", theme.title);
    let widths = std::iter::once(NAME).chain(fields.iter().map(|(.., width)| *width));
    let columns = indent(head, 1).layout_vec(&Layout::horizontal(widths).flex(Flex::Start));
    let Some((_, columns)) = columns.split_first() else {
        return;
    };
    for ((_, name, _), column) in fields.iter().zip(columns) {
        painter.label_right(*column, name, theme.dim);
    }
    for (row, line) in rows(model, &left, &right).iter().zip(body.rows()) {
        let name_style = if row.is_headline { theme.title } else { theme.text };
        // A long convention may reach into the first column, whose numbers are at its right end.
        let rest = painter.text(indent(line, 1), &row.name, name_style);
        painter.text(indent(rest, 1), &row.convention, theme.dim);
        for ((field, ..), column) in fields.iter().zip(columns) {
            let (text, style) = row.cell(*field, right.is_stale, painter);
            painter.right(areas::cell(line, *column), &text, style);
        }
    }
}

impl Row {
    fn cell(&self, field: Field, is_stale: bool, painter: &Painter) -> (String, Style) {
        let (theme, glyphs) = (painter.theme(), painter.glyphs());
        let number = |value: Option<f64>| value.map_or(glyphs.missing.to_owned(), format::percent);
        // While scores arrive, an interval is of fewer images than the estimate; one that the estimate has left says nothing.
        let interval = |value: Option<(f64, f64)>, estimate: Option<f64>| {
            let fits = |&(low, high): &(f64, f64)| estimate.is_some_and(|at| low <= at && at <= high);
            let value = value.filter(fits);
            value.map_or(glyphs.missing.to_owned(), |value| format::interval(value, glyphs))
        };
        match field {
            Field::Left => (number(self.left), theme.text),
            Field::LeftInterval => (interval(self.left_interval, self.left), theme.dim),
            Field::Right if is_stale => (number(self.right), theme.dim),
            Field::Right => (number(self.right), theme.title),
            Field::RightInterval => (interval(self.right_interval, self.right), theme.dim),
            Field::Change => self.change(is_stale, painter),
            Field::Published => {
                let published = self.published;
                let text = published.map(|(baseline, odin)| format!("{baseline:.1}/{odin:.1}"));
                (text.unwrap_or_default(), theme.dim)
            }
        }
    }

    fn change(&self, is_stale: bool, painter: &Painter) -> (String, Style) {
        let (theme, glyphs) = (painter.theme(), painter.glyphs());
        let (Some(left), Some(right)) = (self.left, self.right) else {
            return (glyphs.missing.to_owned(), theme.dim);
        };
        let change = right - left;
        let text = format::points(change, glyphs);
        if is_stale || change.abs() < 5e-5 {
            return (format!("{text}  "), theme.dim);
        }
        match (change > 0.0) == self.higher_is_better {
            true => (format!("{text} {}", glyphs.better), theme.better),
            false => (format!("{text} {}", glyphs.worse), theme.worse),
        }
    }
}

fn rows(model: &Model, left: &Compared, right: &Compared) -> Vec<Row> {
    let conventions = model.view.conventions;
    let (left, right) = (left.analysis, right.analysis);
    let published = published(model);
    let positive = match conventions.positive {
        Positive::InDistribution => "ID pos.",
        Positive::OutOfDistribution => "OOD pos.",
    };
    let error = match conventions.error {
        ErrorConvention::Minimum => "minimum",
        ErrorConvention::AtTpr95 => "at TPR 95",
    };
    let aupr = match conventions.aupr {
        AuprConvention::Balanced => "bal.",
        AuprConvention::Counts => "counts",
    };
    let mut rows: Vec<Row> = Metric::ALL
        .into_iter()
        .map(|metric| Row {
            name: metric.to_string(),
            convention: match metric {
                Metric::Fpr95 => positive,
                Metric::DetectionError => error,
                Metric::Auroc => "",
                Metric::AuprIn | Metric::AuprOut => aupr,
            }
            .to_owned(),
            left: left.map(|analysis| analysis.metric(metric)),
            right: right.map(|analysis| analysis.metric(metric)),
            left_interval: left.and_then(|analysis| analysis.interval(metric)),
            right_interval: right.and_then(|analysis| analysis.interval(metric)),
            published: published.map(|row| (row.baseline.of(metric), row.odin.of(metric))),
            higher_is_better: metric.higher_is_better(),
            is_headline: metric == model.view.metric,
        })
        .collect();
    let oscr = |analysis: Option<&Analysis>| analysis?.summary.oscr;
    let oscr_interval = |analysis: Option<&Analysis>| {
        let interval = analysis?.intervals()?.oscr?;
        Some((interval.low, interval.high))
    };
    rows.push(Row {
        name: "OSCR".to_owned(),
        convention: String::new(),
        left: oscr(left),
        right: oscr(right),
        left_interval: oscr_interval(left),
        right_interval: oscr_interval(right),
        published: None,
        higher_is_better: true,
        is_headline: false,
    });
    for (n, fpr) in ["10%", "1%", "0.1%", "0.01%"].into_iter().enumerate() {
        // The list ascends. The rows descend, as large FPRs need fewer images and so come first.
        let ccr = |analysis: Option<&Analysis>| analysis?.summary.ccr_at_fpr?.into_iter().rev().nth(n)?.1;
        let ccr_interval = |analysis: Option<&Analysis>| {
            let interval = analysis?.intervals()?.ccr_at_fpr?.into_iter().rev().nth(n)?.1?;
            Some((interval.low, interval.high))
        };
        rows.push(Row {
            name: "CCR".to_owned(),
            convention: format!("at FPR {fpr}"),
            left: ccr(left),
            right: ccr(right),
            left_interval: ccr_interval(left),
            right_interval: ccr_interval(right),
            published: None,
            higher_is_better: true,
            is_headline: false,
        });
    }
    rows
}
