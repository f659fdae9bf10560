//! A comparison as the command line describes it, and what it comes to once it is scored.
mod by_detector;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::Scored;
use super::what::{Images, What};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::{FitSample, JobSpec, Order, ScoreTable};
use odin_core::runs::{self, About, Fit, Record};
use odin_core::setting::{self, Detector, Setting, Settings};
use odin_datasets::{Dataset, Part, Sampling};
use odin_metrics::Conventions;

pub(super) use by_detector::by_detector;

/// Bootstrap replicates behind each interval.
pub(super) const REPLICATES: usize = 1000;

/// The job that the arguments describe.
///
/// # Errors
/// As [`job_of`].
pub(super) fn job(what: &What) -> anyhow::Result<JobSpec> {
    let settings = [
        setting::odin(what.temperature, what.magnitude),
        Setting::new(Detector::Baseline),
    ];
    job_of(
        &what.network,
        &what.dataset,
        settings.into_iter().collect(),
        &what.images,
    )
}

/// The network's in-distribution set against this one, by these settings.
///
/// # Errors
/// A sample that is to skip images, which only a file can.
pub(super) fn job_of(
    network: &str,
    dataset: &str,
    settings: Settings,
    images: &Images,
) -> anyhow::Result<JobSpec> {
    anyhow::ensure!(
        images.order != Some(Sampling::Sample) || images.skip == 0,
        "--skip counts along the file, and --order sample takes images from everywhere: leave one of them out"
    );
    let sampling = match images.skip {
        0 => images.order.unwrap_or_default(),
        _ => Sampling::File,
    };
    Ok(JobSpec {
        network: network.to_owned(),
        weights: images.weights.clone(),
        in_dataset: images.in_dataset.clone(),
        dataset: dataset.to_owned(),
        settings,
        sampling,
        skip: images.skip,
        limit: images.limit,
        part: Part::Whole,
        corrupt: images.corrupt,
        batch: images.batch.map(|n| n as usize),
        seed: images.seed,
        order: Order::File,
        fit: FitSample::default(),
    })
}

/// Both sets of a comparison, open: what is known of their images beside their scores.
#[derive(Default)]
pub(super) struct Sets {
    pub ins: About,
    pub outs: About,
}

impl Sets {
    pub(super) fn open(home: &Home, card: &NetworkCard, spec: &JobSpec) -> anyhow::Result<Self> {
        let open = |name: &str| card.open_set(name, &home.data_folders()).map(Arc::new);
        let ins = open(spec.in_dataset.as_deref().unwrap_or(&card.in_dataset))?;
        Ok(Self::of(ins, open(&spec.dataset)?, spec))
    }

    /// Of sets that are open.
    pub(super) fn of(ins: Arc<Dataset>, outs: Arc<Dataset>, spec: &JobSpec) -> Self {
        let about = |set| About {
            choice: Some(spec.choice()),
            set: Some(set),
        };
        Self {
            ins: about(ins),
            outs: about(outs),
        }
    }
}

/// The group of each image, where the set has groups.
pub(super) fn groups(about: &About, scores: &ScoreTable) -> Option<Vec<u32>> {
    let groups = about.set.as_ref()?.groups()?;
    scores
        .images()
        .iter()
        .map(|image| groups.get(image.index as usize).copied())
        .collect()
}

/// A detector's metrics with intervals.
fn measure(
    detector: Detector,
    spec: &JobSpec,
    scored: &Scored,
    sets: &Sets,
) -> anyhow::Result<runs::Detector> {
    let (in_groups, out_groups) = (groups(&sets.ins, &scored.ins), groups(&sets.outs, &scored.outs));
    let groups = runs::Groups {
        ins: in_groups.as_deref(),
        outs: out_groups.as_deref(),
    };
    Ok(runs::detector(
        scored.by(detector)?,
        scored.ins.correct().as_deref(),
        groups,
        &Conventions::default(),
        REPLICATES,
        spec.seed,
    )?)
}

/// What a finished comparison comes to, with intervals.
pub(super) fn record(
    card: &NetworkCard,
    spec: &JobSpec,
    scored: &Scored,
    sets: &Sets,
) -> anyhow::Result<Record> {
    let conventions = Conventions::default();
    let measure = |detector| measure(detector, spec, scored, sets);
    let Scored {
        ins,
        outs,
        from_evidence,
        devices,
        seconds,
        fitted_on,
        ..
    } = scored;
    let computed = ins.len() + outs.len() - from_evidence;
    let weights = spec.weights.clone().unwrap_or_else(|| card.weights_path());
    let share = |all: Vec<bool>| all.iter().filter(|&&one| one).count() as f64 / all.len().max(1) as f64;
    Ok(Record {
        network: card.name.clone(),
        weights: weights.display().to_string(),
        in_dataset: spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone()),
        dataset: spec.dataset.clone(),
        temperature: spec.settings.temperature(),
        magnitude: spec.settings.magnitude(),
        chosen: Some(spec.choice()),
        n_in: ins.len(),
        n_out: outs.len(),
        n_from_evidence: *from_evidence,
        device: devices.to_string(),
        seconds: *seconds,
        images_per_second: (computed > 0).then(|| computed as f64 / seconds.max(f64::MIN_POSITIVE)),
        accuracy: ins.correct().map(share),
        conventions,
        baseline: measure(Detector::Baseline)?,
        odin: measure(Detector::Odin)?,
        detectors: BTreeMap::new(),
        fit: fitted_on.clone().map(|on| Fit {
            dataset: on.dataset,
            images: on.images,
            seed: spec.fit.seed,
        }),
    })
}
