//! The Images screen: which images of the selected job are listed, which of them is chosen, and what is known of it.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::Job;
use super::model::Model;
use super::scores::Live;
use super::slider::Cursor;
use crate::engine::protocol::{Generation, ImageId, Inspection, JobId, Pixels, Side};
use crate::session::Detector;

/// Images of a list that are sorted and can be looked at; there may be a million behind them.
const MOST_LISTED: usize = 5000;
/// Thumbnails that are kept; those that came first go first.
const MOST_THUMBNAILS: usize = 1000;
/// While scores come, the list follows them at most so often: it should hold still under the eye.
pub(super) const BETWEEN_LISTS: Duration = Duration::from_secs(1);

/// Which images come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageOrder {
    /// In-distribution, the least score first: taken for strangers.
    #[default]
    StrangestIn,
    /// Out-of-distribution, the greatest score first: what fools the detector.
    MostFamiliarOut,
    /// Of both sets, the nearest to the threshold first.
    AroundThreshold,
    MostFamiliarIn,
    StrangestOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageFilter {
    #[default]
    All,
    /// In-distribution, and the network's guess is not its label.
    Misclassified,
    /// In-distribution, and below the threshold.
    FalseNegatives,
    /// Out-of-distribution, and not below the threshold.
    FalsePositives,
}

impl ImageOrder {
    pub const ALL: [Self; 5] = [
        Self::StrangestIn,
        Self::MostFamiliarOut,
        Self::AroundThreshold,
        Self::MostFamiliarIn,
        Self::StrangestOut,
    ];

    /// The only side that it lists; `None` for both.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::StrangestIn | Self::MostFamiliarIn => Some(Side::In),
            Self::MostFamiliarOut | Self::StrangestOut => Some(Side::Out),
            Self::AroundThreshold => None,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::StrangestIn => "ID, most OOD-like first",
            Self::MostFamiliarOut => "OOD, most ID-like first",
            Self::AroundThreshold => "both, nearest the threshold first",
            Self::MostFamiliarIn => "ID, most ID-like first",
            Self::StrangestOut => "OOD, most OOD-like first",
        }
    }
}

impl ImageFilter {
    pub const ALL: [Self; 4] = [
        Self::All,
        Self::Misclassified,
        Self::FalseNegatives,
        Self::FalsePositives,
    ];

    /// The only side that it lets through; `None` for both.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::All => None,
            Self::Misclassified | Self::FalseNegatives => Some(Side::In),
            Self::FalsePositives => Some(Side::Out),
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Misclassified => "misclassified",
            Self::FalseNegatives => "ID below the threshold",
            Self::FalsePositives => "OOD above the threshold",
        }
    }
}

/// An image of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listed {
    pub image: ImageId,
    pub label: Option<u16>,
    pub prediction: u16,
    /// Log-odds of the detector that is shown.
    pub score: f64,
}

impl Listed {
    pub fn is_wrong(&self) -> bool {
        self.label.is_some_and(|label| label != self.prediction)
    }
}

/// What a list was made of: it holds as long as this does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Basis {
    job: JobId,
    detector: Detector,
    order: ImageOrder,
    filter: ImageFilter,
    class: Option<u16>,
    cursor: Cursor,
    generation: Generation,
    /// Images with a score.
    pub(super) scored: usize,
    /// When the threshold was last taken from the scores.
    analysed_at: Option<Duration>,
}

impl Basis {
    /// Whether the other differs in nothing but by some more scores.
    pub(super) fn has_only_grown(&self, now: &Self) -> bool {
        let before = Self {
            scored: now.scored,
            analysed_at: now.analysed_at,
            ..*self
        };
        before == *now && now.scored >= self.scored
    }
}

/// An answer to [`Command::Inspect`](crate::engine::protocol::Command::Inspect), or that one is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    pub job: JobId,
    pub image: ImageId,
    pub(super) generation: Generation,
    pub result: Option<Result<Inspection, String>>,
}

#[derive(Debug, Clone)]
pub struct Gallery {
    pub order: ImageOrder,
    pub filter: ImageFilter,
    /// Only images of this class: by their label, or by the network's guess where they have none.
    pub class: Option<u16>,
    /// Place of the chosen image in the list.
    pub chosen: usize,
    /// Whether the chosen image has the screen to itself.
    pub is_large: bool,
    /// Images of a page: across and down, as the screen last had room.
    pub page: (u16, u16),
    pub listed: Vec<Listed>,
    /// How many images pass the filter; more than are listed where there are very many.
    pub total: usize,
    pub threshold: f64,
    pub inspected: Option<Inspected>,
    /// What the classes are called; empty where that is not known.
    pub classes: Vec<String>,
    classes_of: Option<JobId>,
    thumbnails: BTreeMap<(JobId, ImageId), Result<Pixels, String>>,
    /// In the order of their arrival.
    arrived: VecDeque<(JobId, ImageId)>,
    pub(super) asked: BTreeSet<(JobId, ImageId)>,
    pub(super) basis: Option<Basis>,
    pub(super) listed_at: Option<Duration>,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            order: ImageOrder::default(),
            filter: ImageFilter::default(),
            class: None,
            chosen: 0,
            is_large: false,
            page: (4, 3),
            listed: Vec::new(),
            total: 0,
            threshold: f64::NAN,
            inspected: None,
            classes: Vec::new(),
            classes_of: None,
            thumbnails: BTreeMap::new(),
            arrived: VecDeque::new(),
            asked: BTreeSet::new(),
            basis: None,
            listed_at: None,
        }
    }
}

impl Gallery {
    pub fn a_page(&self) -> usize {
        (usize::from(self.page.0) * usize::from(self.page.1)).max(1)
    }

    /// The images in sight, and the place of the first.
    pub fn in_sight(&self) -> (usize, &[Listed]) {
        let first = self.chosen / self.a_page() * self.a_page();
        let end = (first + self.a_page()).min(self.listed.len());
        (first, self.listed.get(first..end).unwrap_or_default())
    }

    /// Whether anything was listed since the screen was opened.
    pub fn basis_is_known(&self) -> bool {
        self.basis.is_some()
    }

    pub fn chosen(&self) -> Option<&Listed> {
        self.listed.get(self.chosen)
    }

    pub fn thumbnail(&self, job: JobId, image: ImageId) -> Option<&Result<Pixels, String>> {
        self.thumbnails.get(&(job, image))
    }

    pub(super) fn keep_thumbnail(&mut self, job: JobId, image: ImageId, pixels: Result<Pixels, String>) {
        if self.thumbnails.insert((job, image), pixels).is_none() {
            self.arrived.push_back((job, image));
        }
        while self.arrived.len() > MOST_THUMBNAILS {
            if let Some(oldest) = self.arrived.pop_front() {
                self.thumbnails.remove(&oldest);
            }
        }
    }

    pub(super) fn name_classes(&mut self, job: JobId, names: Vec<String>) {
        self.classes = names;
        self.classes_of = Some(job);
    }

    /// What a class is called, or its number.
    pub fn class_name(&self, job: JobId, class: u16) -> String {
        let names = self.classes.get(usize::from(class));
        match names.filter(|_| self.classes_of == Some(job)) {
            Some(name) => name.chars().filter(|c| !c.is_control()).collect(),
            None => class.to_string(),
        }
    }

    /// What is known of the chosen image: nothing while the answer is awaited.
    pub fn inspection(&self, job: &Job) -> Option<&Result<Inspection, String>> {
        let inspected = self.inspected.as_ref()?;
        let is_this = inspected.job == job.id && Some(inspected.image) == self.chosen().map(|c| c.image);
        inspected.result.as_ref().filter(|_| is_this)
    }
}

/// What the list would be made of now; `None` where there is nothing to list.
pub(super) fn basis(model: &Model) -> Option<Basis> {
    let job = model.selected()?;
    let detector = model.view.detector;
    let gallery = &model.gallery;
    Some(Basis {
        job: job.id,
        detector,
        order: gallery.order,
        filter: gallery.filter,
        class: gallery.class,
        cursor: model.cursor,
        generation: job.generation,
        scored: job.scores.live(detector).map_or(0, Live::images),
        analysed_at: job.analysed_at,
    })
}

/// δ; not a number where there is none.
pub(super) fn threshold(model: &Model) -> f64 {
    let shown = model.shown();
    match (model.cursor, shown) {
        (_, Some(analysis)) => analysis.at(model.cursor).threshold,
        (Cursor::Score(score), None) => score,
        (Cursor::Tpr(_), None) => f64::NAN,
    }
}

/// The images that pass, the first ones sorted, and how many pass in all.
pub(super) fn list(job: &Job, detector: Detector, gallery: &Gallery, threshold: f64) -> (Vec<Listed>, usize) {
    let order = gallery.order;
    let passes = |listed: &Listed| {
        let class = listed.label.unwrap_or(listed.prediction);
        let is_in = listed.image.side == Side::In;
        gallery.class.is_none_or(|wanted| wanted == class)
            && match gallery.filter {
                ImageFilter::All => true,
                ImageFilter::Misclassified => is_in && listed.is_wrong(),
                ImageFilter::FalseNegatives => is_in && listed.score < threshold,
                ImageFilter::FalsePositives => !is_in && listed.score >= threshold,
            }
    };
    let sides = [Side::In, Side::Out].into_iter();
    let mut all: Vec<Listed> = sides
        .filter(|side| order.side().is_none_or(|only| only == *side))
        .flat_map(|side| job.scores.listed(side, detector))
        .filter(passes)
        .collect();
    let key = |listed: &Listed| match order {
        ImageOrder::StrangestIn | ImageOrder::StrangestOut => listed.score,
        ImageOrder::MostFamiliarOut | ImageOrder::MostFamiliarIn => -listed.score,
        ImageOrder::AroundThreshold => (listed.score - threshold).abs(),
    };
    // Ties by number, so that a list is always the same.
    let compare = |a: &Listed, b: &Listed| key(a).total_cmp(&key(b)).then(a.image.cmp(&b.image));
    let total = all.len();
    if total > MOST_LISTED {
        all.select_nth_unstable_by(MOST_LISTED, compare);
        all.truncate(MOST_LISTED);
    }
    all.sort_unstable_by(compare);
    (all, total)
}
