//! A reader with an allowance, so that no header of an archive can ask for memory without end.
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// What is shared between the reader, deep inside a decoder, and the one who grants.
#[derive(Debug, Default)]
pub(super) struct Meter {
    allowance: Cell<u64>,
    /// How many zero bytes came last.
    zeros: Cell<u64>,
}

impl Meter {
    /// From now on so many bytes may be read.
    pub(super) fn allow(&self, bytes: u64) {
        self.allowance.set(bytes);
    }

    pub(super) fn zeros(&self) -> u64 {
        self.zeros.get()
    }
}

pub(super) struct Metered<R> {
    pub inner: R,
    pub meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.meter.allowance.get();
        let most = buffer.len().min(usize::try_from(allowed).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("more data than the format calls for"));
        }
        let n = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.meter.allow(allowed.saturating_sub(n as u64));
        let got = buffer.get(..n).unwrap_or_default();
        let zeros = got.iter().rev().take_while(|byte| **byte == 0).count();
        let before = if zeros == n { self.meter.zeros.get() } else { 0 };
        self.meter.zeros.set(before.saturating_add(zeros as u64));
        Ok(n)
    }
}
