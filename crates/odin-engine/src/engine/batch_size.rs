//! How many images a pass takes: found by measuring once for each network, size of image and device, and remembered.
//!
//! Scores by libtorch's kernels may depend on the batch in their last bits. A size that is remembered stays, so that they are the
//! same from run to run.
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tch::TchError;

use super::device;
use super::open_network::OpenNetwork;
use super::out_of_memory::is_out_of_memory;
use crate::scoring::{Direction, Scorer};
use odin_core::files;
use odin_core::home::Home;
use odin_core::units::{Device, Magnitude, Temperature};

/// What a choice holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub device: Device,
    /// The network's weights.
    pub digest: String,
    /// Of the images.
    pub height: usize,
    pub width: usize,
}

/// Sizes to try, and for how long.
struct Plan {
    sizes: &'static [usize],
    budget: Duration,
    /// Passes that run at once and share the device's memory.
    at_once: usize,
}

/// A size that is hardly slower than the best is as good: small batches answer sooner.
const AS_GOOD: f64 = 1.03;
/// A pass that is over sooner is not worth handing out.
const WORTH: Duration = Duration::from_millis(50);
/// So much slower than the best, and larger ones are not tried any more.
const HOPELESS: f64 = 1.15;

/// A size, and how quick one compute thread is with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Choice {
    batch: usize,
    images_per_second: f64,
}

/// The sizes that were found, in `runs/batch-sizes.json`. A file that cannot be read is measured anew and replaced.
pub(super) struct BatchSizes {
    file: PathBuf,
    known: BTreeMap<String, Choice>,
}

impl BatchSizes {
    pub(super) fn open(home: &Home) -> Self {
        let file = home.runs().join("batch-sizes.json");
        let known = std::fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { file, known }
    }

    /// What was found before.
    pub(super) fn known(&self, case: &Case) -> Option<usize> {
        let batch = self.known.get(&case.key())?.batch;
        Plan::of(case.device).sizes.contains(&batch).then_some(batch)
    }

    /// Remembers what was found, and gives the size. Where nothing could be measured, the pass itself will say what is
    /// wrong.
    pub(super) fn keep(&mut self, case: &Case, found: Option<Choice>) -> usize {
        let Some(choice) = found else {
            return Plan::of(case.device).sizes.first().copied().unwrap_or(1);
        };
        let batch = choice.batch;
        self.known.insert(case.key(), choice);
        if let Err(error) = self.save() {
            tracing::warn!("{}: {error}", self.file.display());
        }
        batch
    }

    fn save(&self) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.known)?;
        files::write_whole(&self.file, |file| file.write_all(&text))
    }
}

/// Finds the size for the case, in a second or two.
pub(super) fn measure(case: &Case, network: &OpenNetwork) -> Option<Choice> {
    Plan::of(case.device).measure(|size| {
        // On a thread of its own, set up as the compute threads are.
        let pass = || {
            if case.device == Device::Cpu {
                tch::set_num_threads(1);
            }
            let scorer = network.scorer(0);
            scorer.map_or(Timed::Failed, |scorer| time(case, &scorer, size))
        };
        std::thread::scope(|scope| scope.spawn(pass).join()).unwrap_or(Timed::Failed)
    })
}

impl Case {
    /// Names the machine too: a home may lie on a disk that several share.
    fn key(&self) -> String {
        let digest: String = self.digest.chars().take(16).collect();
        let Self {
            device,
            height,
            width,
            ..
        } = self;
        format!(
            "{}, {device}, network {digest}, {height}×{width}",
            device::machine()
        )
    }
}

/// What a trial pass came to.
enum Timed {
    Took(Duration),
    OutOfMemory,
    Failed,
}

impl Plan {
    fn of(device: Device) -> Self {
        match device {
            Device::Cuda(_) => Self {
                sizes: &[32, 64, 128, 256, 512, 1024],
                budget: Duration::from_secs(6),
                at_once: device::compute_threads(device),
            },
            _ => Self {
                sizes: &[1, 2, 4, 8, 16, 32],
                budget: Duration::from_millis(1500),
                // Where a CPU's memory ends, the machine swaps, and says nothing.
                at_once: 1,
            },
        }
    }

    /// The smallest size that is as good as the best within the time there is, and worth handing out.
    fn measure(&self, mut time: impl FnMut(usize) -> Timed) -> Option<Choice> {
        let mut spent = Duration::ZERO;
        let mut rates: Vec<(usize, f64)> = Vec::new();
        let mut limit = usize::MAX;
        for &size in self.sizes {
            let best = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
            if spent >= self.budget || rates.last().is_some_and(|(_, rate)| rate * HOPELESS < best) {
                break;
            }
            // The first pass at a size prepares what the later ones use; the quicker of two is less disturbed.
            let mut quickest: Option<Duration> = None;
            for turn in 0..3 {
                match time(size) {
                    Timed::Took(took) => {
                        spent += took;
                        if turn > 0 || spent >= self.budget {
                            quickest = Some(quickest.map_or(took, |least| least.min(took)));
                        }
                    }
                    Timed::OutOfMemory => {
                        limit = size / 2 / self.at_once.max(1);
                        break;
                    }
                    Timed::Failed => return None,
                }
                if spent >= self.budget {
                    break;
                }
            }
            if limit != usize::MAX {
                break;
            }
            let seconds = quickest?.as_secs_f64().max(1e-9);
            rates.push((size, size as f64 / seconds));
        }
        // Where memory has run out, passes at once must fit together.
        let fits = |&&(size, _): &&(usize, f64)| size <= limit.max(self.sizes.first().copied().unwrap_or(1));
        let best = rates
            .iter()
            .filter(fits)
            .map(|(_, rate)| *rate)
            .fold(0.0, f64::max);
        let as_good = rates
            .iter()
            .filter(fits)
            .filter(|(_, rate)| rate * AS_GOOD >= best);
        let is_worth = |&&(size, rate): &&(usize, f64)| size as f64 / rate >= WORTH.as_secs_f64();
        as_good
            .clone()
            .find(is_worth)
            .or(as_good.clone().next_back())
            .map(|&(batch, images_per_second)| Choice {
                batch,
                images_per_second,
            })
    }
}

/// A pass on images of no meaning, as jobs do it.
fn time(case: &Case, scorer: &Scorer, size: usize) -> Timed {
    let &Case { height, width, .. } = case;
    let values: Vec<f32> = (0..size * scorer.channels() * height * width)
        .map(|i| (i % 251) as f32 / 125.0 - 1.0)
        .collect();
    let begin = Instant::now();
    let pass = || -> Result<(), TchError> {
        let images = scorer.images(&values, height, width)?;
        if scorer.network().no_gradient().is_some() {
            return scorer.rows(&scorer.logits(&images)?).map(drop);
        }
        let (_, gradient) = scorer.gradient(&images, Direction::CrossEntropy(Temperature::PAPER))?;
        let moved = scorer.perturbed(&images, &scorer.signs(&gradient)?, Magnitude::PAPER)?;
        // Reading the result waits for a GPU to be done.
        scorer.rows(&scorer.logits(&moved)?).map(drop)
    };
    match pass() {
        Ok(()) => Timed::Took(begin.elapsed()),
        Err(error) if is_out_of_memory(&error) => Timed::OutOfMemory,
        Err(_) => Timed::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        sizes: &[1, 2, 4, 8, 16, 32],
        budget: Duration::from_secs(1000),
        at_once: 1,
    };

    fn case(digest: &str) -> Case {
        Case {
            device: Device::Cpu,
            digest: digest.to_owned(),
            height: 32,
            width: 32,
        }
    }

    /// A second a pass and a tenth an image.
    fn gpu_like(size: usize) -> Timed {
        Timed::Took(Duration::from_millis(1000 + 100 * size as u64))
    }

    #[test]
    fn the_smallest_that_is_as_good_as_the_best_is_taken() {
        let even = |size: usize| Timed::Took(Duration::from_millis(20 * size as u64));
        assert_eq!(
            PLAN.measure(even).unwrap().batch,
            4,
            "1 and 2 are over in a blink"
        );
        let quick = |size: usize| Timed::Took(Duration::from_micros(100 * size as u64));
        assert_eq!(PLAN.measure(quick).unwrap().batch, 32);
        assert_eq!(PLAN.measure(gpu_like).unwrap().batch, 32);
        // Beyond 4 the cache is too small.
        let cache = |size: usize| {
            let each = if size > 4 { 300 } else { 100 };
            Timed::Took(Duration::from_millis(50 + each * size as u64))
        };
        let mut tried = Vec::new();
        let choice = PLAN.measure(|size| {
            tried.push(size);
            cache(size)
        });
        assert_eq!(choice.unwrap().batch, 4);
        assert_eq!(tried.last(), Some(&8), "16 and 32 are hopeless: {tried:?}");
    }

    #[test]
    fn time_and_memory_end_the_search() {
        let short = Plan {
            budget: Duration::from_secs(4),
            ..PLAN
        };
        let mut passes = 0;
        let choice = short.measure(|size| {
            passes += 1;
            gpu_like(size)
        });
        assert!(passes <= 4 && choice.unwrap().batch <= 2);

        let two_at_once = Plan { at_once: 2, ..PLAN };
        let full = |size| {
            if size > 16 {
                Timed::OutOfMemory
            } else {
                gpu_like(size)
            }
        };
        assert_eq!(two_at_once.measure(full).unwrap().batch, 8);
        assert!(PLAN.measure(|_| Timed::OutOfMemory).is_none());
        assert!(PLAN.measure(|_| Timed::Failed).is_none());
    }

    #[test]
    fn a_choice_is_remembered_for_its_case_alone_and_a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let file = home.runs().join("batch-sizes.json");
        let choose = |case: &Case, now: fn(usize) -> Timed| {
            let mut sizes = BatchSizes::open(&home);
            let known = sizes.known(case);
            known.unwrap_or_else(|| sizes.keep(case, PLAN.measure(now)))
        };
        assert_eq!(choose(&case("a"), gpu_like), 32);
        let other: fn(usize) -> Timed = |size| Timed::Took(Duration::from_millis(20 * size as u64));
        assert_eq!(choose(&case("a"), other), 32, "measured once");
        assert_eq!(choose(&case("b"), other), 4);
        let wider = Case {
            width: 36,
            ..case("a")
        };
        assert_eq!(choose(&wider, other), 4);
        for damage in ["", "{\"a\": 3}", "[1, 2"] {
            std::fs::write(&file, damage).unwrap();
            assert_eq!(choose(&case("a"), other), 4, "{damage}");
            assert_eq!(choose(&case("a"), gpu_like), 4, "{damage}");
        }
        // A size that nobody would try, as from another version.
        let text = std::fs::read_to_string(&file)
            .unwrap()
            .replace("\"batch\": 4", "\"batch\": 77");
        std::fs::write(&file, text).unwrap();
        assert_eq!(choose(&case("a"), gpu_like), 32);
    }
}
