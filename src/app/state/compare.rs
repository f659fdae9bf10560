//! The Compare screen: every job of the session as a row of the paper's table, and the order of the rows.
use std::cmp::Ordering;

use super::analysis::Analysis;
use super::catalogue::Catalogue;
use super::jobs::{Job, JobState};
use super::parameters::Parameters;
use odin_core::report::{self, Estimate, Measured, PublishedBeside, Row, Tuned, WeightsUsed};
pub use odin_core::session::{Compare, CompareColumn, ComparedNumber};
use odin_core::session::{Detector, Metric};
use odin_datasets::Sampling;
use odin_metrics::{Change, Interval};

/// A detector's analysis, unless it is at parameters other than the present ones.
pub fn present(job: &Job, detector: Detector) -> Option<&Analysis> {
    job.analysis(detector).filter(|_| !job.is_stale_by(detector))
}

/// A detector's metric minus the baseline's.
pub fn change(job: &Job, detector: Detector, metric: Metric) -> Option<f64> {
    Some(present(job, detector)?.metric(metric) - job.baseline.as_ref()?.metric(metric))
}

/// What stands beside the baseline: the detector that is shown, and ODIN where that is the baseline itself.
pub(in crate::app) fn beside(shown: Detector) -> Detector {
    match shown {
        Detector::Baseline => Detector::Odin,
        other => other,
    }
}

/// The jobs in the order of the table, by their places in the list.
pub(in crate::app) fn order(jobs: &[Job], compare: Compare, beside: Detector) -> Vec<usize> {
    let Compare {
        column,
        number,
        is_descending,
        ..
    } = compare;
    let value = |job: &Job| -> Option<f64> {
        match column {
            CompareColumn::Temperature => Some(Parameters::of(&job.setting(beside)).temperature.get()),
            CompareColumn::Magnitude => Some(Parameters::of(&job.setting(beside)).magnitude.get()),
            CompareColumn::Images => Some(job.scored() as f64),
            CompareColumn::Metric(metric) => match number {
                ComparedNumber::Beside => present(job, beside).map(|analysis| analysis.metric(metric)),
                ComparedNumber::Baseline => job.baseline.as_ref().map(|analysis| analysis.metric(metric)),
                ComparedNumber::Change => change(job, beside, metric),
            },
            CompareColumn::Session | CompareColumn::Network | CompareColumn::Set => None,
        }
    };
    let directed = |ordering: Ordering| {
        if is_descending {
            ordering.reverse()
        } else {
            ordering
        }
    };
    let mut rows: Vec<(usize, &Job)> = jobs.iter().enumerate().collect();
    // A stable sort: equal rows stay in the session's order. Rows without a value come last in either direction.
    rows.sort_by(|(a, x), (b, y)| match column {
        CompareColumn::Session => directed(a.cmp(b)),
        CompareColumn::Network => directed(x.spec.network.cmp(&y.spec.network)),
        CompareColumn::Set => directed(x.spec.dataset.cmp(&y.spec.dataset)),
        _ => match (value(x), value(y)) {
            (Some(x), Some(y)) => directed(x.total_cmp(&y)),
            (x, y) => y.is_some().cmp(&x.is_some()),
        },
    });
    rows.into_iter().map(|(place, _)| place).collect()
}

/// The change of a metric from the baseline to a detector, with its paired interval, once that is computed.
pub fn paired_change(job: &Job, detector: Detector, metric: Metric) -> Option<Change> {
    let difference = change(job, detector, metric)?;
    let changes = present(job, detector)?.changes()?;
    // While scores arrive, it is of fewer images than the numbers are.
    Some(metric.change_of(&changes)).filter(|change| change.interval.contains(difference))
}

/// Whether a detector is better than the baseline, or worse; `None` where the difference may be chance, or prints as none.
pub fn is_better(job: &Job, detector: Detector, metric: Metric) -> Option<bool> {
    let difference = change(job, detector, metric)?;
    let is_told = paired_change(job, detector, metric)?.is_significant() && difference.abs() >= 5e-5;
    is_told.then_some((difference > 0.0) == metric.higher_is_better())
}

/// The published numbers that are of what the job is of: the same weights, sets and images.
pub fn published_beside(job: &Job, catalogue: &Catalogue) -> Option<PublishedBeside> {
    let spec = &job.spec;
    let (temperature, magnitude) = spec.settings.perturbation();
    let measured = Measured {
        weights: match spec.weights {
            None => WeightsUsed::OfCard,
            Some(_) => WeightsUsed::Others,
        },
        is_cards_in_dataset: spec.in_dataset.is_none(),
        dataset: &spec.dataset,
        skip: spec.limit.is_none().then_some(spec.skip),
        temperature,
        magnitude,
    };
    report::published_beside(catalogue.published.get(&spec.network)?, &measured)
}

/// A job as a row of the table that is exported.
pub(in crate::app) fn row(job: &Job, beside: Detector, catalogue: &Catalogue) -> Row {
    let spec = &job.spec;
    let side = |analysis: Option<&Analysis>| {
        let analysis = analysis?;
        Some(Metric::ALL.map(|metric| {
            Estimate {
                value: analysis.metric(metric),
                interval: analysis
                    .interval(metric)
                    .map(|(low, high)| Interval { low, high }),
            }
        }))
    };
    let shown = present(job, beside);
    let counts = shown.or(job.baseline.as_ref()).map(|analysis| &analysis.summary);
    let tuned = job.tuned(beside);
    Row {
        network: spec.network.clone(),
        in_dataset: spec.in_dataset.clone(),
        dataset: spec.dataset.clone(),
        setting: job.setting(beside),
        skip: (spec.limit.is_none() || spec.sampling == Sampling::File).then_some(spec.skip),
        chosen: Some(spec.choice()),
        n_in: counts.map_or(0, |summary| summary.n_in),
        n_out: counts.map_or(0, |summary| summary.n_out),
        is_complete: matches!(job.state, JobState::Done { .. }) && shown.is_some(),
        baseline: side(job.analysis(Detector::Baseline)),
        beside: side(shown),
        difference: shown
            .and_then(Analysis::changes)
            .map(|changes| Metric::ALL.map(|metric| metric.change_of(&changes).interval)),
        tuned: tuned.map(|tuned| Tuned::of((&tuned).into())),
        published: published_beside(job, catalogue),
        run: None,
    }
}
