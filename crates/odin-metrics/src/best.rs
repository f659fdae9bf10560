//! Which of several detectors may be the best, when each was measured on the same images.

/// A detector that is further behind the leading one than this many standard errors of their difference is not a rival:
/// its random error has no bearing on which is best.
const RIVALS: f64 = 4.0;

/// Which of several candidates may truly be the best: with 95 % confidence the best is among those marked. The one whose
/// estimate leads is always marked.
///
/// A candidate is its estimate, higher being better, and its replicates; the n-th replicate of each is of the same draw
/// ([`Paired`](super::Paired)). Let e be by how much a replicate exceeds its estimate. A candidate is left out when the
/// lead over it exceeds the 95 % quantile of max e − its own e: how far ahead of it chance alone puts another candidate. This
/// is the constrained comparison with the best of Hsu 1984, by bootstrap, with the maximum over the rivals alone; it
/// holds for all candidates together, and allows for the leader having been chosen on the same images.
pub fn may_be_best(candidates: &[(f64, &[f64])]) -> Vec<bool> {
    Field::of(candidates).may_be_best()
}

/// How sure it is that the best is among those marked.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Candidates beside each other.
pub(crate) struct Field {
    /// Candidate by candidate.
    pub behind: Vec<Behind>,
    /// The most by which chance puts a rival above its estimate, draw by draw.
    most: Vec<f64>,
    /// Which may be close enough to the leading one to matter.
    rivals: Vec<bool>,
}

/// How far a candidate is behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behind {
    /// By how much the leading estimate exceeds its own.
    pub lead: f64,
    /// How far ahead of it chance alone puts a rival: the 95 % quantile over the draws; `None` without draws, which rule
    /// nothing out.
    pub by_chance: Option<f64>,
}

impl Behind {
    /// By how much it may be behind and still be the best.
    pub(crate) fn chance(&self) -> f64 {
        self.by_chance.map_or(f64::INFINITY, |chance| chance.max(0.0))
    }
}

impl Field {
    pub(crate) fn of(candidates: &[(f64, &[f64])]) -> Self {
        let leader = candidates
            .iter()
            .copied()
            .reduce(|a, b| if b.0 > a.0 { b } else { a });
        let (lead, leading) = leader.unwrap_or((f64::NAN, &[]));
        // Only draws that every candidate has can be compared.
        let draws = candidates.iter().fold(leading.len(), |fewest, (_, replicates)| {
            fewest.min(replicates.len())
        });
        let is_rival = |&(estimate, replicates): &(f64, &[f64])| {
            lead - estimate <= RIVALS * error_of_difference(leading, replicates)
        };
        let rivals: Vec<bool> = candidates.iter().map(is_rival).collect();
        let mut most = vec![f64::NEG_INFINITY; draws];
        for ((estimate, replicates), _) in candidates.iter().zip(&rivals).filter(|(_, rival)| **rival) {
            for (most, replicate) in most.iter_mut().zip(*replicates) {
                *most = most.max(replicate - estimate);
            }
        }
        let behind = candidates.iter().map(|candidate| {
            let mut chance: Vec<f64> = ahead_of(*candidate, &most).collect();
            Behind {
                lead: lead - candidate.0,
                by_chance: quantile(&mut chance, CONFIDENCE),
            }
        });
        Self {
            behind: behind.collect(),
            most,
            rivals,
        }
    }

    /// Which may be the best: see [`may_be_best`].
    pub(crate) fn may_be_best(&self) -> Vec<bool> {
        self.behind.iter().map(|of| of.lead <= of.chance()).collect()
    }

    /// In what share of the draws chance puts each farther ahead than any other rival.
    pub(crate) fn makers(&self, candidates: &[(f64, &[f64])]) -> Vec<f64> {
        let draws = self.most.len().max(1) as f64;
        let share = |((estimate, replicates), is_rival): (&(f64, &[f64]), &bool)| {
            let leads = self
                .most
                .iter()
                .zip(*replicates)
                .filter(|(most, r)| *r - estimate >= **most);
            if *is_rival {
                leads.count() as f64 / draws
            } else {
                0.0
            }
        };
        candidates.iter().zip(&self.rivals).map(share).collect()
    }

    /// How many times [`Behind::by_chance`] chance puts another ahead of a rival, of whichever rival that is most, at this
    /// confidence; at least 1.
    pub(crate) fn times_by_chance(&self, candidates: &[(f64, &[f64])], confidence: f64) -> f64 {
        let mut times = vec![1.0f64; self.most.len()];
        let rivals = candidates.iter().zip(&self.behind).zip(&self.rivals);
        for ((candidate, behind), _) in rivals.filter(|(_, rival)| **rival) {
            // Chance puts nothing ahead of one that leads in every draw.
            let Some(chance) = behind.by_chance.filter(|chance| *chance > 0.0) else {
                continue;
            };
            for (times, ahead) in times.iter_mut().zip(ahead_of(*candidate, &self.most)) {
                *times = times.max(ahead / chance);
            }
        }
        quantile(&mut times, confidence).unwrap_or(1.0)
    }
}

/// By how much chance puts a rival ahead of this candidate, draw by draw.
fn ahead_of<'a>((estimate, replicates): (f64, &'a [f64]), most: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    most.iter().zip(replicates).map(move |(m, r)| m - (r - estimate))
}

/// `None` of nothing.
fn quantile(values: &mut [f64], confidence: f64) -> Option<f64> {
    let rank = ((confidence * values.len() as f64).ceil() as usize).clamp(1, values.len().max(1));
    match values.is_empty() {
        true => None,
        false => Some(*values.select_nth_unstable_by(rank - 1, f64::total_cmp).1),
    }
}

/// The standard deviation of the difference of two, draw by draw.
fn error_of_difference(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len()).max(1) as f64;
    let differences = || a.iter().zip(b).map(|(a, b)| a - b);
    let mean = differences().sum::<f64>() / n;
    (differences().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventions::Conventions;
    use crate::naive::Source;
    use crate::paired::Paired;

    /// Detectors that see the same images through some noise of their own; the part of ID and OOD is theirs.
    fn marked(source: &mut Source, parts: &[f64], n: usize, draws: usize) -> Vec<bool> {
        let (ins, outs) = (source.scores(n, 0.0, 0.0), source.scores(n, 0.0, 0.0));
        let paired: Vec<Paired> = parts
            .iter()
            .map(|part| {
                let mut seen = |images: &[f64], part: f64| -> Vec<f64> {
                    let noise = source.scores(n, 0.0, 0.0);
                    images
                        .iter()
                        .zip(noise)
                        .map(|(x, e)| x + 0.5 * e + part)
                        .collect()
                };
                let (ins, outs) = (seen(&ins, *part), seen(&outs, 0.0));
                Paired::new(&ins, None, &outs, draws, 5).unwrap()
            })
            .collect();
        let auroc = |summaries: &crate::summaries::Summaries| summaries.by(&Conventions::default()).auroc;
        let replicates: Vec<Vec<f64>> = paired
            .iter()
            .map(|paired| paired.replicates.iter().map(auroc).collect())
            .collect();
        let candidates: Vec<(f64, &[f64])> = paired
            .iter()
            .zip(&replicates)
            .map(|(paired, replicates)| (auroc(&paired.summaries), &replicates[..]))
            .collect();
        may_be_best(&candidates)
    }

    #[test]
    fn the_best_is_among_the_marked_as_often_as_is_said() {
        let mut source = Source::new(41);
        let rounds = 40;
        let (mut held, mut all_equal, mut far) = (0, 0, 0);
        for _ in 0..rounds {
            // One that is a little better, four that follow, and two that are out of the question.
            let marks = marked(&mut source, &[1.6, 1.5, 1.5, 1.4, 1.2, 0.5, 0.2], 100, 80);
            held += u32::from(marks[0]);
            far += u32::from(marks[5]) + u32::from(marks[6]);
            // Of equals every one is as good as the best: each must be kept, the chosen leader notwithstanding.
            let marks = marked(&mut source, &[1.5; 8], 100, 80);
            all_equal += marks.iter().filter(|marked| **marked).count();
        }
        assert!(held >= 37, "{held} of {rounds}");
        assert_eq!(far, 0);
        assert!(all_equal >= rounds * 8 * 9 / 10, "{all_equal} of {}", rounds * 8);
    }

    #[test]
    fn ties_are_marked_and_what_is_nothing_is_no_error() {
        let flat = [1.0; 40];
        let low = [0.5; 40];
        assert_eq!(
            may_be_best(&[(1.0, &flat[..]), (0.5, &low[..]), (1.0, &flat[..])]),
            [true, false, true]
        );
        assert!(may_be_best(&[]).is_empty());
        assert_eq!(may_be_best(&[(1.0, &[][..]), (0.9, &[][..])]), [true, true]);
    }
}
