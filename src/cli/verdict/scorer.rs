//! Asks the engine for score sets, and makes lines of those of images.
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use indicatif::MultiProgress;

use super::basis::Basis;
use super::line::{Line, Name, Said, Verdict};
use super::names::is_many;
use super::threshold::Threshold;
use crate::cli::client::{Client, PendingSet};
use crate::cli::output::progress_bar;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::{
    Event, FittedOn, ImageFiles, Order, ScoreTable, ScoredImage, SetImages, SetRequest,
};
use odin_core::setting::{Detector, Setting};
use odin_core::units::LogOdds;
use odin_datasets::{Choice, Dataset, Part};
use odin_detectors::Need;
use odin_metrics::Side;

/// Images of one request: whole batches of every size that the engine chooses.
const CHUNK: usize = 1024;

/// At most so many in-distribution images are set apart for detectors that learn from their labels.
const APART: usize = 1000;

pub(super) struct Scorer {
    pub home: Home,
    client: Client,
    /// The settings of its job are the detector's and the baseline's: images are perturbed only where ODIN scores them.
    pub basis: Basis,
    pub card: NetworkCard,
    /// The in-distribution set, and its name.
    pub ins: Dataset,
    pub in_name: String,
    /// Height and width of the in-distribution images, as the network takes them.
    size: (usize, usize),
    /// Digest of the set that the detector must have been fitted on, and how many of its images.
    fit: Option<(String, usize)>,
}

/// Images that the engine has been asked for.
pub(super) struct Asked {
    images: Vec<PathBuf>,
    set: PendingSet,
}

/// An image as it was named, with what was found out, or why nothing was.
pub(super) struct Found {
    image: PathBuf,
    value: Result<Value, String>,
}

struct Value {
    /// Finite: JSON has no infinity, which some detectors give where the network is certain.
    score: f64,
    baseline: LogOdds,
    class: u16,
    resized_from: Option<(u32, u32)>,
}

impl Found {
    /// By the detector; none of an image that cannot be read.
    pub(super) fn score(&self) -> Option<f64> {
        self.value.as_ref().ok().map(|value| value.score)
    }
}

impl Scorer {
    pub(super) fn open(home: &Home, basis: Basis) -> anyhow::Result<Self> {
        let Basis { spec, setting, .. } = &basis;
        let card = NetworkCard::find(&spec.network, &home.model_folders())?;
        let in_name = spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone());
        let ins = card.open_set(&in_name, &home.data_folders())?;
        if let Some(name) = &spec.fit.dataset {
            // A set that was named by hand and is not there is an error of its own, not a detector's.
            card.open_set(name, &home.data_folders())?;
        }
        let baseline = spec.settings.get(Detector::Baseline).copied();
        let baseline = baseline.unwrap_or_else(|| Setting::new(Detector::Baseline));
        let mut spec = spec.clone();
        spec.order = Order::File;
        // Those who are judged by the baseline have its setting once.
        spec.settings = [baseline, *setting].into_iter().collect();
        let learns = setting.detector().needs().contains(&Need::ValidationLabels);
        if learns && spec.part == Part::Whole {
            let images = ins.choose(&spec.choice())?.len();
            spec.part = Part::Report((images / 5).clamp(1, APART));
        }
        let basis = Basis { spec, ..basis };
        Ok(Self {
            client: Client::start(home, false, &MultiProgress::new())?,
            home: home.clone(),
            size: ins.size(0)?,
            basis,
            card,
            ins,
            in_name,
            fit: None,
        })
    }

    /// From now on a detector that is fitted on other images is an error.
    pub(super) fn expect_fit(&mut self, digest: &str, images: usize) {
        self.fit = Some((digest.to_owned(), images));
    }

    /// The scores of a set, by the detector, and what this was fitted on.
    pub(super) fn scores_of(
        &self,
        request: SetRequest,
        name: &str,
    ) -> anyhow::Result<(Vec<f64>, Option<FittedOn>)> {
        let bar = progress_bar(0, "images");
        bar.set_message(format!("threshold: {name}"));
        let asked = self.client.ask_for_set(request, &self.basis.devices);
        let scored = self.client.finish_set(asked, &bar, &|event| self.check(event))?;
        bar.finish_and_clear();
        let scores = column(&scored.scores, &self.basis.setting)?;
        Ok((scores.iter().copied().map(finite).collect(), scored.fitted_on))
    }

    /// Digest of the weights that the network scores with.
    pub(super) fn weights_digest(&self) -> anyhow::Result<String> {
        let spec = &self.basis.spec;
        let digest = self.client.weights_digest(&spec.network, spec.weights.as_deref());
        Ok(digest?)
    }

    /// Images of one request. A session's batch size divides it, so that batches are those of a data set of the same images.
    pub(super) fn chunk(&self) -> usize {
        let batch = self.basis.spec.batch.unwrap_or(1).max(1);
        CHUNK.checked_next_multiple_of(batch).unwrap_or(CHUNK)
    }

    /// Has the images scored; the engine works on while others are waited for.
    pub(super) fn ask(&self, images: Vec<PathBuf>) -> Asked {
        let Basis { spec, resize, .. } = &self.basis;
        // Without a working directory there is no absolute path, and the engine says why it finds no file.
        let absolute = |image: &PathBuf| std::path::absolute(image).unwrap_or_else(|_| image.clone());
        let request = SetRequest {
            images: SetImages::Files(ImageFiles {
                paths: images.iter().map(absolute).collect(),
                like: spec.in_dataset.clone(),
                resize: *resize,
            }),
            choice: Choice::default(),
            ..spec.set(Side::Out)
        };
        Asked {
            set: self.client.ask_for_set(request, &self.basis.devices),
            images,
        }
    }

    /// Waits for the images' scores, in their order.
    pub(super) fn finish(&self, asked: Asked) -> anyhow::Result<Vec<Found>> {
        let Asked { images, set } = asked;
        let bar = progress_bar(0, "images");
        let scored = self.client.finish_set(set, &bar, &|event| self.check(event))?;
        bar.finish_and_clear();
        // By their numbers: the engine tells of images as it is done with them, and of some only that they cannot be read.
        let mut all: Vec<Option<Result<Value, String>>> = images.iter().map(|_| None).collect();
        for (image, value) in self.values(&scored.scores)? {
            let path = images.get(image.index as usize);
            let value = self.value(image, value, path.ok_or_else(|| unasked(image.index))?);
            *place(&mut all, image.index)? = Some(value);
        }
        for (index, error) in scored.unreadable {
            *place(&mut all, index)? = Some(Err(error));
        }
        let in_place = |(image, value): (PathBuf, Option<_>)| {
            let value = match (is_many(&image), value) {
                (Some(why), _) => Err(why.to_owned()),
                (None, Some(value)) => value,
                (None, None) => bail!("the engine says nothing of {}", image.display()),
            };
            Ok(Found { image, value })
        };
        images.into_iter().zip(all).map(in_place).collect()
    }

    /// Ends a request that would have no verdicts: by a detector that is missing, or that is fitted on other images than the
    /// policy's.
    fn check(&self, event: &Event) -> anyhow::Result<()> {
        match event {
            Event::Fitted { on, .. } => self.check_fit(on),
            Event::Missing { detectors, .. } => {
                let why: Vec<&str> = detectors.iter().map(|(_, why)| why.as_str()).collect();
                bail!("{}", why.join("; "));
            }
            _ => Ok(()),
        }
    }

    fn check_fit(&self, on: &FittedOn) -> anyhow::Result<()> {
        match &self.fit {
            Some((digest, images)) if (digest, *images) != (&on.digest, on.images) => bail!(
                "{} is fitted on {} images of {} (digest {:.12}…), and the policy was made with {images} of another set or of \
                 another state of it ({digest:.12}…); export it anew",
                self.basis.setting.detector().key(),
                on.images,
                on.dataset,
                on.digest
            ),
            _ => Ok(()),
        }
    }

    /// The images with their scores, by the detector and by the baseline.
    fn values<'a>(
        &self,
        table: &'a ScoreTable,
    ) -> anyhow::Result<impl Iterator<Item = (&'a ScoredImage, (f64, LogOdds))>> {
        let baseline = self.basis.spec.settings.get(Detector::Baseline);
        let baseline = baseline.expect("the baseline is asked for whatever the detector");
        let scores = column(table, &self.basis.setting)?.iter();
        let scores = scores.zip(column(table, baseline)?);
        let scores = scores.map(|(score, baseline)| (*score, LogOdds(*baseline)));
        Ok(table.images().iter().zip(scores))
    }

    fn value(
        &self,
        image: &ScoredImage,
        (score, baseline): (f64, LogOdds),
        path: &Path,
    ) -> Result<Value, String> {
        if score.is_nan() {
            return Err("its score is not a number: are these the network's weights?".to_owned());
        }
        Ok(Value {
            score: finite(score),
            baseline,
            class: image.prediction,
            resized_from: self.resized_from(path),
        })
    }

    /// What is said of an image at a threshold.
    pub(super) fn line(&self, found: Found, threshold: &Threshold, p_value: Option<f64>) -> Line {
        let Found { image, value } = found;
        let said = match value {
            Ok(value) => Said::Verdict(Box::new(self.verdict(&value, threshold, p_value))),
            Err(error) => Said::Error { error },
        };
        Line {
            image: Name::of(&image),
            said,
        }
    }

    fn verdict(&self, value: &Value, threshold: &Threshold, p_value: Option<f64>) -> Verdict {
        let detector = self.basis.setting.detector();
        let &Value {
            score,
            baseline,
            class,
            resized_from,
        } = value;
        Verdict {
            verdict: if threshold.is_id(score) { "ID" } else { "OOD" },
            detector: detector.key(),
            score,
            threshold: threshold.score,
            rule: threshold.rule.clone(),
            p_value,
            probability: detector.is_log_odds().then(|| LogOdds(score).probability()),
            max_softmax: baseline.probability(),
            class,
            class_name: self.ins.class_names().get(usize::from(class)).cloned(),
            resized_from,
        }
    }

    /// Height and width of an image that does not come to the network's size by itself.
    fn resized_from(&self, image: &Path) -> Option<(u32, u32)> {
        if !self.basis.resize {
            return None;
        }
        let (height, width) = odin_datasets::image_size(image).ok()?;
        let fits = self
            .ins
            .preprocessing()
            .output(height, width)
            .is_ok_and(|size| size == self.size);
        (!fits).then_some((height as u32, width as u32))
    }
}

fn finite(score: f64) -> f64 {
    score.clamp(f64::MIN, f64::MAX)
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

fn place<T>(all: &mut [Option<T>], index: u32) -> anyhow::Result<&mut Option<T>> {
    all.get_mut(index as usize).ok_or_else(|| unasked(index))
}

fn unasked(index: u32) -> anyhow::Error {
    anyhow!(
        "the engine tells of image {index}, which it was not asked for; is odin-engine of the same build as odin?"
    )
}
