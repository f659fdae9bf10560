//! What detectors are fitted on: which of a set's detectors need it, and the fit made from the evidence on it.
use std::collections::HashSet;
use std::sync::Arc;

use super::entry_id::EntryId;
use super::evidence::{FitId, Fitting, How, Scoring, Store, Wanted};
use super::loader::Ready;
use super::open_network::OpenNetwork;
use odin_core::protocol::{FittedOn, Order, SetImages, SetRequest, Side};
use odin_core::runs::evidence::EvidenceKey;
use odin_core::setting::{Detector, Move, Setting, Settings, movement};
use odin_datasets::Choice;
use odin_detectors::{Error, Fit, FitImages, Known, Labelled, Need, Rows};

/// Why each of some detectors has no scores.
pub(super) type Missing = Vec<(Detector, String)>;

/// A set's detectors: those that score at once, those that are fitted first, and those that cannot score.
pub(super) struct Detectors {
    pub unfitted: Vec<Setting>,
    pub fitted: Vec<Setting>,
    pub missing: Missing,
}

impl Detectors {
    /// Of these settings, by what the network gives and the request names.
    pub(super) fn of(request: &SetRequest, network: &OpenNetwork) -> Self {
        let (mut unfitted, mut fitted, mut missing) = (Vec::new(), Vec::new(), Missing::new());
        for setting in request.settings.iter() {
            let detector = setting.detector();
            match lacks(setting, request, network) {
                Some(why) => missing.push((detector, why)),
                None if odin_core::setting::is_fitted(detector)
                    || odin_core::setting::needs_features(detector) =>
                {
                    fitted.push(*setting);
                }
                None => unfitted.push(*setting),
            }
        }
        Self {
            unfitted,
            fitted,
            missing,
        }
    }

    /// Whether any of those to be fitted needs this.
    pub(super) fn need(&self, needs: &[Need]) -> bool {
        let of = |setting: &Setting| setting.detector().needs();
        let mut all = self.fitted.iter().flat_map(of);
        all.any(|need| needs.contains(need))
    }
}

/// What a detector needs that the network or the request does not give.
fn lacks(setting: &Setting, request: &SetRequest, network: &OpenNetwork) -> Option<String> {
    let detector = setting.detector();
    let key = detector.key();
    let name = &network.card.name;
    let needs = |need: Need| detector.needs().contains(&need);
    let of_features = needs(Need::Features) || needs(Need::LastLayer);
    if let Some(why) = network.no_features.as_ref().filter(|_| of_features) {
        return Some(format!(
            "{key} needs the features of the last layer, and {name} gives none: {why}"
        ));
    }
    if needs(Need::LastLayer) && network.last_layer.is_none() {
        let why = network.no_last_layer.as_deref();
        let why = why.unwrap_or("no layer was found to make its logits from its features");
        return Some(format!(
            "{key} needs the weights of the last layer, and those of {name} are not known: {why}"
        ));
    }
    let has_pass = movement(setting).is_some();
    if let Some(why) = network.no_gradient.as_ref().filter(|_| has_pass) {
        return Some(format!(
            "{key} needs a gradient to the image, and there is none: {why}"
        ));
    }
    if needs(Need::ValidationLabels) && request.fit.validation.is_none() {
        return Some(format!(
            "{key} needs labelled in-distribution images that are not reported, and none are set aside (`--validation N` \
             of odin score does)"
        ));
    }
    None
}

/// The images that a fit needs, as a request of their own.
pub(super) fn sample(
    request: &SetRequest,
    images: &SetImages,
    choice: Choice,
    moves: &[Setting],
) -> SetRequest {
    SetRequest {
        images: images.clone(),
        side: Side::In,
        settings: moves.iter().copied().collect(),
        choice,
        order: Order::File,
        ..request.clone()
    }
}

/// How the images of a sample are passed through the network: nobody wants their scores.
pub(super) fn of_sample(request: &SetRequest, network: &OpenNetwork) -> Scoring {
    Scoring::none(Wanted {
        features: network.no_features.is_none(),
        ..Wanted::of(&request.settings)
    })
}

/// Images that were passed through the network, for a fit.
#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    pub dataset: String,
    pub evidence: EvidenceKey,
    pub images: Vec<u32>,
    /// One an image, where the set has labels.
    pub labels: Option<Vec<u16>>,
}

/// A part of what a set waits for.
pub(super) enum Part {
    /// No detector needs it.
    Unneeded,
    /// It is being passed through the network.
    Asked(EntryId),
    Known(Arc<Sample>),
    Failed(String),
}

/// A set that is open, and waits until its detectors are fitted.
pub(super) struct Waiting {
    pub ready: Ready,
    pub detectors: Detectors,
    pub training: Part,
    pub validation: Part,
    /// Once all of it is known.
    pub fits: Vec<(Setting, Result<Arc<Fitting>, String>)>,
}

impl Waiting {
    pub(super) fn parts(&mut self) -> [&mut Part; 2] {
        [&mut self.training, &mut self.validation]
    }

    /// The entries that it waits for.
    pub(super) fn asked(&self) -> impl Iterator<Item = EntryId> {
        let asked = |part: &Part| match part {
            Part::Asked(entry) => Some(*entry),
            _ => None,
        };
        [&self.training, &self.validation].into_iter().filter_map(asked)
    }

    /// A detector that was fitted on images that are reported would know them: such a fit is none.
    pub(super) fn refuse_reported(&mut self, choice: &Choice) {
        let Part::Known(sample) = &self.training else {
            return;
        };
        if sample.evidence.dataset != self.ready.evidence.dataset {
            return;
        }
        let chosen = self.ready.set.choose(choice).unwrap_or_default();
        let chosen: HashSet<usize> = chosen.into_iter().collect();
        let is_reported = |image: &&u32| chosen.contains(&(**image as usize));
        let both = sample.images.iter().filter(is_reported).count();
        if both > 0 {
            self.training = Part::Failed(format!(
                "{both} of the {} images of {} are reported too; fit on images that are not",
                sample.images.len(),
                sample.dataset
            ));
        }
    }

    /// Detectors whose images could not be had, taken out of those that are to be fitted.
    pub(super) fn give_up(&mut self) -> Missing {
        let failed = |part: &Part| match part {
            Part::Failed(why) => Some(why.clone()),
            _ => None,
        };
        let [training, validation] = [failed(&self.training), failed(&self.validation)];
        let labels = match &self.training {
            Part::Known(sample) if sample.labels.is_none() => Some(format!(
                "labels of its training images, and {} has none",
                sample.dataset
            )),
            _ => None,
        };
        let mut missing = Missing::new();
        self.detectors.fitted.retain(|setting| {
            let detector = setting.detector();
            let needs = |need: Need| detector.needs().contains(&need);
            let of_images = needs(Need::FitImages) || needs(Need::FitLabels);
            let why = training
                .as_ref()
                .filter(|_| of_images)
                .map(|why| format!("training images to fit it on, and there are none: {why}"))
                .or(labels.clone().filter(|_| needs(Need::FitLabels)))
                .or(validation
                    .as_ref()
                    .filter(|_| needs(Need::ValidationLabels))
                    .cloned());
            if let Some(why) = &why {
                missing.push((detector, format!("{} needs {why}", detector.key())));
            }
            why.is_none()
        });
        missing
    }

    /// What the detectors are fitted on, for people.
    pub(super) fn fitted_on(&self) -> Option<FittedOn> {
        match &self.training {
            Part::Known(sample) => Some(FittedOn {
                dataset: sample.dataset.clone(),
                digest: sample.evidence.dataset.clone(),
                images: sample.images.len(),
            }),
            _ => None,
        }
    }

    /// Whether it needs the evidence of this set.
    pub(super) fn uses(&self, key: &EvidenceKey) -> bool {
        let is_of = |part: &Part| matches!(part, Part::Known(sample) if sample.evidence == *key);
        self.ready.evidence == *key || is_of(&self.training) || is_of(&self.validation)
    }

    fn known(part: &Part) -> Option<Arc<Sample>> {
        match part {
            Part::Known(sample) => Some(sample.clone()),
            _ => None,
        }
    }
}

/// What tells a fit from every other.
#[derive(PartialEq, Clone)]
struct Inputs {
    /// Digest of the network's weights.
    network: String,
    training: Option<Arc<Sample>>,
    validation: Option<Arc<Sample>>,
    moved: Option<Move>,
}

/// Fits that were made, the latest last.
#[derive(Default)]
pub(super) struct Fits {
    known: Vec<(Inputs, Arc<Fitting>)>,
    next: u64,
}

/// Fits that are kept; each holds its images' features, and what detectors derive from them.
const KEPT: usize = 6;

impl Fits {
    /// The fit of each setting, made where it is not known.
    pub(super) fn of(
        &mut self,
        waiting: &Waiting,
        store: &Store,
    ) -> Vec<(Setting, Result<Arc<Fitting>, String>)> {
        let network = waiting.ready.network();
        let settings = waiting.detectors.fitted.iter();
        settings
            .map(|setting| {
                let needs = |need: Need| setting.detector().needs().contains(&need);
                let of_images = needs(Need::FitImages) || needs(Need::FitLabels);
                let inputs = Inputs {
                    network: network.weights_digest.clone(),
                    training: Waiting::known(&waiting.training).filter(|_| of_images),
                    validation: Waiting::known(&waiting.validation).filter(|_| needs(Need::ValidationLabels)),
                    moved: movement(setting),
                };
                let fitting = self.get(&inputs, network, store);
                (*setting, fitting.map_err(|error| error.to_string()))
            })
            .collect()
    }

    fn get(&mut self, inputs: &Inputs, network: &OpenNetwork, store: &Store) -> Result<Arc<Fitting>, Error> {
        if let Some(place) = self.known.iter().position(|(known, _)| known == inputs) {
            let found = self.known.remove(place);
            let fitting = found.1.clone();
            self.known.push(found);
            return Ok(fitting);
        }
        let fit = Fit::new(known(inputs, network, store)?)?;
        self.next += 1;
        let fitting = Arc::new(Fitting::new(FitId(self.next), fit));
        self.known.push((inputs.clone(), fitting.clone()));
        if self.known.len() > KEPT {
            self.known.remove(0);
        }
        Ok(fitting)
    }
}

/// The arrays of a fit, out of the evidence.
fn known(inputs: &Inputs, network: &OpenNetwork, store: &Store) -> Result<Known, Error> {
    let rows = |what, (values, width): (Vec<f32>, usize)| match width {
        0 => Ok(None),
        _ => Rows::new(what, values, width).map(Some),
    };
    let mut known = Known {
        last_layer: network.last_layer.as_deref().cloned(),
        ..Known::default()
    };
    if let Some(sample) = &inputs.training
        && let Some(evidence) = store.get(&sample.evidence)
        && let Some(logits) = rows("logits of the fit images", evidence.logits(&sample.images))?
    {
        let moved = inputs
            .moved
            .map(|movement| evidence.moved_features(&sample.images, movement));
        known.fit_images = Some(FitImages {
            logits,
            features: rows("features of the fit images", evidence.features(&sample.images))?,
            labels: sample.labels.clone().map(Arc::new),
            perturbed_features: match moved {
                Some(moved) => rows("features of the moved fit images", moved)?,
                None => None,
            },
        });
    }
    if let Some(sample) = &inputs.validation
        && let Some(labels) = &sample.labels
        && let Some(evidence) = store.get(&sample.evidence)
        && let Some(logits) = rows("logits of the validation images", evidence.logits(&sample.images))?
    {
        known.validation = Some(Labelled {
            logits,
            labels: Arc::new(labels.clone()),
        });
    }
    Ok(known)
}

/// How each fitted setting scores, and those that could not be fitted.
pub(super) fn how(fits: &[(Setting, Result<Arc<Fitting>, String>)]) -> (Vec<(Setting, How)>, Missing) {
    let (mut by, mut missing) = (Vec::new(), Missing::new());
    for (setting, fitting) in fits {
        let detector = setting.detector();
        let fitted = fitting.clone().and_then(|fitting| {
            let fitted = fitting.get(detector);
            let fitted = fitted.expect("every detector was tried before its images are scored");
            fitted.map(|fitted| How::Fitted(fitting, fitted, movement(setting)))
        });
        match fitted {
            Ok(how) => by.push((*setting, how)),
            Err(why) => missing.push((detector, why)),
        }
    }
    (by, missing)
}

/// The settings whose pass fit images need too.
pub(super) fn moves(settings: &Settings) -> Vec<Setting> {
    let moves_features = |setting: &&Setting| matches!(movement(setting), Some(Move::LeastGradient { .. }));
    settings.iter().filter(moves_features).copied().collect()
}
