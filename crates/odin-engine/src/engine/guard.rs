//! Panics of libtorch's wrappers become failures of what was asked for.
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use odin_core::protocol::Failure;

/// Does the work, and turns an error or a panic into the reason why it failed.
pub(super) fn guarded<T, E: Into<Failure>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(E::into),
        Err(panic) => Err(Failure::fault(&panic_text(panic.as_ref()))),
    }
}

/// The first line of what a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.and_then(|text| text.lines().next())
        .unwrap_or("no message")
        .to_owned()
}
