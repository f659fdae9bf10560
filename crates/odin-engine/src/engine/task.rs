//! One job under way: its two sets, what of them is known, and what is still to be computed.
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::evidence::{Evidence, Store};
use super::workers::WorkerId;
use super::model_cache::OpenNetwork;
use super::opener::Ready;
use super::pass::Work;
use odin_core::protocol::{Generation, ImageScore, JobId, JobSpec, Order, ScoreBatch};
use odin_core::runs::evidence::EvidenceKey;
use odin_datasets::{Batch, Dataset, DatasetError, Normalisation, Prefetch};
use odin_metrics::Side;

/// Why a job cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{name} has {len} images, and the first {skip} are skipped: nothing is left to score")]
    Empty { name: String, len: usize, skip: usize },
    #[error("no network lies on {0:?}")]
    NoNetwork(Seat),
}

pub struct Task {
    pub job: JobId,
    pub generation: Generation,
    pub started: Instant,
    spec: JobSpec,
    networks: Vec<(Seat, Arc<OpenNetwork>)>,
    halves: [Half; 2],
    /// Batches handed out that have not come back.
    out: usize,
}

/// One side of the comparison.
struct Half {
    side: Side,
    set: Arc<Dataset>,
    evidence: EvidenceKey,
    total: usize,
    handed_out: usize,
    ahead: Ahead,
}

/// Decodes what is to be computed, from the job's first turn on: of many jobs that wait, none decodes.
enum Ahead {
    Waiting(Vec<Vec<usize>>),
    Decoding(Prefetch),
    /// All of it has been handed out.
    Done,
}

/// What a task wants next.
pub enum Next {
    Compute(Box<Work>),
    /// Nothing until a batch comes back.
    Wait,
    Finished,
}

impl Task {
    /// Finds out what is to be computed. Also gives the scores that are known already.
    pub fn begin(
        job: JobId,
        generation: Generation,
        spec: JobSpec,
        ready: Ready,
        store: &mut Store,
    ) -> Result<(Self, Vec<ScoreBatch>), TaskError> {
        let Ready {
            networks,
            in_set,
            out_set,
            batch,
        } = ready;
        let mut known = Vec::new();
        let mut half = |side, (set, key): (Arc<Dataset>, EvidenceKey)| -> Result<Half, TaskError> {
            let order = order_of(&set, side, &spec)?;
            let evidence = store.open(&key, spec.temperature, spec.magnitude);
            let mut scores = Vec::new();
            // The batches are those of a job that knows nothing, less the images that are known: what a killed program
            // had not finished is computed in the same company, and comes to the same to the bit.
            let mut todo = Vec::new();
            for chunk in order.chunks(batch) {
                let mut missing = Vec::new();
                for &image in chunk {
                    match score_of(evidence, image, side, &set, &spec) {
                        Some(score) => scores.push(score),
                        None => missing.push(image as usize),
                    }
                }
                if !missing.is_empty() {
                    todo.push(missing);
                }
            }
            let handed_out = scores.len();
            if !scores.is_empty() {
                known.push(ScoreBatch {
                    job,
                    generation,
                    side,
                    scores,
                    from_cache: true,
                });
            }
            Ok(Half {
                side,
                set,
                evidence: key,
                total: order.len(),
                handed_out,
                ahead: Ahead::of(todo),
            })
        };
        let halves = [half(Side::In, in_set)?, half(Side::Out, out_set)?];
        let task = Self {
            job,
            generation,
            started: Instant::now(),
            spec,
            networks,
            halves,
            out: 0,
        };
        Ok((task, known))
    }

    /// Whether it needs the evidence of this set.
    pub fn uses(&self, key: &EvidenceKey) -> bool {
        self.halves.iter().any(|half| half.evidence == *key)
    }

    /// Images to score on each side.
    pub fn totals(&self) -> (usize, usize) {
        let [ins, outs] = &self.halves;
        (ins.total, outs.total)
    }

    /// The next batch, for this worker: of the side that is behind, or of the first that is not done, in file order.
    pub fn next(&mut self, worker: WorkerId, store: &Store) -> Result<Next, TaskError> {
        let of_seat = self.networks.iter().find(|(of, _)| *of == seat);
        let network = of_seat.map(|(_, network)| network.clone());
        let network = network.ok_or(TaskError::NoNetwork(seat))?;
        loop {
            let [first, second] = &mut self.halves;
            let share = |half: &Half| half.handed_out as f64 / half.total as f64;
            let first_now = match (&first.ahead, &second.ahead) {
                (Ahead::Done, Ahead::Done) => {
                    return Ok(if self.out == 0 { Next::Finished } else { Next::Wait });
                }
                (_, Ahead::Done) => true,
                (Ahead::Done, _) => false,
                _ => self.spec.order == Order::File || share(first) <= share(second),
            };
            let half = if first_now { first } else { second };
            let Some(batch) = half.next_batch(network.card.normalisation)? else {
                continue;
            };
            half.handed_out += batch.count;
            self.out += 1;
            let (t, magnitude) = (self.spec.temperature, self.spec.magnitude);
            let evidence = store.get(&half.evidence);
            let signs = |&index: &usize| evidence?.signs(index as u32, t);
            return Ok(Next::Compute(Box::new(Work {
                job: self.job,
                generation: self.generation,
                side: half.side,
                set: half.set.name().to_owned(),
                evidence: half.evidence.clone(),
                seat,
                network,
                temperature: t,
                magnitude,
                known: batch.indices.iter().map(signs).collect(),
                batch,
            })));
        }
    }

    /// The scores of a batch that has come back, out of the evidence it has become.
    pub fn scores(&mut self, work: &Work, store: &Store) -> ScoreBatch {
        self.out = self.out.saturating_sub(1);
        let [ins, outs] = &self.halves;
        let half = if work.side == Side::In { ins } else { outs };
        let of = |image| {
            score_of(
                store.get(&half.evidence)?,
                image,
                half.side,
                &half.set,
                &self.spec,
            )
        };
        let scores = work.images().filter_map(of).collect();
        ScoreBatch {
            job: self.job,
            generation: self.generation,
            side: work.side,
            scores,
            from_cache: false,
        }
    }

    /// Sets of which images were left out because they cannot be read: name, how many, why the first.
    pub fn skipped(&self) -> Vec<(String, usize, String)> {
        let of = |half: &Half| {
            let all = half.set.skipped();
            all.first()
                .map(|(_, why)| (half.set.name().to_owned(), all.len(), why.clone()))
        };
        self.halves.iter().filter_map(of).collect()
    }
}

impl Half {
    /// `None` once all has been handed out.
    fn next_batch(&mut self, normalisation: Normalisation) -> Result<Option<Batch>, DatasetError> {
        if let Ahead::Waiting(todo) = &mut self.ahead {
            let todo = std::mem::take(todo);
            self.ahead = Ahead::Decoding(self.set.prefetch(todo, normalisation, 1)?);
        }
        let next = match &mut self.ahead {
            Ahead::Decoding(prefetch) => prefetch.next().transpose()?,
            Ahead::Waiting(_) | Ahead::Done => None,
        };
        if next.is_none() {
            self.ahead = Ahead::Done;
        }
        Ok(next)
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

fn order_of(set: &Dataset, side: Side, spec: &JobSpec) -> Result<Vec<u32>, TaskError> {
    let end = spec
        .limit
        .map_or(set.len(), |limit| set.len().min(spec.skip.saturating_add(limit)));
    if spec.skip >= end {
        return Err(TaskError::Empty {
            name: set.name().to_owned(),
            len: set.len(),
            skip: spec.skip,
        });
    }
    let mut order: Vec<u32> = (spec.skip as u32..end as u32).collect();
    if spec.order == Order::Random {
        let mut rng = ChaCha8Rng::seed_from_u64(spec.seed);
        rng.set_stream(if side == Side::In { 0 } else { 1 });
        order.shuffle(&mut rng);
    }
    Ok(order)
}

/// The image's scores at the job's (T, ε), where the evidence holds what they need.
fn score_of(
    evidence: &Evidence,
    image: u32,
    side: Side,
    set: &Dataset,
    spec: &JobSpec,
) -> Option<ImageScore> {
    Some(ImageScore {
        label: (side == Side::In).then(|| set.label(image as usize)).flatten(),
        ..evidence.score(image, spec.temperature, spec.magnitude)?
    })
}
