//! What is done when its time has come: scoring asked for, scores analysed, intervals computed.
use std::time::Duration;

use super::engine::request_now;
use crate::app::analysis::{Analysis, IntervalReport, IntervalRequest};
use crate::app::effect::{Effect, Redraw};
use crate::app::job::Parameters;
use crate::app::model::Model;
use crate::session::Detector;

/// Intervals come out the same for the same scores.
const SEED: u64 = 0;

pub fn tick(model: &mut Model, now: Duration, effects: &mut Vec<Effect>) -> Option<Redraw> {
    // A clock that goes back would make everything wait.
    model.now = model.now.max(now);
    let now = model.now;
    if !model.pending.is_empty() && now >= model.request_due() {
        for job in std::mem::take(&mut model.pending) {
            request_now(model, job, effects);
        }
    }
    let is_due = |model: &Model, job: usize| model.analysis_due(job).is_some_and(|due| now >= due);
    let mut analysed = false;
    if is_due(model, model.view.job) {
        analysed |= analyse(model, model.view.job);
    }
    // One of the others at a time, to keep a tick short.
    if let Some(job) = (0..model.jobs.len()).find(|&job| job != model.view.job && is_due(model, job)) {
        analysed |= analyse(model, job);
    }
    if model.intervals_due().is_some_and(|due| now >= due) {
        effects.extend(request_intervals(model).map(Effect::ComputeIntervals));
    }
    analysed.then_some(Redraw::Progress)
}

fn analyse(model: &mut Model, number: usize) -> bool {
    let conventions = model.view.conventions;
    let now = model.now;
    let Some(job) = model.jobs.get_mut(number) else {
        return false;
    };
    job.dirty = false;
    job.analysed_at = Some(now);
    let n_baseline = job.scores.live(Detector::Baseline).images() as u64;
    let known = job
        .baseline
        .as_ref()
        .map(|known| known.summary.n_in + known.summary.n_out);
    if known != Some(n_baseline) {
        let before = job.baseline.take();
        let parameters = Parameters::BASELINE;
        job.baseline = Analysis::new(
            &job.scores,
            Detector::Baseline,
            parameters,
            &conventions,
            before.as_ref(),
        )
        .or(before);
    }
    let parameters = job.parameters();
    let analysis = Analysis::new(
        &job.scores,
        Detector::Odin,
        parameters,
        &conventions,
        job.odin.as_ref(),
    );
    // Until both sets have scores at the new parameters, those at the old ones stay on screen, and say so.
    if analysis.is_some() {
        job.odin = analysis;
    }
    true
}

fn request_intervals(model: &mut Model) -> Option<IntervalRequest> {
    let job = model.wants_intervals()?;
    let replicates = model.replicates(job);
    let lacking = |analysis: &Option<Analysis>| {
        let analysis = analysis
            .as_ref()
            .filter(|analysis| !analysis.has_intervals(replicates))?;
        Some(analysis.comparison.clone())
    };
    let request = IntervalRequest {
        job: job.id,
        parameters: job.parameters(),
        conventions: model.view.conventions,
        odin: if job.is_stale() { None } else { lacking(&job.odin) },
        baseline: lacking(&job.baseline),
        replicates,
        seed: SEED,
    };
    model.intervals_in_flight = true;
    model.intervals_wanted_at = Some(model.now);
    Some(request)
}

pub fn intervals(model: &mut Model, report: &IntervalReport) -> Option<Redraw> {
    model.intervals_in_flight = false;
    let job = model.jobs.iter_mut().find(|job| job.id == report.job)?;
    for (analysis, intervals, parameters) in [
        (&mut job.odin, report.odin, report.parameters),
        (&mut job.baseline, report.baseline, Parameters::BASELINE),
    ] {
        if let (Some(analysis), Some(intervals)) = (analysis, intervals)
            && analysis.parameters == parameters
            && analysis.conventions == report.conventions
        {
            analysis.intervals = Some(intervals);
        }
    }
    Some(Redraw::Progress)
}
