//! What there is to compute on.
use odin_core::units::Device;

use super::cuda;
pub use super::cuda::NoGpu;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    #[error("{device} was asked for: {reason} (`odin doctor` tells more)")]
    None { device: Device, reason: NoGpu },
    #[error("{device} was asked for, and there {}", match count { 1 => "is one GPU, cuda:0".to_owned(), n => format!("are {n} GPUs, from cuda:0 on") })]
    NoSuchGpu { device: Device, count: i64 },
}

/// How many GPUs libtorch can use.
pub fn gpus() -> i64 {
    if tch::Cuda::is_available() {
        tch::Cuda::device_count()
    } else {
        0
    }
}

/// Why libtorch can use no GPU, where it can use none.
pub fn why_no_gpu() -> Option<NoGpu> {
    (gpus() == 0).then(cuda::why_none)
}

/// The device that is meant, `auto` resolved.
pub fn resolve(device: Device) -> Result<Device, DeviceError> {
    match device {
        Device::Cpu => Ok(Device::Cpu),
        Device::Auto if gpus() > 0 => Ok(Device::Cuda(0)),
        Device::Auto => Ok(Device::Cpu),
        Device::Cuda(n) => match gpus() {
            0 => Err(DeviceError::None {
                device,
                reason: cuda::why_none(),
            }),
            count if (n as i64) < count => Ok(device),
            count => Err(DeviceError::NoSuchGpu { device, count }),
        },
    }
}

/// The same for libtorch. `Auto` must have been resolved; it counts as the CPU.
pub fn of_torch(device: Device) -> tch::Device {
    match device {
        Device::Auto | Device::Cpu => tch::Device::Cpu,
        Device::Cuda(n) => tch::Device::Cuda(n),
    }
}

/// Threads that each compute a batch of their own: one a core, and two on a GPU, so that one copies while the other
/// computes.
pub fn compute_threads(device: Device) -> usize {
    match device {
        Device::Cuda(_) => 2,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// How the device calls itself, for people.
pub fn describe(device: Device) -> String {
    match device {
        Device::Cuda(n) => format!("GPU {n}"),
        _ => format!("CPU, {} threads", compute_threads(device)),
    }
}

/// Names the machine: its processor, and how many cores of it this program may use.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    format!("{model}, {cores} cores")
}

/// Keeps freed memory in the program, on glibc.
///
/// A batch allocates and frees hundreds of tensors of megabytes each. By default each of them is mapped from the
/// kernel and given back at once, and a third of the time goes into page faults (docs/performance.md).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets parameters of the allocator, and is called before the worker's first tensor.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
