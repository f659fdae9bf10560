//! How much of a device's memory is in use: measured while scores come, and told when it has changed.
//!
//! A GPU is asked through the CUDA runtime that libtorch itself runs on. So it is the same device by the same number,
//! whatever `CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER` say, and a slice of a GPU answers for itself. A build without
//! CUDA has no such runtime, and then no figure is shown.
use std::collections::HashMap;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

use odin_core::units::{Device, Memory};

use super::cuda::symbol;

/// A device is asked at most so often.
const BETWEEN: Duration = Duration::from_secs(1);
/// A change of less is not worth a line on a screen.
const NOTICEABLE: u64 = 64 << 20;

/// The memory of a device; of the CPU, what this process uses of the machine's. `None` where it cannot be told.
pub fn of(device: Device) -> Option<Memory> {
    match device {
        Device::Cuda(n) => of_gpu(&Cuda::of_libtorch()?, c_int::try_from(n).ok()?),
        Device::Cpu | Device::Auto => of_process(),
    }
}

/// When which device was asked, and what was told of it.
#[derive(Default)]
pub struct Gauge {
    asked: HashMap<Device, Instant>,
    told: HashMap<Device, Memory>,
}

impl Gauge {
    /// The device's memory, where it is time to ask and it has changed since it was told. At the end of a job it is
    /// always time: what is idle afterwards shall be shown as it is.
    pub fn news(&mut self, device: Device, is_end: bool) -> Option<Memory> {
        let now = Instant::now();
        let is_early = |asked: &Instant| now.duration_since(*asked) < BETWEEN;
        if !is_end && self.asked.get(&device).is_some_and(is_early) {
            return None;
        }
        self.asked.insert(device, now);
        self.changed(device, of(device)?)
    }

    fn changed(&mut self, device: Device, memory: Memory) -> Option<Memory> {
        let told = self.told.get(&device);
        let is_same =
            |told: &Memory| told.total == memory.total && told.used.abs_diff(memory.used) < NOTICEABLE;
        if told.is_some_and(is_same) {
            return None;
        }
        self.told.insert(device, memory);
        Some(memory)
    }
}

fn of_process() -> Option<Memory> {
    let this = Pid::from_u32(std::process::id());
    let memory = MemoryRefreshKind::nothing().with_ram();
    let mut system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    let kind = ProcessRefreshKind::nothing().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[this]), false, kind);
    // A container may have less than the machine.
    let total = system.cgroup_limits().map_or(system.total_memory(), |limits| {
        limits.total_memory.min(system.total_memory())
    });
    Memory::new(system.process(this)?.memory(), total)
}

/// Functions of the CUDA runtime (CUDA Runtime API, sections 6.1 and 6.9): 0 is success.
struct Cuda {
    get_device: GetDevice,
    set_device: SetDevice,
    mem_get_info: MemGetInfo,
}

type GetDevice = unsafe extern "C" fn(*mut c_int) -> c_int;
type SetDevice = unsafe extern "C" fn(c_int) -> c_int;
type MemGetInfo = unsafe extern "C" fn(*mut usize, *mut usize) -> c_int;

impl Cuda {
    /// The runtime that this program is linked to through libtorch.
    fn of_libtorch() -> Option<Self> {
        if !tch::utils::has_cuda() {
            return None;
        }
        // SAFETY: these are the types of the functions of these names, in every version of the runtime.
        unsafe {
            Some(Self {
                get_device: std::mem::transmute::<*mut libc::c_void, GetDevice>(symbol(c"cudaGetDevice")?),
                set_device: std::mem::transmute::<*mut libc::c_void, SetDevice>(symbol(c"cudaSetDevice")?),
                mem_get_info: std::mem::transmute::<*mut libc::c_void, MemGetInfo>(symbol(
                    c"cudaMemGetInfo",
                )?),
            })
        }
    }
}

/// What all programs use of a GPU. The thread's own device is as before afterwards.
fn of_gpu(cuda: &Cuda, device: c_int) -> Option<Memory> {
    let mut before: c_int = 0;
    // SAFETY: writes one int.
    if unsafe { (cuda.get_device)(&raw mut before) } != 0 {
        return None;
    }
    // SAFETY: takes a number, and refuses one that there is not.
    if unsafe { (cuda.set_device)(device) } != 0 {
        return None;
    }
    let (mut free, mut total) = (0usize, 0usize);
    // SAFETY: writes two numbers.
    let asked = unsafe { (cuda.mem_get_info)(&raw mut free, &raw mut total) };
    // SAFETY: as above; it was this thread's device.
    unsafe { (cuda.set_device)(before) };
    if asked != 0 {
        return None;
    }
    Memory::new(total.checked_sub(free)? as u64, total as u64)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static CURRENT: Cell<c_int> = const { Cell::new(1) };
    }

    unsafe extern "C" fn get(device: *mut c_int) -> c_int {
        // SAFETY: only called by `of_gpu`.
        unsafe { *device = CURRENT.get() };
        0
    }

    /// There are three; the last has no memory to ask for.
    unsafe extern "C" fn set(device: c_int) -> c_int {
        if !(0..3).contains(&device) {
            return 101;
        }
        CURRENT.set(device);
        0
    }

    unsafe extern "C" fn info(free: *mut usize, total: *mut usize) -> c_int {
        if CURRENT.get() == 2 {
            return 2;
        }
        // SAFETY: only called by `of_gpu`.
        unsafe {
            *free = 60;
            *total = 100 + CURRENT.get() as usize;
        }
        0
    }

    #[test]
    fn a_gpu_is_asked_by_its_number_and_the_thread_goes_back_to_its_own() {
        let cuda = Cuda {
            get_device: get,
            set_device: set,
            mem_get_info: info,
        };
        assert_eq!(of_gpu(&cuda, 0), Memory::new(40, 100));
        assert_eq!(CURRENT.get(), 1);
        assert_eq!(of_gpu(&cuda, 1), Memory::new(41, 101));
        assert_eq!((of_gpu(&cuda, 2), of_gpu(&cuda, 9)), (None, None));
        assert_eq!(CURRENT.get(), 1);
    }

    #[test]
    fn this_process_uses_some_of_the_machine() {
        let memory = of(Device::Cpu).unwrap();
        assert!(memory.used > 1 << 20 && memory.used < memory.total, "{memory:?}");
        assert!(tch::utils::has_cuda() || of(Device::Cuda(0)).is_none());
    }

    #[test]
    fn only_news_are_told() {
        let mut gauge = Gauge::default();
        let memory = |mega: u64| Memory::new(mega << 20, 1 << 40).unwrap();
        assert_eq!(gauge.changed(Device::Cpu, memory(100)), Some(memory(100)));
        assert_eq!(gauge.changed(Device::Cpu, memory(163)), None);
        assert_eq!(gauge.changed(Device::Cpu, memory(37)), None);
        assert_eq!(gauge.changed(Device::Cuda(1), memory(163)), Some(memory(163)));
        assert_eq!(gauge.changed(Device::Cpu, memory(164)), Some(memory(164)));
        assert!(gauge.news(Device::Cpu, false).is_some());
        assert_eq!(gauge.news(Device::Cpu, false), None, "asked a moment ago");
    }
}
