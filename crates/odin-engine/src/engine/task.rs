//! One score set under way: what of it is known, and what is still to be computed.
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::entry_id::EntryId;
use super::evidence::Store;
use super::loader::Ready;
use super::open_network::OpenNetwork;
use super::pass::Work;
use super::worker_id::WorkerId;
use odin_core::protocol::{Failure, FailureKind, Order, ScoreTable, SetImages, SetRequest};
use odin_core::runs::evidence::EvidenceKey;
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
    /// These images' scores have become known since the task began: another set had them in common.
    Known(ScoreTable),
    /// Nothing until a batch comes back.
    Wait,
    Finished,
}

impl Task {
    /// Finds out what is to be computed. Also gives the scores that are known already, in the order of the request.
    pub(super) fn begin(
        entry: EntryId,
        request: SetRequest,
        ready: Ready,
        store: &mut Store,
    ) -> Result<(Self, ScoreTable), TaskError> {
        let Ready {
            networks,
            set,
            evidence: key,
            batch,
        } = ready;
        let chosen = set.choose(&request.choice)?;
        let note = set.lacks(&chosen, request.choice.sampling);
        let order = order_of(&chosen, &request);
        let (t, magnitude) = request.settings.perturbation();
        let evidence = store.open(&key, t, magnitude);
        // The batches are those of a set of which nothing is known, less the images that are known: what a killed program
        // had not finished is computed in the same company, and comes to the same to the bit.
        let (mut known, mut todo) = (Vec::new(), Vec::new());
        for chunk in order.chunks(batch) {
            let mut missing = Vec::new();
            for &image in chunk {
                match evidence.is_enough(image, &request.settings) {
                    true => known.push(image),
                    false => missing.push(image as usize),
                }
            }
            if !missing.is_empty() {
                todo.push(missing);
            }
        }
        let task = Self {
            entry,
            started: Instant::now(),
            handed_out: known.len(),
            ahead: Ahead::of(todo),
            request,
            networks,
            set,
            evidence: key,
            order,
            note,
            out: 0,
        };
        let known = task.table(known.into_iter(), store);
        Ok((task, known))
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

    /// The scores that are known, in the order of the request.
    pub(super) fn known(&self, store: &mut Store) -> ScoreTable {
        self.table(self.order.iter().copied(), store)
    }

    /// The scores of those of the images for which the evidence suffices.
    fn table(&self, images: impl Iterator<Item = u32>, store: &mut Store) -> ScoreTable {
        let has_labels = self.request.side == Side::In;
        let label = |image: u32| self.set.label(image as usize).filter(|_| has_labels);
        store.table(&self.evidence, images, &self.request.settings, label)
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
                return Ok(Next::Known(known));
            }
        }
        let batch = match &mut self.ahead {
            Ahead::Decoding(prefetch) => prefetch.next().transpose()?,
            Ahead::Waiting(_) | Ahead::Done => None,
        };
        let Some(batch) = batch else {
            self.ahead = Ahead::Done;
            return Ok(if self.out == 0 { Next::Finished } else { Next::Wait });
        };
        self.handed_out += batch.count;
        self.out += 1;
        let (t, magnitude) = self.request.settings.perturbation();
        let evidence = store.get(&self.evidence);
        let signs = |&index: &usize| evidence?.signs(index as u32, t);
        Ok(Next::Compute(Box::new(Work {
            entry: self.entry,
            set: self.set.name().to_owned(),
            evidence: self.evidence.clone(),
            worker,
            network,
            temperature: t,
            magnitude,
            known: batch.indices.iter().map(signs).collect(),
            batch,
        })))
    }

    /// Begins to decode what is still not known; gives the scores that have become known while the task waited.
    fn begin_decoding(
        &mut self,
        todo: Vec<Vec<usize>>,
        normalisation: Normalisation,
        store: &mut Store,
    ) -> Result<ScoreTable, TaskError> {
        let evidence = store.get(&self.evidence);
        let is_known = |&image: &usize| {
            evidence.is_some_and(|evidence| evidence.is_enough(image as u32, &self.request.settings))
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
        let known = self.table(known.into_iter(), store);
        self.ahead = match missing.is_empty() {
            true => Ahead::Done,
            false => Ahead::Decoding(self.set.prefetch(missing, normalisation, 1)?),
        };
        Ok(known)
    }

    /// The scores of a batch that has come back, out of the evidence it has become.
    pub(super) fn scores(&mut self, work: &Work, store: &mut Store) -> ScoreTable {
        self.out = self
            .out
            .checked_sub(1)
            .expect("a batch comes back once, after it was handed out");
        self.table(work.images(), store)
    }

    /// What a person should know of the set as it was opened, and of the images chosen.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let of_set = move |note: &String| format!("{}: {note}", self.set.name());
        self.set.notes().iter().map(of_set).chain(self.note.clone())
    }

    /// Of a set of files, those that cannot be read: number and reason.
    pub(super) fn unreadable_files(&self) -> Vec<(u32, String)> {
        match self.request.images {
            SetImages::Files(_) => {
                let skipped = self.set.skipped().into_iter();
                skipped.map(|(index, why)| (index as u32, why)).collect()
            }
            SetImages::InDistribution | SetImages::Named(_) => Vec::new(),
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
