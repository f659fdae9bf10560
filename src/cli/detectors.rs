//! `--detectors` and its companions: which detectors score beside ODIN and the baseline, with which knobs, fitted on what.
use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::Args;

use odin_core::protocol::FitSample;
use odin_core::setting::{Detector, Setting, Settings};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct Detectors {
    /// Score by these detectors too: `all`, or keys as in energy,gen
    #[arg(long, value_name = "all|KEY,…", value_delimiter = ',', value_parser = asked)]
    detectors: Vec<Asked>,
    /// Set a knob of the detectors asked for that have it, or of one of them: NAME=VALUE or KEY.NAME=VALUE
    #[arg(long = "knob", value_name = "NAME=VALUE", requires = "detectors")]
    knobs: Vec<Moved>,
    #[command(flatten)]
    fit: Fit,
}

/// Which images detectors are fitted on.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Fit {
    /// Set that detectors are fitted on [default: the training images that the card of the in-distribution set names, or
    /// what the session says]
    #[arg(long, value_name = "NAME|PATH")]
    fit_dataset: Option<String>,
    /// Fit detectors on at most so many images, a seeded sample [default: 5000, or what the session says]
    #[arg(long, value_name = "N")]
    fit_limit: Option<NonZeroUsize>,
    /// Seed of that sample [default: 0, or what the session says]
    #[arg(long, value_name = "N")]
    fit_seed: Option<u64>,
}

impl Fit {
    pub(super) fn sample(&self) -> FitSample {
        self.over(FitSample::default())
    }

    /// The sample with what is asked for in place of its own.
    pub(super) fn over(&self, sample: FitSample) -> FitSample {
        FitSample {
            dataset: self.fit_dataset.clone().or(sample.dataset),
            limit: self.fit_limit.unwrap_or(sample.limit),
            seed: self.fit_seed.unwrap_or(sample.seed),
        }
    }
}

/// Detectors of a command that scores by these and no others.
#[derive(Debug, Clone, Args)]
pub(super) struct Only {
    /// Score by these detectors: `all`, or keys as in energy,gen
    #[arg(long, value_name = "all|KEY,…", value_delimiter = ',', value_parser = asked, default_value = "baseline,odin")]
    detectors: Vec<Asked>,
    /// Set a knob of the detectors that have it, or of one of them: NAME=VALUE or KEY.NAME=VALUE
    #[arg(long = "knob", value_name = "NAME=VALUE")]
    knobs: Vec<Moved>,
    #[command(flatten)]
    pub fit: Fit,
}

impl Only {
    /// The settings to score by, in the order asked for; ODIN's is in `known`.
    ///
    /// # Errors
    /// As [`Detectors::settings`].
    pub(super) fn settings(&self, known: &Settings) -> anyhow::Result<Vec<Setting>> {
        settings(&self.detectors, &self.knobs, known)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    All,
    One(Detector),
}

fn asked(text: &str) -> Result<Asked, String> {
    if text == "all" {
        return Ok(Asked::All);
    }
    unknown_or(text, "all, ").map(Asked::One)
}

/// One detector, by its key.
pub(super) fn detector(text: &str) -> Result<Detector, String> {
    unknown_or(text, "")
}

/// The detector of a key; else what may have been meant, and the keys there are after those `before` them.
fn unknown_or(text: &str, before: &str) -> Result<Detector, String> {
    let keys = Detector::ALL.map(|detector| detector.key().to_owned());
    Detector::from_key(text).ok_or_else(|| {
        let near = odin_datasets::nearest(text, &keys);
        let meant = near
            .first()
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        format!(
            "there is no such detector{meant}; the keys are {before}{}",
            keys.join(", ")
        )
    })
}

/// A knob that is to have a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moved {
    /// `None` for every detector that has it.
    detector: Option<Detector>,
    knob: String,
    value: f64,
}

impl FromStr for Moved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or("a knob is set as NAME=VALUE, such as gamma=0.2")?;
        let value = value
            .trim()
            .parse()
            .map_err(|_| format!("`{value}` is not a number"))?;
        let (detector, knob) = match name.trim().split_once('.') {
            None => (None, name.trim()),
            Some((key, knob)) => match Detector::from_key(key) {
                Some(detector) => (Some(detector), knob),
                None => return Err(format!("there is no detector `{key}`")),
            },
        };
        Ok(Self {
            detector,
            knob: knob.to_owned(),
            value,
        })
    }
}

impl Moved {
    /// The setting with its knob moved.
    ///
    /// # Errors
    /// Another detector is meant, or it has no such knob, or the knob cannot have the value.
    pub(super) fn apply(&self, setting: Setting) -> anyhow::Result<Setting> {
        let Self {
            detector,
            knob,
            value,
        } = self;
        if let Some(other) = detector.filter(|detector| *detector != setting.detector()) {
            anyhow::bail!(
                "--knob {}.{knob}: the images are scored by {}",
                other.key(),
                setting.detector().key()
            );
        }
        Ok(setting.with(knob, *value)?)
    }
}

impl Detectors {
    pub(super) fn are_asked(&self) -> bool {
        !self.detectors.is_empty()
    }

    /// Which images they are fitted on.
    pub(super) fn fit(&self) -> FitSample {
        self.fit.sample()
    }

    /// As [`fit`](Self::fit), where a session says something of it.
    pub(super) fn fit_over(&self, sample: FitSample) -> FitSample {
        self.fit.over(sample)
    }

    /// The settings to score by: ODIN's and those of other detectors whose knobs were moved before are in `known`.
    ///
    /// # Errors
    /// A knob that none of the detectors has, or a value that it cannot have.
    pub(super) fn settings(&self, known: &Settings) -> anyhow::Result<Vec<Setting>> {
        settings(&self.detectors, &self.knobs, known)
    }
}

/// The settings of these detectors, each once, with these knobs moved.
fn settings(asked: &[Asked], knobs: &[Moved], known: &Settings) -> anyhow::Result<Vec<Setting>> {
    let mut chosen: Vec<Detector> = Vec::new();
    for asked in asked {
        match asked {
            Asked::All => chosen.extend(Detector::ALL),
            Asked::One(detector) => chosen.push(*detector),
        }
    }
    let mut settings: Vec<Setting> = Vec::new();
    for detector in chosen {
        if settings.iter().all(|chosen| chosen.detector() != detector) {
            let known = known.get(detector).copied();
            settings.push(known.unwrap_or_else(|| Setting::new(detector)));
        }
    }
    for Moved {
        detector,
        knob,
        value,
    } in knobs
    {
        let has = |setting: &Setting| {
            let is_meant = detector.is_none_or(|detector| detector == setting.detector());
            // T and ε of ODIN are --temperature and --magnitude.
            is_meant && setting.detector() != Detector::Odin && setting.get(knob).is_some()
        };
        anyhow::ensure!(
            settings.iter().any(has),
            "--knob {knob}: none of the detectors asked for has it; ODIN's T and ε are --temperature and --magnitude"
        );
        for setting in settings.iter_mut().filter(|setting| has(setting)) {
            *setting = setting.with(knob, *value)?;
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detectors(asked_for: &str, knobs: &[&str]) -> Detectors {
        Detectors {
            detectors: asked_for.split(',').map(|key| asked(key).unwrap()).collect(),
            knobs: knobs.iter().map(|knob| knob.parse().unwrap()).collect(),
            fit: Fit::default(),
        }
    }

    #[test]
    fn knobs_go_to_the_detectors_that_have_them() {
        let odin = Setting::new(Detector::Odin).with("temperature", 10.0).unwrap();
        let known = Settings::only(odin);
        let all = detectors("all", &["gamma=0.2", "energy.temperature=2"]);
        let settings = all.settings(&known).unwrap();
        assert_eq!(settings.len(), Detector::ALL.len());
        let of = |detector| settings.iter().find(|s| s.detector() == detector).unwrap();
        assert_eq!(of(Detector::Gen).get("gamma"), Some(0.2));
        assert_eq!(of(Detector::Energy).get("temperature"), Some(2.0));
        assert_eq!(of(Detector::Odin), &odin);
        let refused = |keys: &str, knob: &str| {
            let error = detectors(keys, &[knob]).settings(&known).unwrap_err();
            error.to_string()
        };
        assert!(refused("energy", "gamma=0.2").contains("none of the detectors"));
        assert!(refused("gen", "gamma=7").contains("gamma must be between"));
        assert!(asked("enrgy").unwrap_err().contains("did you mean energy?"));
        assert!("gamma".parse::<Moved>().is_err());
    }
}
