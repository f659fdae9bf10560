//! Names of workers.
use odin_core::units::Device;

/// Names a worker: its device, and its number among the workers on that device, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkerId {
    pub device: Device,
    pub number: usize,
}
