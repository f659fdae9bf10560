//! How many images a second a job scores, measured from when its batches arrive.
use std::collections::VecDeque;
use std::time::Duration;

/// The rate is an average over this time: long enough to be steady, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Rate {
    /// When images arrived, and how many; the first entry only marks where the window begins.
    arrivals: VecDeque<(Duration, usize)>,
}

impl Rate {
    /// Scoring begins now.
    pub(in crate::app) fn start(&mut self, now: Duration) {
        self.arrivals.clear();
        self.arrivals.push_back((now, 0));
    }

    pub(in crate::app) fn stop(&mut self) {
        self.arrivals.clear();
    }

    pub(in crate::app) fn arrived(&mut self, now: Duration, images: usize) {
        match self.arrivals.back_mut() {
            // The two sides of a batch arrive together and count as one.
            Some((at, count)) if *at == now => *count += images,
            _ => self.arrivals.push_back((now, images)),
        }
        let old = |at: Duration| now.saturating_sub(at) > WINDOW;
        while self.arrivals.len() > 2 && self.arrivals.get(1).is_some_and(|&(at, _)| old(at)) {
            self.arrivals.pop_front();
        }
    }

    pub(in crate::app) fn per_second(&self) -> Option<f64> {
        let (&(start, _), &(end, _)) = (self.arrivals.front()?, self.arrivals.back()?);
        let images: usize = self.arrivals.iter().skip(1).map(|&(_, images)| images).sum();
        let seconds = end.saturating_sub(start).as_secs_f64();
        (images > 0 && seconds > 0.0).then(|| images as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        rate.start(Duration::ZERO);
        assert_eq!(rate.per_second(), None);
        for second in 1..=10 {
            rate.arrived(Duration::from_secs(second), 20);
            rate.arrived(Duration::from_secs(second), 20);
        }
        assert_eq!(rate.per_second(), Some(40.0));
        for second in 11..=20 {
            rate.arrived(Duration::from_secs(second), 10);
        }
        assert_eq!(rate.per_second(), Some(10.0));
        rate.stop();
        assert_eq!(rate.per_second(), None);
    }
}
