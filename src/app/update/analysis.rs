//! Metrics of the scores: analysed as they arrive, with intervals and exact values computed in the background.
use std::sync::Arc;

use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::schedule::replicates;
use crate::app::state::analysis::{
    Analysis, ChangeRequest, ExactReport, ExactRequest, ImageScores, IntervalReport, IntervalRequest,
    IntervalsOf,
};
use crate::app::state::jobs::Job;
use crate::app::state::pin::ChangeTo;
use crate::app::state::scores::Live;
use odin_core::session::Detector;
use odin_core::setting::Setting;

/// The same scores always give the same intervals.
const SEED: u64 = 0;

/// Analyses a job's scores: ODIN's, the baseline's, and those of the detector that is shown.
pub(super) fn analyse(model: &mut Model, place: usize) {
    let conventions = model.view.conventions;
    let now = model.now;
    let shown = model.view.detector;
    let job = model.job_mut(place);
    job.needs_analysis = false;
    job.analysed_at = Some(now);
    let [baseline, odin, third] =
        [Detector::Baseline, Detector::Odin, shown].map(|detector| job.setting(detector));
    job.scores.watch(&third);
    let known = |analysis: &Analysis| analysis.summary.n_in + analysis.summary.n_out;
    let images = job.scores.live(&baseline).map_or(0, Live::images) as u64;
    if job.baseline.as_ref().map(known) != Some(images) {
        let before = job.baseline.take();
        job.baseline =
            Analysis::new(&job.scores, &job.groups, &baseline, &conventions, before.as_ref()).or(before);
    }
    // Until both sets have scores at the new knobs, the old ones stay on the screen, marked as such.
    if let Some(odin) = Analysis::new(&job.scores, &job.groups, &odin, &conventions, job.odin.as_ref()) {
        job.odin = Some(odin);
    }
    if !matches!(shown, Detector::Odin | Detector::Baseline) {
        let before = job.other.take().filter(|before| before.detector() == shown);
        job.other = Analysis::new(&job.scores, &job.groups, &third, &conventions, before.as_ref()).or(before);
    }
}

/// The metrics of very many images are approximate while scores arrive. Once all have, they are made exact.
pub(super) fn request_exact(model: &mut Model, effects: &mut Vec<Effect>) {
    let settled = model
        .jobs
        .iter_mut()
        .filter(|job| !job.needs_analysis && !job.is_active());
    for job in settled {
        for detector in Detector::ON_LOGITS {
            let rough = |analysis: &&Analysis| analysis.resolution > 0.0;
            let Some(analysis) = job.analysis(detector).filter(rough) else {
                continue;
            };
            let setting = analysis.setting;
            let asked = (setting, analysis.summary.n_in + analysis.summary.n_out);
            if job.exact_requested.contains(&asked) {
                continue;
            }
            // Another detector has been shown since: its scores are no longer followed.
            let Some(live) = job.scores.live(&setting) else {
                continue;
            };
            effects.push(Effect::ComputeExact(ExactRequest {
                job: job.id,
                setting,
                stream: live.stream.clone(),
            }));
            job.exact_requested.push(asked);
        }
    }
}

/// Takes an exact comparison, unless the analysis is at another setting or of other images by now.
pub(super) fn exact(model: &mut Model, report: ExactReport) -> Option<Redraw> {
    let job = model.job_by_id_mut(report.job)?;
    let comparison = report.comparison;
    let sizes = (comparison.n_in(), comparison.n_out());
    let is_of = |analysis: &&mut Analysis| {
        analysis.setting == report.setting && (analysis.summary.n_in, analysis.summary.n_out) == sizes
    };
    job.analyses().find(is_of)?.refine(comparison);
    Some(Redraw::Progress)
}

pub(super) fn request_intervals(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(job) = model.wants_intervals() else {
        return;
    };
    let without = model.without_intervals(job);
    let request = IntervalRequest {
        job: job.id,
        conventions: model.view.conventions,
        of: without
            .map(|analysis| IntervalsOf {
                setting: analysis.setting,
                comparison: analysis.comparison.clone(),
                grouped: job.groups.are_any().then(|| match model.pin_of(job) {
                    Some(pin) if pin.setting == analysis.setting => pin.scores.clone(),
                    _ => scores_of(job, &analysis.setting),
                }),
            })
            .collect(),
        change: change_request(model, job),
        replicates: replicates(job),
        seed: SEED,
    };
    model.intervals.is_in_flight = true;
    model.intervals.requested_at = Some(model.now);
    effects.push(Effect::ComputeIntervals(request));
}

/// The job's scores by a setting, image by image.
fn scores_of(job: &Job, setting: &Setting) -> Arc<ImageScores> {
    Arc::new(ImageScores::of(&job.scores, setting, &job.groups))
}

/// The change that is shown and lacks its interval, with the scores of both sides.
fn change_request(model: &Model, job: &Job) -> Option<ChangeRequest> {
    let (to, number) = model.lacking_change(job)?;
    let pin = model.pin.as_ref().filter(|_| number.is_some());
    Some(ChangeRequest {
        setting: to.setting,
        from: pin.map_or_else(
            || scores_of(job, &job.setting(Detector::Baseline)),
            |pin| pin.scores.clone(),
        ),
        to: scores_of(job, &to.setting),
        pin: number,
    })
}

/// Takes intervals, except for analyses at another setting or by other conventions by now.
pub(super) fn intervals(model: &mut Model, report: &IntervalReport) -> Option<Redraw> {
    model.intervals.is_in_flight = false;
    let place = model.jobs.iter().position(|job| job.id == report.job)?;
    let fits = |analysis: &Analysis, setting: &Setting| {
        analysis.setting == *setting && analysis.conventions == report.conventions
    };
    if let Some(pin) = model.pin.as_mut().filter(|pin| pin.job == report.job)
        && let Some((_, intervals)) = report.of.iter().find(|(setting, _)| fits(&pin.analysis, setting))
    {
        pin.analysis.intervals = Some(*intervals);
    }
    let job = model.job_mut(place);
    for (setting, intervals) in &report.of {
        if let Some(analysis) = job.analyses().find(|analysis| fits(analysis, setting)) {
            analysis.intervals = Some(*intervals);
        }
    }
    if let Some(change) = &report.change {
        let analysis = job.analyses().find(|analysis| fits(analysis, &change.setting));
        let Some(analysis) = analysis else {
            return Some(Redraw::Progress);
        };
        let to = ChangeTo::of(report.job, analysis);
        if change.pin.is_none() {
            analysis.changes = Some(change.changes);
        }
        // Another one may have been pinned since.
        let pin = model.pin.as_mut().filter(|pin| Some(pin.number) == change.pin);
        if let Some(pin) = pin {
            pin.change = Some((to, change.changes));
        }
    }
    Some(Redraw::Progress)
}
