//! The metrics of both sides of a comparison, with the change, the 95 % interval and published numbers. Each name says by
//! which convention it is read.
use ratatui::layout::{Flex, Layout, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Analysis, Model, published_beside};
use crate::ui::areas::{self, indent};
use crate::ui::format;
use crate::ui::painter::Painter;
use crate::ui::panes::compared::{self, Compared};
use odin_core::report::PublishedBeside;
use odin_core::session::Metric;
use odin_metrics::{AuprConvention, Change, Changes, ErrorConvention, Positive};

const NAME: u16 = 15;
const NUMBER: u16 = 7;
/// `−30.40`, a blank, a mark, and a blank before it.
const CHANGE: u16 = 9;
/// `98.55–99.01` or `−4.5…−1.8`, and a blank.
const INTERVAL: u16 = 12;
/// Both numbers, the change and its interval, which have room everywhere.
const WIDTH: u16 = 1 + NAME + 2 * NUMBER + CHANGE + INTERVAL;
/// With the intervals of both numbers.
const WIDE: u16 = WIDTH + 2 * INTERVAL;
/// Published numbers, baseline/ODIN.
const PUBLISHED: u16 = 13;
/// Five metrics, OSCR, and CCR at four FPRs.
pub(super) const MOST_ROWS: u16 = 10;

/// How many of `room` columns the table takes.
pub(super) fn width(model: &Model, room: u16) -> u16 {
    let extra = extra(&compared::pair(model)[1]);
    if room >= WIDE + PUBLISHED + 45 + extra && published(model).is_some() {
        WIDE + PUBLISHED + extra + 1
    } else if room >= WIDE + 41 + extra {
        WIDE + extra + 1
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

fn published(model: &Model) -> Option<PublishedBeside> {
    let job = model.selected().filter(|_| model.pin.is_none())?;
    published_beside(job, &model.catalogue)
}

/// A row: a metric of each side, and which way is better.
struct Row {
    name: String,
    convention: String,
    left: Option<f64>,
    right: Option<f64>,
    left_interval: Option<(f64, f64)>,
    right_interval: Option<(f64, f64)>,
    /// By how much the right side differs from the left, once that is computed.
    change: Option<Change>,
    /// Baseline and ODIN, in %, as published.
    published: Option<(f64, Option<f64>)>,
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
    ChangeInterval,
    Published,
}

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let theme = painter.theme();
    let [head, body] = areas::head(area);
    let [left, right] = compared::pair(model);
    let extra = extra(&right);
    let wide = area.width >= WIDE + extra;
    let has_published = area.width >= WIDE + PUBLISHED + extra && published(model).is_some();
    let changes = model.changes();
    let of_side = |side: &Compared| {
        let intervals = side.analysis.and_then(Analysis::intervals);
        percent_95(intervals.is_some_and(|intervals| intervals.approximate), painter)
    };
    let of_change = percent_95(changes.is_some_and(|changes| changes.approximate), painter);
    let (of_left, of_right) = (of_side(&left), of_side(&right));
    let mut fields = if wide {
        vec![
            (Field::Left, left.name.as_str(), NUMBER),
            (Field::LeftInterval, of_left.as_str(), INTERVAL),
            (Field::Right, right.name.as_str(), NUMBER + extra),
            (Field::RightInterval, of_right.as_str(), INTERVAL),
            (Field::Change, "change", CHANGE),
            (Field::ChangeInterval, of_change.as_str(), INTERVAL),
        ]
    } else {
        vec![
            (Field::Left, left.name.as_str(), NUMBER),
            (Field::Right, right.name.as_str(), NUMBER + extra),
            (Field::Change, "change", CHANGE),
            (Field::ChangeInterval, of_change.as_str(), INTERVAL),
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
    for (row, line) in rows(model, &left, &right, changes).iter().zip(body.rows()) {
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
            value.map_or(glyphs.missing.to_owned(), |value| {
                format::interval_within(value, INTERVAL - 1, glyphs)
            })
        };
        match field {
            Field::Left if !is_stale && self.is_better() == Some(false) => (number(self.left), theme.title),
            Field::Left => (number(self.left), theme.text),
            Field::LeftInterval => (interval(self.left_interval, self.left), theme.dim),
            Field::Right if is_stale => (number(self.right), theme.dim),
            Field::Right if self.is_better() == Some(true) => (number(self.right), theme.title),
            Field::Right => (number(self.right), theme.text),
            Field::RightInterval => (interval(self.right_interval, self.right), theme.dim),
            Field::Change => self.change(is_stale, painter),
            Field::ChangeInterval => {
                let interval = self
                    .fitting_change()
                    .filter(|_| !is_stale)
                    .map(|change| change.interval);
                let text = interval.map(|interval| format::change_interval(interval, glyphs));
                (text.unwrap_or_else(|| glyphs.missing.to_owned()), theme.dim)
            }
            Field::Published => {
                let published = self.published;
                let text = published.map(|(baseline, odin)| {
                    let odin = odin.map_or(glyphs.missing.to_owned(), |odin| format!("{odin:.1}"));
                    format!("{baseline:.1}/{odin}")
                });
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
        match self.is_better().filter(|_| !is_stale) {
            None => (format!("{text}  "), theme.dim),
            Some(true) => (format!("{text} {}", glyphs.better), theme.better),
            Some(false) => (format!("{text} {}", glyphs.worse), theme.worse),
        }
    }

    /// While scores arrive, a change is of fewer images than the numbers; one whose interval they have left says nothing.
    fn fitting_change(&self) -> Option<Change> {
        let difference = self.right? - self.left?;
        self.change.filter(|change| change.interval.contains(difference))
    }

    /// Whether the right side is better, or worse; `None` where the difference may be chance, or prints as none.
    fn is_better(&self) -> Option<bool> {
        let difference = self.right? - self.left?;
        let change = self.fitting_change()?;
        (change.is_significant() && difference.abs() >= 5e-5)
            .then_some((difference > 0.0) == self.higher_is_better)
    }
}

/// The head of a column of 95 % intervals; `≈` where there are so few images that they are approximate.
fn percent_95(is_approximate: bool, painter: &Painter) -> String {
    if is_approximate {
        format!("{} 95 %", painter.glyphs().alike)
    } else {
        "95 %".to_owned()
    }
}

fn rows(model: &Model, left: &Compared, right: &Compared, changes: Option<Changes>) -> Vec<Row> {
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
    // CCR is of images that are accepted as ID: with OOD positive, an accepted OOD image is a false negative.
    let accepted = match conventions.positive {
        Positive::InDistribution => "FPR",
        Positive::OutOfDistribution => "FNR",
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
            change: changes.map(|changes| metric.change_of(&changes)),
            published: published.as_ref().map(|beside| {
                let odin = beside.odin.map(|odin| 100.0 * odin.metrics.get(metric));
                (100.0 * beside.baseline.get(metric), odin)
            }),
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
        change: changes.and_then(|changes| changes.oscr),
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
            convention: format!("at {accepted} {fpr}"),
            left: ccr(left),
            right: ccr(right),
            left_interval: ccr_interval(left),
            right_interval: ccr_interval(right),
            change: changes.and_then(|changes| changes.ccr_at_fpr?.into_iter().rev().nth(n)?.1),
            published: None,
            higher_is_better: true,
            is_headline: false,
        });
    }
    rows
}
