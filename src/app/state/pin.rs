//! A setting that was pinned (A), to be compared with the one shown (B).
use super::analysis::Analysis;
use super::parameters::Parameters;
use crate::session::Detector;
use odin_core::protocol::JobId;

#[derive(Debug, Clone)]
pub struct Pin {
    pub job: JobId,
    pub network: String,
    pub dataset: String,
    pub parameters: Parameters,
    pub detector: Detector,
    /// The analysis at the moment it was pinned.
    pub analysis: Analysis,
}
