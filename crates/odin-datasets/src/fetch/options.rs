//! How a fetch is done, and what it tells meanwhile.
use std::time::Duration;

use super::unpack::Limits;

/// How patient a fetch is, and how much it takes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Failures in a row after which a mirror is given up.
    pub attempts: u32,
    /// Wait before the second attempt; doubles with each.
    pub backoff: Duration,
    /// For the name, the connection and the answer.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub stall: Duration,
    /// The largest file taken where the card does not say how large it is.
    pub max_bytes: u64,
    /// Whether the proxies that the environment names (HTTPS_PROXY, NO_PROXY) are used.
    pub proxy: bool,
    /// What an archive may unpack to; `None` goes by its length.
    pub limits: Option<Limits>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attempts: 5,
            backoff: Duration::from_millis(500),
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            max_bytes: 32 << 30,
            proxy: true,
            limits: None,
        }
    }
}

/// What a fetch reports while it is under way.
#[derive(Debug)]
pub enum Progress<'a> {
    /// Bytes come, from `at` on.
    Receiving {
        url: &'a str,
        at: u64,
        total: Option<u64>,
    },
    /// So many bytes are here.
    At(u64),
    /// The connection failed; the same mirror is asked again after `wait`.
    Retry {
        why: &'a str,
        wait: Duration,
    },
    /// The mirror is given up.
    GivenUp {
        url: &'a str,
        why: &'a str,
    },
    Checking,
    Unpacking,
}
