//! What is wrong with a pickle.

/// Why a pickle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PickleError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it is cut off in its pickle: the file ends here; get it again")]
    End,
    #[error("it is cut off in its pickle: {promised} bytes are promised, {left} are left; get it again")]
    Truncated { promised: u64, left: u64 },
    #[error("its pickle asks to call `{0}`")]
    Forbidden(String),
    #[error(
        "its pickle has opcode 0x{opcode:02x} at byte {at}, which the programs known here do not write: it is damaged, \
         or of another program"
    )]
    Opcode { opcode: u8, at: u64 },
    #[error("its pickle is damaged at byte {at}: {what}")]
    Malformed { what: &'static str, at: u64 },
    #[error("its pickle is out of all proportion: more than {limit} {what}")]
    Limit { what: &'static str, limit: usize },
    #[error("{0}")]
    Unsupported(String),
}
