//! A policy: all that verdicts depend on, in a file. Images are judged by it as they were where it was written, or not at all.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::rule::Rule;
use super::scorer::Scorer;
use super::threshold::Threshold;
use odin_core::files;
use odin_core::networks::{Architecture, NetworkCard};
use odin_core::protocol::{FitSample, FittedOn, JobSpec, Order};
use odin_core::setting::{Detector, Setting};
use odin_core::units::Devices;
use odin_datasets::{Choice, Normalisation, Preprocessing};

/// Counts up when older programs would misread what is written.
const VERSION: u32 = 1;

/// Scores of ten million images are less.
const LONGEST: u64 = 1 << 28;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// Version of the file.
    odin_policy: u32,
    /// The program that wrote it.
    made_by: String,
    network: Network,
    in_dataset: InDataset,
    /// Whether images of another size than the network's are resized.
    resize: bool,
    /// Images a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<usize>,
    detector: Detector,
    knobs: BTreeMap<String, f64>,
    /// Of detectors that are fitted on training images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
    rule: Rule,
    /// None where every image is ID, or where the images of a call choose it together.
    threshold: Option<f64>,
    /// What the threshold promises, for people.
    promise: String,
    /// Scores of in-distribution images, ascending, which p-values are made from; none where the threshold was given.
    scores: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    /// Of its card.
    name: String,
    /// Weights in place of the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<PathBuf>,
    /// Of the weights.
    digest: String,
    architecture: Architecture,
    normalisation: Normalisation,
    preprocessing: Preprocessing,
    classes: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InDataset {
    /// A data card's name or a path.
    name: String,
    /// Of content and preprocessing.
    digest: String,
    /// Which images chose the threshold.
    choice: Choice,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    sample: FitSample,
    /// Name of the set that the sample is of.
    set: String,
    /// Of that set.
    digest: String,
    /// Images of the sample.
    images: usize,
}

impl Policy {
    /// What the scorer judges by at this threshold.
    ///
    /// # Errors
    /// A digest cannot be had.
    pub(super) fn of(
        scorer: &Scorer,
        threshold: &Threshold,
        promise: &str,
        fitted_on: Option<FittedOn>,
    ) -> anyhow::Result<Self> {
        let Scorer { basis, card, .. } = scorer;
        let spec = &basis.spec;
        let fit = fitted_on.map(|on| Fit {
            sample: FitSample {
                dataset: spec.fit.dataset.as_deref().map(lasting),
                ..spec.fit.clone()
            },
            set: on.dataset,
            digest: on.digest,
            images: on.images,
        });
        Ok(Self {
            odin_policy: VERSION,
            made_by: format!("odin {}", env!("CARGO_PKG_VERSION")),
            network: Network {
                weights: spec.weights.as_deref().map(std::path::absolute).transpose()?,
                digest: scorer.weights_digest()?,
                ..Network::of(card)
            },
            in_dataset: InDataset {
                name: lasting(&scorer.in_name),
                digest: scorer.ins.digest()?,
                choice: spec.choice(),
            },
            resize: basis.resize,
            batch: spec.batch,
            detector: basis.setting.detector(),
            knobs: basis.setting.by_key(),
            fit,
            rule: threshold.rule.clone(),
            threshold: threshold.score,
            promise: promise.to_owned(),
            scores: threshold.ids.clone(),
        })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        let write = files::write_whole(path, |file| file.write_all(text.as_bytes()));
        write.with_context(|| path.display().to_string())
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// The file cannot be read, is no policy or one of a newer program, or contradicts itself.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            let mut text = Vec::new();
            File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
            ensure!(text.len() as u64 <= LONGEST, "too long for a policy");
            Self::parse(&text)
        };
        read().with_context(|| path.display().to_string())
    }

    fn parse(text: &[u8]) -> anyhow::Result<Self> {
        let other = "`odin verdict export` writes policies";
        let value: serde_json::Value =
            serde_json::from_slice(text).map_err(|error| match error.is_eof() {
                true => anyhow!("the file breaks off before its end: {error}"),
                false => anyhow!("not a policy: {error}; {other}"),
            })?;
        let version = value.get("odin_policy").and_then(serde_json::Value::as_u64);
        match version {
            None => bail!("not a policy: it has no `odin_policy`, the version; {other}"),
            Some(version) if version > u64::from(VERSION) => {
                bail!(
                    "a policy of version {version}, and this odin reads up to {VERSION}: it was written by a newer odin"
                )
            }
            Some(_) => {}
        }
        let policy: Self = serde_json::from_value(value).context("not a policy that this odin wrote")?;
        policy.check()?;
        Ok(policy)
    }

    /// Whether it says the same throughout.
    fn check(&self) -> anyhow::Result<()> {
        let Self { scores, rule, .. } = self;
        self.setting()?;
        ensure!(
            scores.is_sorted() && scores.is_empty() != rule.needs_ids(),
            "`scores` are not the in-distribution scores that its rule was applied to"
        );
        let share = match rule {
            Rule::Tpr(share) | Rule::Fdr(share) | Rule::Fpr { share, .. } => *share,
            Rule::Threshold(_) => 0.5,
        };
        ensure!(
            share > 0.0 && share < 1.0,
            "`rule`: a share above 0 and below 1 is expected"
        );
        let expected = match rule {
            Rule::Tpr(tpr) => Threshold::by_tpr(scores.clone(), *tpr, "scores")?.0.score,
            Rule::Fdr(_) => None,
            Rule::Threshold(score) => Some(*score),
            Rule::Fpr { .. } => match self.threshold {
                None => bail!("`threshold` is missing"),
                // The scores that chose it are not kept.
                chosen => chosen,
            },
        };
        ensure!(
            self.threshold == expected,
            "`threshold` is not the one that its rule makes of its scores"
        );
        Ok(())
    }

    fn setting(&self) -> anyhow::Result<Setting> {
        let mut all = self.knobs.iter();
        let default = Setting::new(self.detector);
        let setting = all.try_fold(default, |setting, (knob, value)| setting.with(knob, *value));
        setting.context("`knobs`")
    }

    /// What images are judged by.
    ///
    /// # Errors
    /// A knob that the detector does not have.
    pub(super) fn basis(&self, devices: Devices) -> anyhow::Result<Basis> {
        let Choice {
            sampling,
            seed,
            skip,
            limit,
            part,
        } = self.in_dataset.choice;
        let setting = self.setting()?;
        Ok(Basis {
            spec: JobSpec {
                network: self.network.name.clone(),
                weights: self.network.weights.clone(),
                in_dataset: Some(self.in_dataset.name.clone()),
                // Only its own images are judged.
                dataset: String::new(),
                settings: [setting].into_iter().collect(),
                sampling,
                skip,
                limit,
                part,
                corrupt: None,
                batch: self.batch,
                seed,
                order: Order::File,
                fit: self
                    .fit
                    .as_ref()
                    .map(|fit| fit.sample.clone())
                    .unwrap_or_default(),
            },
            setting,
            devices,
            resize: self.resize,
        })
    }

    /// The threshold. Has the scorer compare all that is here with what the policy was made with: at once, or for the images
    /// that the detector is fitted on before any image is scored.
    ///
    /// # Errors
    /// Something differs.
    pub(super) fn threshold(&self, scorer: &mut Scorer) -> anyhow::Result<Threshold> {
        let here = Network {
            weights: self.network.weights.clone(),
            digest: scorer.weights_digest()?,
            ..Network::of(&scorer.card)
        };
        self.network.same(&here)?;
        let digest = scorer.ins.digest()?;
        ensure!(
            digest == self.in_dataset.digest,
            "the in-distribution set {} is not the one that the policy was made with: its images, labels or preprocessing \
             differ (digest {digest:.12}… here, {:.12}… there); export it anew",
            self.in_dataset.name,
            self.in_dataset.digest
        );
        if let Some(fit) = &self.fit {
            scorer.expect_fit(&fit.digest, fit.images);
        }
        Ok(Threshold {
            rule: self.rule.clone(),
            score: self.threshold,
            ids: self.scores.clone(),
        })
    }

    /// What it promises, for people.
    pub(super) fn promise(&self) -> &str {
        &self.promise
    }
}

impl Network {
    /// Without what the weights say.
    fn of(card: &NetworkCard) -> Self {
        Self {
            name: card.name.clone(),
            weights: None,
            digest: String::new(),
            architecture: card.architecture,
            normalisation: card.normalisation,
            preprocessing: card.preprocessing,
            classes: card.classes,
        }
    }

    fn same(&self, here: &Self) -> anyhow::Result<()> {
        let what = if self.digest != here.digest {
            format!(
                "weights differ (digest {:.12}… here, {:.12}… there)",
                here.digest, self.digest
            )
        } else if self.architecture != here.architecture || self.classes != here.classes {
            "architecture differs".to_owned()
        } else if self.normalisation != here.normalisation {
            "normalisation differs".to_owned()
        } else if self.preprocessing != here.preprocessing {
            "preprocessing differs".to_owned()
        } else {
            return Ok(());
        };
        bail!(
            "{} is not the network that the policy was made with: its {what}; export it anew",
            self.name
        )
    }
}

/// A path that means the same in every folder; a card's name stays one.
fn lasting(name: &str) -> String {
    let path = Path::new(name);
    let is_path = path.exists() && path.components().count() > 1 || path.is_file();
    let absolute = is_path.then(|| std::path::absolute(path).ok()).flatten();
    absolute
        .and_then(|path| path.to_str().map(str::to_owned))
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 19 in-distribution images, the least that choose a threshold at a TPR of 95 %.
    fn policy() -> Policy {
        let ids: Vec<f64> = (0..19).map(|n| f64::from(n) / 3.0).collect();
        let (threshold, promise) = Threshold::by_tpr(ids, 0.95, "one").unwrap();
        let setting = Setting::new(Detector::Knn).with("k", 5.0).unwrap();
        let network = "{name: small, digest: d, architecture: {kind: densenet-bc, depth: 10, growth: 4}, \
                       normalisation: {mean: [0.5], std: [0.2]}, preprocessing: {}, classes: 5}";
        Policy {
            odin_policy: VERSION,
            made_by: "odin".to_owned(),
            network: serde_yaml::from_str(network).unwrap(),
            in_dataset: InDataset {
                name: "one".to_owned(),
                digest: "d".to_owned(),
                choice: Choice::sample(19, 3),
            },
            resize: true,
            batch: None,
            detector: Detector::Knn,
            knobs: setting.by_key(),
            fit: Some(Fit {
                sample: FitSample::default(),
                set: "training".to_owned(),
                digest: "d".to_owned(),
                images: 50,
            }),
            rule: threshold.rule,
            threshold: threshold.score,
            promise,
            scores: threshold.ids,
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        let by_tpr = policy();
        let given = Policy {
            rule: Rule::Threshold(-2.5),
            threshold: Some(-2.5),
            scores: Vec::new(),
            ..policy()
        };
        let by_fdr = Policy {
            rule: Rule::Fdr(0.05),
            threshold: None,
            ..policy()
        };
        for policy in [by_tpr, given, by_fdr] {
            policy.write(&path).unwrap();
            assert_eq!(Policy::read(&path).unwrap(), policy);
        }
    }

    #[test]
    fn what_is_no_policy_says_why() {
        let text = serde_json::to_string_pretty(&policy()).unwrap();
        let refused = |text: &[u8]| format!("{:#}", Policy::parse(text).unwrap_err());
        for part in [0, 1, text.len() / 2, text.len() - 1] {
            let why = refused(&text.as_bytes()[..part]);
            assert!(why.contains("breaks off before its end"), "{why}");
        }
        for other in [
            &b"version: 2\nname: tour\n"[..],
            b"{\"queues\": []}",
            b"[1]",
            b"\xff\xfe\0",
        ] {
            assert!(refused(other).contains("not a policy"));
        }
        for (from, to, words) in [
            ("\"odin_policy\": 1", "\"odin_policy\": 2", "by a newer odin"),
            ("\"k\": 5.0", "\"k\": 0.0", "k must be"),
            ("\"k\": 5.0", "\"q\": 5.0", "no knob `q`"),
            ("\"detector\": \"knn\"", "\"detector\": \"magic\"", "magic"),
            ("\"resize\"", "\"reseize\"", "reseize"),
            ("\"tpr\": 0.95", "\"tpr\": 0.5", "`threshold` is not the one"),
            ("\"tpr\": 0.95", "\"tpr\": 1.5", "a share above 0"),
            ("\"tpr\": 0.95", "\"threshold\": 0.5", "`scores` are not"),
            ("    0.0,\n", "    10.0,\n", "`scores` are not"),
        ] {
            assert!(text.contains(from), "{from} in {text}");
            let why = refused(text.replacen(from, to, 1).as_bytes());
            assert!(why.contains(words), "{why} lacks {words}");
        }
    }
}
