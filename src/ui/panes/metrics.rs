//! The metrics of two beside one another, with the change, the 95 % interval and what others published. Each name says which convention it is read by.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::compared::{self, Compared};
use crate::app::{Analysis, Model};
use crate::metrics::{AuprConvention, ErrorConvention, Positive};
use crate::networks::PublishedRow;
use crate::session::Metric;
use crate::ui::widgets::title;
use crate::ui::{Look, format};

const NAME: u16 = 15;
const NUMBER: u16 = 8;
const CHANGE: u16 = 10;
const INTERVAL: u16 = 14;
/// Where there is little room: `98.5–99.0`.
const SHORT_INTERVAL: u16 = 11;
const WIDTH: u16 = 1 + NAME + 2 * NUMBER + CHANGE + SHORT_INTERVAL;
/// What others published, baseline/ODIN.
const PUBLISHED: u16 = 13;
/// Metrics, OSCR, and CCR at four FPRs.
pub const MOST_ROWS: u16 = 10;

/// How wide the table is where there is so much room.
pub fn width(model: &Model, room: u16) -> u16 {
    const WIDE: u16 = WIDTH + 2 * INTERVAL - SHORT_INTERVAL + 2;
    if room >= WIDE + PUBLISHED + 45 && published(model).is_some() {
        WIDE + PUBLISHED
    } else if room >= WIDTH + 2 * INTERVAL + 34 {
        WIDE
    } else if room >= WIDTH + 22 {
        WIDTH + 1
    } else {
        room
    }
}

fn published(model: &Model) -> Option<&PublishedRow> {
    let job = model.selected().filter(|_| model.pin.is_none())?;
    model.catalogue.published(&job.spec.network, &job.spec.dataset)
}

/// One row: a metric of each detector, and what it means to be better.
struct Row {
    name: String,
    convention: String,
    left: Option<f64>,
    right: Option<f64>,
    left_interval: Option<(f64, f64)>,
    right_interval: Option<(f64, f64)>,
    /// Baseline and ODIN, in %, as printed.
    published: Option<(f64, f64)>,
    higher_is_better: bool,
    is_headline: bool,
}

pub fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let theme = &look.theme;
    let head = Rect { height: 1, ..area };
    let wide = area.width > WIDTH + INTERVAL;
    let has_published = area.width > WIDTH + 2 * INTERVAL && published(model).is_some();
    let [left, right] = compared::pair(model);
    title::rule(head, look, buffer);
    title::label(head, 1, "metric, %", theme.title, buffer);
    let is_stale = right.is_stale;
    let mut end = 1 + NAME;
    let mut ends = Vec::new();
    for (text, width, there) in [
        (left.name.as_str(), NUMBER, true),
        ("95 %", INTERVAL, wide),
        (right.name.as_str(), NUMBER, true),
        (if wide { "95 %" } else { "" }, INTERVAL, wide),
        ("change", CHANGE, true),
        (if wide { "" } else { "95 % int." }, SHORT_INTERVAL, !wide),
        ("published", PUBLISHED, has_published),
    ] {
        if there {
            end += width;
            title::label_before(head, end, text, theme.dim, buffer);
            ends.push(end);
        }
    }
    for (row, y) in rows(model, &left, &right).iter().zip(area.y + 1..area.bottom()) {
        let name_style = if row.is_headline { theme.title } else { theme.text };
        let after = buffer
            .set_stringn(area.x + 1, y, &row.name, usize::from(NAME), name_style)
            .0;
        buffer.set_string(after + 1, y, &row.convention, theme.dim);
        let right_style = if is_stale { theme.dim } else { theme.title };
        let number = |value: Option<f64>| value.map_or(look.glyphs.missing.to_owned(), format::percent);
        // While scores come, an interval is of somewhat fewer images: one that the estimate has left says nothing.
        let interval = |value: Option<(f64, f64)>, estimate: Option<f64>| {
            let fits = |&(low, high): &(f64, f64)| estimate.is_some_and(|at| low <= at && at <= high);
            let value = value.filter(fits);
            value.map_or(look.glyphs.missing.to_owned(), |value| {
                format::interval(value, &look.glyphs)
            })
        };
        let (change, change_style) = change(row, is_stale, look);
        let left = (number(row.left), theme.text);
        let right = (number(row.right), right_style);
        let right_interval = (interval(row.right_interval, row.right), theme.dim);
        let mut cells: Vec<(String, Style)> = if wide {
            let left_interval = (interval(row.left_interval, row.left), theme.dim);
            vec![left, left_interval, right, right_interval, (change, change_style)]
        } else {
            vec![left, right, (change, change_style), right_interval]
        };
        if has_published {
            let text = row
                .published
                .map(|(baseline, odin)| format!("{baseline:.1}/{odin:.1}"));
            cells.push((text.unwrap_or_default(), theme.dim));
        }
        for ((text, style), end) in cells.iter().zip(&ends) {
            let x = (area.x + end).saturating_sub(text.width() as u16);
            let room = usize::from(area.right().saturating_sub(x));
            buffer.set_stringn(x, y, text, room, *style);
        }
    }
}

fn change(row: &Row, is_stale: bool, look: &Look) -> (String, Style) {
    let (theme, glyphs) = (&look.theme, &look.glyphs);
    let (Some(left), Some(right)) = (row.left, row.right) else {
        return (glyphs.missing.to_owned(), theme.dim);
    };
    let change = right - left;
    let text = format::points(change, glyphs);
    if is_stale || change.abs() < 5e-5 {
        return (format!("{text}  "), theme.dim);
    }
    match (change > 0.0) == row.higher_is_better {
        true => (format!("{text} {}", glyphs.better), theme.better),
        false => (format!("{text} {}", glyphs.worse), theme.worse),
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
        // The list ascends; the rows descend, for large FPRs need few images.
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
