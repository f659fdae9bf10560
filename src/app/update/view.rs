//! What is shown and how: screens, plots, conventions, the threshold.
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::app::slider::{Cursor, Slider};
use crate::metrics::{AuprConvention, Conventions, ErrorConvention, OperatingPoint, Positive};
use crate::session::{Axis, Detector, Screen, View};

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub fn change(model: &mut Model, change: impl FnOnce(&mut View)) -> Option<Redraw> {
    change(&mut model.view);
    ANSWER
}

pub fn show(model: &mut Model, screen: Screen) -> Option<Redraw> {
    model.view.screen = screen;
    model.typing = None;
    model.log.is_searching = false;
    ANSWER
}

pub fn focus(model: &mut Model, slider: Slider) -> Option<Redraw> {
    model.focus = slider;
    ANSWER
}

pub fn toggle_mouse(model: &mut Model, effects: &mut Vec<Effect>) -> Option<Redraw> {
    model.view.mouse = !model.view.mouse;
    effects.push(Effect::SetMouse(model.view.mouse));
    let text = if model.view.mouse {
        "the mouse works here"
    } else {
        "the mouse is left to the terminal, to select text"
    };
    model.say(Level::Info, text);
    ANSWER
}

/// Where nobody looks, progress is drawn seldom; whoever comes back sees how things stand.
pub fn focus_window(model: &mut Model, is_there: bool) -> Option<Redraw> {
    let was_there = std::mem::replace(&mut model.has_focus, is_there);
    (is_there && !was_there).then_some(Redraw::Answer)
}

pub fn next_theme(model: &mut Model) -> Option<Redraw> {
    model.theme = model.theme.next();
    let text = format!("theme {}; the settings file keeps it", model.theme.name());
    model.say_quietly(Level::Info, &text);
    ANSWER
}

pub fn toggle_positive(model: &mut Model) -> Option<Redraw> {
    let positive = match model.view.conventions.positive {
        Positive::InDistribution => Positive::OutOfDistribution,
        Positive::OutOfDistribution => Positive::InDistribution,
    };
    set_conventions(
        model,
        Conventions {
            positive,
            ..model.view.conventions
        },
    )
}

pub fn toggle_error(model: &mut Model) -> Option<Redraw> {
    let error = match model.view.conventions.error {
        ErrorConvention::Minimum => ErrorConvention::AtTpr95,
        ErrorConvention::AtTpr95 => ErrorConvention::Minimum,
    };
    set_conventions(
        model,
        Conventions {
            error,
            ..model.view.conventions
        },
    )
}

pub fn toggle_aupr(model: &mut Model) -> Option<Redraw> {
    let aupr = match model.view.conventions.aupr {
        AuprConvention::Balanced => AuprConvention::Counts,
        AuprConvention::Counts => AuprConvention::Balanced,
    };
    set_conventions(
        model,
        Conventions {
            aupr,
            ..model.view.conventions
        },
    )
}

fn set_conventions(model: &mut Model, conventions: Conventions) -> Option<Redraw> {
    model.view.conventions = conventions;
    for job in &mut model.jobs {
        for analysis in job.analyses() {
            analysis.set_conventions(&conventions);
        }
    }
    if let Some(pin) = &mut model.pin {
        pin.analysis.set_conventions(&conventions);
    }
    model.say(Level::Info, &conventions.to_string());
    ANSWER
}

pub fn step_detector(model: &mut Model, by: isize) -> Option<Redraw> {
    let all = Detector::ALL;
    let here = all
        .iter()
        .position(|&detector| detector == model.view.detector)
        .unwrap_or(0);
    let there = (here + all.len()).saturating_add_signed(by) % all.len();
    show_detector(model, all.get(there).copied().unwrap_or_default());
    ANSWER
}

pub fn show_detector(model: &mut Model, detector: Detector) {
    hold_tpr(model);
    model.view.detector = detector;
    // It may be looked at for the first time.
    for job in &mut model.jobs {
        if job.analysis(detector).is_none() && job.scored() > 0 {
            job.dirty = true;
            job.analysed_at = None;
        }
    }
}

/// What is shown becomes A; again, there is none.
pub fn pin_or_unpin(model: &mut Model) -> Option<Redraw> {
    if model.pin.take().is_some() {
        model.say_quietly(Level::Info, "nothing is pinned any more");
        return ANSWER;
    }
    model.pin = model.pin_of_shown();
    let text = match model.pin {
        Some(_) => "pinned as A: move T or ε, or take another job or detector, to compare",
        None => "there is nothing to pin yet",
    };
    model.say_quietly(Level::Info, text);
    ANSWER
}

/// A threshold that stands at a score is of no use on another scale: from now on it stands at its TPR.
pub fn hold_tpr(model: &mut Model) {
    if let Cursor::Score(_) = model.cursor {
        model.cursor = point(model).map_or_else(Cursor::default, |point| Cursor::Tpr(point.tpr));
    }
}

fn point(model: &Model) -> Option<OperatingPoint> {
    model.shown().map(|analysis| analysis.at(model.cursor))
}

pub fn threshold_reset(model: &mut Model) -> Option<Redraw> {
    model.cursor = Cursor::default();
    ANSWER
}

/// TPR by whole percents.
pub fn threshold_step(model: &mut Model, steps: i32) -> Option<Redraw> {
    let from = match model.cursor {
        Cursor::Tpr(tpr) => tpr,
        Cursor::Score(_) => point(model)?.tpr,
    };
    let percent = (from * 100.0).round() + f64::from(steps);
    model.cursor = Cursor::Tpr(percent.clamp(1.0, 100.0) / 100.0);
    ANSWER
}

pub fn threshold_to_score(model: &mut Model, place: f64) -> Option<Redraw> {
    let score = match model.shown()?.axis(model.view.axis) {
        Axis::LogOdds => place,
        Axis::Probability => {
            let p = place.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
            (p / (1.0 - p)).ln()
        }
    };
    if !score.is_finite() {
        return None;
    }
    model.cursor = Cursor::Score(score);
    model.focus = Slider::Threshold;
    ANSWER
}

pub fn threshold_to_fpr(model: &mut Model, fpr: f64) -> Option<Redraw> {
    let analysis = model.shown()?;
    let score = analysis
        .comparison
        .threshold_at_fpr(fpr.clamp(0.0, 1.0))
        .filter(|score| score.is_finite());
    model.cursor = match score {
        Some(score) => Cursor::Score(score),
        // Nothing below the first OOD image: the highest score there is.
        None => Cursor::Score(analysis.comparison.range().1).finite()?,
    };
    model.focus = Slider::Threshold;
    ANSWER
}

impl Cursor {
    fn finite(self) -> Option<Self> {
        match self {
            Self::Score(score) if !score.is_finite() => None,
            cursor => Some(cursor),
        }
    }
}
