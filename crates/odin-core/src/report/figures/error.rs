//! Why a figure could not be made.
use std::error::Error;
use std::path::PathBuf;

use crate::runs::WriteError;
use odin_metrics::MetricsError;

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DrawError(Box<dyn Error + Send + Sync>);

impl DrawError {
    pub fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

/// A figure that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    #[error("the figure {} cannot be drawn: {source}", path.display())]
    Draw { path: PathBuf, source: DrawError },
    #[error("{run}: its grid was chosen by `{metric}`, which is no metric that this program knows")]
    Metric { run: String, metric: String },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}
