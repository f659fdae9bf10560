//! Metrics of very many images: close while scores arrive, computed exactly in the background once all are there.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use odin_core::protocol::JobId;
use odin_core::setting::Setting;
use odin_metrics::{Comparison, Stream};

/// An exact comparison of all scores, to be computed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactRequest {
    pub job: JobId,
    pub setting: Setting,
    pub stream: Arc<Stream>,
}

/// The answer to an [`ExactRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExactReport {
    pub job: JobId,
    pub setting: Setting,
    #[serde(with = "shared")]
    pub comparison: Arc<Comparison>,
}

/// Serialises what an [`Arc`] points to.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use odin_metrics::Comparison;

    pub(super) fn serialize<S: Serializer>(
        value: &Arc<Comparison>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Comparison>, D::Error> {
        Comparison::deserialize(deserializer).map(Arc::new)
    }
}

impl ExactRequest {
    /// Sorts every score: not for the thread that draws.
    pub fn compute(&self) -> ExactReport {
        let comparison = self
            .stream
            .finish()
            .expect("only analyses are made exact, and an analysis has scores of both sets");
        ExactReport {
            job: self.job,
            setting: self.setting,
            comparison: Arc::new(comparison),
        }
    }
}
