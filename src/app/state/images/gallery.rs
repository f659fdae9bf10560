//! What the Images screen lists and knows.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::list::{BETWEEN_LISTS, Basis};
use crate::app::state::jobs::Job;
use crate::app::state::scores::{Listed, Live};
use crate::app::state::threshold::Cursor;
use odin_core::protocol::{Failure, Generation, ImageId, Inspection, JobId, Pixels};
use odin_core::session::{Detector, ImageFilter, ImageList, ImageOrder};

/// Thumbnails that are kept; the oldest are dropped first.
const MOST_THUMBNAILS: usize = 1000;

/// The answer to a [`JobCommand::Inspect`](odin_core::comparisons::JobCommand::Inspect), or that one is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    pub job: JobId,
    pub image: ImageId,
    pub(in crate::app) generation: Generation,
    /// `None` until the engine has answered.
    pub result: Option<Result<Inspection, Failure>>,
}

#[derive(Debug, Clone)]
pub struct Gallery {
    pub order: ImageOrder,
    pub filter: ImageFilter,
    /// Only images of this class: by their label, or by the network's prediction where they have none.
    pub class: Option<u16>,
    /// Place of the chosen image in the list.
    pub chosen: usize,
    /// Whether the chosen image has the screen to itself.
    pub is_large: bool,
    /// Images of a page, across and down: as many as the screen last had room for.
    pub page: (u16, u16),
    pub listed: Vec<Listed>,
    /// How many images pass the filter; not all of very many are listed.
    pub total: usize,
    /// δ when the list was made; NaN where there was none.
    pub threshold: f64,
    pub inspected: Option<Inspected>,
    /// The names of the classes; empty where they are not known.
    pub classes: Vec<String>,
    classes_of: Option<JobId>,
    thumbnails: BTreeMap<(JobId, ImageId), Result<Pixels, Failure>>,
    /// Thumbnails in the order of their arrival.
    arrived: VecDeque<(JobId, ImageId)>,
    /// Thumbnails that were requested and have not arrived.
    pub(in crate::app) requested: BTreeSet<(JobId, ImageId)>,
    pub(in crate::app) basis: Option<Basis>,
    pub(in crate::app) listed_at: Option<Duration>,
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
            requested: BTreeSet::new(),
            basis: None,
            listed_at: None,
        }
    }
}

impl Gallery {
    /// What a list of this job's images would be made from now.
    pub(in crate::app) fn basis_for(&self, job: &Job, detector: Detector, cursor: Cursor) -> Basis {
        Basis {
            job: job.id,
            detector,
            order: self.order,
            filter: self.filter,
            class: self.class,
            cursor,
            generation: job.generation,
            scored: job.scores.live(&job.setting(detector)).map_or(0, Live::images),
            analysed_at: job.analysed_at,
        }
    }

    /// When the list is to be made anew: at once where a person changed something, soon where scores arrived; `None` where
    /// it is still valid.
    pub(in crate::app) fn list_due(&self, basis: Option<&Basis>) -> Option<Duration> {
        match (&self.basis, basis, self.listed_at) {
            (before, now, _) if before.as_ref() == now => None,
            (Some(before), Some(now), Some(at)) if before.has_only_grown(now) && before.scored > 0 => {
                Some(at + BETWEEN_LISTS)
            }
            _ => Some(Duration::ZERO),
        }
    }

    /// What is listed, to be kept.
    pub(in crate::app) fn left(&self) -> ImageList {
        ImageList {
            order: self.order,
            filter: self.filter,
            class: self.class,
        }
    }

    /// Lists what was kept. A filter that lets through nothing of the order's set gives way, as it does for a key.
    pub(in crate::app) fn take(&mut self, list: ImageList) {
        let ImageList { order, filter, class } = list;
        let is_empty =
            matches!((order.side(), filter.side()), (Some(only), Some(passing)) if only != passing);
        (self.order, self.class) = (order, class);
        self.filter = if is_empty { ImageFilter::All } else { filter };
    }

    pub fn a_page(&self) -> usize {
        (usize::from(self.page.0) * usize::from(self.page.1)).max(1)
    }

    /// The images of the page that holds the chosen one, and the place of the first in the list.
    pub fn in_sight(&self) -> (usize, &[Listed]) {
        let first = self.chosen / self.a_page() * self.a_page();
        let end = (first + self.a_page()).min(self.listed.len());
        let page = self.listed.get(first..end);
        (
            first,
            page.expect("the chosen image is in the list, or the list is empty and none is chosen"),
        )
    }

    /// Whether anything was listed since the screen was opened.
    pub fn basis_is_known(&self) -> bool {
        self.basis.is_some()
    }

    pub fn chosen(&self) -> Option<&Listed> {
        self.listed.get(self.chosen)
    }

    pub fn thumbnail(&self, job: JobId, image: ImageId) -> Option<&Result<Pixels, Failure>> {
        self.thumbnails.get(&(job, image))
    }

    pub(in crate::app) fn keep_thumbnail(
        &mut self,
        job: JobId,
        image: ImageId,
        pixels: Result<Pixels, Failure>,
    ) {
        if self.thumbnails.insert((job, image), pixels).is_none() {
            self.arrived.push_back((job, image));
        }
        while self.arrived.len() > MOST_THUMBNAILS
            && let Some(oldest) = self.arrived.pop_front()
        {
            self.thumbnails.remove(&oldest);
        }
    }

    pub(in crate::app) fn name_classes(&mut self, job: JobId, names: Vec<String>) {
        self.classes = names;
        self.classes_of = Some(job);
    }

    /// The name of a class, or its number where that is not known.
    pub fn class_name(&self, job: JobId, class: u16) -> String {
        let names = self.classes.get(usize::from(class));
        match names.filter(|_| self.classes_of == Some(job)) {
            Some(name) => name.chars().filter(|c| !c.is_control()).collect(),
            None => class.to_string(),
        }
    }

    /// What the engine said about the chosen image; `None` while the answer is awaited.
    pub fn inspection(&self, job: &Job) -> Option<&Result<Inspection, Failure>> {
        let inspected = self.inspected.as_ref()?;
        let is_this = inspected.job == job.id && Some(inspected.image) == self.chosen().map(|c| c.image);
        inspected.result.as_ref().filter(|_| is_this)
    }
}
