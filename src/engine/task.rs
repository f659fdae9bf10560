//! One job under way: its two sets, what of them is known, and what is still to be computed.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::evidence::{Evidence, EvidenceKey};
use super::library::{Library, OpenError, OpenNetwork};
use super::pass::Work;
use super::protocol::{Generation, ImageScore, JobId, JobSpec, Order, ScoreBatch};
use crate::datasets::{Dataset, DatasetError, Prefetch};
use crate::metrics::Side;
use crate::scoring::{argmax, log_odds};
use crate::units::Temperature;

/// Evidence on every set that a worker has scored.
pub type Store = HashMap<EvidenceKey, Evidence>;

/// Why a job cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{name} has {len} images, and the first {skip} are skipped: nothing is left to score")]
    Empty { name: String, len: usize, skip: usize },
}

pub struct Task {
    pub job: JobId,
    pub generation: Generation,
    pub started: Instant,
    spec: JobSpec,
    network: Arc<OpenNetwork>,
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
    /// Decodes what is to be computed; `None` once all of it has been handed out.
    ahead: Option<Prefetch>,
}

/// What a task wants next.
pub enum Next {
    Compute(Box<Work>),
    /// Nothing until a batch comes back.
    Wait,
    Finished,
}

impl Task {
    /// Opens network and sets and starts decoding. Also gives the scores that are known already.
    pub fn open(
        job: JobId,
        generation: Generation,
        spec: JobSpec,
        batch: usize,
        library: &mut Library,
        store: &mut Store,
    ) -> Result<(Self, Vec<ScoreBatch>), TaskError> {
        let network = library.network(&spec)?;
        let in_set = library.in_set(&spec, &network)?;
        let out_set = library.set(&spec.dataset, &network)?;
        let mut known_scores = Vec::new();
        let mut half = |side, set: Arc<Dataset>| -> Result<Half, TaskError> {
            let key = EvidenceKey {
                weights: network.weights_digest.clone(),
                normalisation: format!("{:?}", network.card.normalisation),
                dataset: set.digest()?,
            };
            let order = order_of(&set, side, &spec)?;
            let evidence = store.entry(key.clone()).or_default();
            let (mut scores, mut todo) = (Vec::new(), Vec::new());
            for &image in &order {
                match score_of(evidence, image, side, &set, &spec) {
                    Some(score) => scores.push(score),
                    None => todo.push(image as usize),
                }
            }
            let handed_out = scores.len();
            if !scores.is_empty() {
                known_scores.push(ScoreBatch {
                    job,
                    generation,
                    side,
                    scores,
                    from_cache: true,
                });
            }
            let normalisation = network.card.normalisation;
            let ahead = (!todo.is_empty())
                .then(|| set.prefetch(todo, batch, normalisation, 1))
                .transpose()?;
            Ok(Half {
                side,
                set,
                evidence: key,
                total: order.len(),
                handed_out,
                ahead,
            })
        };
        let halves = [half(Side::In, in_set)?, half(Side::Out, out_set)?];
        let task = Self {
            job,
            generation,
            started: Instant::now(),
            spec,
            network,
            halves,
            out: 0,
        };
        Ok((task, known_scores))
    }

    /// Images to score on each side.
    pub fn totals(&self) -> (usize, usize) {
        let [ins, outs] = &self.halves;
        (ins.total, outs.total)
    }

    /// The next batch, of the side that is behind (or of the first that is not done, in file order).
    pub fn next(&mut self, store: &Store) -> Result<Next, TaskError> {
        loop {
            let [first, second] = &mut self.halves;
            let share = |half: &Half| half.handed_out as f64 / half.total as f64;
            let first_now = match (&first.ahead, &second.ahead) {
                (None, None) => return Ok(if self.out == 0 { Next::Finished } else { Next::Wait }),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(_), Some(_)) => self.spec.order == Order::File || share(first) <= share(second),
            };
            let half = if first_now { first } else { second };
            let Some(batch) = half.ahead.as_mut().and_then(Iterator::next) else {
                half.ahead = None;
                continue;
            };
            let batch = batch?;
            half.handed_out += batch.count;
            self.out += 1;
            let (t, magnitude) = (self.spec.temperature, self.spec.magnitude);
            let evidence = store.get(&half.evidence);
            let signs = |&index: &usize| {
                let (image, evidence) = (index as u32, evidence?);
                evidence.logits(image).and_then(|_| evidence.signs(image, t))
            };
            return Ok(Next::Compute(Box::new(Work {
                job: self.job,
                generation: self.generation,
                side: half.side,
                set: half.set.name().to_owned(),
                evidence: half.evidence.clone(),
                network: self.network.clone(),
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
    let logits = evidence.logits(image)?;
    let odin = if spec.magnitude.is_zero() {
        log_odds(logits, spec.temperature)
    } else {
        evidence.score(image, spec.temperature, spec.magnitude)?
    };
    Some(ImageScore {
        index: image,
        label: (side == Side::In).then(|| set.label(image as usize)).flatten(),
        prediction: argmax(logits) as u16,
        baseline: log_odds(logits, Temperature::ONE),
        odin,
    })
}
