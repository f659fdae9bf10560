//! Resampling with replacement: how often each cell of a set is drawn when as many images are drawn as the set holds.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Binomial, Distribution};

/// A multinomial distribution of Σ weights draws over cells of given weights.
pub(crate) struct Resampler {
    weights: Vec<u64>,
    /// The cell of every image where drawing images one by one is the cheaper way.
    cell_of: Option<Vec<u32>>,
}

impl Resampler {
    pub(crate) fn new(weights: Vec<u64>) -> Self {
        let total: u64 = weights.iter().sum();
        // A binomial costs about as much as eight single draws.
        let singly =
            total <= 8 * weights.len() as u64 && u32::try_from(total.max(weights.len() as u64)).is_ok();
        let cell_of = singly.then(|| {
            let cells = weights.iter().zip(0u32..);
            cells
                .flat_map(|(&weight, cell)| std::iter::repeat_n(cell, weight as usize))
                .collect()
        });
        Self { weights, cell_of }
    }

    /// Fills `counts`, which has one entry for each cell.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng, counts: &mut [u64]) {
        match &self.cell_of {
            Some(cell_of) => draw_images(cell_of, rng, counts),
            None => draw_cells(&self.weights, rng, counts),
        }
    }
}

fn draw_images(cell_of: &[u32], rng: &mut ChaCha8Rng, counts: &mut [u64]) {
    counts.fill(0);
    let n = cell_of.len() as u64;
    for _ in 0..n {
        // Multiply and shift: uniform to n / 2³², and the same on every platform.
        let image = (u64::from(rng.next_u32()) * n) >> 32;
        counts[cell_of[image as usize] as usize] += 1;
    }
}

/// Cell by cell, each a binomial of what the cells before it left: independent of the number of images.
fn draw_cells(weights: &[u64], rng: &mut ChaCha8Rng, counts: &mut [u64]) {
    let mut weight_left: u64 = weights.iter().sum();
    let mut draws_left = weight_left;
    for (&weight, count) in weights.iter().zip(counts) {
        *count = if weight == 0 || draws_left == 0 {
            0
        } else if weight == weight_left {
            draws_left
        } else {
            let Ok(draw) = Binomial::new(draws_left, weight as f64 / weight_left as f64) else {
                unreachable!("0 < weight < weight_left, so their ratio is a probability");
            };
            draw.sample(rng)
        };
        weight_left -= weight;
        draws_left -= *count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn both_ways_draw_a_multinomial() {
        let light = vec![1, 0, 2, 5, 1, 0, 1, 2, 3, 1];
        let heavy: Vec<u64> = light.iter().map(|weight| weight * 100).collect();
        for weights in [light, heavy] {
            let total: u64 = weights.iter().sum();
            let resampler = Resampler::new(weights.clone());
            assert_eq!(resampler.cell_of.is_some(), total == 16);
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let (mut counts, rounds) = (vec![0; weights.len()], 20_000);
            let (mut sums, mut squares) = (vec![0.0; weights.len()], vec![0.0; weights.len()]);
            for _ in 0..rounds {
                resampler.draw(&mut rng, &mut counts);
                assert_eq!(counts.iter().sum::<u64>(), total);
                for ((&count, sum), square) in counts.iter().zip(&mut sums).zip(&mut squares) {
                    *sum += count as f64;
                    *square += (count * count) as f64;
                }
            }
            for ((&weight, sum), square) in weights.iter().zip(sums).zip(squares) {
                let (mean, expected) = (sum / rounds as f64, weight as f64);
                let variance = square / rounds as f64 - mean * mean;
                let expected_variance = expected * (1.0 - expected / total as f64);
                assert!(
                    (mean - expected).abs() <= 5.0 * (expected_variance / rounds as f64).sqrt(),
                    "{weight}: {mean}"
                );
                assert!(
                    (variance - expected_variance).abs() <= 0.06 * expected_variance,
                    "{weight}: {variance}"
                );
            }
        }
    }
}
