//! The knobs of a job's detectors, where they are not at their defaults.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::number;
use odin_detectors::{Detector, Setting};

/// Knobs by name: those of the job's `detector`, or of another detector under its key, as in
/// `{percentile: 85, energy: {temperature: 2}}`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Knobs(BTreeMap<String, Entry>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Entry {
    Value(Value),
    Of(BTreeMap<String, Value>),
}

/// A knob's value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Value(#[serde(serialize_with = "number::serialize")] f64);

/// A knob that cannot be set so, by its keys under `knobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub keys: Vec<String>,
    pub why: String,
}

impl Knobs {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settings that these knobs make; `own` is the job's detector.
    pub fn settings(&self, own: Option<Detector>) -> Result<Vec<Setting>, Misfit> {
        let mut all: BTreeMap<Detector, Setting> = BTreeMap::new();
        for (key, entry) in &self.0 {
            let misfit = |keys: &[&String], why: String| Misfit {
                keys: keys.iter().map(|&key| key.clone()).collect(),
                why,
            };
            let (detector, values): (_, Vec<_>) = match entry {
                Entry::Value(value) => {
                    let Some(own) = own else {
                        let why = "of which detector? `detector` beside `knobs` says it, or the knobs stand under its key";
                        return Err(misfit(&[key], why.to_owned()));
                    };
                    (own, vec![(key, value)])
                }
                Entry::Of(values) => {
                    let Some(detector) = Detector::from_key(key) else {
                        let near = odin_datasets::nearest(key, &Detector::ALL.map(|d| d.key().to_owned()));
                        let meant = near
                            .first()
                            .map(|near| format!("; did you mean {near}?"))
                            .unwrap_or_default();
                        return Err(misfit(&[key], format!("there is no detector `{key}`{meant}")));
                    };
                    (detector, values.iter().collect())
                }
            };
            for (knob, value) in values {
                if detector == Detector::Odin {
                    let why = "T and ε of ODIN are the keys `temperature` and `magnitude` of the job itself";
                    return Err(misfit(&[key], why.to_owned()));
                }
                let setting = all.entry(detector).or_insert_with(|| Setting::new(detector));
                *setting = setting.with(knob, value.0).map_err(|error| match entry {
                    Entry::Value(_) => misfit(&[key], error.to_string()),
                    Entry::Of(_) => misfit(&[key, knob], error.to_string()),
                })?;
            }
        }
        Ok(all.into_values().collect())
    }

    /// What is written for these settings, of which those at their defaults are left out.
    pub fn of<'a>(settings: impl Iterator<Item = &'a Setting>, own: Option<Detector>) -> Self {
        let mut all = BTreeMap::new();
        for setting in settings.filter(|setting| !setting.is_default()) {
            let default = Setting::new(setting.detector());
            let moved = setting.knobs().zip(default.knobs());
            let moved: BTreeMap<String, Value> = moved
                .filter(|((_, value), (_, usual))| value != usual)
                .map(|((knob, value), _)| (knob.key.to_owned(), Value(value)))
                .collect();
            if own == Some(setting.detector()) {
                all.extend(moved.into_iter().map(|(key, value)| (key, Entry::Value(value))));
            } else {
                all.insert(setting.detector().key().to_owned(), Entry::Of(moved));
            }
        }
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Knobs {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn knobs_are_those_of_the_jobs_detector_or_stand_under_a_key() {
        let knobs = read("{gamma: 0.2, energy: {temperature: 2}}");
        let settings = knobs.settings(Some(Detector::Gen)).unwrap();
        let gen_entropy = Setting::new(Detector::Gen).with("gamma", 0.2).unwrap();
        let energy = Setting::new(Detector::Energy).with("temperature", 2.0).unwrap();
        assert_eq!(settings, [energy, gen_entropy]);
        assert_eq!(Knobs::of(settings.iter(), Some(Detector::Gen)), knobs);
        let text = serde_yaml::to_string(&Knobs::of(settings.iter(), None)).unwrap();
        assert_eq!(text, "energy:\n  temperature: 2\ngen:\n  gamma: 0.2\n");
        let usual = [Setting::new(Detector::Gen)];
        assert!(Knobs::of(usual.iter(), None).is_empty());
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_keys() {
        let refused = |text: &str, own| {
            let Misfit { keys, why } = read(text).settings(own).unwrap_err();
            format!("{}: {why}", keys.join("."))
        };
        assert!(refused("{gamma: 0.2}", None).starts_with("gamma: of which detector?"));
        assert!(refused("{genn: {gamma: 0.2}}", None).contains("did you mean gen?"));
        assert_eq!(
            refused("{gen: {classes: 1.5}}", None),
            "gen.classes: classes must be a whole number between 1 and 1000000, not 1.5"
        );
        assert!(refused("{odin: {temperature: 1}}", None).contains("`temperature` and `magnitude`"));
        assert!(refused("{k: 3}", Some(Detector::Energy)).contains("energy has no knob `k`"));
    }
}
