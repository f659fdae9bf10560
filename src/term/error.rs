//! Why the dashboard cannot run, or ended.
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum TermError {
    #[error("the dashboard needs a terminal; without one, `odin run SESSION` does the scoring")]
    NoTerminal,
    #[error("the terminal cannot be set up: {0}")]
    SetUp(io::Error),
    #[error("the terminal cannot be written to: {0}")]
    Draw(io::Error),
    #[error("the terminal cannot be read: {0}")]
    Read(io::Error),
    #[error("the dashboard cannot be suspended: {0}")]
    Suspend(io::Error),
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
}
