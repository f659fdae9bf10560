//! Metrics of scores that are still arriving: exact at first, later approximate at bounded cost.
use crate::comparison::Comparison;
use crate::conventions::Conventions;
use crate::curve::{Curve, Item, ordered};
use crate::error::{MetricsError, Side};
use crate::ranges::Ranges;
use crate::summary::Summary;

/// A [`Snapshot`] of at most this many images, both sets together, is exact.
pub const EXACT_UP_TO: u64 = 50_000;

/// The scores of both sets so far; all are kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stream {
    ranges: Ranges,
    /// ID images whose correctness is known.
    labelled: u64,
}

/// The metrics at one moment.
///
/// Beyond [`EXACT_UP_TO`] images the curve has one vertex for each of some thousand ranges of scores. Every
/// vertex is exact; what lies between two is not known, so with r = `resolution`: TPR, FPR and CCR
/// anywhere are off by at most r (FPR95 upwards), the detection error by r/2 (upwards when it is the least),
/// AUROC and OSCR by r/2, balanced AUPR by r(2 + ln 1/r); AUPR by counts by the larger set over the smaller
/// one times that. r is at most 1/2048, or one image of a smaller set.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The metrics.
    pub summary: Summary,
    /// For curves, operating points and intervals.
    pub comparison: Comparison,
    /// 0 where the snapshot is exact.
    pub resolution: f64,
}

impl Snapshot {
    /// Whether the metrics are those of every score, not of ranges of scores.
    pub fn is_exact(&self) -> bool {
        self.resolution == 0.0
    }
}

impl Stream {
    /// Without scores.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an image: its score, and for an ID image whether it was classified correctly, where that is
    /// known. CCR needs it of every ID image. Amortised O(log n).
    ///
    /// # Errors
    /// NaN, with its index in its set; it is not added.
    pub fn push(&mut self, side: Side, score: f64, correct: Option<bool>) -> Result<(), MetricsError> {
        let index = match side {
            Side::In => self.n_in(),
            Side::Out => self.n_out(),
        };
        let score = ordered(score, side, index as usize)?;
        self.labelled += u64::from(side == Side::In && correct.is_some());
        self.ranges.push(Item {
            score,
            side,
            correct: correct.unwrap_or(false),
        });
        Ok(())
    }

    /// Adds images one by one.
    ///
    /// # Errors
    /// The first NaN; those before it are added.
    pub fn extend(&mut self, images: &[(Side, f64, Option<bool>)]) -> Result<(), MetricsError> {
        images
            .iter()
            .try_for_each(|&(side, score, correct)| self.push(side, score, correct))
    }

    /// ID images so far.
    pub fn n_in(&self) -> u64 {
        self.ranges.n_in()
    }

    /// OOD images so far.
    pub fn n_out(&self) -> u64 {
        self.ranges.n_out()
    }

    /// The metrics so far; `None` while a set is empty.
    pub fn snapshot(&self, conventions: &Conventions) -> Option<Snapshot> {
        let (curve, resolution) = if self.ranges.len() <= EXACT_UP_TO {
            (self.exact().ok()?, 0.0)
        } else {
            (
                Curve::from_groups(self.ranges.groups(), self.is_labelled()).ok()?,
                self.ranges.resolution(),
            )
        };
        let comparison = Comparison { curve };
        Some(Snapshot {
            summary: comparison.summary(conventions),
            comparison,
            resolution,
        })
    }

    /// The exact comparison of all scores so far.
    ///
    /// # Errors
    /// A set is empty.
    pub fn finish(&self) -> Result<Comparison, MetricsError> {
        Ok(Comparison { curve: self.exact()? })
    }

    fn exact(&self) -> Result<Curve, MetricsError> {
        Curve::from_items(self.ranges.items().collect(), self.is_labelled())
    }

    fn is_labelled(&self) -> bool {
        self.labelled == self.n_in()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::{self, Source};

    fn filled(ins: &[f64], marks: &[bool], outs: &[f64]) -> Stream {
        let mut stream = Stream::new();
        let ins = ins
            .iter()
            .zip(marks)
            .map(|(&score, &correct)| (Side::In, score, Some(correct)));
        let images: Vec<_> = ins
            .chain(outs.iter().map(|&score| (Side::Out, score, None)))
            .collect();
        stream.extend(&images).unwrap();
        stream
    }

    #[test]
    fn few_images_are_exact_at_every_moment() {
        let mut source = Source::new(31);
        let (ins, outs) = (source.scores(70, 1.0, 0.2), source.scores(70, 0.0, 0.2));
        let mut stream = Stream::new();
        let conventions = Conventions::default();
        assert_eq!(stream.snapshot(&conventions), None);
        assert_eq!(
            stream.finish().unwrap_err(),
            MetricsError::Empty { side: Side::In }
        );
        for i in 0..70 {
            stream.push(Side::Out, outs[i], None).unwrap();
            stream.push(Side::In, ins[i], (i < 50).then_some(true)).unwrap();
            let snapshot = stream.snapshot(&conventions).unwrap();
            let want = match i < 50 {
                true => Comparison::with_correct(&ins[..=i], Some(&vec![true; i + 1]), &outs[..=i]),
                false => Comparison::new(&ins[..=i], &outs[..=i]),
            };
            assert_eq!(snapshot.comparison, want.unwrap());
            assert!(snapshot.is_exact());
        }
        let refused = stream.push(Side::Out, f64::NAN, None).unwrap_err();
        assert_eq!(
            refused,
            MetricsError::NotANumber {
                side: Side::Out,
                index: 70
            }
        );
        assert_eq!(stream.n_out(), 70);
    }

    #[test]
    fn many_images_stay_within_the_bound() {
        let mut source = Source::new(32);
        for (n_in, n_out, grain, sorted) in [
            (60_000, 40_000, 0.0, false),
            (60_000, 40_000, 0.0, true),
            (90_000, 300, 0.0, false),
            (300, 90_000, 0.01, false),
            (50_000, 50_000, 1.0, true),
        ] {
            let (mut ins, mut outs) = (source.scores(n_in, 2.0, grain), source.scores(n_out, 0.0, grain));
            if sorted {
                ins.sort_by(f64::total_cmp);
                outs.sort_by(f64::total_cmp);
            }
            ins[0] = f64::INFINITY;
            outs[0] = f64::NEG_INFINITY;
            let marks = source.marks(n_in, 0.9);
            let stream = filled(&ins, &marks, &outs);
            let exact = Comparison::with_correct(&ins, Some(&marks), &outs).unwrap();
            assert_eq!(stream.finish().unwrap(), exact);
            for conventions in naive::conventions() {
                check(&stream.snapshot(&conventions).unwrap(), &exact, &conventions);
            }
        }
    }

    fn check(snapshot: &Snapshot, exact: &Comparison, conventions: &Conventions) {
        let (r, got, want) = (snapshot.resolution, &snapshot.summary, exact.summary(conventions));
        let fewest = want.n_in.min(want.n_out);
        assert!(
            r <= (1.0 / 2048.0f64).max(1.0 / fewest as f64) && snapshot.comparison.roc().count() <= 16_400,
            "{r}"
        );
        let near = |got: f64, want: f64, bound: f64| {
            assert!((got - want).abs() <= bound + 1e-12, "{got} {want} {bound}")
        };
        near(got.fpr95, want.fpr95, r);
        near(got.detection_error, want.detection_error, r / 2.0);
        near(got.auroc, want.auroc, r / 2.0);
        near(got.oscr.unwrap(), want.oscr.unwrap(), r / 2.0);
        let scale = match conventions.aupr {
            crate::AuprConvention::Balanced => 1.0,
            crate::AuprConvention::Counts => want.n_in.max(want.n_out) as f64 / fewest as f64,
        };
        let bound = if r > 0.0 { scale * r * (2.0 - r.ln()) } else { 0.0 };
        near(got.aupr_in, want.aupr_in, bound);
        near(got.aupr_out, want.aupr_out, bound);
        for ((_, got), (_, want)) in got.ccr_at_fpr.unwrap().iter().zip(want.ccr_at_fpr.unwrap()) {
            assert_eq!(got.is_some(), want.is_some());
            near(got.unwrap_or(0.0), want.unwrap_or(0.0), r);
        }
        for point in snapshot.comparison.roc().skip(1) {
            let there = exact.at(point.threshold);
            assert_eq!((there.fpr, there.tpr), (point.fpr, point.tpr));
        }
        for step in -40..60 {
            let threshold = f64::from(step) * 0.1;
            let (got, want) = (snapshot.comparison.at(threshold), exact.at(threshold));
            near(got.tpr, want.tpr, r);
            near(got.fpr, want.fpr, r);
        }
    }
}
