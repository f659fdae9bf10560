//! Where on the screen each thing is, for the mouse and for pictures.
use ratatui::layout::{Position, Rect};

use crate::app::{
    Action, Column, CompareAction, CompareColumn, DetectorsAction, GridAction, ImagesAction, Place, Slider,
};
use odin_core::protocol::Pixels;
use odin_core::session::{Detector, Screen};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The track of a slider, end to end.
    Slider(Slider),
    Job(usize),
    Jobs,
    /// The columns of the histogram, whose axis goes from `low` to `high`.
    Histogram {
        low: f64,
        high: f64,
    },
    /// The columns of the ROC; from 0 to 1, or on a logarithmic axis from `lowest` to 1.
    Roc {
        lowest: Option<f64>,
    },
    Screen(Screen),
    Log,
    /// A row of a list in an overlay.
    Choice(Column, usize),
    /// An overlay that stays open when it is clicked.
    Panel,
    /// A cell of a grid of knobs, or of the table of choices.
    Cell(Place),
    /// The image at a place of the list.
    Image(usize),
    /// The row of this job on the Compare screen.
    Row(usize),
    /// The head of a column on that screen.
    Column(CompareColumn),
    /// The row of a detector on the Detectors screen, and the screen.
    Detector(Detector),
    Detectors,
    /// The page of images.
    Gallery,
    /// Around an overlay, where a click closes it.
    Overlay,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct HitMap {
    targets: Vec<(Rect, Target)>,
    /// How many images the Images screen has room for, across and down.
    pub page: Option<(u16, u16)>,
    /// Pictures that can be shown in pixels, and where.
    pub pictures: Vec<(Rect, Pixels)>,
    /// Plots in pixels.
    pub plots: Vec<(Rect, Pixels)>,
}

impl HitMap {
    pub fn add(&mut self, area: Rect, target: Target) {
        self.targets.push((area, target));
    }

    /// What lies on top at a place.
    pub fn at(&self, x: u16, y: u16) -> Option<(Rect, Target)> {
        self.targets
            .iter()
            .rev()
            .find(|(area, _)| area.contains(Position { x, y }))
            .copied()
    }
}

impl Target {
    /// What pressing or dragging the mouse at column `x` does, the target being at `area`.
    pub fn press(self, area: Rect, x: u16) -> Option<Action> {
        let fraction = fraction(area, x);
        Some(match self {
            Self::Slider(slider) => Action::SlideTo(slider, fraction),
            Self::Job(job) => Action::SelectJob(job),
            // A column is a bin: its middle, not its edge.
            Self::Histogram { low, high } => {
                let middle = (f64::from(x.clamp(area.x, area.right().saturating_sub(1)) - area.x) + 0.5)
                    / f64::from(area.width.max(1));
                Action::ThresholdToScore(low + (high - low) * middle)
            }
            Self::Roc { lowest: None } => Action::ThresholdToFpr(fraction),
            Self::Roc { lowest: Some(lowest) } => Action::ThresholdToFpr(lowest.powf(1.0 - fraction)),
            Self::Screen(screen) => Action::Show(screen),
            Self::Row(job) => Action::SelectJob(job),
            Self::Column(column) => Action::Compare(CompareAction::SortBy(column)),
            Self::Image(place) => Action::Images(ImagesAction::Choose(place)),
            Self::Cell(place) => Action::Grid(GridAction::To(place)),
            Self::Overlay => Action::Dismiss,
            Self::Choice(column, row) => Action::ChooseRow(column, row),
            Self::Detector(detector) => Action::Detectors(DetectorsAction::To(detector)),
            Self::Jobs | Self::Log | Self::Gallery | Self::Panel | Self::Detectors => return None,
        })
    }

    /// Whether a press captures the mouse until the button is released.
    pub fn captures(self) -> bool {
        matches!(self, Self::Slider(_) | Self::Histogram { .. } | Self::Roc { .. })
    }

    /// What the wheel does, down (1) or up (−1).
    pub fn wheel(self, lines: i32) -> Option<Action> {
        Some(match self {
            // Up is more.
            Self::Slider(slider) => Action::StepOf(slider, -lines),
            Self::Histogram { .. } | Self::Roc { .. } => Action::StepOf(Slider::Threshold, -lines),
            Self::Job(_) | Self::Jobs if lines > 0 => Action::NextJob,
            Self::Job(_) | Self::Jobs => Action::PreviousJob,
            Self::Log => Action::Scroll(lines * 3),
            Self::Choice(..) | Self::Panel => Action::Choose(lines),
            Self::Image(_) | Self::Gallery => Action::Images(ImagesAction::MoveRows(lines)),
            Self::Row(_) => Action::Compare(CompareAction::Move(lines)),
            Self::Detector(_) | Self::Detectors => Action::Detectors(DetectorsAction::Move(lines)),
            Self::Column(_) | Self::Screen(_) | Self::Cell(_) | Self::Overlay => return None,
        })
    }
}

fn fraction(area: Rect, x: u16) -> f64 {
    let last = area.width.saturating_sub(1).max(1);
    f64::from(x.saturating_sub(area.x).min(last)) / f64::from(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_slider_are_its_ends_and_beyond_is_the_end() {
        let area = Rect::new(10, 5, 41, 1);
        let press = |x| Target::Slider(Slider::MAGNITUDE).press(area, x);
        assert_eq!(press(10), Some(Action::SlideTo(Slider::MAGNITUDE, 0.0)));
        assert_eq!(press(30), Some(Action::SlideTo(Slider::MAGNITUDE, 0.5)));
        assert_eq!(press(50), press(200));
        assert_eq!(press(0), press(10));
    }

    #[test]
    fn what_was_added_last_lies_on_top() {
        let mut hits = HitMap::default();
        hits.add(Rect::new(0, 0, 10, 10), Target::Jobs);
        hits.add(Rect::new(0, 1, 10, 1), Target::Job(0));
        assert_eq!(hits.at(3, 1).map(|hit| hit.1), Some(Target::Job(0)));
        assert_eq!(hits.at(3, 2).map(|hit| hit.1), Some(Target::Jobs));
        assert_eq!(hits.at(30, 2), None);
    }
}
