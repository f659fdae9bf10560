//! What stands beside what: the baseline beside ODIN or another detector, or a pinned setting (A) beside the one shown.
use ratatui::style::Style;

use crate::app::{Analysis, Model};
use crate::session::Detector;
use crate::ui::Look;

/// One of two scores that are compared.
pub struct Compared<'a> {
    /// At the head of its numbers.
    pub name: String,
    pub detector: Detector,
    pub analysis: Option<&'a Analysis>,
    /// Of other parameters than the present ones.
    pub is_stale: bool,
    pub is_pinned: bool,
}

/// What is compared with (left) and what is looked at (right).
pub fn pair(model: &Model) -> [Compared<'_>; 2] {
    let shown = model.view.detector;
    if let Some(pin) = &model.pin {
        let pinned = Compared {
            name: "A".to_owned(),
            detector: pin.detector,
            analysis: Some(&pin.analysis),
            is_stale: false,
            is_pinned: true,
        };
        let mut now = of(model, shown);
        now.name = format!("B {now}", now = now.name);
        return [pinned, now];
    }
    [of(model, Detector::Baseline), of(model, model.beside())]
}

/// What the second histogram shows: of the pair, the one that is not in the first.
pub fn counterpart(model: &Model) -> Compared<'_> {
    let [left, right] = pair(model);
    if left.is_pinned || left.detector != model.view.detector {
        left
    } else {
        right
    }
}

pub fn of(model: &Model, detector: Detector) -> Compared<'_> {
    let job = model.selected();
    Compared {
        name: detector.to_string(),
        detector,
        analysis: job.and_then(|job| job.analysis(detector)),
        is_stale: job.is_some_and(|job| job.is_stale_by(detector)),
        is_pinned: false,
    }
}

impl Compared<'_> {
    pub fn style(&self, look: &Look) -> Style {
        match self.detector {
            _ if self.is_pinned => look.theme.pinned,
            Detector::Baseline => look.theme.baseline,
            _ => look.theme.odin,
        }
    }
}
