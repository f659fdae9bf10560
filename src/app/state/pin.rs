//! A setting that was pinned (A), to be compared with the one shown (B).
use super::analysis::Analysis;
use odin_core::protocol::JobId;
use odin_core::setting::Setting;

#[derive(Debug, Clone)]
pub struct Pin {
    pub job: JobId,
    pub network: String,
    pub dataset: String,
    pub setting: Setting,
    /// The analysis at the moment it was pinned.
    pub analysis: Analysis,
}
