//! The engine: jobs go in, scores come out. One named thread a device owns its network and does all tensor work.
//!
//! Nothing here draws, reads a session or knows the command line.
pub mod protocol;
