//! A setting that was pinned (A), to compare what is shown now (B) with it.
use super::analysis::Analysis;
use super::job::Parameters;
use crate::engine::protocol::JobId;
use crate::session::Detector;

#[derive(Debug, Clone)]
pub struct Pin {
    pub job: JobId,
    pub network: String,
    pub dataset: String,
    pub parameters: Parameters,
    pub detector: Detector,
    /// As it was when it was pinned.
    pub analysis: Analysis,
}
