//! Single score sets: asked for, and waited for when there is time.
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};

use indicatif::ProgressBar;
use odin_core::protocol::{
    Command, Event, FittedOn, Generation, JobId, JobSpec, Placement, ScoreTable, SetId, SetRequest, Side,
};

use super::{Client, lock};
use odin_core::setting::{Detector, Setting};
use odin_core::units::Devices;

/// A score set that has been asked for.
pub(crate) struct PendingSet {
    set: SetId,
    events: Receiver<Event>,
}

/// What came of it. Each image is named by its number in the set, and is in one of the two or in neither.
#[derive(Default)]
pub(crate) struct ScoredSet {
    pub scores: ScoreTable,
    /// Files that cannot be read or scored, each with why.
    pub unreadable: Vec<(u32, String)>,
    /// Detectors that have no scores, each with why.
    pub missing: BTreeMap<Detector, String>,
    /// What the detectors were fitted on, where any is.
    pub fitted_on: Option<FittedOn>,
    /// How many of the images took no pass through the network.
    pub from_evidence: usize,
}

/// Why these sets have no scores by the only setting that was asked for.
pub(crate) fn no_scores<'a>(setting: &Setting, sets: impl IntoIterator<Item = &'a ScoredSet>) -> String {
    let why = sets.into_iter().flat_map(|set| set.missing.values()).next();
    why.cloned().unwrap_or_else(|| format!("{setting} has no scores"))
}

impl Client {
    /// Has the set scored. Of several that have been asked for, the first is served first.
    pub(crate) fn ask_for_set(&self, request: SetRequest, devices: &Devices) -> PendingSet {
        let set = SetId {
            job: JobId::Job(self.next.fetch_add(1, Ordering::Relaxed)),
            side: request.side,
        };
        let (sender, events) = channel();
        lock(&self.routes).sets.insert(set, sender);
        self.engine.send(Command::Score {
            set,
            generation: Generation::default(),
            placement: Placement {
                devices: devices.clone(),
                ..Placement::default()
            },
            request: Box::new(request),
        });
        PendingSet { set, events }
    }

    /// Has both sets of a comparison scored.
    pub(crate) fn ask_for_both(&self, spec: &JobSpec, devices: &Devices) -> [PendingSet; 2] {
        [Side::In, Side::Out].map(|side| self.ask_for_set(spec.set(side), devices))
    }

    /// As [`Client::finish_sorted`], of both.
    pub(crate) fn finish_both(&self, [ins, outs]: [PendingSet; 2]) -> anyhow::Result<[ScoredSet; 2]> {
        Ok([self.finish_sorted(ins)?, self.finish_sorted(outs)?])
    }

    /// Waits for all of a set's scores, without a bar, and gives them in file order.
    ///
    /// # Errors
    /// The set cannot be scored, or the engine has ended.
    pub(crate) fn finish_sorted(&self, pending: PendingSet) -> anyhow::Result<ScoredSet> {
        let mut scored = self.finish_set(pending, &ProgressBar::hidden(), &|_| Ok(()))?;
        scored.scores.sort();
        Ok(scored)
    }

    /// Waits for all of a set's scores. `object` hears what is said of the set, such as what its detectors were fitted on and which
    /// have no scores, before any of its images is scored, and may end it by an error.
    ///
    /// # Errors
    /// The set cannot be scored, `object` objects, or the engine has ended.
    pub(crate) fn finish_set(
        &self,
        pending: PendingSet,
        bar: &ProgressBar,
        object: &dyn Fn(&Event) -> anyhow::Result<()>,
    ) -> anyhow::Result<ScoredSet> {
        let finished = self.listen_to_set(&pending, bar, object);
        lock(&self.routes).sets.remove(&pending.set);
        finished
    }

    fn listen_to_set(
        &self,
        pending: &PendingSet,
        bar: &ProgressBar,
        object: &dyn Fn(&Event) -> anyhow::Result<()>,
    ) -> anyhow::Result<ScoredSet> {
        let mut scored = ScoredSet::default();
        loop {
            let event = self.wait(&pending.events).ok_or_else(|| self.why_silent())?;
            object(&event)?;
            match event {
                Event::Started { total, .. } => bar.inc_length(total as u64),
                Event::Scored(batch) => {
                    bar.inc(batch.scores.len() as u64);
                    scored.from_evidence += if batch.from_cache { batch.scores.len() } else { 0 };
                    scored.scores.append(batch.scores);
                }
                Event::Unreadable { files, .. } => {
                    bar.inc(files.len() as u64);
                    scored.unreadable.extend(files);
                }
                Event::Fitted { on, .. } => scored.fitted_on = Some(on),
                Event::Missing { detectors, .. } => scored.missing.extend(detectors),
                Event::Finished { .. } => return Ok(scored),
                Event::Failed { reason, .. } => return Err(reason.into()),
                // Not about a set.
                _ => {}
            }
        }
    }
}
