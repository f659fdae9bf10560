//! One batch through the network: what the scores at (T, ε) need and the evidence lacks. Runs on a compute thread.
use std::sync::Arc;

use tch::{TchError, Tensor};

use super::entry_id::EntryId;
use super::evidence::Shown;
use super::open_network::OpenNetwork;
use super::out_of_memory::{is_out_of_memory, torch_kind};
use super::worker_id::WorkerId;
use crate::networks::reason_of;
use crate::scoring::{Direction, Scorer, Signs};
use odin_core::protocol::{Failure, FailureKind};
use odin_core::runs::evidence::EvidenceKey;
use odin_core::units::{LogOdds, Magnitude, Temperature};
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
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    pub batch: Batch,
    /// By place in the batch: signs at T, where logits are known too.
    pub known: Vec<Option<Signs>>,
}

/// An image's number and its logits.
type Row = (u32, Box<[f32]>);

/// What came of a batch.
#[derive(Default)]
pub(super) struct Found {
    pub shown: Shown,
    /// The device ran out of memory, and smaller batches went through.
    pub halved_to: Option<usize>,
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
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Images `from..to` of the batch.
fn part(scorer: &Scorer, work: &Work, from: usize, to: usize, found: &mut Found) -> Result<(), PassError> {
    let Work {
        batch,
        temperature,
        magnitude,
        ..
    } = work;
    let pixels = batch.channels * batch.height * batch.width;
    let values = batch.images.get(from * pixels..to * pixels).unwrap_or_default();
    let images = scorer.images(values, batch.height, batch.width)?;
    let numbers: Vec<u32> = work.images().skip(from).take(to - from).collect();
    let rows = |logits: &Tensor| -> Result<Vec<Row>, PassError> {
        let values = scorer.rows(logits)?;
        let classes = values.len() / numbers.len().max(1);
        let row = |(&image, row): (&u32, &[f32])| match row.iter().any(|z| z.is_nan()) {
            true => Err(PassError::NotANumber {
                set: work.set.clone(),
                image,
            }),
            false => Ok((image, row.into())),
        };
        numbers
            .iter()
            .zip(values.chunks(classes.max(1)))
            .map(row)
            .collect()
    };
    if magnitude.is_zero() {
        found.shown.logits.extend(rows(&scorer.logits(&images)?)?);
        return Ok(());
    }
    let known: Option<Vec<&Signs>> = work
        .known
        .iter()
        .skip(from)
        .take(to - from)
        .map(Option::as_ref)
        .collect();
    let positive = match known.filter(|known| known.len() == numbers.len()) {
        Some(known) => scorer.unpack(known.into_iter(), batch.height, batch.width)?,
        None => {
            let (outputs, gradient) = scorer.gradient(&images, Direction::CrossEntropy(*temperature))?;
            let positive = scorer.signs(&gradient)?;
            let logits = rows(&outputs.logits)?;
            found
                .shown
                .signs
                .extend(numbers.iter().copied().zip(scorer.pack(&positive)?));
            found.shown.logits.extend(logits);
            positive
        }
    };
    let after = rows(&scorer.logits(&scorer.perturbed(&images, &positive, *magnitude)?)?)?;
    found.shown.scores.extend(
        after
            .iter()
            .map(|(image, row)| (*image, LogOdds::of(row, *temperature))),
    );
    Ok(())
}
