//! Telling that a device's memory ran out.
use odin_core::protocol::FailureKind;
use tch::TchError;

/// libtorch has no code for it, only words.
pub(super) fn is_out_of_memory(error: &TchError) -> bool {
    let text = error.to_string();
    text.contains("out of memory") || text.contains("can't allocate memory")
}

/// What kind of failure an error of libtorch is.
pub(super) fn torch_kind(error: &TchError) -> FailureKind {
    match is_out_of_memory(error) {
        true => FailureKind::Device,
        false => FailureKind::Libtorch,
    }
}
