//! How the images of a set are scored: by which settings, from which evidence.
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::guard::panic_text;
use odin_core::setting::{Detector, Move, Setting, Settings, movement, needs_features, perturbation};
use odin_core::units::{Magnitude, Temperature};
use odin_detectors::{Fit, Fitted};

/// What of an image must be known before it counts as scored, beside its logits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// ODIN's pass, where ε is above 0.
    pub odin: (Temperature, Magnitude),
    /// What the last layer takes.
    pub features: bool,
    pub moves: Vec<Move>,
}

impl Wanted {
    /// What these settings need.
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut moves: Vec<Move> = Vec::new();
        for movement in settings.iter().filter_map(movement) {
            if !moves.contains(&movement) {
                moves.push(movement);
            }
        }
        Self {
            odin: settings.perturbation(),
            features: settings.iter().any(|setting| needs_features(setting.detector())),
            moves,
        }
    }

    /// ODIN's pass, where there is one.
    pub(crate) fn odin_pass(&self) -> Option<(Temperature, Magnitude)> {
        let (_, magnitude) = self.odin;
        (!magnitude.is_zero()).then_some(self.odin)
    }
}

/// Names a fit for as long as the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FitId(pub u64);

/// Detectors fitted on the same images.
pub(crate) struct Fitting {
    pub id: FitId,
    pub fit: Arc<Fit>,
    detectors: Mutex<HashMap<Detector, Slot>>,
}

/// A detector once it was tried, or why it cannot be fitted.
type Slot = Arc<OnceLock<Result<Arc<Fitted>, String>>>;

impl Fitting {
    pub(crate) fn new(id: FitId, fit: Arc<Fit>) -> Self {
        Self {
            id,
            fit,
            detectors: Mutex::default(),
        }
    }

    /// The detector, or why it cannot be fitted; `None` before it was tried.
    pub(crate) fn get(&self, detector: Detector) -> Option<Result<Arc<Fitted>, String>> {
        self.slot(detector).get().cloned()
    }

    /// Fits the detector, which may take seconds; where another thread is at it, waits for that one.
    pub(crate) fn fit(&self, detector: Detector) {
        self.slot(detector).get_or_init(|| {
            let fit = || Fitted::new(detector, &self.fit).map(Arc::new);
            match catch_unwind(AssertUnwindSafe(fit)) {
                Ok(fitted) => fitted.map_err(|error| error.to_string()),
                Err(panic) => Err(format!("a fault in the program: {}", panic_text(&*panic))),
            }
        });
    }

    fn slot(&self, detector: Detector) -> Slot {
        let mut detectors = self.detectors.lock().unwrap_or_else(PoisonError::into_inner);
        detectors.entry(detector).or_default().clone()
    }
}

/// Where a setting's scores come from.
#[derive(Clone)]
pub(crate) enum How {
    /// Arithmetic on the logits of the image as it is.
    Logits,
    /// ODIN's pass.
    Odin(Temperature, Magnitude),
    /// A pass of its own.
    Moved(Move),
    /// A fitted detector, which looks at features moved so too where that is said.
    Fitted(Arc<Fitting>, Arc<Fitted>, Option<Move>),
}

/// How the images of a set are scored.
#[derive(Clone)]
pub(crate) struct Scoring {
    by: Vec<(Setting, How)>,
    wanted: Wanted,
}

impl Scoring {
    /// By those of the settings that need no fit.
    pub(crate) fn unfitted(settings: impl Iterator<Item = Setting>) -> Self {
        let how = |setting: Setting| {
            let how = match (perturbation(&setting), movement(&setting)) {
                (Some((t, magnitude)), _) if !magnitude.is_zero() => How::Odin(t, magnitude),
                (_, Some(movement)) => How::Moved(movement),
                _ => How::Logits,
            };
            (setting, how)
        };
        Self::new(settings.map(how).collect())
    }

    /// By these.
    pub(crate) fn new(by: Vec<(Setting, How)>) -> Self {
        let settings: Settings = by.iter().map(|(setting, _)| *setting).collect();
        Self {
            wanted: Wanted::of(&settings),
            by,
        }
    }

    pub(crate) fn and(mut self, more: Vec<(Setting, How)>) -> Self {
        self.by.extend(more);
        Self::new(self.by)
    }

    pub(crate) fn by(&self) -> &[(Setting, How)] {
        &self.by
    }

    /// Whether any of them is fitted.
    pub(crate) fn is_fitted(&self) -> bool {
        self.by.iter().any(|(_, how)| matches!(how, How::Fitted(..)))
    }

    pub(crate) fn settings(&self) -> Settings {
        self.by.iter().map(|(setting, _)| *setting).collect()
    }

    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// By no setting: of images that something is fitted on, whose scores nobody wants.
    pub(crate) fn none(wanted: Wanted) -> Self {
        Self {
            by: Vec::new(),
            wanted,
        }
    }

    /// Without a setting that turned out to have no scores.
    pub(crate) fn drop(&mut self, setting: &Setting) {
        self.by.retain(|(known, _)| known != setting);
    }
}
