//! One batch through the network: what the scores at (T, ε) need and the evidence lacks. Runs on a compute thread.
use std::sync::Arc;

use tch::{TchError, Tensor};

use super::entry_id::EntryId;
use super::evidence::{Row, Shown, Wanted};
use super::open_network::OpenNetwork;
use super::out_of_memory::{is_out_of_memory, torch_kind};
use super::worker_id::WorkerId;
use crate::networks::{Outputs, reason_of};
use crate::scoring::{Direction, Scorer, Signs};
use odin_core::protocol::{Failure, FailureKind};
use odin_core::runs::evidence::EvidenceKey;
use odin_core::setting::Move;
use odin_core::units::{LogOdds, Temperature};
use odin_datasets::Batch;

/// A batch to compute, and what is known of its images.
pub(super) struct Work {
    /// The set of the run queue that it belongs to.
    pub entry: EntryId,
    pub set: String,
    pub evidence: EvidenceKey,
    /// The worker that computes it.
    pub worker: WorkerId,
    pub network: Arc<OpenNetwork>,
    pub wanted: Wanted,
    pub passes: Passes,
    pub batch: Batch,
    /// Whether an image that the network fails on is told and the others go on; else it ends the set.
    pub one_by_one: bool,
    /// By place in the batch: signs at ODIN's T, where logits are known too.
    pub signs: Vec<Option<Signs>>,
}

/// The passes that a batch lacks: an image that has one gets it again where another of the batch has not.
#[derive(Debug, Clone, Default)]
pub(super) struct Passes {
    /// Over the images as they are.
    pub plain: bool,
    pub odin: bool,
    pub moves: Vec<Move>,
}

/// What came of a batch.
#[derive(Default)]
pub(super) struct Found {
    pub shown: Shown,
    /// The device ran out of memory, and smaller batches went through.
    pub halved_to: Option<usize>,
    /// Images that the network failed on, and why, where these end nothing.
    pub failed: Vec<(u32, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum PassError {
    #[error("libtorch: {}", reason_of(.0))]
    Torch(#[from] TchError),
    #[error("the network's output for image {image} of {set} is not a number: are these its weights?")]
    NotANumber { set: String, image: u32 },
    #[error("a fault in the program: {0}")]
    Panic(String),
}

impl From<PassError> for Failure {
    fn from(error: PassError) -> Self {
        let kind = match &error {
            PassError::Torch(error) => torch_kind(error),
            PassError::NotANumber { .. } => FailureKind::NotANumber,
            PassError::Panic(_) => FailureKind::Fault,
        };
        Self::new(kind, error)
    }
}

impl PassError {
    /// The same, said of an image that is named beside it.
    fn of_image(&self) -> String {
        match self {
            Self::NotANumber { .. } => {
                "the network's output for it is not a number: are these the network's weights?".to_owned()
            }
            other => other.to_string(),
        }
    }
}

impl Work {
    pub(super) fn images(&self) -> impl Iterator<Item = u32> + '_ {
        self.batch.indices.iter().map(|&index| index as u32)
    }
}

/// Computes the batch on the compute thread of this number; where the device runs out of memory, in halves.
pub(super) fn compute(work: &Work, thread: usize) -> Result<Found, PassError> {
    let scorer = work
        .network
        .scorer(thread)
        .ok_or_else(|| PassError::Panic("no scorer".into()))?;
    let mut found = Found::default();
    let mut size = work.batch.count.max(1);
    let mut from = 0;
    while from < work.batch.count {
        let to = (from + size).min(work.batch.count);
        match part(&scorer, work, from, to, &mut found) {
            Ok(()) => from = to,
            Err(PassError::Torch(error)) if is_out_of_memory(&error) && size > 1 => {
                size = size.div_ceil(2);
                found.halved_to = Some(size);
            }
            Err(error) if !work.one_by_one => return Err(error),
            // Which image it is: the rest of the batch goes one by one.
            Err(_) if to - from > 1 => size = 1,
            Err(error) => {
                let image = work.images().nth(from);
                found.failed.extend(image.map(|image| (image, error.of_image())));
                from = to;
            }
        }
    }
    Ok(found)
}

/// Images `from..to` of the batch.
struct Part<'a> {
    scorer: &'a Scorer,
    work: &'a Work,
    numbers: Vec<u32>,
    images: Tensor,
    /// What the passes so far have shown.
    shown: Shown,
    has_plain: bool,
}

fn part(scorer: &Scorer, work: &Work, from: usize, to: usize, found: &mut Found) -> Result<(), PassError> {
    let batch = &work.batch;
    let pixels = batch.channels * batch.height * batch.width;
    let values = batch.images.get(from * pixels..to * pixels).unwrap_or_default();
    let mut part = Part {
        scorer,
        work,
        numbers: work.images().skip(from).take(to - from).collect(),
        images: scorer.images(values, batch.height, batch.width)?,
        shown: Shown::default(),
        has_plain: false,
    };
    part.pass(from)?;
    found.shown.join(part.shown);
    Ok(())
}

impl Part<'_> {
    /// Every pass that the work names.
    fn pass(&mut self, from: usize) -> Result<(), PassError> {
        let Work { wanted, passes, .. } = self.work;
        // The gradient of ODIN's loss, which i-ODIN at the same T looks at too.
        let mut gradient: Option<(Temperature, Tensor)> = None;
        if let Some((t, magnitude)) = wanted.odin_pass().filter(|_| passes.odin) {
            let positive = match self.known_signs(from) {
                Some(known) => {
                    let (height, width) = (self.work.batch.height, self.work.batch.width);
                    self.scorer.unpack(known.into_iter(), height, width)?
                }
                None => {
                    let found = self.gradient(Direction::CrossEntropy(t))?;
                    let positive = self.scorer.signs(&found)?;
                    let packed = self.scorer.pack(&positive)?;
                    self.shown.signs = self.numbers.iter().copied().zip(packed).collect();
                    gradient = Some((t, found));
                    positive
                }
            };
            let moved = self.scorer.perturbed(&self.images, &positive, magnitude)?;
            self.shown.scores = self.log_odds(&moved, t)?;
        }
        for &movement in &passes.moves {
            match movement {
                Move::GreatestGradient(t, magnitude) => {
                    let found = match gradient.take_if(|(at, _)| *at == t) {
                        Some((_, found)) => found,
                        None => self.gradient(Direction::CrossEntropy(t))?,
                    };
                    let moved = self.scorer.i_odin(&self.images, &found, magnitude)?;
                    let scores = self.log_odds(&moved, t)?;
                    self.shown.moved_scores.push((movement, scores));
                    gradient = Some((t, found));
                }
                Move::LeastGradient { percent, step } => {
                    let found = self.gradient(Direction::Guess)?;
                    let moved = self.scorer.adascale(&self.images, &found, percent, step)?;
                    let features = self.scorer.outputs(&moved)?.features.ok_or_else(no_features)?;
                    let rows = self.rows(&features)?;
                    self.shown.moved_features.push((movement, rows));
                }
            }
        }
        if passes.plain && !self.has_plain {
            let outputs = self.scorer.outputs(&self.images)?;
            self.keep(&outputs)?;
        }
        Ok(())
    }

    /// The signs of all images of the part, where they are known.
    fn known_signs(&self, from: usize) -> Option<Vec<&Signs>> {
        let of_part = self.work.signs.iter().skip(from).take(self.numbers.len());
        let known: Option<Vec<&Signs>> = of_part.map(Option::as_ref).collect();
        known.filter(|known| known.len() == self.numbers.len())
    }

    /// The gradient to the images; what the pass there has shown is kept.
    fn gradient(&mut self, direction: Direction) -> Result<Tensor, PassError> {
        let (outputs, gradient) = self.scorer.gradient(&self.images, direction)?;
        self.keep(&outputs)?;
        Ok(gradient)
    }

    fn keep(&mut self, outputs: &Outputs) -> Result<(), PassError> {
        if self.has_plain {
            return Ok(());
        }
        self.shown.logits = self.rows(&outputs.logits)?;
        match &outputs.features {
            Some(features) => self.shown.features = self.rows(features)?,
            // A program may give them for images of some sizes only.
            None if self.work.wanted.features => return Err(no_features().into()),
            None => {}
        }
        self.has_plain = true;
        Ok(())
    }

    fn log_odds(&self, images: &Tensor, t: Temperature) -> Result<Vec<(u32, LogOdds)>, PassError> {
        let rows = self.rows(&self.scorer.outputs(images)?.logits)?;
        Ok(rows
            .iter()
            .map(|(image, row)| (*image, LogOdds::of(row, t)))
            .collect())
    }

    /// A row of numbers an image.
    fn rows(&self, values: &Tensor) -> Result<Vec<Row>, PassError> {
        let values = self.scorer.rows(values)?;
        let width = values.len() / self.numbers.len().max(1);
        let row = |(&image, row): (&u32, &[f32])| match row.iter().any(|z| z.is_nan()) {
            true => Err(PassError::NotANumber {
                set: self.work.set.clone(),
                image,
            }),
            false => Ok((image, row.into())),
        };
        self.numbers
            .iter()
            .zip(values.chunks(width.max(1)))
            .map(row)
            .collect()
    }
}

fn no_features() -> TchError {
    TchError::Torch(
        "the network gives no features of images of this size; detectors on logits score them".to_owned(),
    )
}
