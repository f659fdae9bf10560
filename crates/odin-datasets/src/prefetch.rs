//! Decoding ahead on other threads while the network computes.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::Dataset;
use super::batch::{Batch, Normalisation};
use super::error::DatasetError;

type Chunk = Result<Vec<Batch>, DatasetError>;

/// Batches in the order of the numbers asked for. Ends after the first error; dropping it stops its threads.
///
/// Each thread holds at most one finished chunk and one in work, whatever the length of the set.
pub struct Prefetch {
    /// Chunk k comes from thread k modulo their number, so order needs no sorting.
    workers: Vec<(Receiver<Chunk>, JoinHandle<()>)>,
    stop: Arc<AtomicBool>,
    next: usize,
    chunks: usize,
    ready: std::vec::IntoIter<Batch>,
}

impl Dataset {
    /// The images numbered in `chunks`, a batch a chunk, decoded ahead by `threads` threads.
    ///
    /// Neighbours that differ in size come in batches of their own; skipped images leave smaller ones.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn prefetch(
        self: &Arc<Self>,
        chunks: Vec<Vec<usize>>,
        normalisation: Normalisation,
        threads: usize,
    ) -> Result<Prefetch, DatasetError> {
        let threads = threads.clamp(1, chunks.len().max(1));
        let (chunks, stop) = (Arc::new(chunks), Arc::new(AtomicBool::new(false)));
        let mut prefetch = Prefetch {
            workers: Vec::new(),
            stop,
            next: 0,
            chunks: chunks.len(),
            ready: Vec::new().into_iter(),
        };
        for first in 0..threads {
            let (sender, receiver) = sync_channel(1);
            let (set, chunks, stop) = (self.clone(), chunks.clone(), prefetch.stop.clone());
            let work = move || {
                for chunk in chunks.iter().skip(first).step_by(threads) {
                    let batches = set.runs(chunk, &normalisation, &stop);
                    if stop.load(Ordering::Relaxed) || sender.send(batches).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new()
                .name(format!("decode-{first}"))
                .spawn(work);
            let thread = thread.map_err(|error| DatasetError::Invalid {
                name: self.name().to_owned(),
                why: format!("no thread to decode its images on: {error}"),
            })?;
            prefetch.workers.push((receiver, thread));
        }
        Ok(prefetch)
    }
}

impl Iterator for Prefetch {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.next() {
                return Some(Ok(batch));
            }
            if self.next >= self.chunks {
                return None;
            }
            let worker = self.next.checked_rem(self.workers.len())?;
            let (receiver, _) = self.workers.get(worker)?;
            self.next += 1;
            match receiver.recv() {
                Ok(Ok(batches)) => self.ready = batches.into_iter(),
                Ok(Err(error)) => {
                    self.next = self.chunks;
                    return Some(Err(error));
                }
                Err(_) => {
                    self.next = self.chunks;
                    let why = "a thread that decodes its images broke down".to_owned();
                    return Some(Err(DatasetError::Invalid {
                        name: "images".to_owned(),
                        why,
                    }));
                }
            }
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for (receiver, thread) in self.workers.drain(..) {
            // Without its receiver a thread that waits to send goes on, and ends.
            drop(receiver);
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Corrupt, DatasetCard, Noise, Source};
    use super::*;
    use crate::formats::folder::tests::paint;

    fn normalisation() -> Normalisation {
        Normalisation::new([0.5; 3], [0.25; 3]).unwrap()
    }

    fn batches(indices: &[usize], size: usize) -> Vec<Vec<usize>> {
        indices.chunks(size).map(<[usize]>::to_vec).collect()
    }

    fn noise() -> Arc<Dataset> {
        let card = DatasetCard::new(
            "noise",
            Source::Uniform(Noise {
                count: 500,
                size: [8, 8],
                seed: 1,
            }),
        );
        Arc::new(Dataset::open(&card, "".as_ref()).unwrap())
    }

    #[test]
    fn batches_come_in_order_whatever_the_threads() {
        let set = noise();
        let indices: Vec<usize> = (0..101).map(|i| i * 37 % 500).collect();
        for threads in [1, 3, 64] {
            let batches = set
                .prefetch(batches(&indices, 10), normalisation(), threads)
                .unwrap();
            let batches: Vec<Batch> = batches.map(Result::unwrap).collect();
            assert_eq!(batches.len(), 11);
            let got: Vec<usize> = batches.iter().flat_map(|batch| batch.indices.clone()).collect();
            assert_eq!(got, indices);
            assert_eq!(batches[3], set.batch(&indices[30..40], &normalisation()).unwrap());
        }
        assert!(set.prefetch(vec![], normalisation(), 2).unwrap().next().is_none());
    }

    #[test]
    fn an_error_ends_it_and_dropping_it_does_too() {
        let set = noise();
        let mut prefetch = set
            .prefetch(batches(&[1, 2, 3, 999, 4, 5], 2), normalisation(), 2)
            .unwrap();
        assert!(prefetch.next().unwrap().is_ok());
        assert!(
            prefetch
                .next()
                .unwrap()
                .unwrap_err()
                .to_string()
                .contains("no image 999")
        );
        assert!(prefetch.next().is_none());
        let all: Vec<usize> = (0..500).collect();
        let mut early = set.prefetch(batches(&all, 1), normalisation(), 4).unwrap();
        early.next();
        drop((early, prefetch));
        assert_eq!(Arc::strong_count(&set), 1, "no thread is left that holds the set");
    }

    #[test]
    fn sizes_are_kept_apart_and_corrupt_images_skipped_and_noted() {
        let root = tempfile::tempdir().unwrap();
        for (index, side) in [4, 4, 6, 4].into_iter().enumerate() {
            paint(&root.path().join(format!("{index}.png")), side, side, [9; 3]);
        }
        fs::write(root.path().join("4.png"), b"?").unwrap();
        let source = Source::Folder {
            path: root.path().to_owned(),
            layout: Default::default(),
            corrupt: Corrupt::Skip,
        };
        let set = Arc::new(Dataset::open(&DatasetCard::new("mixed", source), "".as_ref()).unwrap());
        let batches = set
            .prefetch(batches(&[0, 1, 2, 3, 4], 4), normalisation(), 2)
            .unwrap();
        let got: Vec<_> = batches
            .map(Result::unwrap)
            .map(|b| (b.indices.clone(), b.height))
            .collect();
        assert_eq!(got, [(vec![0, 1], 4), (vec![2], 6), (vec![3], 4)]);
        let skipped = set.skipped();
        assert!(
            skipped.iter().all(|(_, why)| !why.contains("corrupt: skip")),
            "{skipped:?}"
        );
        assert!(
            skipped.len() == 1 && skipped[0].0 == 4 && skipped[0].1.contains("4.png"),
            "{skipped:?}"
        );
        assert_eq!(
            set.batches_by_size(&[0, 1, 2, 3, 4], 2).unwrap(),
            [vec![0, 1], vec![3], vec![2]]
        );
        let error = set.batch(&[3, 2], &normalisation()).unwrap_err().to_string();
        assert!(
            error.contains("images 3 and 2 of data set mixed differ in size (4×4 and 6×6)"),
            "{error}"
        );

        let mut strict = Arc::into_inner(set).unwrap();
        strict.set_corrupt(Corrupt::Fatal);
        let error = strict.batch(&[4], &normalisation()).unwrap_err().to_string();
        assert!(error.contains("4.png"), "{error}");
    }
}
