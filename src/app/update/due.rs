//! What is done when its time has come: scoring asked for, scores analysed, intervals computed.
use std::time::Duration;

use super::engine::request_now;
use super::session;
use crate::app::analysis::{Analysis, ExactReport, ExactRequest, IntervalReport, IntervalRequest};
use crate::app::effect::{Effect, Redraw};
use crate::app::job::{Job, Parameters};
use crate::app::model::Model;
use crate::app::scores::Live;
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
    let shown = is_due(model, model.view.job) && analyse(model, model.view.job);
    let mut analysed = shown;
    // One of the others at a time, to keep a tick short.
    if let Some(job) = (0..model.jobs.len()).find(|&job| job != model.view.job && is_due(model, job)) {
        analysed |= analyse(model, job);
    }
    request_exact(model, effects);
    if model.intervals_due().is_some_and(|due| now >= due) {
        effects.extend(request_intervals(model).map(Effect::ComputeIntervals));
    }
    if model.autosave_due().is_some_and(|due| now >= due) {
        session::keep_aside(model, effects);
    }
    let redraw = if shown && model.is_awaited() {
        Redraw::Answer
    } else {
        Redraw::Progress
    };
    analysed.then_some(redraw)
}

fn analyse(model: &mut Model, number: usize) -> bool {
    let conventions = model.view.conventions;
    let now = model.now;
    let shown = model.view.detector;
    let Some(job) = model.jobs.get_mut(number) else {
        return false;
    };
    job.dirty = false;
    job.analysed_at = Some(now);
    job.scores.watch(shown);
    let images = |job: &Job, detector| job.scores.live(detector).map_or(0, Live::images) as u64;
    let known = |analysis: &Analysis| analysis.summary.n_in + analysis.summary.n_out;
    if job.baseline.as_ref().map(known) != Some(images(job, Detector::Baseline)) {
        let before = job.baseline.take();
        let (scores, of) = (&job.scores, Parameters::BASELINE);
        job.baseline =
            Analysis::new(scores, Detector::Baseline, of, &conventions, before.as_ref()).or(before);
    }
    let (scores, of) = (&job.scores, job.parameters());
    // Until both sets have scores at the new parameters, those at the old ones stay on screen, and say so.
    if let Some(odin) = Analysis::new(scores, Detector::Odin, of, &conventions, job.odin.as_ref()) {
        job.odin = Some(odin);
    }
    if !matches!(shown, Detector::Odin | Detector::Baseline) {
        let before = job.other.take().filter(|before| before.detector == shown);
        job.other = Analysis::new(scores, shown, of, &conventions, before.as_ref()).or(before);
    }
    true
}

/// Of very many images the metrics are off by a little while scores come. Once all are there, they are made exact.
fn request_exact(model: &mut Model, effects: &mut Vec<Effect>) {
    let settled = model.jobs.iter_mut().filter(|job| !job.dirty && !job.is_active());
    for job in settled {
        for detector in Detector::ALL {
            let rough = |analysis: &&Analysis| analysis.resolution > 0.0;
            let Some(analysis) = job.analysis(detector).filter(rough) else {
                continue;
            };
            let asked = (
                detector,
                analysis.summary.n_in + analysis.summary.n_out,
                job.generation,
            );
            if job.exact_asked.contains(&asked) {
                continue;
            }
            if let Some(live) = job.scores.live(detector) {
                effects.push(Effect::ComputeExact(ExactRequest {
                    job: job.id,
                    parameters: job.parameters(),
                    detector,
                    stream: live.stream.clone(),
                }));
                job.exact_asked.push(asked);
            }
        }
    }
}

pub fn exact(model: &mut Model, report: ExactReport) -> Option<Redraw> {
    let job = model.jobs.iter_mut().find(|job| job.id == report.job)?;
    let is_present = job.parameters() == report.parameters || !report.detector.has_parameters();
    let comparison = report.comparison.filter(|_| is_present)?;
    let sizes = (comparison.n_in(), comparison.n_out());
    let is_of = |analysis: &&mut Analysis| {
        analysis.detector == report.detector && (analysis.summary.n_in, analysis.summary.n_out) == sizes
    };
    job.analyses().find(is_of)?.refine(comparison);
    Some(Redraw::Progress)
}

fn request_intervals(model: &mut Model) -> Option<IntervalRequest> {
    let job = model.wants_intervals()?;
    let replicates = model.replicates(job);
    let lacking = model.lacking_intervals(job, replicates);
    let request = IntervalRequest {
        job: job.id,
        parameters: job.parameters(),
        conventions: model.view.conventions,
        of: lacking
            .map(|analysis| (analysis.detector, analysis.comparison.clone()))
            .collect(),
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
    for (detector, intervals) in &report.of {
        let fits = |analysis: &&mut Analysis| {
            analysis.detector == *detector
                && (analysis.parameters == report.parameters || !detector.has_parameters())
                && analysis.conventions == report.conventions
        };
        if let Some(analysis) = job.analyses().find(fits) {
            analysis.intervals = Some(*intervals);
        }
    }
    Some(Redraw::Progress)
}
