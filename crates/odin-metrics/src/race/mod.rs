//! A race between many candidates: which may be the best of them, with few measured on all images.
mod told;
mod judge;
mod prediction;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::best::{Behind, CONFIDENCE, Field};
use crate::error::MetricsError;
pub use judge::{Judge, Measured, Worth};
use prediction::{Basis, Column, DEPENDENT};
use told::Told;

/// The first heat takes no fewer images than this of each set: metrics of fewer say little, and a regression less.
const FEWEST: usize = 50;

/// What share of the images the first heat takes.
const FIRST: usize = 16;

/// Candidates are taken in until the others are told from them to this part of their spread.
const TOLD: f64 = 0.01;

/// Rows of the first heat, of both sets, for each candidate that others are told from.
const ROWS_EACH: usize = 4;

/// Part of what chance does that a lead may be from it and still count as near.
const NEAR: f64 = 0.05;

/// Share of the draws in which a candidate is the farthest ahead by chance that makes it worth measuring for that.
const OFTEN: f64 = 0.02;

/// How many of those in doubt are measured before the others are looked at again, unless that is less than a half of them.
const AT_A_TIME: usize = 8;

/// What is to be measured next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heat<'a> {
    /// On so many images of each set. The images of the first heat are among those of the others.
    pub images: usize,
    /// The candidates, by number.
    pub candidates: &'a [usize],
}

/// Every candidate is measured on a few images, few on all of them; what the others come to on all images is told from
/// these. It is meant to name those that measuring every candidate on every image names, and with 95 % confidence it does.
///
/// **The first heat** measures all on m of n images of each set, and drops those that would not be among the
/// [possible best](crate::may_be_best) of all of them on all images. Let c be how far chance puts another candidate ahead of this one (the 95 %
/// quantile in [`may_be_best`](crate::may_be_best)). On all images chance does so by c·√(m/n). From m images to n, as the n hold the m, the lead over it
/// shrinks by at most k·c·√(1 − m/n), where in the share 0.975 of the replicates no rival is behind by more than k of its own
/// c. A candidate whose lead exceeds the sum of the two is dropped.
///
/// **The other heats** measure candidates on all images. Scores of neighbouring settings differ little, and by much the same from image to
/// image: a few candidates are chosen from which the others' scores on the m images are told, by least squares, to 1 % of
/// their spread (greedily, the one that is told least first). When these are measured, the others' scores on the other images are
/// predicted, and from these the [possible best](crate::may_be_best). How wrong the metric of a prediction may be is seen when residuals of the regression,
/// each as if its image had not been learnt from, are drawn and added to it. A candidate goes to the next heat where that
/// could put it among the possible best, or take it from them, or make it the best of all; and where a lead is near to what decides
/// that, those go that chance most often puts ahead. The race is over when there is none.
///
/// What is saved depends on how much alike the candidates are. Where one says nothing of another, all that are not dropped are measured.
#[derive(Debug, Clone)]
pub struct Race {
    images: usize,
    /// The candidates that are not dropped, ascending.
    standing: Vec<usize>,
    /// What is to be measured next; none when the race is over.
    next: Vec<usize>,
    /// On the images of the first heat. Empty where that is of all images.
    on_few: BTreeMap<usize, Measured>,
    on_all: BTreeMap<usize, Measured>,
    few: usize,
    /// Those that cost nothing to measure.
    free: Vec<usize>,
    scored: usize,
}

impl Race {
    /// So many candidates on so many images of each set.
    pub fn new(candidates: usize, images: usize) -> Self {
        let few = images.div_ceil(FIRST).max(FEWEST);
        // Half of the images and more would save little.
        let few = if 2 * few <= images { few } else { images };
        Self {
            few,
            ..Self::in_full(candidates, images)
        }
    }

    /// One heat on all images: every candidate is measured in full.
    pub fn in_full(candidates: usize, images: usize) -> Self {
        Self {
            images,
            standing: (0..candidates).collect(),
            next: (0..candidates).collect(),
            on_few: BTreeMap::new(),
            on_all: BTreeMap::new(),
            few: images,
            free: Vec::new(),
            scored: 0,
        }
    }

    /// These cost nothing to measure, so that others may well be told from them.
    #[must_use]
    pub fn with_free(mut self, candidates: impl IntoIterator<Item = usize>) -> Self {
        self.free.extend(candidates);
        self
    }

    /// What is to be measured; `None` when the race is over.
    pub fn heat(&self) -> Option<Heat<'_>> {
        (!self.next.is_empty()).then_some(Heat {
            images: if self.is_first() { self.few } else { self.images },
            candidates: &self.next,
        })
    }

    fn is_first(&self) -> bool {
        self.on_few.is_empty() && self.on_all.is_empty()
    }

    /// Takes what the heat has measured, in the order of its candidates. A candidate that has no score is dropped.
    ///
    /// # Errors
    /// Predicted scores that cannot be measured: the judge's groups are not those of all images.
    pub fn finish_heat(
        &mut self,
        measured: Vec<Option<Measured>>,
        judge: &Judge<'_>,
    ) -> Result<(), MetricsError> {
        let is_first = self.is_first();
        let candidates = std::mem::take(&mut self.next);
        let images = if is_first { self.few } else { self.images };
        // What every heat takes, the first has measured before.
        let before = if is_first { 0 } else { self.few };
        self.scored += (images - before) * candidates.len();
        let known = |(candidate, measured): (usize, Option<Measured>)| Some((candidate, measured?));
        let known: BTreeMap<usize, Measured> = candidates
            .iter()
            .copied()
            .zip(measured)
            .filter_map(known)
            .collect();
        self.standing
            .retain(|one| !candidates.contains(one) || known.contains_key(one));
        if images == self.images {
            self.on_all.extend(known);
            self.look(judge)
        } else {
            self.on_few = known;
            self.drop_hopeless();
            self.next = self.first_on_all();
            Ok(())
        }
    }

    /// After the first heat.
    fn drop_hopeless(&mut self) {
        let worths: Vec<(f64, &[f64])> = self.on_few.values().map(|one| one.worth.as_candidate()).collect();
        let share = self.few as f64 / self.images as f64;
        let field = Field::of(&worths);
        let times = field.times_by_chance(&worths, 1.0 - 0.5 * (1.0 - CONFIDENCE));
        let reach = share.sqrt() + times * (1.0 - share).sqrt();
        let stays = |of: &Behind| of.lead <= of.chance() * reach;
        self.standing = self
            .on_few
            .keys()
            .zip(&field.behind)
            .filter_map(|(&candidate, of)| stays(of).then_some(candidate))
            .collect();
    }

    /// The candidates that the others are told from, and the leader.
    fn first_on_all(&self) -> Vec<usize> {
        let columns = self.columns(&self.standing);
        let leader = self.standing.iter().copied().reduce(|a, b| {
            let worth = |one: &usize| self.on_few.get(one).map_or(f64::NAN, |few| few.worth.estimate);
            if worth(&b) > worth(&a) { b } else { a }
        });
        let rows = self.on_few.values().next().map_or(0, Measured::rows);
        let mut basis = Basis::new(rows);
        let free = self
            .standing
            .iter()
            .filter(|one| self.free.contains(one))
            .copied();
        let mut chosen: Vec<usize> = leader.into_iter().chain(free).collect();
        chosen
            .iter()
            .filter_map(|one| columns.get(one))
            .for_each(|column| basis.add(column));
        while basis.len() < rows / ROWS_EACH
            && let Some(one) = basis.add_least_told(&columns, TOLD)
        {
            chosen.push(one);
        }
        // Those of which nothing can be told.
        chosen.extend(self.standing.iter().filter(|one| !columns.contains_key(one)));
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Scores of the first heat, of both sets, from which something can be learnt.
    fn columns(&self, candidates: &[usize]) -> BTreeMap<usize, Column> {
        candidates
            .iter()
            .filter_map(|one| Some((*one, Column::new(&self.on_few.get(one)?.scores.concat())?)))
            .collect()
    }

    /// After a heat on all images: who may be the best, and who must be measured to tell.
    fn look(&mut self, judge: &Judge<'_>) -> Result<(), MetricsError> {
        let unmeasured = |one: &&usize| !self.on_all.contains_key(one);
        let rest: Vec<usize> = self.standing.iter().filter(unmeasured).copied().collect();
        let told = self.tell(&rest, judge)?;
        let worth = |one: &usize| match self.on_all.get(one) {
            Some(measured) => Some(&measured.worth),
            None => told.get(one).map(|told| &told.worth),
        };
        let in_view: Vec<usize> = self
            .standing
            .iter()
            .copied()
            .filter(|one| worth(one).is_some())
            .collect();
        let worths: Vec<(f64, &[f64])> = in_view
            .iter()
            .filter_map(worth)
            .map(Worth::as_candidate)
            .collect();
        let best = self
            .on_all
            .values()
            .map(|one| one.worth.estimate)
            .fold(f64::NEG_INFINITY, f64::max);
        let field = Field::of(&worths);
        let to_edge = |of: &Behind| (of.lead - of.chance()).abs();
        let in_doubt = |(one, behind): (&usize, &Behind)| {
            let told = told.get(one)?;
            let to_edge = to_edge(behind);
            let to_best = best - told.worth.estimate;
            let doubt = told.error - to_edge.min(to_best.max(0.0));
            (told.error >= to_edge || told.error > to_best).then_some((*one, doubt))
        };
        let mut doubtful: Vec<(usize, f64)> =
            in_view.iter().zip(&field.behind).filter_map(in_doubt).collect();
        doubtful.sort_by(|a, b| b.1.total_cmp(&a.1));
        // Near the edge it matters how far chance puts those ahead that are only told.
        let is_near = |of: &Behind| to_edge(of) <= NEAR * of.chance();
        if doubtful.is_empty() && field.behind.iter().any(is_near) {
            let makers = in_view.iter().copied().zip(field.makers(&worths));
            doubtful.extend(makers.filter(|(one, share)| told.contains_key(one) && *share >= OFTEN));
            doubtful.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        let untold = rest.iter().filter(|one| !told.contains_key(one)).copied();
        let some = doubtful.len().div_ceil(2).max(AT_A_TIME);
        let next: Vec<usize> = untold
            .chain(doubtful.iter().take(some).map(|(one, _)| *one))
            .collect();
        if next.is_empty() {
            let marked = in_view.iter().zip(field.may_be_best());
            self.standing = marked.filter_map(|(one, mark)| mark.then_some(*one)).collect();
        }
        self.next = next;
        self.next.sort_unstable();
        Ok(())
    }

    /// What these come to on all images, told from those that were measured on all.
    fn tell(&self, rest: &[usize], judge: &Judge<'_>) -> Result<BTreeMap<usize, Told>, MetricsError> {
        let known: Vec<usize> = self.on_all.keys().copied().collect();
        let (columns, of_rest) = (self.columns(&known), self.columns(rest));
        let Some(rows) = self.on_few.values().next().map(Measured::rows) else {
            return Ok(BTreeMap::new());
        };
        let mut basis = Basis::new(rows);
        let mut used = Vec::new();
        while basis.len() < rows / ROWS_EACH
            && let Some(one) = basis.add_least_told(&columns, DEPENDENT)
        {
            used.push(one);
        }
        let used: Vec<&Measured> = used.iter().filter_map(|one| self.on_all.get(one)).collect();
        let Some(all) = used.first() else {
            return Ok(BTreeMap::new());
        };
        of_rest
            .iter()
            .filter_map(|(one, column)| Some((*one, self.on_few.get(one)?, column)))
            .map(|(one, few, column)| {
                let regression = basis.regress(column);
                Ok((one, Told::of(few, &regression, &used, &all.images, judge)?))
            })
            .collect()
    }

    /// The candidates that are left; once the race is over, the possible best.
    pub fn standing(&self) -> &[usize] {
        &self.standing
    }

    /// Whether the candidate was measured on all images, not told from others.
    pub fn is_measured(&self, candidate: usize) -> bool {
        self.on_all.contains_key(&candidate)
    }

    /// How many images of each set were measured so far, each as often as candidates were on it.
    pub fn scored(&self) -> usize {
        self.scored
    }
}
