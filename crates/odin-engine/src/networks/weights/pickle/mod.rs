//! Pickles, read as data. Python's pickle is a program for a stack machine that may call any function; this machine
//! knows the opcodes that PyTorch writes, stands in for the few calls that rebuild tensors and containers, and
//! refuses every other call by its name. Classes are names, instances are records: nothing is imported or run.
//!
//! The machine is in `machine`, what stands in for calls in `calls`, what comes out in `value`. Nothing here knows of
//! files, archives or networks.
mod bytes;
mod calls;
mod machine;
mod value;

pub use machine::load;
pub use value::{Element, Heap, TensorView, Value};

/// Why a pickle cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    #[error("it is cut off in its pickle; get it anew")]
    Truncated,
    #[error("its pickle asks to call `{0}`")]
    Forbidden(String),
    #[error(
        "its pickle has opcode 0x{opcode:02x} at byte {at}, which PyTorch does not write: it is damaged, or of another program"
    )]
    Opcode { opcode: u8, at: usize },
    #[error("its pickle is damaged at byte {at}: {what}")]
    Malformed { what: &'static str, at: usize },
    #[error("its pickle is out of all proportion: more than {limit} {what}")]
    Limit { what: &'static str, limit: usize },
    #[error("{0}")]
    Unsupported(String),
}
