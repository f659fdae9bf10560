//! The setting that is pinned as A, as a session has it.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::values::number;
use odin_detectors::{Detector, KnobError, Setting};

/// A setting that is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Pinned {
    /// Number of its job, counted from 0 through all queues.
    pub job: usize,
    pub setting: Setting,
}

/// A setting that is pinned.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pinned")]
pub(super) struct Written {
    /// Number of its job, counted from 0 through all queues.
    job: usize,
    detector: Detector,
    /// The detector's knobs by their names, as in `{temperature: 10}`; those left out are at their defaults.
    #[serde(default, serialize_with = "short", skip_serializing_if = "BTreeMap::is_empty")]
    knobs: BTreeMap<String, f64>,
}

/// `1000`, not `1000.0`.
fn short<S: Serializer>(knobs: &BTreeMap<String, f64>, serializer: S) -> Result<S::Ok, S::Error> {
    struct Short(f64);
    impl Serialize for Short {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            number::serialize(&self.0, serializer)
        }
    }
    serializer.collect_map(knobs.iter().map(|(key, value)| (key, Short(*value))))
}

impl TryFrom<Written> for Pinned {
    type Error = KnobError;
    fn try_from(written: Written) -> Result<Self, KnobError> {
        let mut knobs = written.knobs.iter();
        let setting = knobs.try_fold(Setting::new(written.detector), |setting, (key, value)| {
            setting.with(key, *value)
        });
        Ok(Self {
            job: written.job,
            setting: setting?,
        })
    }
}

impl From<Pinned> for Written {
    fn from(pinned: Pinned) -> Self {
        Self {
            job: pinned.job,
            detector: pinned.setting.detector(),
            knobs: pinned.setting.by_key(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_written_with_every_knob_and_read_with_some() {
        let gen_entropy = Setting::new(Detector::Gen).with("classes", 7.0).unwrap();
        for setting in [gen_entropy, Setting::new(Detector::MaxLogit)] {
            let pinned = Pinned { job: 2, setting };
            let text = serde_yaml::to_string(&pinned).unwrap();
            assert_eq!(serde_yaml::from_str::<Pinned>(&text).unwrap(), pinned, "{text}");
        }
        let read = |text: &str| serde_yaml::from_str::<Pinned>(text);
        let pinned = read("{job: 0, detector: odin, knobs: {temperature: 10}}").unwrap();
        assert_eq!(
            (pinned.setting.get("temperature"), pinned.setting.get("magnitude")),
            (Some(10.0), Some(0.0014))
        );
        let text = serde_yaml::to_string(&pinned).unwrap();
        assert!(text.contains("temperature: 10\n"), "{text}");
        let refused = |text: &str| read(text).unwrap_err().to_string();
        let told = refused("{job: 0, detector: odin, knobs: {magnitude: 2}}");
        assert!(
            told.contains("magnitude must be between 0 and 1, not 2"),
            "{told}"
        );
        let told = refused("{job: 0, detector: max-logit, knobs: {temperature: 2}}");
        assert!(told.contains("max-logit has no knob `temperature`"), "{told}");
    }
}
