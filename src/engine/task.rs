//! One job under way: its two sets, what of them is still to be scored, and the scoring of one batch.
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tch::{TchError, Tensor};

use super::evidence::{Evidence, EvidenceKey};
use super::library::{Library, OpenError, OpenNetwork};
use super::protocol::{Generation, ImageScore, JobId, JobSpec, Order, ScoreBatch};
use crate::datasets::{Batch, Dataset, DatasetError, Prefetch};
use crate::metrics::Side;
use crate::networks::weights::first_line;
use crate::scoring::{argmax, log_odds};
use crate::units::Temperature;

/// Evidence on every set that a worker has scored.
pub type Store = HashMap<EvidenceKey, Evidence>;

/// Why a job cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("{name} has {len} images, and the first {skip} are skipped: nothing is left to score")]
    Empty { name: String, len: usize, skip: usize },
    #[error("libtorch: {}", first_line(.0))]
    Torch(#[from] TchError),
    #[error("the network's output for image {image} of {name} is not a number: are these its weights?")]
    NotANumber { name: String, image: u32 },
}

pub struct Task {
    pub job: JobId,
    pub generation: Generation,
    pub started: Instant,
    spec: JobSpec,
    network: Rc<OpenNetwork>,
    sides: [Half; 2],
}

/// One side of the comparison.
struct Half {
    side: Side,
    set: Arc<Dataset>,
    evidence: EvidenceKey,
    total: usize,
    done: usize,
    /// Images scored without a pass through the network, told in one go.
    known: Vec<u32>,
    ahead: Option<Prefetch>,
}

impl Task {
    /// Opens network and sets, finds out what is known already and starts decoding the rest.
    pub fn open(
        job: JobId,
        generation: Generation,
        spec: JobSpec,
        batch: usize,
        library: &mut Library,
        store: &mut Store,
    ) -> Result<Self, TaskError> {
        let network = library.network(&spec)?;
        let in_set = library.in_set(&spec, &network)?;
        let out_set = library.set(&spec.dataset, &network)?;
        let mut half = |side, set: Arc<Dataset>| -> Result<Half, TaskError> {
            let evidence = EvidenceKey {
                weights: network.weights_digest.clone(),
                normalisation: format!("{:?}", network.normalisation()),
                dataset: set.digest()?,
            };
            let order = order_of(&set, side, &spec)?;
            let at = store.entry(evidence.clone()).or_default();
            let (known, todo): (Vec<u32>, Vec<u32>) =
                order.iter().partition(|&&image| is_known(at, image, &spec));
            let todo: Vec<usize> = todo.into_iter().map(|image| image as usize).collect();
            let ahead = (!todo.is_empty())
                .then(|| set.prefetch(todo, batch, network.normalisation(), 1))
                .transpose()?;
            Ok(Half {
                side,
                set,
                evidence,
                total: order.len(),
                done: 0,
                known,
                ahead,
            })
        };
        let sides = [half(Side::In, in_set)?, half(Side::Out, out_set)?];
        Ok(Self {
            job,
            generation,
            started: Instant::now(),
            spec,
            network,
            sides,
        })
    }

    /// Images to score on each side.
    pub fn totals(&self) -> (usize, usize) {
        let [a, b] = &self.sides;
        (a.total, b.total)
    }

    /// Scores the next images: those known already first, then a batch at a time of the side that is behind.
    /// `None` once all is done.
    pub fn step(&mut self, store: &mut Store) -> Result<Option<ScoreBatch>, TaskError> {
        loop {
            let share = |half: &Half| half.done as f64 / half.total as f64;
            let [first, second] = &mut self.sides;
            let in_turn = match self.spec.order {
                Order::File => !first.is_done(),
                Order::Random => !first.is_done() && (second.is_done() || share(first) <= share(second)),
            };
            let half = if in_turn { first } else { second };
            let evidence = store.entry(half.evidence.clone()).or_default();
            let (scores, from_cache) = if !half.known.is_empty() {
                let known = std::mem::take(&mut half.known);
                (
                    known
                        .iter()
                        .filter_map(|&image| score_of(evidence, image, half, &self.spec))
                        .collect(),
                    true,
                )
            } else {
                match half.ahead.as_mut().and_then(Iterator::next) {
                    Some(batch) => {
                        let batch = batch?;
                        compute(&self.network, &self.spec, &half.set, &batch, evidence)?;
                        let images = batch.indices.iter().map(|&i| i as u32);
                        (
                            images
                                .filter_map(|image| score_of(evidence, image, half, &self.spec))
                                .collect(),
                            false,
                        )
                    }
                    None if half.is_done() => return Ok(None),
                    None => {
                        half.end();
                        continue;
                    }
                }
            };
            let scores: Vec<ImageScore> = scores;
            half.done += scores.len();
            let (job, generation, side) = (self.job, self.generation, half.side);
            return Ok(Some(ScoreBatch {
                job,
                generation,
                side,
                scores,
                from_cache,
            }));
        }
    }

    /// Images that were left out because they cannot be read, with the set's name.
    pub fn skipped(&self) -> Vec<(String, usize, String)> {
        let of = |half: &Half| {
            let all = half.set.skipped();
            all.first()
                .map(|(_, why)| (half.set.name().to_owned(), all.len(), why.clone()))
        };
        self.sides.iter().filter_map(of).collect()
    }
}

impl Half {
    fn is_done(&self) -> bool {
        self.known.is_empty() && self.ahead.is_none()
    }

    fn end(&mut self) {
        self.ahead = None;
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

fn is_known(evidence: &Evidence, image: u32, spec: &JobSpec) -> bool {
    evidence.logits(image).is_some()
        && (spec.magnitude.is_zero() || evidence.score(image, spec.temperature, spec.magnitude).is_some())
}

fn score_of(evidence: &Evidence, image: u32, half: &Half, spec: &JobSpec) -> Option<ImageScore> {
    let logits = evidence.logits(image)?;
    let odin = if spec.magnitude.is_zero() {
        log_odds(logits, spec.temperature)
    } else {
        evidence.score(image, spec.temperature, spec.magnitude)?
    };
    Some(ImageScore {
        index: image,
        label: (half.side == Side::In)
            .then(|| half.set.label(image as usize))
            .flatten(),
        prediction: argmax(logits) as u16,
        baseline: log_odds(logits, Temperature::ONE),
        odin,
    })
}

/// Adds to the evidence what the job's scores of this batch need.
fn compute(
    network: &OpenNetwork,
    spec: &JobSpec,
    set: &Dataset,
    batch: &Batch,
    evidence: &mut Evidence,
) -> Result<(), TaskError> {
    let scorer = &network.scorer;
    let classes = scorer.network().classes();
    let (t, magnitude) = (spec.temperature, spec.magnitude);
    let images = scorer.images(&batch.images, batch.height, batch.width)?;
    let numbers: Vec<u32> = batch.indices.iter().map(|&i| i as u32).collect();
    let lacks = |evidence: &Evidence, image: u32| {
        evidence.logits(image).is_none() || (!magnitude.is_zero() && evidence.signs(image, t).is_none())
    };
    let lacking: Vec<i64> = (0i64..)
        .zip(&numbers)
        .filter(|&(_, &n)| lacks(evidence, n))
        .map(|(i, _)| i)
        .collect();
    let all_lack = lacking.len() == numbers.len();
    let mut signs = None;
    if !lacking.is_empty() {
        let chosen = if all_lack {
            images.shallow_clone()
        } else {
            images.f_index_select(0, &Tensor::f_from_slice(&lacking)?.f_to_device(images.device())?)?
        };
        let named = || lacking.iter().filter_map(|&i| numbers.get(i as usize));
        let logits = if magnitude.is_zero() {
            scorer.logits(&chosen)?
        } else {
            let (logits, positive) = scorer.gradient_signs(&chosen, t)?;
            for (&image, packed) in named().zip(scorer.pack(&positive)?) {
                evidence.keep_signs(image, t, packed);
            }
            signs = all_lack.then_some(positive);
            logits
        };
        let rows = scorer.rows(&logits)?;
        for (&image, row) in named().zip(rows.chunks_exact(classes)) {
            refuse_nan(row, set, image)?;
            evidence.keep_logits(image, row);
        }
    }
    if !magnitude.is_zero() {
        let positive = match signs {
            Some(positive) => positive,
            None => {
                let kept = numbers.iter().filter_map(|&image| evidence.signs(image, t));
                scorer.unpack(kept, batch.height, batch.width)?
            }
        };
        let after = scorer.logits(&scorer.perturbed(&images, &positive, magnitude)?)?;
        for (&image, row) in numbers.iter().zip(scorer.rows(&after)?.chunks_exact(classes)) {
            refuse_nan(row, set, image)?;
            evidence.keep_score(image, t, magnitude, log_odds(row, t));
        }
    }
    Ok(())
}

fn refuse_nan(row: &[f32], set: &Dataset, image: u32) -> Result<(), TaskError> {
    if row.iter().any(|z| z.is_nan()) {
        return Err(TaskError::NotANumber {
            name: set.name().to_owned(),
            image,
        });
    }
    Ok(())
}
