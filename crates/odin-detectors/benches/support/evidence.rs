//! Evidence of a network that there is none of, for benchmarks.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a part of each benchmark that asks for some of it"
)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use odin_detectors::{Fit, FitImages, Images, Known, Labelled, LastLayer, Prepared, Rows};

pub struct Shape {
    pub images: usize,
    pub fit: usize,
    pub width: usize,
    pub classes: usize,
}

/// Numbers that look random, between −1 and 1.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(next).collect()
}

/// Arrays in f32, row by row; the logits are W h.
pub struct Evidence {
    pub weight: Rows,
    pub fit_features: Rows,
    pub fit_labels: Arc<Vec<u16>>,
    pub features: Rows,
}

fn rows(values: Vec<f32>, width: usize) -> Rows {
    Rows::new("values", values, width).unwrap()
}

impl Evidence {
    /// Noise about a centre for each class, which is its weights too.
    pub fn made(shape: &Shape) -> Self {
        let Shape {
            images,
            fit,
            width,
            classes,
        } = *shape;
        let centres = noise(classes * width, 1);
        let features = |count: usize, seed: u64| {
            let noise = noise(count * width, seed);
            let values = noise.iter().enumerate().map(|(place, noise)| {
                (centres[(place / width % classes) * width + place % width] + 2.0 * noise).max(0.0)
            });
            rows(values.collect(), width)
        };
        Self {
            weight: rows(centres.iter().map(|c| 0.2 * c).collect(), width),
            fit_features: features(fit, 2),
            fit_labels: Arc::new((0..fit).map(|image| (image % classes) as u16).collect()),
            features: features(images, 3),
        }
    }

    /// What scripts/bench_detectors.py writes.
    pub fn read(folder: &Path, width: usize) -> Self {
        let floats = |name: &str| -> Vec<f32> {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                .collect()
        };
        let labels = floats("fit_labels").into_iter().map(|label| label as u16);
        Self {
            weight: rows(floats("weight"), width),
            fit_features: rows(floats("fit_features"), width),
            fit_labels: Arc::new(labels.collect()),
            features: rows(floats("features"), width),
        }
    }

    /// W h of each image.
    fn logits(&self, features: &Rows) -> Rows {
        let mut logits = Vec::with_capacity(features.len() * self.weight.len());
        for h in features.iter() {
            for w in self.weight.iter() {
                let mut sums = [0f32; 8];
                for (w, h) in w.chunks(8).zip(h.chunks(8)) {
                    for ((sum, w), h) in sums.iter_mut().zip(w).zip(h) {
                        *sum += w * h;
                    }
                }
                logits.push(sums.iter().sum());
            }
        }
        rows(logits, self.weight.len())
    }

    pub fn prepared(&self) -> (Arc<Fit>, Prepared) {
        let fit_logits = self.logits(&self.fit_features);
        let logits = self.logits(&self.features);
        let known = Known {
            last_layer: Some(LastLayer {
                weight: self.weight.clone(),
                bias: vec![0.0; self.weight.len()],
            }),
            fit_images: Some(FitImages {
                logits: fit_logits.clone(),
                features: Some(self.fit_features.clone()),
                labels: Some(Arc::clone(&self.fit_labels)),
                perturbed_features: Some(self.fit_features.clone()),
            }),
            validation: Some(Labelled {
                logits: fit_logits,
                labels: Arc::clone(&self.fit_labels),
            }),
        };
        let fit = Fit::new(known).unwrap();
        let mut prepared = Prepared::new(&fit);
        let images = Images {
            logits: logits.clone(),
            features: Some(self.features.clone()),
            perturbed_logits: Some(logits),
            perturbed_features: Some(self.features.clone()),
        };
        prepared.push(&images).unwrap();
        (fit, prepared)
    }
}

/// What all threads of this process have computed so far; 0 where the system does not say.
pub fn processor_time() -> Duration {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let nanoseconds = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// The most memory that this process has had, as the system writes it.
pub fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.unwrap_or_default().to_owned()
}
