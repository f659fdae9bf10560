//! A candidate's scores as others tell them, and how far off their metric may be.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::judge::{Judge, Measured, Worth};
use super::prediction::Regression;
use crate::error::MetricsError;
use crate::metric::Metric;

/// How often a prediction is disturbed to see what its error does to the metric, and how many standard deviations of that count.
const DISTURBED: usize = 24;
const DEVIATIONS: f64 = 5.0;

/// A candidate on all images, as far as others tell.
pub(super) struct Told {
    pub worth: Worth,
    /// How far the estimate may be off.
    pub error: f64,
}

impl Told {
    pub(super) fn of(
        few: &Measured,
        regression: &Regression,
        used: &[&Measured],
        images: &[Vec<u32>; 2],
        judge: &Judge<'_>,
    ) -> Result<Self, MetricsError> {
        // What was measured needs no telling.
        let mut is_known = images.each_ref().map(|images| vec![false; images.len()]);
        let mut scores: [Vec<f64>; 2] = Default::default();
        for side in 0..2 {
            let predict = |at: usize| regression.predict(used.iter().map(|one| one.scores[side][at]));
            scores[side] = (0..images[side].len()).map(predict).collect();
            for (image, score) in few.images[side].iter().zip(&few.scores[side]) {
                if let Ok(at) = images[side].binary_search(image) {
                    scores[side][at] = *score;
                    is_known[side][at] = true;
                }
            }
        }
        let worth = judge.measure([&scores[0], &scores[1]])?;
        let (of_ins, of_outs) = regression.left_out.split_at(few.scores[0].len());
        let residuals = [of_ins, of_outs];
        let mut rng = ChaCha8Rng::seed_from_u64(judge.resampling.seed);
        let mut off = Vec::with_capacity(DISTURBED);
        for _ in 0..DISTURBED {
            let mut disturbed = scores.clone();
            for side in 0..2 {
                for (score, _) in disturbed[side]
                    .iter_mut()
                    .zip(&is_known[side])
                    .filter(|(_, known)| !**known)
                {
                    let at = rng.next_u64() % residuals[side].len().max(1) as u64;
                    *score += residuals[side].get(at as usize).copied().unwrap_or_default();
                }
            }
            off.push(judge.estimate([&disturbed[0], &disturbed[1]])? - worth.estimate);
        }
        let mean = off.iter().sum::<f64>() / DISTURBED as f64;
        let variance = off.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DISTURBED as f64;
        // One image more or less may always be told wrongly.
        let least = 1.0 / images[1].len().max(1) as f64;
        let least = if judge.metric == Metric::Auroc { 0.0 } else { least };
        Ok(Self {
            worth,
            error: (mean.abs() + DEVIATIONS * variance.sqrt()).max(least),
        })
    }
}
