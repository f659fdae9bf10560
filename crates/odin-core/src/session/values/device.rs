//! Where to compute.
use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};

use crate::units::{Device, Devices, UnitError};

/// A device, checked in place: `#[serde(deserialize_with = "values::device")]`.
pub(super) fn device<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Device, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = Device;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a device: auto, cpu or cuda:N")
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<Device, E> {
            Device::from_str(value).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Reads)
}

/// One device, or the list of those that each job is split over.
pub(crate) mod devices {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(devices: &Devices, serializer: S) -> Result<S::Ok, S::Error> {
        match devices.all() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Devices, D::Error> {
        struct One;
        impl<'de> DeserializeSeed<'de> for One {
            type Value = Device;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Device, D::Error> {
                device(deserializer)
            }
        }
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Devices;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a device (auto, cpu or cuda:N) or a list of devices")
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Devices, E> {
                Device::from_str(value).map(Devices::from).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Devices, A::Error> {
                let mut devices = Vec::new();
                while let Some(device) = seq.next_element_seed(One)? {
                    if devices.len() == Devices::MAX {
                        return Err(A::Error::custom(UnitError::DeviceCount(devices.len() + 1)));
                    }
                    devices.push(device);
                }
                Devices::try_from(devices).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// As [`devices`], where they may be missing.
pub(crate) mod optional_devices {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        devices: &Option<Devices>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match devices {
            Some(devices) => super::devices::serialize(devices, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Devices>, D::Error> {
        super::devices::deserialize(deserializer).map(Some)
    }
}
