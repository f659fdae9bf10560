//! What a run is: `manifest.json`, the file that makes a folder a run.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tuned::Tuned;
use crate::units::{Magnitude, Temperature};
use odin_datasets::{Choice, Corrupt, Normalisation, Part, Sampling};
use odin_metrics::Summary;

/// The version of the manifest that this program writes.
pub(super) const FORMAT: u32 = 1;

/// How far a run is, as its writer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Being written, or broken off: the lock on its folder tells which.
    Running,
    Finished,
    Failed,
}

/// A network's weights or a data set: what it was called, and a hash of what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
    /// BLAKE3, in hex.
    pub digest: String,
}

/// Everything that the scores of a run depend on. Two runs of the same identity have the same scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Card and weights.
    pub network: Named,
    pub normalisation: Normalisation,
    pub in_dataset: Named,
    pub dataset: Named,
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    /// How images are chosen where `limit` or a sweep takes some; runs of before know the order of the file alone.
    #[serde(default = "file_order")]
    pub order: Sampling,
    /// Of the sample.
    #[serde(default)]
    pub seed: u64,
    pub skip: usize,
    pub limit: Option<usize>,
    /// A hash of the groups of both sets, where a sweep has split images by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// The grid, where the run is a sweep; T and ε above are then those that its session names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepOf>,
    /// Detectors beside ODIN and the baseline, with their knobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detectors: Vec<String>,
    /// What is done about images that cannot be decoded, where that is not left to the sets' cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<Corrupt>,
    /// The training images that they are fitted on, where any needs some and they are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<FitOf>,
    /// Images of each set that are set aside for detectors that need labels, where some are asked for; a sweep's are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<usize>,
}

/// The training images that detectors are fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitOf {
    pub dataset: Named,
    /// At most so many of its images, a sample.
    pub limit: usize,
    /// Of the sample.
    pub seed: u64,
}

fn file_order() -> Sampling {
    Sampling::File
}

/// The grid of a sweep and what is best on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepOf {
    pub temperatures: Vec<Temperature>,
    pub magnitudes: Vec<Magnitude>,
    pub validation: usize,
    /// The metric by which the best cell is chosen, as sessions call it.
    pub metric: String,
}

impl Identity {
    /// Which images of each set are scored; of a sweep, those that its grid then splits.
    pub fn choice(&self) -> Choice {
        Choice {
            sampling: self.order,
            seed: self.seed,
            skip: self.skip,
            limit: self.limit,
            part: self.validation.map_or(Part::Whole, Part::Report),
        }
    }

    /// A hash of what the scores depend on; names are left out.
    pub fn key(&self) -> String {
        let content = (
            ("odin run", FORMAT),
            (
                &self.network.digest,
                &self.in_dataset.digest,
                &self.dataset.digest,
            ),
            format!("{:?}", self.normalisation),
            (self.temperature.get().to_bits(), self.magnitude.get().to_bits()),
            (self.skip, self.limit, &self.sweep),
        );
        // Where every image is taken, how they are chosen makes no difference.
        let takes_some = self.limit.is_some() || self.sweep.is_some() || self.validation.is_some();
        let is_sample = self.order == Sampling::Sample && takes_some;
        let sample = is_sample.then_some(("sample", self.seed));
        let fit = self.fit.as_ref();
        let fit = fit.map(|fit| (&fit.dataset.digest, fit.limit, fit.seed));
        // It fails only for maps whose keys are no strings.
        let text = match (sample, &self.groups, self.detectors.as_slice()) {
            (sample, groups, detectors) if fit.is_some() || self.validation.is_some() => {
                serde_json::to_string(&(content, (sample, groups, detectors), (fit, self.validation)))
            }
            (None, None, []) => serde_json::to_string(&content),
            (sample, groups, []) => serde_json::to_string(&(content, (sample, groups))),
            more => serde_json::to_string(&(content, more)),
        };
        let mut text = text.unwrap_or_default();
        // Only where it is told, so that runs of before keep their keys.
        if let Some(corrupt) = self.corrupt {
            text.push_str(&format!("corrupt: {corrupt:?}"));
        }
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// The name of the run's folder, the same for the same identity.
    pub fn folder_name(&self) -> String {
        let plain = |name: &str| -> String {
            let kept = |c: char| {
                if c.is_alphanumeric() || "-.+".contains(c) {
                    c
                } else {
                    '-'
                }
            };
            let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            name.chars().take(60).map(kept).collect()
        };
        let (network, dataset) = (plain(&self.network.name), plain(&self.dataset.name));
        let what = match &self.sweep {
            Some(_) => "sweep".to_owned(),
            None => format!("T{}_e{}", self.temperature, self.magnitude),
        };
        let key: String = self.key().chars().take(8).collect();
        format!("{network}_{dataset}_{what}_{key}")
    }
}

/// Images scored on each side, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Images {
    pub ins: usize,
    pub outs: usize,
    pub total_in: usize,
    pub total_out: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub key: String,
    pub state: State,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(flatten)]
    pub identity: Identity,
    pub images: Images,
    /// The file that the weights were read from, as it was called then.
    pub weights: String,
    /// Name of the session and of the queue that the run belongs to.
    pub session: String,
    pub queue: String,
    /// How T and ε were chosen, where its session says that they were tuned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned: Option<Tuned>,
    pub device: String,
    /// Versions of this program and of libtorch.
    pub odin: String,
    pub libtorch: String,
    /// RFC 3339, UTC.
    pub started: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// How long scoring took.
    pub seconds: f64,
    /// BLAKE3 of each file of a finished run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// `grid.json` of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// The metric by which the best cell was chosen.
    pub metric: String,
    /// Images of the in-distribution set on which the cells were measured. Each cell has the numbers of both sets, which
    /// differ where images come in groups.
    pub validation_images: usize,
    /// Row by row: each temperature with every magnitude.
    pub cells: Vec<Cell>,
    /// Place of the best cell among them.
    pub best: usize,
    /// Whether the scores beside this file are of other images than those on which the best cell was chosen.
    pub tested_apart: bool,
}

/// One (T, ε) on the validation images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    pub odin: Summary,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn identity() -> Identity {
        let named = |name: &str| Named {
            name: name.to_owned(),
            digest: blake3::hash(name.as_bytes()).to_hex().to_string(),
        };
        Identity {
            network: named("small"),
            normalisation: Normalisation::new([0.5; 3], [0.2; 3]).unwrap(),
            in_dataset: named("one"),
            dataset: named("/a/b c/two"),
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
            order: Sampling::File,
            seed: 0,
            skip: 0,
            limit: Some(10),
            groups: None,
            sweep: None,
            detectors: Vec::new(),
            corrupt: None,
            fit: None,
            validation: None,
        }
    }

    #[test]
    fn the_key_is_of_what_the_scores_depend_on_and_of_nothing_else() {
        let one = identity();
        let mut renamed = one.clone();
        renamed.dataset.name = "other".to_owned();
        assert_eq!(renamed.key(), one.key());
        let fit = |limit, seed| {
            Some(FitOf {
                dataset: one.network.clone(),
                limit,
                seed,
            })
        };
        let changes: [&dyn Fn(&mut Identity); 14] = [
            &|i| i.network.digest.push('0'),
            &|i| i.dataset.digest.push('0'),
            &|i| i.temperature = Temperature::ONE,
            &|i| i.limit = None,
            &|i| i.order = Sampling::Sample,
            &|i| i.groups = Some("0".to_owned()),
            &|i| i.corrupt = Some(Corrupt::Skip),
            &|i| i.corrupt = Some(Corrupt::Fatal),
            &|i| i.normalisation = Normalisation::new([0.5; 3], [0.3; 3]).unwrap(),
            &|i| i.detectors.push("energy (T 1)".to_owned()),
            &|i| i.fit = fit(5000, 0),
            &|i| i.fit = fit(4000, 0),
            &|i| i.fit = fit(5000, 1),
            &|i| i.validation = Some(5000),
        ];
        let mut keys = vec![one.key()];
        for change in changes {
            let mut other = one.clone();
            change(&mut other);
            assert!(!keys.contains(&other.key()), "{other:?}");
            keys.push(other.key());
        }
        let whole = |order, seed| Identity {
            order,
            seed,
            limit: None,
            ..one.clone()
        };
        assert_eq!(whole(Sampling::Sample, 1).key(), whole(Sampling::File, 0).key());
        let sample = |seed| Identity {
            order: Sampling::Sample,
            seed,
            ..one.clone()
        };
        assert_ne!(sample(0).key(), sample(1).key());
        assert!(
            one.folder_name().starts_with("small_two_T1000_e0.0014_"),
            "{}",
            one.folder_name()
        );
    }
}
