//! `odin verdict`: single images, in- or out-of-distribution at a session's threshold. A line of JSON each.
use std::io::{self, BufRead, IsTerminal};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::MultiProgress;
use serde::Serialize;

use super::client::Client;
use super::explore;
use super::output::{print, progress_bar};
use crate::datasets::{self, Corrupt, Dataset, DatasetCard, Layout, Noise, Preprocessing, Resize, Source};
use crate::home::Home;
use crate::metrics::{Comparison, Side};
use crate::networks::NetworkCard;
use crate::runs::{Condition, shelf};
use crate::session::Session;
use crate::units::Devices;
use odin_core::protocol::{JobSpec, Order, ScoredImage};
use odin_core::setting::Detector;
use odin_core::units::LogOdds;

#[derive(Debug, Args)]
pub struct Options {
    /// Images [default: their paths on standard input, one a line]
    images: Vec<PathBuf>,
    /// The session whose network, T and ε are used: a YAML file, or the name of one in sessions/
    #[arg(long, short)]
    session: String,
    /// Which job of the session, counted from 0 through all queues [default: the one selected in the dashboard]
    #[arg(long, value_name = "N")]
    job: Option<usize>,
    /// Call ID what scores (in log-odds) at least this [default: what 95 % of the job's in-distribution images score]
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Choose the threshold so that this share of the in-distribution images is called ID
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", conflicts_with = "threshold", value_parser = share)]
    tpr: f64,
    /// Give images to the network in their own size, instead of that of its in-distribution images
    #[arg(long)]
    no_resize: bool,
    /// Use this device, or these, in place of the session's
    #[arg(long)]
    device: Option<Devices>,
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err("a share above 0, up to 1".to_owned())
    }
}

/// Images that are scored in one go; those before are told already.
const CHUNK: usize = 2000;

/// What is said of an image.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    Verdict {
        image: String,
        verdict: &'static str,
        /// Log-odds of the guessed class at (T, ε).
        score: f64,
        threshold: f64,
        /// The same as max softmax, and that at T = 1 and ε = 0.
        probability: f64,
        max_softmax: f64,
        class: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        class_name: Option<String>,
        /// Height and width before it was brought to the network's size.
        #[serde(skip_serializing_if = "Option::is_none")]
        resized_from: Option<(u32, u32)>,
    },
    Error {
        image: String,
        error: String,
    },
}

/// Exit code 1 where an image has no verdict; its line says why.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let path = explore::find(&options.session, &home)?;
    let session = Session::load(&path)?;
    let specs = session.job_specs();
    let number = options.job.unwrap_or(session.view.job);
    let Some((_, devices, spec)) = specs.into_iter().nth(number) else {
        bail!(
            "{}: there is no job {number} (they are counted from 0)",
            path.display()
        );
    };
    let devices = options.device.clone().unwrap_or(devices);
    let mut court = Court::open(&home, spec, devices, options.no_resize)?;
    let threshold = match options.threshold {
        Some(threshold) if threshold.is_nan() => bail!("--threshold: a number is expected"),
        Some(threshold) => threshold,
        None => court.threshold(options.tpr)?,
    };
    let mut failed = false;
    let mut tell = |court: &mut Court, images: &[PathBuf]| -> anyhow::Result<()> {
        let mut text = String::new();
        for line in court.judge(images, threshold)? {
            failed |= matches!(line, Line::Error { .. });
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        print(&text)
    };
    if options.images.is_empty() {
        if io::stdin().is_terminal() {
            bail!("which images? Name them, or give their paths on standard input");
        }
        let mut images = Vec::new();
        for line in io::stdin().lock().lines() {
            let line = line.context("standard input")?;
            if !line.is_empty() {
                images.push(PathBuf::from(line));
            }
            if images.len() == CHUNK {
                tell(&mut court, &images)?;
                images.clear();
            }
        }
        tell(&mut court, &images)?;
    } else {
        for images in options.images.chunks(CHUNK) {
            tell(&mut court, images)?;
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Scores images that belong to no data set: each lot becomes one, in a folder of links.
struct Court {
    home: Home,
    client: Client,
    devices: Devices,
    spec: JobSpec,
    in_name: String,
    class_names: Vec<String>,
    preprocessing: Preprocessing,
    /// Height and width of the in-distribution images, as the network takes them.
    size: (usize, usize),
    resize: bool,
    /// Cards and links that make data sets of the images.
    bench: tempfile::TempDir,
    lots: usize,
}

impl Court {
    fn open(home: &Home, spec: JobSpec, devices: Devices, no_resize: bool) -> anyhow::Result<Self> {
        let card = NetworkCard::find(&spec.network, &home.model_folders())?;
        let in_name = spec.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone());
        let (set_card, root) = card.find_set(&in_name, &home.data_folders())?;
        let set = Dataset::open(&set_card, &root)?;
        Ok(Self {
            client: Client::start(home, false, &MultiProgress::new())?,
            devices,
            home: home.clone(),
            class_names: set.class_names().to_vec(),
            preprocessing: set_card.preprocessing,
            size: set.size(0)?,
            resize: !no_resize,
            bench: tempfile::Builder::new().prefix("odin-verdict-").tempdir()?,
            lots: 0,
            in_name,
            spec: JobSpec {
                order: Order::File,
                ..spec
            },
        })
    }

    /// The score that this share of the job's in-distribution images reaches: of a finished run where there is one, else
    /// scored now.
    fn threshold(&mut self, tpr: f64) -> anyhow::Result<f64> {
        let (scores, from) = match self.scores_of_a_run() {
            Some((scores, name)) => (scores, format!("run {name}")),
            None => (self.score_in_set()?, "scored now".to_owned()),
        };
        // Only the ID side says where the threshold lies.
        let threshold = Comparison::new(&scores, &[f64::NEG_INFINITY])?.threshold_at_tpr(tpr);
        let JobSpec {
            network, settings, ..
        } = &self.spec;
        let (temperature, magnitude) = settings.perturbation();
        eprintln!(
            "{network}, T = {temperature}, ε = {magnitude}: ID from a score of {threshold} on, as {} % of {} images of {} are ({from})",
            100.0 * tpr,
            scores.len(),
            self.in_name
        );
        Ok(threshold)
    }

    /// In-distribution scores of a finished run of the same network, set and parameters.
    fn scores_of_a_run(&self) -> Option<(Vec<f64>, String)> {
        let card = NetworkCard::find(&self.spec.network, &self.home.model_folders()).ok()?;
        let weights = self
            .client
            .weights_digest(&self.spec.network, self.spec.weights.as_deref())
            .ok()?;
        let set = card.open_set(&self.in_name, &self.home.data_folders()).ok()?;
        let digest = set.digest().ok()?;
        let finished = shelf(&self.home.runs())
            .into_iter()
            .filter(|s| s.condition == Condition::Finished);
        for run in finished.filter_map(|shelved| shelved.run.ok()) {
            let same = run.manifest.as_ref().is_some_and(|manifest| {
                let identity = &manifest.identity;
                identity.network.digest == weights
                    && identity.in_dataset.digest == digest
                    && identity.normalisation == card.normalisation
                    && (identity.temperature, identity.magnitude) == self.spec.settings.perturbation()
                    && (identity.skip, identity.limit) == (self.spec.skip, self.spec.limit)
                    && (identity.limit.is_none()
                        || (identity.order, identity.seed) == (self.spec.sampling, self.spec.seed))
                    && identity.sweep.is_none()
            });
            if let Some(scores) = same.then(|| run.scores(Side::In).ok()).flatten() {
                return Some((scores.odin, run.name()));
            }
        }
        None
    }

    fn score_in_set(&mut self) -> anyhow::Result<Vec<f64>> {
        // The other side is of no interest: as little noise as can be.
        let noise = self.noise(self.spec.skip + 1)?;
        let bar = progress_bar(0, "images");
        bar.set_message(format!("threshold: {}", self.in_name));
        let scored = self.client.score(
            JobSpec {
                dataset: noise,
                ..self.spec.clone()
            },
            &self.devices,
            &bar,
        )?;
        bar.finish_and_clear();
        Ok(scored.ins.of(Detector::Odin).unwrap_or_default().to_vec())
    }

    /// A line an image, in their order.
    fn judge(&mut self, images: &[PathBuf], threshold: f64) -> anyhow::Result<Vec<Line>> {
        let looks: Vec<Look> = images.iter().map(|image| self.look(image)).collect();
        let mut scores: Vec<Option<Judged>> = vec![None; images.len()];
        for resized in [false, true] {
            let chosen: Vec<usize> = looks
                .iter()
                .enumerate()
                .filter(|(_, look)| matches!(look, Ok(seen) if seen.resized == resized))
                .map(|(n, _)| n)
                .collect();
            for (n, score) in self.score(images, &looks, &chosen, resized)? {
                if let Some(place) = scores.get_mut(n) {
                    *place = Some(score);
                }
            }
        }
        let line = |((image, look), score): ((&PathBuf, Look), Option<Judged>)| {
            let image_name = image.display().to_string();
            match (look, score) {
                (Ok(seen), Some(score)) => Line::Verdict {
                    image: image_name,
                    verdict: if score.odin.0 >= threshold { "ID" } else { "OOD" },
                    score: score.odin.0,
                    threshold,
                    probability: score.odin.probability(),
                    max_softmax: score.baseline.probability(),
                    class: score.prediction,
                    class_name: self.class_names.get(usize::from(score.prediction)).cloned(),
                    resized_from: seen.resized.then_some(seen.size),
                },
                (Ok(_), None) => Line::Error {
                    error: why_not(image),
                    image: image_name,
                },
                (Err(error), _) => Line::Error {
                    image: image_name,
                    error,
                },
            }
        };
        Ok(images.iter().zip(looks).zip(scores).map(line).collect())
    }

    fn look(&self, image: &Path) -> Look {
        let (height, width) = datasets::image_size(image).map_err(|error| reason(&error))?;
        let seen = |resized| Seen {
            size: (height as u32, width as u32),
            resized,
        };
        let output = self.preprocessing.output(height, width);
        let fits = output.map_err(|error| error.to_string())? == self.size;
        Ok(seen(self.resize && !fits))
    }

    /// The scores of the chosen images, with their places.
    fn score(
        &mut self,
        images: &[PathBuf],
        looks: &[Look],
        chosen: &[usize],
        resized: bool,
    ) -> anyhow::Result<Vec<(usize, Judged)>> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        self.lots += 1;
        let name = format!("lot-{}", self.lots);
        let folder = self.bench.path().join(&name);
        std::fs::create_dir(&folder)?;
        for (place, &n) in chosen.iter().enumerate() {
            if let (Some(image), Some(Ok(_))) = (images.get(n), looks.get(n)) {
                let target = std::fs::canonicalize(image).with_context(|| image.display().to_string())?;
                // What an image is, is known by its content; its name only has to look like one.
                symlink(target, folder.join(format!("{place:09}.png")))?;
            }
        }
        let mut card = DatasetCard::new(
            name,
            Source::Folder {
                path: folder.clone(),
                layout: Layout::Flat,
                corrupt: Corrupt::Skip,
            },
        );
        card.preprocessing = match resized {
            false => self.preprocessing,
            true => Preprocessing {
                grey: self.preprocessing.grey,
                resize: Some(Resize::Exact([self.size.0, self.size.1])),
                ..Preprocessing::default()
            },
        };
        let noise = self.noise(1)?;
        let spec = JobSpec {
            in_dataset: Some(noise),
            dataset: self.card(&card)?,
            skip: 0,
            limit: None,
            ..self.spec.clone()
        };
        let bar = progress_bar(0, "images");
        let scored = self.client.score(spec, &self.devices, &bar)?;
        bar.finish_and_clear();
        std::fs::remove_dir_all(&folder)?;
        let column = |detector| scored.outs.of(detector).unwrap_or_default();
        let columns = column(Detector::Odin).iter().zip(column(Detector::Baseline));
        let place = |(image, (&odin, &baseline)): (&ScoredImage, (&f64, &f64))| {
            let judged = Judged {
                prediction: image.prediction,
                odin: LogOdds(odin),
                baseline: LogOdds(baseline),
            };
            Some((*chosen.get(image.index as usize)?, judged))
        };
        Ok(scored
            .outs
            .images()
            .iter()
            .zip(columns)
            .filter_map(place)
            .collect())
    }

    /// A data set of so many images of noise.
    fn noise(&self, count: usize) -> anyhow::Result<String> {
        let (height, width) = self.size;
        let noise = Noise {
            count,
            size: [height, width],
            seed: 0,
        };
        self.card(&DatasetCard::new(
            format!("noise-{count}"),
            Source::Uniform(noise),
        ))
    }

    /// Writes the card; gives its path.
    fn card(&self, card: &DatasetCard) -> anyhow::Result<String> {
        let path = self.bench.path().join(format!("{}.yaml", card.name));
        std::fs::write(&path, serde_yaml::to_string(card)?)?;
        Ok(path.display().to_string())
    }
}

/// What scoring made of an image.
#[derive(Clone, Copy)]
struct Judged {
    prediction: u16,
    odin: LogOdds,
    baseline: LogOdds,
}

/// What is known of an image without decoding it.
struct Seen {
    /// Height and width.
    size: (u32, u32),
    resized: bool,
}

/// An image, or why it is none.
type Look = Result<Seen, String>;

/// Why an image could not be decoded.
fn why_not(image: &Path) -> String {
    let decoded = datasets::read_image(image);
    decoded
        .err()
        .map_or_else(|| "it cannot be scored".to_owned(), |error| reason(&error))
}

/// The error without the name of the image, which its line has.
fn reason(error: &datasets::DatasetError) -> String {
    match error {
        datasets::DatasetError::CorruptImage { why, .. } => why.clone(),
        datasets::DatasetError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
