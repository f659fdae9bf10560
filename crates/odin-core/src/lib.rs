//! What odin's dashboard, command line and engine share: units, cards of networks, sessions, runs on disk, reports, and the
//! protocol between an engine and its clients. No tensor library is linked.
//!
//! Each module imports only from those listed after it.
pub mod report;
pub mod session;
pub mod tuning;
pub mod sweep;
pub mod runs;
pub mod ranking;
pub mod benchmarks;
pub mod comparisons;
pub mod protocol;
pub mod tasks;
pub mod setting;
pub mod networks;
pub mod home;
pub mod files;
pub mod logging;
pub mod plain;
pub mod units;
