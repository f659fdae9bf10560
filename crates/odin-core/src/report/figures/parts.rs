//! What every figure has: a title, lines, and the type of what drawing gives.
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::style::{FONT, SMALL};

/// Two lines over a figure.
#[derive(Debug, Clone, Default)]
pub struct Title(pub String, pub String);

/// A curve: what it is called, and its points (FPR, TPR or CCR).
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// A value with its interval, and whether it stands out.
pub struct ForestRow {
    pub name: String,
    pub value: f64,
    pub low: f64,
    pub high: f64,
    pub is_marked: bool,
}

pub(super) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// A white area with the title over it; gives what is left.
pub(super) fn titled<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &Title,
) -> Result<DrawingArea<DB, Shift>, DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let (width, _) = area.dim_in_pixel();
    let style = TextStyle::from((FONT, SMALL).into_font()).pos(Pos::new(HPos::Center, VPos::Top));
    let mut top = 12;
    for line in [&title.0, &title.1].into_iter().filter(|line| !line.is_empty()) {
        area.draw(&Text::new(line.clone(), (width as i32 / 2, top), style.clone()))?;
        top += SMALL as i32 + 4;
    }
    Ok(area.margin(top, 14, 10, 48))
}
