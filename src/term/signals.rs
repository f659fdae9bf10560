//! The signals that matter to a program that has the terminal.
use std::io;
use std::task::Poll;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) struct Signals(Vec<(i32, Signal)>);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let wanted = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGCONT];
        let arm = |number| Ok((number, signal(SignalKind::from_raw(number))?));
        Ok(Self(wanted.into_iter().map(arm).collect::<io::Result<_>>()?))
    }

    pub(super) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }
}
