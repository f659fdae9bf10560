//! One score set under way: what of it is known, and what is still to be computed.
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::entry_id::EntryId;
use super::evidence::{Evidence, Lent, Scoring, Store};
use super::fitting::{Missing, Sample};
use super::loader::Ready;
use super::open_network::OpenNetwork;
use super::pass::{Passes, Work};
use super::untold::{Telling, Untold};
use super::worker_id::WorkerId;
use odin_core::protocol::{
    Failure, FailureKind, FittedOn, Generation, Order, ScoreTable, SetId, SetImages, SetRequest,
};
use odin_core::runs::evidence::EvidenceKey;
use odin_core::setting::Setting;
use odin_datasets::{Dataset, DatasetError, Normalisation, Prefetch};
use odin_metrics::Side;

/// Why a set cannot be scored, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("no network lies on {0:?}")]
    NoNetwork(WorkerId),
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        let kind = match &error {
            TaskError::Dataset(error) => error.into(),
            TaskError::NoNetwork(_) => FailureKind::Fault,
        };
        Self::new(kind, error)
    }
}

pub(super) struct Task {
    entry: EntryId,
    pub started: Instant,
    request: SetRequest,
    scoring: Scoring,
    /// Detectors that were asked for and have no scores.
    missing: Missing,
    /// How many of these were told.
    told: usize,
    fitted_on: Option<FittedOn>,
    networks: Vec<(WorkerId, Arc<OpenNetwork>)>,
    set: Arc<Dataset>,
    evidence: EvidenceKey,
    /// Every image of it, in the order of the request.
    order: Vec<u32>,
    /// What a person should know of the images chosen.
    note: Option<String>,
    handed_out: usize,
    ahead: Ahead,
    /// Batches handed out that have not come back.
    out: usize,
    pub untold: Untold,
    /// Of a set of files, those that the network failed on: number and reason.
    failed: Vec<(u32, String)>,
}

/// Decodes what is to be computed, from the set's first turn on: of many sets that wait, none decodes.
enum Ahead {
    Waiting(Vec<Vec<usize>>),
    Decoding(Prefetch),
    /// All of it has been handed out.
    Done,
}

/// What a task wants next.
pub(super) enum Next {
    Compute(Box<Work>),
    /// Images have become known since the task began: another set had them in common. They are among those untold.
    Known,
    /// Nothing until a batch comes back, or fitted detectors have scored.
    Wait,
    Finished,
}

impl Task {
    /// Finds out what is to be computed. Images that are known already are to be told, in the order of the request.
    pub(super) fn begin(
        entry: EntryId,
        request: SetRequest,
        ready: Ready,
        scoring: Scoring,
        store: &mut Store,
    ) -> Result<Self, TaskError> {
        let Ready {
            networks,
            set,
            evidence: key,
            batch,
        } = ready;
        let chosen = set.choose(&request.choice)?;
        let note = set.lacks(&chosen, request.choice.sampling);
        let order = order_of(&chosen, &request);
        let evidence = store.open(&key, scoring.wanted());
        // The batches are those of a set of which nothing is known, less the images that are known: what a killed program
        // had not finished is computed in the same company, and comes to the same to the bit.
        let (mut known, mut todo) = (Vec::new(), Vec::new());
        for chunk in order.chunks(batch) {
            let mut missing = Vec::new();
            for &image in chunk {
                match evidence.is_enough(image, scoring.wanted()) {
                    true => known.push(image),
                    false => missing.push(image as usize),
                }
            }
            if !missing.is_empty() {
                todo.push(missing);
            }
        }
        let mut untold = Untold::default();
        let handed_out = known.len();
        untold.push(Telling::known(known));
        Ok(Self {
            scoring,
            missing: Missing::new(),
            told: 0,
            fitted_on: None,
            entry,
            started: Instant::now(),
            handed_out,
            ahead: Ahead::of(todo),
            request,
            networks,
            set,
            evidence: key,
            order,
            note,
            out: 0,
            untold,
            failed: Vec::new(),
        })
    }

    /// Whether it needs the evidence of this set.
    pub(super) fn uses(&self, key: &EvidenceKey) -> bool {
        self.evidence == *key
    }

    /// Images to score.
    pub(super) fn total(&self) -> usize {
        self.order.len()
    }

    /// How many of a thousand images have been handed out or were known.
    pub(super) fn permille_handed_out(&self) -> u32 {
        (1000 * self.handed_out / self.order.len().max(1)) as u32
    }

    /// Whether the images are in-distribution ones.
    pub(super) fn side(&self) -> Side {
        self.request.side
    }

    /// One more asks for the set: what is known and will not be told to all is to be told to that one.
    pub(super) fn join(&mut self, set: SetId, generation: Generation, store: &Store) {
        let for_all = self.untold.for_all();
        let known = self.known_of(store).filter(|image| !for_all.contains(image));
        let images = known.collect();
        self.untold.push(Telling {
            only: Some((set, generation)),
            ..Telling::known(images)
        });
    }

    /// Whether fitted detectors score it: on a thread of their own.
    pub(super) fn is_fitted(&self) -> bool {
        self.scoring.is_fitted()
    }

    /// Takes up what is untold: gives what fitted detectors are to score before it is told.
    pub(super) fn lend(&mut self, store: &mut Store) -> (EvidenceKey, Lent) {
        let images = self.untold.begin();
        let lent = store.lend(&self.evidence, &images, &self.scoring);
        (self.evidence.clone(), lent)
    }

    /// Settings that turned out to have no scores.
    pub(super) fn give_up(&mut self, failed: Vec<(Setting, String)>) {
        for (setting, why) in failed {
            self.scoring.drop(&setting);
            self.missing.push((setting.detector(), why));
        }
    }

    /// The scores of those of the images for which the evidence suffices.
    pub(super) fn table(&self, images: &[u32], store: &mut Store) -> ScoreTable {
        let has_labels = self.request.side == Side::In;
        let label = |image: u32| self.set.label(image as usize).filter(|_| has_labels);
        store.table(&self.evidence, images.iter().copied(), &self.scoring, label)
    }

    /// The network, on the first of its devices.
    pub(super) fn network(&self) -> Option<&Arc<OpenNetwork>> {
        self.networks.first().map(|(_, network)| network)
    }

    /// Detectors that were asked for and have no scores.
    pub(super) fn missing(&self) -> &Missing {
        &self.missing
    }

    /// Those that turned out to have none since this was last asked.
    pub(super) fn newly_missing(&mut self) -> Missing {
        let new = self.missing.iter().skip(self.told).cloned().collect();
        self.told = self.missing.len();
        new
    }

    /// What its detectors are fitted on, where any is.
    pub(super) fn fitted_on(&self) -> Option<&FittedOn> {
        self.fitted_on.as_ref()
    }

    /// What was found out before it began.
    pub(super) fn tell(&mut self, missing: Missing, on: Option<FittedOn>) {
        self.missing.extend(missing);
        self.fitted_on = on;
    }

    /// A batch has come back.
    pub(super) fn came_back(&mut self) {
        self.out = self
            .out
            .checked_sub(1)
            .expect("a batch comes back once, after it was handed out");
    }

    /// Images that are known, of those that something is fitted on.
    pub(super) fn known_images(&self, store: &Store) -> usize {
        self.known_of(store).count()
    }

    fn known_of<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = u32> + 'a {
        let evidence = store.get(&self.evidence);
        let is_known = move |image: &u32| {
            evidence.is_some_and(|evidence| evidence.is_enough(*image, self.scoring.wanted()))
        };
        self.order.iter().copied().filter(is_known)
    }

    /// The images, for a fit.
    pub(super) fn sample(&self, store: &Store) -> Sample {
        let images: Vec<u32> = self.known_of(store).collect();
        let labels = images
            .iter()
            .map(|&image| self.set.label(image as usize))
            .collect();
        Sample {
            dataset: self.set.name().to_owned(),
            evidence: self.evidence.clone(),
            labels,
            images,
        }
    }

    /// The next batch, for this worker.
    pub(super) fn next(&mut self, worker: WorkerId, store: &mut Store) -> Result<Next, TaskError> {
        let of_worker = self.networks.iter().find(|(of, _)| *of == worker);
        let network = of_worker.map(|(_, network)| network.clone());
        let network = network.ok_or(TaskError::NoNetwork(worker))?;
        if let Ahead::Waiting(todo) = &mut self.ahead {
            let todo = std::mem::take(todo);
            let known = self.begin_decoding(todo, network.card.normalisation, store)?;
            if !known.is_empty() {
                self.untold.push(Telling::known(known));
                return Ok(Next::Known);
            }
        }
        let batch = match &mut self.ahead {
            Ahead::Decoding(prefetch) => prefetch.next().transpose()?,
            Ahead::Waiting(_) | Ahead::Done => None,
        };
        let Some(batch) = batch else {
            self.ahead = Ahead::Done;
            let is_done = self.out == 0 && self.untold.is_empty();
            return Ok(if is_done { Next::Finished } else { Next::Wait });
        };
        self.handed_out += batch.count;
        self.out += 1;
        let wanted = self.scoring.wanted().clone();
        let evidence = store.get(&self.evidence);
        let signs = |&index: &usize| evidence?.signs(index as u32, wanted.odin.0);
        let signs = batch.indices.iter().map(signs).collect();
        let any = |lacks: &dyn Fn(&Evidence, u32) -> bool| {
            let mut images = batch.indices.iter().map(|&index| index as u32);
            images.any(|image| evidence.is_none_or(|evidence| lacks(evidence, image)))
        };
        let passes = Passes {
            plain: any(&|evidence, image| !evidence.has_plain(image, &wanted)),
            odin: any(&|evidence, image| !evidence.has_odin(image, &wanted)),
            moves: wanted
                .moves
                .iter()
                .copied()
                .filter(|&movement| any(&|evidence, image| !evidence.has_moved(image, movement)))
                .collect(),
        };
        Ok(Next::Compute(Box::new(Work {
            entry: self.entry,
            set: self.set.name().to_owned(),
            evidence: self.evidence.clone(),
            worker,
            network,
            one_by_one: matches!(self.request.images, SetImages::Files(_)),
            wanted,
            passes,
            signs,
            batch,
        })))
    }

    /// Begins to decode what is still not known; gives the images that have become known while the task waited.
    fn begin_decoding(
        &mut self,
        todo: Vec<Vec<usize>>,
        normalisation: Normalisation,
        store: &Store,
    ) -> Result<Vec<u32>, TaskError> {
        let evidence = store.get(&self.evidence);
        let is_known = |&image: &usize| {
            evidence.is_some_and(|evidence| evidence.is_enough(image as u32, self.scoring.wanted()))
        };
        let mut known: Vec<u32> = Vec::new();
        let mut missing = Vec::new();
        for batch in todo {
            let (found, left): (Vec<usize>, Vec<usize>) = batch.into_iter().partition(is_known);
            known.extend(found.into_iter().map(|image| image as u32));
            if !left.is_empty() {
                missing.push(left);
            }
        }
        self.handed_out += known.len();
        self.ahead = match missing.is_empty() {
            true => Ahead::Done,
            false => Ahead::Decoding(self.set.prefetch(missing, normalisation, 1)?),
        };
        Ok(known)
    }

    /// The group of each image of the set, where it has groups.
    pub(super) fn groups(&self) -> Option<&[u32]> {
        self.set.groups()
    }

    /// What a person should know of the set as it was opened, and of the images chosen.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let of_set = move |note: &String| format!("{}: {note}", self.set.name());
        self.set.notes().iter().map(of_set).chain(self.note.clone())
    }

    /// The network failed on these images of a set of files.
    pub(super) fn leave_out(&mut self, failed: Vec<(u32, String)>) {
        self.failed.extend(failed);
    }

    /// Of a set of files, those that cannot be read or scored: number and reason.
    pub(super) fn unreadable_files(&self) -> Vec<(u32, String)> {
        match self.request.images {
            SetImages::Files(_) => {
                let skipped = self.set.skipped().into_iter();
                let skipped = skipped.map(|(index, why)| (index as u32, why));
                skipped.chain(self.failed.iter().cloned()).collect()
            }
            SetImages::InDistribution | SetImages::Named(_) | SetImages::Training(_) => Vec::new(),
        }
    }

    /// Where images of a named set were left out because they cannot be read: the set's name, how many, why the first.
    pub(super) fn skipped(&self) -> Option<(String, usize, String)> {
        if matches!(self.request.images, SetImages::Files(_)) {
            return None;
        }
        let all = self.set.skipped();
        let (_, why) = all.first()?;
        Some((self.set.name().to_owned(), all.len(), why.clone()))
    }
}

impl Ahead {
    fn of(todo: Vec<Vec<usize>>) -> Self {
        match todo.is_empty() {
            true => Self::Done,
            false => Self::Waiting(todo),
        }
    }
}

fn order_of(chosen: &[usize], request: &SetRequest) -> Vec<u32> {
    let mut order: Vec<u32> = chosen.iter().map(|&index| index as u32).collect();
    if request.order == Order::Random {
        let mut rng = ChaCha8Rng::seed_from_u64(request.choice.seed);
        rng.set_stream(if request.side == Side::In { 0 } else { 1 });
        order.shuffle(&mut rng);
    }
    order
}
