//! A histogram of both score sets over the same bins, filled one score at a time.
use crate::bins::{BinPlan, Bins, FINE_BINS, Place};
use crate::error::{MetricsError, Side};

/// With fewer scores than this the bins may still move; from then on their range only grows. A power of two.
const SETTLED: usize = 64;
/// The range grows towards distant scores once more than `FEW` of a set, and more than 1/`FEW_OF` of it, lie beyond an
/// end.
const FEW: usize = 2;
const FEW_OF: usize = 200;

/// A histogram of ID and OOD scores whose bins suit the scores so far and rarely move.
///
/// The range doubles towards a score within half its width, and towards distant ones once they are more than
/// 2 and more than ½ % of their set; until then these are counted under or over it. Infinite scores always
/// are.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// The scores before there are [`SETTLED`] of them.
    early: Vec<(f64, Side)>,
    plan: Option<BinPlan>,
    ins: Counts,
    outs: Counts,
}

/// One set.
#[derive(Debug, Clone, Default)]
struct Counts {
    total: usize,
    /// As many as there are fine bins, once there is a plan.
    bins: Vec<u64>,
    /// Finite scores beyond the range: few, and kept so that a wider range can count them.
    under: Vec<f64>,
    over: Vec<f64>,
    /// −∞ and +∞.
    infinite: [u64; 2],
}

/// A histogram as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Densities {
    /// Where the bins lie.
    pub bins: Bins,
    /// Share of the ID set per unit of score in each bin: Σ density · width is the share within the range.
    pub density_in: Vec<f64>,
    /// The same of the OOD set.
    pub density_out: Vec<f64>,
}

impl Histogram {
    /// Without scores.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one score.
    ///
    /// # Errors
    /// NaN, with its index in its set; it is not counted.
    pub fn add(&mut self, score: f64, side: Side) -> Result<(), MetricsError> {
        if score.is_nan() {
            return Err(MetricsError::NotANumber {
                side,
                index: self.side(side).total,
            });
        }
        let counts = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        counts.total += 1;
        if score.is_infinite() {
            counts.infinite[usize::from(score > 0.0)] += 1;
            return Ok(());
        }
        let is_early = self.early.len() < SETTLED;
        if is_early {
            self.early.push((score, side));
        }
        match &mut self.plan {
            // Looking for a range costs more than counting: it is done each time that there are twice as many.
            Some(plan) if !is_early || !self.early.len().is_power_of_two() => {
                if counts.count(score, plan) {
                    self.reach_out();
                }
            }
            _ => self.plan_anew(),
        }
        Ok(())
    }

    /// The fine bins; `None` before the first finite score.
    pub fn bins(&self) -> Option<Bins> {
        self.plan.map(|plan| plan.bins())
    }

    /// ID images in each fine bin.
    pub fn counts_in(&self) -> &[u64] {
        &self.ins.bins
    }

    /// OOD images in each fine bin.
    pub fn counts_out(&self) -> &[u64] {
        &self.outs.bins
    }

    /// How many scores of a set are counted, those beyond the range included.
    pub fn total(&self, side: Side) -> u64 {
        self.side(side).total as u64
    }

    /// How many scores of a set lie below the range.
    pub fn under(&self, side: Side) -> u64 {
        let counts = self.side(side);
        counts.under.len() as u64 + counts.infinite[0]
    }

    /// How many scores of a set lie above the range.
    pub fn over(&self, side: Side) -> u64 {
        let counts = self.side(side);
        counts.over.len() as u64 + counts.infinite[1]
    }

    /// The occupied part of the range in `columns` bins, as densities; `None` before the first finite score.
    ///
    /// A fine bin that straddles two columns is shared out by width, so that columns of any number stay smooth.
    pub fn densities(&self, columns: usize) -> Option<Densities> {
        let columns = columns.max(1);
        let occupied = |i: &usize| {
            [&self.ins, &self.outs]
                .iter()
                .any(|set| set.bins.get(*i).is_some_and(|&n| n > 0))
        };
        let (from, to) = ((0..FINE_BINS).find(occupied)?, (0..FINE_BINS).rfind(occupied)?);
        let (first, shown) = self.plan?.shown(from, to);
        let bins = Bins {
            count: columns,
            ..shown
        };
        let spread = |set: &Counts| {
            let fine = &set.bins[first..first + shown.count];
            let scale = 1.0 / (set.total.max(1) as f64 * bins.width());
            rebinned(fine, columns)
                .into_iter()
                .map(|count| count * scale)
                .collect()
        };
        Some(Densities {
            bins,
            density_in: spread(&self.ins),
            density_out: spread(&self.outs),
        })
    }

    fn side(&self, side: Side) -> &Counts {
        match side {
            Side::In => &self.ins,
            Side::Out => &self.outs,
        }
    }

    fn plan_anew(&mut self) {
        let mut sorted: Vec<f64> = self.early.iter().map(|&(score, _)| score).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let Some(&median) = sorted.get(sorted.len() / 2) else {
            return;
        };
        let plan = self.plan.insert(BinPlan::around(median));
        for set in [&mut self.ins, &mut self.outs] {
            set.bins = vec![0; FINE_BINS];
            set.under.clear();
            set.over.clear();
        }
        for &(score, side) in &self.early {
            match side {
                Side::In => self.ins.count(score, plan),
                Side::Out => self.outs.count(score, plan),
            };
        }
        self.reach_out();
    }

    /// Grows the range until what lies beyond it is far and few.
    fn reach_out(&mut self) {
        let Some(plan) = &mut self.plan else { return };
        loop {
            let calls = |beyond: &[f64], set: &Counts| {
                beyond.len() > FEW.max(set.total / FEW_OF) || beyond.iter().any(|&score| plan.is_near(score))
            };
            let lower = calls(&self.ins.under, &self.ins) || calls(&self.outs.under, &self.outs);
            let higher = calls(&self.ins.over, &self.ins) || calls(&self.outs.over, &self.outs);
            if !lower && !higher {
                return;
            }
            let Some(moved) = plan.grow(lower) else { return };
            for set in [&mut self.ins, &mut self.outs] {
                set.regroup(plan, &moved);
            }
        }
    }
}

impl Counts {
    /// Counts a finite score, and says whether it lies beyond the range.
    fn count(&mut self, score: f64, plan: &BinPlan) -> bool {
        match plan.place(score) {
            Place::Bin(bin) => {
                self.bins[bin] += 1;
                return false;
            }
            Place::Under => self.under.push(score),
            Place::Over => self.over.push(score),
        }
        true
    }

    fn regroup(&mut self, plan: &BinPlan, moved: impl Fn(usize) -> usize) {
        let mut bins = vec![0; FINE_BINS];
        for (old, count) in self.bins.iter().enumerate() {
            bins[moved(old)] += count;
        }
        self.bins = bins;
        let beyond: Vec<f64> = self.under.drain(..).chain(self.over.drain(..)).collect();
        for score in beyond {
            self.count(score, plan);
        }
    }
}

/// Counts spread over `columns` columns of equal width, each count evenly over its bin.
fn rebinned(fine: &[u64], columns: usize) -> Vec<f64> {
    let mut spread = vec![0.0; columns];
    let per_bin = columns as f64 / fine.len().max(1) as f64;
    for (i, &count) in fine.iter().enumerate().filter(|&(_, &count)| count > 0) {
        let (from, to) = (i as f64 * per_bin, (i + 1) as f64 * per_bin);
        let first = (from.floor() as usize).min(columns - 1);
        let last = (to.ceil() as usize).clamp(first + 1, columns);
        for (column, slot) in spread.iter_mut().enumerate().take(last).skip(first) {
            let overlap = to.min((column + 1) as f64) - from.max(column as f64);
            *slot += count as f64 * overlap.max(0.0) / per_bin;
        }
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::Source;

    fn filled(scores: &[(f64, Side)]) -> Histogram {
        let mut histogram = Histogram::new();
        for &(score, side) in scores {
            histogram.add(score, side).unwrap();
        }
        histogram
    }

    /// ID around 2, then OOD around 0, as when one job follows another.
    fn scores(source: &mut Source, n: usize, scale: f64) -> Vec<(f64, Side)> {
        let ins = source
            .scores(n, 2.0, 0.0)
            .into_iter()
            .map(|s| (s * scale, Side::In));
        let outs = source
            .scores(n, 0.0, 0.0)
            .into_iter()
            .map(|s| (s * scale, Side::Out));
        ins.chain(outs).collect()
    }

    #[test]
    fn every_score_is_counted_in_its_bin_or_beyond() {
        let mut source = Source::new(21);
        for scale in [1.0, 1e-9, 1e9] {
            let all = scores(&mut source, 3000, scale);
            let histogram = filled(&all);
            let bins = histogram.bins().unwrap();
            for (side, counts) in [
                (Side::In, histogram.counts_in()),
                (Side::Out, histogram.counts_out()),
            ] {
                let mine: Vec<f64> = all
                    .iter()
                    .filter(|(_, s)| *s == side)
                    .map(|(score, _)| *score)
                    .collect();
                for (i, &count) in counts.iter().enumerate() {
                    let within = |s: &&f64| **s >= bins.edge(i) && **s < bins.edge(i + 1);
                    assert_eq!(count, mine.iter().filter(within).count() as u64);
                }
                assert_eq!(
                    histogram.under(side),
                    mine.iter().filter(|s| **s < bins.low).count() as u64
                );
                assert_eq!(
                    histogram.over(side),
                    mine.iter().filter(|s| **s > bins.high).count() as u64
                );
                assert_eq!(histogram.total(side), 3000);
            }
            // All bins but those of the doubling at the ends are in use.
            let shown = histogram.densities(60).unwrap().bins;
            assert!(shown.high - shown.low <= 1.4 * 9.5 * scale, "{shown:?}");
        }
    }

    #[test]
    fn the_range_only_grows_and_seldom() {
        let mut source = Source::new(22);
        let all = scores(&mut source, 5000, 1.0);
        let mut histogram = filled(&all[..SETTLED]);
        let (mut fine, mut shown) = (histogram.bins().unwrap(), histogram.densities(60).unwrap().bins);
        let mut changes = 0;
        for &(score, side) in &all[SETTLED..] {
            histogram.add(score, side).unwrap();
            let (now, now_shown) = (histogram.bins().unwrap(), histogram.densities(60).unwrap().bins);
            assert!(now.low <= fine.low && now.high >= fine.high);
            assert!(
                now_shown.low <= shown.low && now_shown.high >= shown.high,
                "{shown:?} {now_shown:?}"
            );
            changes += usize::from(now_shown != shown);
            (fine, shown) = (now, now_shown);
        }
        assert!(changes <= 20, "{changes}");
    }

    #[test]
    fn outliers_are_counted_but_do_not_stretch_the_range() {
        let mut source = Source::new(23);
        let mut all = scores(&mut source, 1000, 1.0);
        let calm = filled(&all).bins();
        all.insert(3, (1e300, Side::In));
        all.insert(90, (-1e6, Side::Out));
        all.insert(91, (f64::INFINITY, Side::In));
        all.insert(92, (f64::NEG_INFINITY, Side::Out));
        let histogram = filled(&all);
        let width = |bins: Option<Bins>| bins.unwrap().high - bins.unwrap().low;
        assert!(width(histogram.bins()) <= 2.0 * width(calm));
        assert_eq!((histogram.over(Side::In), histogram.under(Side::In)), (2, 0));
        assert_eq!((histogram.over(Side::Out), histogram.under(Side::Out)), (0, 2));
        // Enough of them are data.
        let many: Vec<_> = all.into_iter().chain((0..20).map(|_| (1e5, Side::Out))).collect();
        let histogram = filled(&many);
        assert!(histogram.bins().unwrap().high >= 1e5);
        assert_eq!(histogram.over(Side::Out), 0);
    }

    #[test]
    fn densities_of_any_number_of_columns_hold_the_whole() {
        let mut source = Source::new(24);
        let histogram = filled(&scores(&mut source, 2000, 1.0));
        for columns in [1, 7, 60, 511, 512, 2000] {
            let drawn = histogram.densities(columns).unwrap();
            assert_eq!(
                (drawn.bins.count, drawn.density_in.len(), drawn.density_out.len()),
                (columns, columns, columns)
            );
            for (density, side) in [(&drawn.density_in, Side::In), (&drawn.density_out, Side::Out)] {
                let beyond = (histogram.under(side) + histogram.over(side)) as f64 / 2000.0;
                let mass = density.iter().sum::<f64>() * drawn.bins.width();
                assert!((mass + beyond - 1.0).abs() < 1e-9, "{columns}: {mass}");
            }
        }
        assert_eq!(histogram.densities(0).map(|drawn| drawn.bins.count), Some(1));
    }

    #[test]
    fn probabilities_up_to_one_fit_and_odd_scores_do_no_harm() {
        let ones: Vec<_> = (0..200)
            .map(|i| (1.0 - f64::from(i % 5) * 0.2, Side::In))
            .collect();
        let histogram = filled(&ones);
        assert_eq!((histogram.under(Side::In), histogram.over(Side::In)), (0, 0));
        assert!(Histogram::new().densities(5).is_none() && Histogram::new().bins().is_none());
        assert!(Histogram::new().add(f64::NAN, Side::In).is_err());
        assert!(filled(&[(f64::INFINITY, Side::In)]).densities(5).is_none());
        for odd in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 0.0, 5e-324, 0.1, 1e17] {
            let mut same = filled(&[(odd, Side::In); 100]);
            assert_eq!(same.under(Side::In) + same.over(Side::In), 0, "{odd}");
            assert_eq!(same.counts_in().iter().sum::<u64>(), 100);
            for wild in [f64::MAX, f64::MIN, -1.0, 1e-300] {
                for _ in 0..100 {
                    same.add(wild, Side::Out).unwrap();
                }
            }
            let drawn = same.densities(60).unwrap();
            assert!(
                drawn
                    .density_in
                    .iter()
                    .chain(&drawn.density_out)
                    .all(|d| d.is_finite() && *d >= 0.0),
                "{odd}"
            );
        }
    }
}
