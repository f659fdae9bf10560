//! The quantities that every module speaks of, each a type of its own.
//!
//! The bottom of the module tree: imports nothing of this crate, holds no behaviour beyond checking and printing.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A value that lies outside what a quantity can be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UnitError {
    #[error("temperature must be a finite number above 0, not {0}")]
    Temperature(f64),
    #[error("magnitude must lie between 0 and 1 (units of the [0, 1] image), not {0}")]
    Magnitude(f64),
    #[error("`{0}` is not a number")]
    NotANumber(String),
    #[error("`{0}` is no device: use auto, cpu or cuda:N")]
    Device(String),
    #[error("a list of devices names 1 to {max} of them, not {0}", max = Devices::MAX)]
    DeviceCount(usize),
    #[error("`{0}` is no list of numbers: use a,b,c or FROM:TO:COUNT, with 1 to {max} numbers", max = Series::MAX)]
    Series(String),
}

/// Temperature T of the softmax: finite, above 0. T = 1 leaves the softmax as it is.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Temperature(f64);

impl Temperature {
    pub const ONE: Self = Self(1.0);
    /// T of the paper's main table.
    pub const PAPER: Self = Self(1000.0);

    pub fn new(value: f64) -> Result<Self, UnitError> {
        if value.is_finite() && value > 0.0 {
            Ok(Self(value))
        } else {
            Err(UnitError::Temperature(value))
        }
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

/// Perturbation magnitude ε, in units of the unnormalised [0, 1] image: 0 ≤ ε ≤ 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Magnitude(f64);

impl Magnitude {
    pub const ZERO: Self = Self(0.0);
    /// ε of most rows of the paper's main table.
    pub const PAPER: Self = Self(0.0014);

    pub fn new(value: f64) -> Result<Self, UnitError> {
        // `+ 0.0` turns -0 into 0, so that equal magnitudes have equal bits.
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value + 0.0))
        } else {
            Err(UnitError::Magnitude(value))
        }
    }

    pub fn get(self) -> f64 {
        self.0
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0.0
    }
}

macro_rules! number_impls {
    ($type:ident) => {
        impl TryFrom<f64> for $type {
            type Error = UnitError;
            fn try_from(value: f64) -> Result<Self, UnitError> {
                Self::new(value)
            }
        }
        impl From<$type> for f64 {
            fn from(value: $type) -> f64 {
                value.get()
            }
        }
        impl FromStr for $type {
            type Err = UnitError;
            fn from_str(text: &str) -> Result<Self, UnitError> {
                let value = text
                    .trim()
                    .parse()
                    .map_err(|_| UnitError::NotANumber(text.to_owned()))?;
                Self::new(value)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.get().to_string())
            }
        }
    };
}
number_impls!(Temperature);
number_impls!(Magnitude);

/// Log-odds of the guessed class at T, in f64: −log Σ_{j≠ŷ} exp((z_j − z_ŷ)/T).
///
/// Monotone in max softmax at every T, and saturating at neither end; [`LogOdds::probability`] is what people read.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct LogOdds(pub f64);

impl LogOdds {
    /// Of one image's logits at T.
    pub fn of(logits: &[f32], temperature: Temperature) -> Self {
        Self(odin_detectors::log_odds(logits, temperature.get()))
    }

    /// The max softmax that these log-odds stand for: 1 / (1 + e^−s).
    pub fn probability(self) -> f64 {
        1.0 / (1.0 + (-self.0).exp())
    }
}

/// Where tensors live and are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The first GPU where there is one, else the CPU.
    #[default]
    Auto,
    Cpu,
    Cuda(usize),
}

/// A device's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// On a GPU by all programs, on the CPU by this one.
    pub used: u64,
    pub total: u64,
}

impl Memory {
    /// `None` where there is none to speak of.
    pub fn new(used: u64, total: u64) -> Option<Self> {
        (total > 0).then_some(Self { used, total })
    }
}

/// `3.1 of 139 GiB`.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} GiB", gibibytes(self.used), gibibytes(self.total))
    }
}

/// `0.2`, `15.6`, `139`.
pub fn gibibytes(bytes: u64) -> String {
    let value = bytes as f64 / (1u64 << 30) as f64;
    let digits = usize::from(value < 99.95);
    format!("{value:.digits$}")
}

impl TryFrom<String> for Device {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> String {
        device.to_string()
    }
}

impl FromStr for Device {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| UnitError::Device(text.to_owned())),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Cpu => f.pad("cpu"),
            Self::Cuda(n) => f.pad(&format!("cuda:{n}")),
        }
    }
}

/// The devices that one job is split over: at least one; the same one several times gives it several workers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Device>", into = "Vec<Device>")]
pub struct Devices(Vec<Device>);

impl Devices {
    /// More than any machine has.
    pub const MAX: usize = 64;

    pub fn first(&self) -> Device {
        self.0.first().copied().unwrap_or_default()
    }

    pub fn all(&self) -> &[Device] {
        &self.0
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self(vec![Device::Auto])
    }
}

impl From<Device> for Devices {
    fn from(device: Device) -> Self {
        Self(vec![device])
    }
}

impl TryFrom<Vec<Device>> for Devices {
    type Error = UnitError;
    fn try_from(devices: Vec<Device>) -> Result<Self, UnitError> {
        match devices.len() {
            1..=Self::MAX => Ok(Self(devices)),
            count => Err(UnitError::DeviceCount(count)),
        }
    }
}

impl From<Devices> for Vec<Device> {
    fn from(devices: Devices) -> Self {
        devices.0
    }
}

impl FromStr for Devices {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let devices: Result<Vec<Device>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        Self::try_from(devices?)
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(Device::to_string).collect();
        f.pad(&names.join(", "))
    }
}

/// Numbers along an axis: `1,10,100`, or `0:0.004:21` for 21 of them from 0 to 0.004.
#[derive(Debug, Clone, PartialEq)]
pub struct Series(pub Vec<f64>);

impl Series {
    pub const MAX: usize = 1000;
}

impl FromStr for Series {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let number = |part: &str| -> Result<f64, UnitError> {
            part.trim()
                .parse()
                .map_err(|_| UnitError::NotANumber(part.trim().to_owned()))
        };
        let wrong = || UnitError::Series(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let [from, to, count] = parts.as_slice() else {
            let numbers: Vec<f64> = text.split(',').map(number).collect::<Result<_, _>>()?;
            return if numbers.len() <= Self::MAX {
                Ok(Self(numbers))
            } else {
                Err(wrong())
            };
        };
        let (from, to) = (number(from)?, number(to)?);
        match count.trim().parse::<usize>().map_err(|_| wrong())? {
            1 if from == to => Ok(Self(vec![from])),
            count @ 2..=Self::MAX => {
                // Rounded to twelve digits: 0.0014, not 0.0014000000000000002.
                let at = |i: usize| from + (to - from) * i as f64 / (count - 1) as f64;
                let rounded = |i: usize| format!("{:.12}", at(i)).parse().unwrap_or(at(i));
                Ok(Self((0..count).map(rounded).collect()))
            }
            _ => Err(wrong()),
        }
    }
}

/// What each quantity may be, for editors and for the references in docs/.
macro_rules! schema_of {
    ($type:ident, |$generator:ident| $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}
schema_of!(Temperature, |_generator| json_schema!({
    "title": "a number above 0", "type": "number", "exclusiveMinimum": 0,
}));
schema_of!(Magnitude, |_generator| json_schema!({
    "title": "a number from 0 to 1", "type": "number", "minimum": 0, "maximum": 1,
}));
schema_of!(Device, |_generator| json_schema!({
    "title": "`auto`, `cpu` or `cuda:N`", "type": "string", "pattern": "^(auto|cpu|cuda(:[0-9]+)?)$",
}));
schema_of!(Devices, |generator| {
    let one = generator.subschema_for::<Device>();
    json_schema!({
        "title": "`auto`, `cpu` or `cuda:N`, or a list of them",
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": Devices::MAX}],
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_refuse_what_they_cannot_be() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Temperature::new(bad).is_err(), "{bad}");
        }
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(Magnitude::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Magnitude::new(-0.0).map(|m| m.get().to_bits()), Ok(0));
        assert_eq!(
            "abc".parse::<Temperature>(),
            Err(UnitError::NotANumber("abc".into()))
        );
    }

    #[test]
    fn devices_read_back_as_they_print() {
        for device in [Device::Auto, Device::Cpu, Device::Cuda(3)] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert!("gpu0".parse::<Device>().is_err());
        let both: Devices = "cuda:0, cpu".parse().unwrap();
        assert_eq!(
            (both.all().len(), both.first(), both.to_string().as_str()),
            (2, Device::Cuda(0), "cuda:0, cpu")
        );
        assert!("".parse::<Devices>().is_err() && Devices::try_from(vec![Device::Cpu; 65]).is_err());
    }

    #[test]
    fn series_are_lists_or_ranges() {
        assert_eq!("1,10, 100".parse(), Ok(Series(vec![1.0, 10.0, 100.0])));
        let fine: Series = "0:0.004:21".parse().unwrap();
        assert_eq!((fine.0.len(), fine.0[7], fine.0[20]), (21, 0.0014, 0.004));
        for bad in ["", "a", "1:2", "0:1:0", "0:1:1", "1,,2", "0:1:5000"] {
            assert!(bad.parse::<Series>().is_err(), "{bad}");
        }
    }

    #[test]
    fn log_odds_are_the_logit_of_the_probability() {
        assert_eq!(LogOdds(0.0).probability(), 0.5);
        assert!((LogOdds(3.0).probability() - 0.952_574_126_822_433).abs() < 1e-15);
    }
}
