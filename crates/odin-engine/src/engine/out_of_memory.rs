//! Telling that a device's memory ran out.
use tch::TchError;

/// libtorch has no code for it, only words.
pub fn is_out_of_memory(error: &TchError) -> bool {
    let text = error.to_string();
    text.contains("out of memory") || text.contains("can't allocate memory")
}
