//! Images for people to look at, and what the network makes of one of them: on a thread of its own, on the CPU, so that
//! neither looking waits for scoring nor scoring for looking.
//!
//! Of each kind of request only the newest is served: who pages on does not want what was there before.
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tch::TchError;

use super::guard::guarded;
use super::out_of_memory::torch_kind;
use super::stamp::Stamp;
use crate::networks::weights::WeightsError;
use crate::networks::{read_weights, reason_of};
use crate::scoring::{Direction, Scorer};
use odin_core::home::Home;
use odin_core::networks::{CardError, NetworkCard};
use odin_core::protocol::{Event, Failure, FailureKind, ImageId, Inspection, JobId, JobSpec, Pixels};
use odin_core::units::LogOdds;
use odin_core::units::Temperature;
use odin_datasets::{self as datasets, Dataset, DatasetError, Image};
use odin_metrics::Side;

/// Larger thumbnails are made smaller, to so many pixels a side.
const THUMBNAIL: usize = 96;
/// And so are large images.
const LARGE: usize = 256;
/// Thumbnails that are sent at a time; between two such batches a newer request is heard.
const AT_A_TIME: usize = 8;

#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("libtorch: {}", reason_of(.0))]
    Torch(#[from] TchError),
    #[error("{0}")]
    NoGradient(String),
    #[error("{set}, image {index}: {why}")]
    Size { set: String, index: u32, why: String },
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        let kind = match &error {
            InspectError::Card(error) => error.into(),
            InspectError::Weights(error) => error.kind(),
            InspectError::Dataset(error) => error.into(),
            InspectError::Torch(error) => torch_kind(error),
            InspectError::NoGradient(_) | InspectError::Size { .. } => FailureKind::Unfit,
        };
        Self::new(kind, error)
    }
}

/// What is asked for and not yet served.
#[derive(Default)]
struct Wanted {
    thumbnails: Option<(JobId, JobSpec, Vec<ImageId>)>,
    inspection: Option<(JobId, JobSpec, ImageId)>,
    has_ended: bool,
}

/// The requests, and what wakes the thread when there is a new one.
#[derive(Default)]
struct Inbox {
    wanted: Mutex<Wanted>,
    arrived: Condvar,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.lock());
        self.arrived.notify_one();
    }
}

pub(super) struct Inspector {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl Inspector {
    /// `emit` is called from the inspector's thread.
    pub(super) fn start(home: &Home, emit: impl FnMut(Event) + Send + 'static) -> std::io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let mut serving = Serving {
            home: home.clone(),
            inbox: inbox.clone(),
            sets: HashMap::new(),
            network: None,
            emit,
        };
        let thread = std::thread::Builder::new()
            .name("odin-inspect".to_owned())
            .spawn(move || serving.serve())?;
        Ok(Self {
            inbox,
            thread: Some(thread),
        })
    }

    pub(super) fn thumbnails(&self, job: JobId, spec: JobSpec, images: Vec<ImageId>) {
        self.inbox
            .put(|wanted| wanted.thumbnails = Some((job, spec, images)));
    }

    pub(super) fn inspect(&self, job: JobId, spec: JobSpec, image: ImageId) {
        self.inbox
            .put(|wanted| wanted.inspection = Some((job, spec, image)));
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        self.inbox.put(|wanted| wanted.has_ended = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The network that was asked about last: a second one is opened in its place.
struct OpenNetwork {
    key: (String, Option<PathBuf>),
    stamp: Stamp,
    card: NetworkCard,
    scorer: Scorer,
}

struct Serving<E> {
    home: Home,
    inbox: Arc<Inbox>,
    sets: HashMap<String, (Stamp, Arc<Dataset>)>,
    network: Option<OpenNetwork>,
    emit: E,
}

impl<E: FnMut(Event)> Serving<E> {
    fn serve(&mut self) {
        tch::set_num_threads(1);
        loop {
            let mut wanted = self.inbox.lock();
            while !wanted.has_ended && wanted.thumbnails.is_none() && wanted.inspection.is_none() {
                wanted = self
                    .inbox
                    .arrived
                    .wait(wanted)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if wanted.has_ended {
                return;
            }
            // Thumbnails first: they need no network.
            if let Some((job, spec, images)) = wanted.thumbnails.take() {
                drop(wanted);
                self.show(job, &spec, &images);
            } else if let Some((job, spec, image)) = wanted.inspection.take() {
                drop(wanted);
                let result = Box::new(guarded(|| self.inspect(&spec, image)));
                (self.emit)(Event::Inspected { job, image, result });
            }
        }
    }

    fn show(&mut self, job: JobId, spec: &JobSpec, images: &[ImageId]) {
        if let Ok(names) = guarded(|| self.class_names(spec)) {
            (self.emit)(Event::Classes { job, names });
        }
        for images in images.chunks(AT_A_TIME) {
            let wanted = self.inbox.lock();
            if wanted.has_ended || wanted.thumbnails.is_some() {
                return;
            }
            drop(wanted);
            let one = |&image: &ImageId| {
                let pixels = guarded(|| -> Result<_, InspectError> {
                    let set = self.set(spec, image.side)?;
                    Ok(pixels(&set.image(image.index as usize)?, THUMBNAIL))
                });
                (image, pixels)
            };
            let images = images.iter().map(one).collect();
            (self.emit)(Event::Thumbnails { job, images });
        }
    }

    fn set(&mut self, spec: &JobSpec, side: Side) -> Result<Arc<Dataset>, InspectError> {
        let network = NetworkCard::find(&spec.network, &self.home.model_folders())?;
        let name = match (side, &spec.in_dataset) {
            (Side::Out, _) => &spec.dataset,
            (Side::In, Some(name)) => name,
            (Side::In, None) => &network.in_dataset,
        };
        let key = format!("{name}\n{:?}", network.preprocessing);
        if let Some((_, open)) = self.sets.get(&key).filter(|(stamp, _)| stamp.is_current()) {
            return Ok(open.clone());
        }
        let (card, root) = network.find_set(name, &self.home.data_folders())?;
        let stamp = Stamp::of_set(&card, &root, false);
        let set = Arc::new(Dataset::open(&card, &root)?);
        self.sets.insert(key, (stamp, set.clone()));
        Ok(set)
    }

    /// Of the in-distribution set; where it gives none, of the one that the network's card names.
    fn class_names(&mut self, spec: &JobSpec) -> Result<Vec<String>, InspectError> {
        let set = self.set(spec, Side::In)?;
        if !set.class_names().is_empty() || spec.in_dataset.is_none() {
            return Ok(set.class_names().to_vec());
        }
        let network = NetworkCard::find(&spec.network, &self.home.model_folders())?;
        let (card, _) = datasets::find(&network.in_dataset, &self.home.data_folders())?;
        Ok(card.class_names)
    }

    fn network(&mut self, spec: &JobSpec) -> Result<&OpenNetwork, InspectError> {
        let key = (spec.network.clone(), spec.weights.clone());
        let is_this = |open: &OpenNetwork| open.key == key && open.stamp.is_current();
        let open = match self.network.take().filter(is_this) {
            Some(open) => open,
            None => {
                let card = NetworkCard::find(&spec.network, &self.home.model_folders())?;
                let stamp = Stamp::of_network(&card, spec.weights.as_deref());
                let weights = read_weights(&card, spec.weights.as_deref(), tch::Device::Cpu)?;
                let scorer = Scorer::new(weights.network()?, card.normalisation.std(), tch::Device::Cpu)?;
                OpenNetwork {
                    key,
                    stamp,
                    card,
                    scorer,
                }
            }
        };
        Ok(self.network.insert(open))
    }

    fn inspect(&mut self, spec: &JobSpec, image: ImageId) -> Result<Inspection, InspectError> {
        let set = self.set(spec, image.side)?;
        let OpenNetwork { card, scorer, .. } = self.network(spec)?;
        let plain = set.image_in(image.index as usize, card.normalisation.channels())?;
        let (height, width) = (plain.height, plain.width);
        card.architecture
            .accepts(height, width)
            .map_err(|error| InspectError::Size {
                set: set.name().to_owned(),
                index: image.index,
                why: error.to_string(),
            })?;
        let (t, magnitude) = spec.settings.perturbation();
        let x = scorer.images(&card.normalisation.apply(&plain), height, width)?;
        let (before, positive) = match scorer.network().no_gradient() {
            None => {
                let (before, gradient) = scorer.gradient(&x, Direction::CrossEntropy(t))?;
                (before.logits, Some(scorer.signs(&gradient)?))
            }
            Some(_) if magnitude.is_zero() => (scorer.logits(&x)?, None),
            Some(why) => return Err(InspectError::NoGradient(why.to_owned())),
        };
        let logits_before = scorer.rows(&before)?;
        let logits_after = match &positive {
            Some(positive) if !magnitude.is_zero() => {
                scorer.rows(&scorer.logits(&scorer.perturbed(&x, positive, magnitude)?)?)?
            }
            _ => logits_before.clone(),
        };
        let signs = positive.map(|positive| scorer.pack(&positive)).transpose()?;
        // None where the network has no gradient.
        let sign = |n: usize| {
            let byte = signs.as_ref()?.first()?.get(n / 8)?;
            Some(byte >> (n % 8) & 1 == 1)
        };
        // What is added is −ε · sign.
        let map = |value: &dyn Fn(f32, Option<bool>) -> f32| Image {
            height,
            width,
            pixels: (0usize..)
                .zip(&plain.pixels)
                .map(|(n, &x)| value(x, sign(n)))
                .collect(),
        };
        let epsilon = magnitude.get() as f32;
        let perturbed = map(&|x, positive| match positive {
            Some(true) => x - epsilon,
            Some(false) => x + epsilon,
            None => x,
        });
        let perturbation = map(&|_, positive| match positive {
            Some(true) => 0.0,
            Some(false) => 1.0,
            None => 0.5,
        });
        let label = match image.side {
            Side::In => set.label(image.index as usize),
            Side::Out => None,
        };
        Ok(Inspection {
            temperature: t,
            magnitude,
            label,
            name: set.image_name(image.index as usize),
            file: set
                .image_file(image.index as usize)
                .and_then(|file| std::path::absolute(file).ok()?.to_str().map(str::to_owned)),
            baseline: LogOdds::of(&logits_before, Temperature::ONE),
            odin: LogOdds::of(&logits_after, t),
            logits_before,
            logits_after,
            original: pixels(&plain, LARGE),
            perturbation: pixels(&perturbation, LARGE),
            perturbed: pixels(&perturbed, LARGE),
        })
    }
}

/// For the screen, at most `most` pixels a side: larger images are averaged down by a whole factor.
fn pixels(image: &Image, most: usize) -> Pixels {
    let factor = image.height.max(image.width).div_ceil(most.max(1)).max(1);
    let (height, width) = (image.height.div_ceil(factor), image.width.div_ceil(factor));
    let plane = image.height * image.width;
    let planes = image.channels().count();
    let mut rgb = Vec::with_capacity(3 * height * width);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y * factor, x * factor))) {
        for channel in 0..3 {
            let rows = y..(y + factor).min(image.height);
            let values = rows.flat_map(|row| {
                let start = channel % planes * plane + row * image.width;
                let columns = start + x..start + (x + factor).min(image.width);
                image.pixels.get(columns).unwrap_or_default()
            });
            let (sum, count) = values.fold((0.0, 0), |(sum, count), value| {
                (sum + f64::from(value.clamp(0.0, 1.0)), count + 1)
            });
            rgb.push((sum / f64::from(count.max(1)) * 255.0).round() as u8);
        }
    }
    let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
    Pixels {
        height: side(height),
        width: side(width),
        rgb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_averaged_down_and_small_ones_stay() {
        let image = Image {
            height: 3,
            width: 4,
            pixels: (0..36).map(|n| (n * 7) as f32 / 255.0).collect(),
        };
        assert_eq!(pixels(&image, 4).rgb, image.to_rgb8());
        let small = pixels(&image, 2);
        assert_eq!((small.height, small.width, small.rgb.len()), (2, 2, 12));
        let mean = (0.0 + 7.0 + 28.0 + 35.0) / 4.0_f64;
        assert_eq!(small.rgb[0], mean.round() as u8);
        let last_row = (56.0 + 63.0) / 2.0_f64;
        assert_eq!(small.rgb[6], last_row.round() as u8);
    }
}
