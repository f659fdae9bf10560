//! Benchmarks: protocols that others have laid down, described by cards `data/benchmarks/NAME.yaml`. Their sets become ordinary data
//! sets.
//!
//! Each module imports only from those listed after it.
mod prepare;
mod measures;
mod card;

pub use card::{
    BenchmarkCard, BenchmarkError, BenchmarkSet, DriveArchive, Group, InDistribution, Leaderboard,
    LeaderboardRow,
};
pub use measures::{Measures, OverNetworks, Spread};
pub use prepare::{Prepared, Wanted, cards_folder, prepare};
