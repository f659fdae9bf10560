//! Asks the engine for two kinds of score sets: of the images, and of the in-distribution images that choose the threshold.
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use indicatif::MultiProgress;
use odin_core::protocol::{ImageFiles, JobSpec, Order, ScoreTable, ScoredImage, SetImages, SetRequest};
use odin_core::setting::{Detector, Setting};
use odin_datasets::{Choice, Sampling};

use super::line::{Line, Name, Said, Verdict};
use super::names::is_many;
use super::threshold::Threshold;
use crate::cli::client::{Client, PendingSet};
use crate::cli::output::{line, progress_bar};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::runs::{self, Condition};
use odin_core::units::{Devices, LogOdds};
use odin_datasets::Preprocessing;
use odin_metrics::Side;

/// Images of one request: whole batches of every size that the engine chooses.
const CHUNK: usize = 1024;

pub(super) struct Scorer {
    home: Home,
    client: Client,
    devices: Devices,
    /// Its settings are the detector's and the baseline's: images are perturbed only where ODIN scores them.
    spec: JobSpec,
    setting: Setting,
    in_name: String,
    class_names: Vec<String>,
    preprocessing: Preprocessing,
    /// Height and width of the in-distribution images, as the network takes them.
    size: (usize, usize),
    resize: bool,
}

/// Images that the engine has been asked for.
pub(super) struct Asked {
    images: Vec<PathBuf>,
    set: PendingSet,
}

impl Scorer {
    pub(super) fn open(
        home: &Home,
        spec: JobSpec,
        detector: Detector,
        devices: Devices,
        resize: bool,
    ) -> anyhow::Result<Self> {
        let card = NetworkCard::find(&spec.network, &home.model_folders())?;
        let in_name = spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone());
        let set = card.open_set(&in_name, &home.data_folders())?;
        let setting = spec.settings.get(detector).copied();
        let setting = setting.with_context(|| {
            let scored_by: Vec<_> = spec.settings.iter().map(|s| s.detector().key()).collect();
            format!(
                "jobs are not scored by {}; choose another with --detector: {}",
                detector.key(),
                scored_by.join(", ")
            )
        })?;
        let baseline = spec.settings.get(Detector::Baseline).copied();
        let baseline = baseline.unwrap_or_else(|| Setting::new(Detector::Baseline));
        Ok(Self {
            client: Client::start(home, false, &MultiProgress::new())?,
            home: home.clone(),
            devices,
            class_names: set.class_names().to_vec(),
            preprocessing: *set.preprocessing(),
            size: set.size(0)?,
            spec: JobSpec {
                order: Order::File,
                settings: [setting, baseline].into_iter().collect(),
                ..spec
            },
            setting,
            in_name,
            resize,
        })
    }

    /// The threshold that this share of new in-distribution images is expected to reach; says so on standard error.
    pub(super) fn threshold(&self, tpr: f64) -> anyhow::Result<Threshold> {
        let (ids, from) = self.in_scores()?;
        let (threshold, promise) = Threshold::choose(ids, tpr, &self.in_name)?;
        let knobs = self.setting.knobs();
        let knobs: Vec<_> = knobs
            .map(|(knob, value)| format!("{} = {value}", knob.label))
            .collect();
        let knobs = match knobs.is_empty() {
            true => String::new(),
            false => format!(" ({})", knobs.join(", ")),
        };
        let (network, detector) = (&self.spec.network, self.setting.detector());
        line(&format!("{network}, {detector}{knobs}, {from}: {promise}"));
        Ok(threshold)
    }

    /// Scores of the job's in-distribution images: of a finished run where there is one, else asked for now.
    fn in_scores(&self) -> anyhow::Result<(Vec<f64>, String)> {
        if self.setting.detector() == Detector::Odin
            && let Some((scores, name)) = self.in_scores_of_a_run()
        {
            return Ok((scores, format!("run {name}")));
        }
        let bar = progress_bar(0, "images");
        bar.set_message(format!("threshold: {}", self.in_name));
        let asked = self.client.ask_for_set(self.spec.set(Side::In), &self.devices);
        let scored = self.client.finish_set(asked, &bar)?;
        bar.finish_and_clear();
        let scores = column(&scored.scores, &self.setting)?.to_vec();
        Ok((scores, "scored now".to_owned()))
    }

    /// In-distribution ODIN scores of a finished run of the same network, set and parameters.
    fn in_scores_of_a_run(&self) -> Option<(Vec<f64>, String)> {
        let card = NetworkCard::find(&self.spec.network, &self.home.model_folders()).ok()?;
        let weights = self
            .client
            .weights_digest(&self.spec.network, self.spec.weights.as_deref())
            .ok()?;
        let set = card.open_set(&self.in_name, &self.home.data_folders()).ok()?;
        let digest = set.digest().ok()?;
        let finished = runs::list(&self.home.runs())
            .into_iter()
            .filter(|s| s.condition == Condition::Finished);
        for run in finished.filter_map(|entry| entry.run.ok()) {
            let same = run.manifest.as_ref().is_some_and(|manifest| {
                let identity = &manifest.identity;
                identity.network.digest == weights
                    && identity.in_dataset.digest == digest
                    && identity.normalisation == card.normalisation
                    && (identity.temperature, identity.magnitude) == self.spec.settings.perturbation()
                    && (identity.order, identity.skip, identity.limit)
                        == (self.spec.sampling, self.spec.skip, self.spec.limit)
                    && (identity.limit.is_none()
                        || identity.order == Sampling::File
                        || identity.seed == self.spec.seed)
                    && identity.corrupt == self.spec.corrupt
                    && identity.sweep.is_none()
            });
            if let Some(scores) = same.then(|| run.scores(Side::In).ok()).flatten() {
                return Some((scores.odin, run.name()));
            }
        }
        None
    }

    /// Images of one request. A session's batch size divides it, so that batches are those of a data set of the same images.
    pub(super) fn chunk(&self) -> usize {
        let batch = self.spec.batch.unwrap_or(1).max(1);
        CHUNK.checked_next_multiple_of(batch).unwrap_or(CHUNK)
    }

    /// Has the images scored; the engine works on while others are waited for.
    pub(super) fn ask(&self, images: Vec<PathBuf>) -> Asked {
        // Without a working directory there is no absolute path, and the engine says why it finds no file.
        let absolute = |image: &PathBuf| std::path::absolute(image).unwrap_or_else(|_| image.clone());
        let request = SetRequest {
            images: SetImages::Files(ImageFiles {
                paths: images.iter().map(absolute).collect(),
                like: self.spec.in_dataset.clone(),
                resize: self.resize,
            }),
            choice: Choice::default(),
            ..self.spec.set(Side::Out)
        };
        Asked {
            set: self.client.ask_for_set(request, &self.devices),
            images,
        }
    }

    /// Waits for the images' scores: a line each, in their order.
    pub(super) fn finish(&self, asked: Asked, threshold: &Threshold) -> anyhow::Result<Vec<Line>> {
        let Asked { images, set } = asked;
        let bar = progress_bar(0, "images");
        let scored = self.client.finish_set(set, &bar)?;
        bar.finish_and_clear();
        // By their numbers: the engine tells of images as it is done with them, and of some only that they cannot be read.
        let mut all: Vec<Option<Said>> = images.iter().map(|_| None).collect();
        let mut say = |index: u32, said: Said| -> anyhow::Result<()> {
            let place = all.get_mut(index as usize);
            *place.ok_or_else(|| unasked(index))? = Some(said);
            Ok(())
        };
        let (numbers, nans) = self.values(&scored.scores)?;
        let scores: Vec<f64> = numbers.iter().map(|value| value.score).collect();
        let p_values = threshold.p_values(&scores)?;
        for (place, value) in numbers.iter().enumerate() {
            let index = value.image.index;
            let image = images.get(index as usize).ok_or_else(|| unasked(index))?;
            let p_value = p_values.as_ref().and_then(|all| all.get(place)).copied();
            let verdict = self.verdict(value, threshold, p_value, image);
            say(index, Said::Verdict(Box::new(verdict)))?;
        }
        for value in nans {
            let error = "its score is not a number: are these the network's weights?".to_owned();
            say(value.image.index, Said::Error { error })?;
        }
        for (index, error) in scored.unreadable {
            say(index, Said::Error { error })?;
        }
        let in_place = |(image, said): (PathBuf, Option<Said>)| {
            let said = match (is_many(&image), said) {
                (Some(why), _) => Said::Error {
                    error: why.to_owned(),
                },
                (None, Some(said)) => said,
                (None, None) => bail!("the engine says nothing of {}", image.display()),
            };
            Ok(Line {
                image: Name::of(&image),
                said,
            })
        };
        images.into_iter().zip(all).map(in_place).collect()
    }

    /// The images with their scores: those whose score by the detector is a number, and the others.
    fn values<'a>(&self, table: &'a ScoreTable) -> anyhow::Result<(Vec<Value<'a>>, Vec<Value<'a>>)> {
        let baseline = self.spec.settings.get(Detector::Baseline);
        let baseline = baseline.expect("the baseline is asked for whatever the detector");
        let scores = column(table, &self.setting)?.iter();
        let scores = scores.zip(column(table, baseline)?);
        let values = table.images().iter().zip(scores);
        Ok(values
            .map(|(image, (&score, &baseline))| Value {
                image,
                score,
                baseline: LogOdds(baseline),
            })
            .partition(|value| !value.score.is_nan()))
    }

    fn verdict(&self, value: &Value, threshold: &Threshold, p_value: Option<f64>, image: &Path) -> Verdict {
        // JSON has no infinity, which some detectors give where the network is certain.
        let finite = |value: f64| value.clamp(f64::MIN, f64::MAX);
        let detector = self.setting.detector();
        let Value {
            image: ScoredImage { prediction, .. },
            score,
            baseline,
        } = *value;
        Verdict {
            verdict: if threshold.is_id(score) { "ID" } else { "OOD" },
            detector: detector.key(),
            score: finite(score),
            threshold: threshold.score.map(finite),
            p_value,
            probability: detector.is_log_odds().then(|| LogOdds(score).probability()),
            max_softmax: baseline.probability(),
            class: *prediction,
            class_name: self.class_names.get(usize::from(*prediction)).cloned(),
            resized_from: self.resized_from(image),
        }
    }

    /// Height and width of an image that does not come to the network's size by itself.
    fn resized_from(&self, image: &Path) -> Option<(u32, u32)> {
        if !self.resize {
            return None;
        }
        let (height, width) = odin_datasets::image_size(image).ok()?;
        let fits = self
            .preprocessing
            .output(height, width)
            .is_ok_and(|size| size == self.size);
        (!fits).then_some((height as u32, width as u32))
    }
}

/// An image's scores, in log-odds or what else the detector gives.
struct Value<'a> {
    image: &'a ScoredImage,
    score: f64,
    baseline: LogOdds,
}

/// The scores by a setting that was asked for.
fn column<'a>(table: &'a ScoreTable, setting: &Setting) -> anyhow::Result<&'a [f64]> {
    match table.by(setting) {
        Some(column) => Ok(column),
        // A set of files none of which can be read has no table.
        None if table.is_empty() => Ok(&[]),
        None => Err(anyhow!("the engine gives no scores by {setting}")),
    }
}

fn unasked(index: u32) -> anyhow::Error {
    anyhow!(
        "the engine tells of image {index}, which it was not asked for; is odin-engine of the same build as odin?"
    )
}
