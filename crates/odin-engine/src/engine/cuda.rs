//! The CUDA runtime that libtorch brings, asked without libtorch: libtorch itself only says that there is no GPU, not why.
use std::ffi::{CStr, c_int};

/// Why libtorch can compute on no GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoGpu {
    #[error("this program is built against a libtorch for CPUs")]
    BuiltForCpu,
    #[error("this libtorch has CUDA, and there is no NVIDIA driver on this machine")]
    NoDriver,
    #[error("this libtorch has CUDA, and the NVIDIA driver is too old for it")]
    OldDriver,
    #[error("this libtorch has CUDA and there is an NVIDIA driver, but no GPU that this program may use")]
    NoGpu,
    #[error("CUDA was linked and did not load")]
    NotLoaded,
}

impl NoGpu {
    /// What to do about it; `None` where nothing is wrong.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::BuiltForCpu => None,
            Self::NoDriver => {
                Some("install the driver to compute on a GPU; without one everything runs on the CPU")
            }
            Self::OldDriver => Some("update the driver (`nvidia-smi` tells its version)"),
            Self::NoGpu => Some("`nvidia-smi` lists the GPUs, CUDA_VISIBLE_DEVICES may hide them"),
            Self::NotLoaded => {
                Some("the linker may have dropped libtorch_cuda, or a CUDA library is missing beside it")
            }
        }
    }
}

/// Why there is none, where libtorch has found none.
pub(super) fn why_none() -> NoGpu {
    if cfg!(linked_cuda) {
        reason(ask())
    } else {
        NoGpu::BuiltForCpu
    }
}

/// What the runtime says of the devices: the code of `cudaGetDeviceCount`, and the version that the driver supports, 0 where
/// there is no driver.
type Answer = (c_int, c_int);

/// Codes of the CUDA Runtime API, section "Data types": `cudaErrorInsufficientDriver` (which stands for no driver too),
/// `cudaErrorNoDevice`.
const INSUFFICIENT_DRIVER: c_int = 35;
const NO_DEVICE: c_int = 100;

fn reason(answer: Option<Answer>) -> NoGpu {
    match answer {
        Some((INSUFFICIENT_DRIVER, 0)) => NoGpu::NoDriver,
        Some((INSUFFICIENT_DRIVER, _)) => NoGpu::OldDriver,
        Some((NO_DEVICE, _)) => NoGpu::NoGpu,
        _ => NoGpu::NotLoaded,
    }
}

type WriteInt = unsafe extern "C" fn(*mut c_int) -> c_int;

fn ask() -> Option<Answer> {
    let (mut count, mut version): (c_int, c_int) = (0, 0);
    // SAFETY: these are the types of the functions of these names, in every version of the runtime.
    let (get_count, get_version) = unsafe {
        (
            std::mem::transmute::<*mut libc::c_void, WriteInt>(symbol(c"cudaGetDeviceCount")?),
            std::mem::transmute::<*mut libc::c_void, WriteInt>(symbol(c"cudaDriverGetVersion")?),
        )
    };
    // SAFETY: each writes one int, where it succeeds.
    Some(unsafe {
        let code = get_count(&raw mut count);
        get_version(&raw mut version);
        (code, version)
    })
}

/// A function of a library that is loaded already.
pub(super) fn symbol(name: &CStr) -> Option<*mut libc::c_void> {
    // SAFETY: the name ends in a zero byte.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_driver_and_no_gpu_are_told_apart() {
        assert_eq!(reason(Some((35, 0))), NoGpu::NoDriver);
        assert_eq!(reason(Some((35, 12_080))), NoGpu::OldDriver);
        assert_eq!(reason(Some((100, 13_000))), NoGpu::NoGpu);
        assert_eq!(reason(Some((0, 13_000))), NoGpu::NotLoaded);
        assert_eq!(reason(None), NoGpu::NotLoaded);
    }

    /// Builds for CPUs have the runtime too on Linux, so its answer can be seen without a GPU.
    #[test]
    fn the_runtime_answers() {
        let is_without_driver = !std::path::Path::new("/proc/driver/nvidia/version").exists()
            && !std::path::Path::new("/dev/dxg").exists();
        if let (true, Some(answer)) = (is_without_driver, ask()) {
            assert_eq!(reason(Some(answer)), NoGpu::NoDriver, "{answer:?}");
        }
    }
}
