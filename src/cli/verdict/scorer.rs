//! Asks the engine for two kinds of score sets: of the images, and of the in-distribution images that choose the threshold.
use std::path::{Path, PathBuf};

use anyhow::bail;
use indicatif::MultiProgress;
use odin_core::protocol::{ImageFiles, ImageScore, JobSpec, Order, SetImages, SetRequest};
use odin_core::setting;

use super::line::{Line, Name, Said, Verdict};
use super::names::is_many;
use super::threshold::Threshold;
use crate::cli::client::{Client, PendingSet};
use crate::cli::progress_bar;
use crate::datasets::{self, Dataset, Preprocessing};
use crate::home::Home;
use crate::metrics::Side;
use crate::networks::NetworkCard;
use crate::runs::{Condition, shelf};
use crate::scoring::Detector;
use crate::units::{Devices, LogOdds};

/// Images of one request: whole batches of every size that the engine chooses.
const CHUNK: usize = 1024;

pub(super) struct Scorer {
    home: Home,
    client: Client,
    devices: Devices,
    /// With the T and ε that the detector uses.
    spec: JobSpec,
    detector: Detector,
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
        let card = NetworkCard::find(&spec.network, &home.models())?;
        let in_name = spec.in_dataset.clone().unwrap_or(card.in_dataset);
        let (set_card, root) = datasets::find(&in_name, &[home.data()])?;
        let set = Dataset::open(&set_card, &root)?;
        let (temperature, magnitude) = setting::parameters(detector, spec.temperature, spec.magnitude);
        Ok(Self {
            client: Client::start(home, false, &MultiProgress::new())?,
            home: home.clone(),
            devices,
            class_names: set.class_names().to_vec(),
            preprocessing: *set.preprocessing(),
            size: set.size(0)?,
            spec: JobSpec {
                order: Order::File,
                temperature,
                magnitude,
                ..spec
            },
            detector,
            in_name,
            resize,
        })
    }

    /// The threshold that this share of new in-distribution images is expected to reach; says so on standard error.
    pub(super) fn threshold(&self, tpr: f64) -> anyhow::Result<Threshold> {
        let (ids, from) = self.in_scores()?;
        let (threshold, promise) = Threshold::choose(ids, tpr, &self.in_name)?;
        let JobSpec {
            network,
            temperature,
            magnitude,
            ..
        } = &self.spec;
        let parameters = match self.detector.has_parameters() {
            true => format!(" (T = {temperature}, ε = {magnitude})"),
            false => String::new(),
        };
        eprintln!("{network}, {}{parameters}, {from}: {promise}", self.detector);
        Ok(threshold)
    }

    /// Scores of the job's in-distribution images: of a finished run where there is one, else asked for now.
    fn in_scores(&self) -> anyhow::Result<(Vec<f64>, String)> {
        if self.detector == Detector::Odin
            && let Some((scores, name)) = self.in_scores_of_a_run()
        {
            return Ok((scores, format!("run {name}")));
        }
        let bar = progress_bar(0, "images");
        bar.set_message(format!("threshold: {}", self.in_name));
        let asked = self.client.ask_for_set(self.spec.set(Side::In), &self.devices);
        let scored = self.client.finish_set(asked, &bar)?;
        bar.finish_and_clear();
        let scores = scored.scores.iter().map(|score| score.by(self.detector));
        Ok((scores.collect(), "scored now".to_owned()))
    }

    /// In-distribution ODIN scores of a finished run of the same network, set and parameters.
    fn in_scores_of_a_run(&self) -> Option<(Vec<f64>, String)> {
        let card = NetworkCard::find(&self.spec.network, &self.home.models()).ok()?;
        let weights = self
            .client
            .weights_digest(&self.spec.network, self.spec.weights.as_deref())
            .ok()?;
        let (set_card, root) = datasets::find(&self.in_name, &[self.home.data()]).ok()?;
        let digest = Dataset::open(&set_card, &root)
            .and_then(|set| set.digest())
            .ok()?;
        let finished = shelf(&self.home.runs())
            .into_iter()
            .filter(|s| s.condition == Condition::Finished);
        for run in finished.filter_map(|shelved| shelved.run.ok()) {
            let same = run.manifest.as_ref().is_some_and(|manifest| {
                let identity = &manifest.identity;
                identity.network.digest == weights
                    && identity.in_dataset.digest == digest
                    && identity.normalisation == card.normalisation
                    && (identity.temperature, identity.magnitude)
                        == (self.spec.temperature, self.spec.magnitude)
                    && (identity.skip, identity.limit) == (self.spec.skip, self.spec.limit)
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
            skip: 0,
            limit: None,
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
        let mut say = |index: u32, said: Said| match all.get_mut(index as usize) {
            Some(place) => *place = Some(said),
            None => {
                unreachable!("the engine tells of the images that it was asked for, not of number {index}")
            }
        };
        let is_number = |score: &&ImageScore| !score.by(self.detector).is_nan();
        let (numbers, nans): (Vec<&ImageScore>, Vec<&ImageScore>) = scored.scores.iter().partition(is_number);
        let values: Vec<f64> = numbers
            .iter()
            .map(|score: &&ImageScore| score.by(self.detector))
            .collect();
        let p_values = threshold.p_values(&values)?;
        for (place, (score, value)) in numbers.iter().zip(&values).enumerate() {
            let p_value = p_values.as_ref().and_then(|all| all.get(place)).copied();
            let image = images.get(score.index as usize).map(PathBuf::as_path);
            let verdict = self.verdict(score, *value, threshold, p_value, image);
            say(score.index, Said::Verdict(Box::new(verdict)));
        }
        for score in nans {
            let error = "its score is not a number: are these the network's weights?".to_owned();
            say(score.index, Said::Error { error });
        }
        for (index, error) in scored.unreadable {
            say(index, Said::Error { error });
        }
        let line = |(image, said): (PathBuf, Option<Said>)| {
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
        images.into_iter().zip(all).map(line).collect()
    }

    fn verdict(
        &self,
        score: &ImageScore,
        value: f64,
        threshold: &Threshold,
        p_value: Option<f64>,
        image: Option<&Path>,
    ) -> Verdict {
        // JSON has no infinity, which some detectors give where the network is certain.
        let finite = |value: f64| value.clamp(f64::MIN, f64::MAX);
        let is_log_odds = self.detector.is_log_odds();
        Verdict {
            verdict: if threshold.is_id(value) { "ID" } else { "OOD" },
            detector: self.detector.key(),
            score: finite(value),
            threshold: threshold.score.map(finite),
            p_value,
            probability: is_log_odds.then(|| LogOdds(value).probability()),
            max_softmax: score.baseline.probability(),
            class: score.prediction,
            class_name: self.class_names.get(usize::from(score.prediction)).cloned(),
            resized_from: image.and_then(|image| self.resized_from(image)),
        }
    }

    /// Height and width of an image that does not come to the network's size by itself.
    fn resized_from(&self, image: &Path) -> Option<(u32, u32)> {
        if !self.resize {
            return None;
        }
        let (height, width) = datasets::image_size(image).ok()?;
        let fits = self
            .preprocessing
            .output(height, width)
            .is_ok_and(|size| size == self.size);
        (!fits).then_some((height as u32, width as u32))
    }
}
