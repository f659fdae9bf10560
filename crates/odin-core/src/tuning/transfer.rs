//! Whether knobs that were chosen on one set serve on the others.
use odin_metrics::{Change, Conventions, Interval, Metric, MetricsError, Paired, SetAverage};
use serde::{Deserialize, Serialize};

/// What a choice comes to on some images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Landed {
    /// The metric, a fraction.
    pub value: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// By how much it is worse than what the set's own choice comes to on the same images, with the paired 95 % interval; below 0
    /// where it is better.
    pub loss: Change,
}

/// What was chosen on one set, and what it comes to on every set's other images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Set by set; on the set itself the loss is 0.
    pub on: Vec<Landed>,
    /// The mean over the other sets.
    pub others: Landed,
}

/// A row for each set that knobs were chosen on, in the order of the columns: the sets that they are reported on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer(pub Vec<Row>);

impl Transfer {
    /// Of scores by what was chosen on the row's set, on the reported images of the column's. Rows and columns are the same
    /// two or more sets in the same order; each column is [numbered](odin_metrics::Resampling::set) differently.
    ///
    /// # Errors
    /// A table that is not square or of one set, or scores of a column or of its ID images that are not paired.
    pub fn of(
        metric: Metric,
        conventions: &Conventions,
        reported: &[Vec<Paired>],
    ) -> Result<Self, MetricsError> {
        let sets = reported.len();
        if sets < 2 || reported.iter().any(|row| row.len() != sets) {
            return Err(MetricsError::NotPaired);
        }
        let own: Vec<&Paired> = reported
            .iter()
            .enumerate()
            .filter_map(|(i, row)| row.get(i))
            .collect();
        let row = |(i, row): (usize, &Vec<Paired>)| -> Result<Row, MetricsError> {
            let landed = |(paired, own): (&Paired, &&Paired)| -> Result<Landed, MetricsError> {
                Ok(Landed {
                    value: metric.of(&paired.summaries.by(conventions)),
                    interval: metric.interval_of(paired.intervals().by(conventions)),
                    loss: worse(metric, metric.change_of(&paired.changes_from(own, conventions)?)),
                })
            };
            let without = |all: &[&Paired]| -> Result<SetAverage, MetricsError> {
                let others = all.iter().enumerate().filter(|(j, _)| *j != i);
                SetAverage::of(&others.map(|(_, paired)| *paired).collect::<Vec<_>>())
            };
            let ours = without(&row.iter().collect::<Vec<_>>())?;
            let change = ours.changes_from(&without(&own)?, conventions)?;
            Ok(Row {
                on: row.iter().zip(&own).map(landed).collect::<Result<_, _>>()?,
                others: Landed {
                    value: metric.of(&ours.summaries.by(conventions)),
                    interval: metric.interval_of(ours.intervals().by(conventions)),
                    loss: worse(metric, metric.change_of(&change)),
                },
            })
        };
        reported
            .iter()
            .enumerate()
            .map(row)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// By how much a metric is worse, of by how much it is greater.
fn worse(metric: Metric, change: Change) -> Change {
    if !metric.higher_is_better() {
        return change;
    }
    // `0 −`, so that nothing is not −0.
    Change {
        difference: 0.0 - change.difference,
        interval: Interval {
            low: 0.0 - change.interval.high,
            high: 0.0 - change.interval.low,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_metrics::Resampling;

    /// By hand: the share of pairs in which the ID image scores higher.
    fn auroc(ins: &[f64], outs: &[f64]) -> f64 {
        let pairs = ins.iter().flat_map(|i| outs.iter().map(move |o| (i, o)));
        pairs.clone().filter(|(i, o)| i > o).count() as f64 / pairs.count() as f64
    }

    #[test]
    fn losses_are_against_what_the_column_chose_itself() {
        // By setting: of the same five ID images, and of the OOD images of three sets.
        let ins = [
            [9.0, 8.0, 7.0, 3.0, 2.0],
            [9.0, 4.0, 7.5, 6.0, 1.0],
            [5.0, 6.0, 7.0, 8.0, 9.0],
        ];
        let outs = [
            [[1.0, 2.5, 0.5], [8.5, 1.0, 0.0], [4.0, 5.0, 6.0]],
            [[5.0, 6.5, 0.5], [0.5, 1.5, 0.0], [8.0, 5.0, 6.2]],
            [[7.5, 1.0, 0.5], [5.5, 1.0, 6.5], [1.0, 2.0, 3.0]],
        ];
        for (metric, sign) in [(Metric::Auroc, -1.0), (Metric::Fpr95, 1.0)] {
            let paired = |row: usize, column: usize| {
                let resampling = Resampling {
                    replicates: 100,
                    set: column as u64,
                    ..Resampling::default()
                };
                Paired::resampled(&ins[row], None, &outs[row][column], &resampling).unwrap()
            };
            let reported: Vec<Vec<Paired>> = (0..3)
                .map(|row| (0..3).map(|column| paired(row, column)).collect())
                .collect();
            let Transfer(rows) = Transfer::of(metric, &Conventions::default(), &reported).unwrap();
            let want = |row: usize, column: usize| match metric {
                Metric::Auroc => auroc(&ins[row], &outs[row][column]),
                // With five ID images all must pass for a TPR of 95 %.
                _ => {
                    let least = ins[row].iter().copied().fold(f64::INFINITY, f64::min);
                    outs[row][column].iter().filter(|&&o| o >= least).count() as f64 / 3.0
                }
            };
            for (i, row) in rows.iter().enumerate() {
                let (mut value, mut loss) = (0.0, 0.0);
                for (j, landed) in row.on.iter().enumerate() {
                    let against = sign * (want(i, j) - want(j, j));
                    assert!((landed.value - want(i, j)).abs() < 1e-12, "{metric} {i} {j}");
                    assert!(
                        (landed.loss.difference - against).abs() < 1e-12,
                        "{metric} {i} {j}"
                    );
                    assert!(landed.loss.interval.contains(landed.loss.difference));
                    if i == j {
                        assert_eq!((landed.loss.difference, landed.loss.interval.high), (0.0, 0.0));
                    } else {
                        value += want(i, j) / 2.0;
                        loss += against / 2.0;
                    }
                }
                assert!((row.others.value - value).abs() < 1e-12);
                assert!((row.others.loss.difference - loss).abs() < 1e-12);
            }
            assert!(Transfer::of(metric, &Conventions::default(), &reported[..1]).is_err());
            assert!(Transfer::of(metric, &Conventions::default(), &reported[..2]).is_err());
        }
    }
}
