//! A race between many candidates: which may be the best of them, with the hopeless ones measured on few images.
use crate::best::{CONFIDENCE, Field, may_be_best};

/// The first heat takes no fewer images than this of each set: metrics of fewer say little, and their replicates less.
const FEWEST: usize = 50;

/// A candidate as it was measured: its estimate, higher being better, and its replicates; the n-th of each candidate is of
/// the same draw ([`Paired`](super::Paired)).
pub type Measured<'a> = (f64, &'a [f64]);

/// What is to be measured next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heat<'a> {
    /// On so many images of each set: those of the heat before, and others.
    pub images: usize,
    /// The candidates that are left, by number.
    pub candidates: &'a [usize],
}

/// Candidates are measured on growing samples, each of which holds the one before. After each heat those are dropped that
/// would not be among the [possible best](may_be_best) of all of them on all the images; the last heat is on all images, and
/// names the possible best of those that are left. It is meant to name those that measuring every candidate on every image
/// names: with 95 % confidence it does.
///
/// Let m of n images be measured, and c be how far chance puts another candidate ahead of this one (the 95 % quantile in
/// [`may_be_best`]). On all images chance does so by c·√(m/n). From m images to n, as the n hold the m, the lead over it
/// shrinks by at most k·c·√(1 − m/n), where in the share γ of the replicates no rival is behind by more than k of its own c. A
/// candidate whose lead exceeds the sum of the two is dropped. There are several looks, which share half of the 5 %:
/// γ = 1 − 0.025/looks.
///
/// What is saved depends on how many may be the best in the end: they are measured on every image.
#[derive(Debug, Clone)]
pub struct Race {
    /// Images of each set, ascending.
    stages: Vec<usize>,
    /// Of the heats that are over.
    heats: usize,
    standing: Vec<usize>,
    scored: usize,
}

impl Race {
    /// So many candidates on so many images of each set: heats of ever twice as many images, the last of all.
    pub fn new(candidates: usize, images: usize) -> Self {
        let halves = std::iter::successors(Some(images), |&images| Some(images.div_ceil(2)));
        let mut stages: Vec<usize> = halves
            .take(6)
            .take_while(|&half| half == images || half >= FEWEST)
            .collect();
        stages.dedup();
        stages.reverse();
        Self::in_stages(candidates, stages)
    }

    /// One heat on all images: every candidate is measured in full.
    pub fn in_full(candidates: usize, images: usize) -> Self {
        Self::in_stages(candidates, vec![images])
    }

    fn in_stages(candidates: usize, stages: Vec<usize>) -> Self {
        Self {
            stages,
            heats: 0,
            standing: (0..candidates).collect(),
            scored: 0,
        }
    }

    /// What is to be measured; `None` when the race is over.
    pub fn heat(&self) -> Option<Heat<'_>> {
        self.stages.get(self.heats).map(|&images| Heat {
            images,
            candidates: &self.standing,
        })
    }

    /// Takes what the heat has measured, in the order of its candidates, and drops the hopeless. A candidate that has no
    /// score is dropped. The leader never is.
    pub fn finish_heat(&mut self, measured: &[Option<Measured<'_>>]) {
        let Some(&images) = self.stages.get(self.heats) else {
            return;
        };
        let before = self.heats.checked_sub(1).and_then(|heat| self.stages.get(heat));
        self.scored += (images - before.unwrap_or(&0)) * self.standing.len();
        self.heats += 1;
        let known: Vec<(usize, Measured<'_>)> = self
            .standing
            .iter()
            .zip(measured)
            .filter_map(|(&candidate, measured)| Some((candidate, (*measured)?)))
            .collect();
        let candidates: Vec<Measured<'_>> = known.iter().map(|(_, measured)| *measured).collect();
        let stays = match self.stages.last() {
            Some(&all) if images < all => self.may_yet_be_best(&candidates, images as f64 / all as f64),
            _ => may_be_best(&candidates),
        };
        self.standing = known
            .iter()
            .zip(stays)
            .filter_map(|((candidate, _), stays)| stays.then_some(*candidate))
            .collect();
    }

    fn may_yet_be_best(&self, candidates: &[Measured<'_>], share: f64) -> Vec<bool> {
        let looks = (self.stages.len() - 1) as f64;
        let of_each_look = 0.5 * (1.0 - CONFIDENCE) / looks;
        let field = Field::of(candidates);
        let times = field.times_by_chance(candidates, 1.0 - of_each_look);
        let reach = share.sqrt() + times * (1.0 - share).sqrt();
        let stays = |lead: f64, chance: Option<f64>| chance.is_none_or(|c| lead <= c.max(0.0) * reach);
        let each = field.behind.iter();
        each.map(|of| stays(of.lead, of.by_chance)).collect()
    }

    /// The candidates that are left; once the race is over, the possible best.
    pub fn standing(&self) -> &[usize] {
        &self.standing
    }

    /// How many images of each set were measured so far, each as often as candidates were on it.
    pub fn scored(&self) -> usize {
        self.scored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventions::Conventions;
    use crate::metric::Metric;
    use crate::naive::Source;
    use crate::paired::Paired;
    use crate::summaries::Summaries;

    const DRAWS: usize = 160;

    /// Candidates that see the same images, each through noise of its own.
    struct Problem {
        metric: Metric,
        seen: Vec<[Vec<f64>; 2]>,
    }

    impl Problem {
        /// A row of settings with its best somewhere, where neighbours see much the same.
        fn new(source: &mut Source, candidates: usize, images: usize) -> Self {
            let metric = Metric::ALL[source.below(Metric::ALL.len())];
            let best = source.uniform() * candidates as f64;
            let (top, slope) = (1.0 + 1.5 * source.uniform(), 0.3 * source.uniform());
            let noise = 0.05 + 0.5 * source.uniform();
            let truth = [source.scores(images, 0.0, 0.0), source.scores(images, 0.0, 0.0)];
            let seen = (0..candidates)
                .map(|candidate| {
                    let part = (top - slope * (candidate as f64 - best).abs()).max(0.0);
                    let mut see = |truth: &[f64], part: f64| -> Vec<f64> {
                        let own = source.scores(images, 0.0, 0.0);
                        truth.iter().zip(own).map(|(x, e)| x + noise * e + part).collect()
                    };
                    let [ins, outs] = &truth;
                    [see(ins, part), see(outs, 0.0)]
                })
                .collect();
            Self { metric, seen }
        }

        /// A candidate's estimate and replicates on the first images.
        fn measure(&self, candidate: usize, images: usize) -> (f64, Vec<f64>) {
            let [ins, outs] = &self.seen[candidate];
            let paired = Paired::new(&ins[..images], None, &outs[..images], DRAWS, 7).unwrap();
            let upwards = |summaries: &Summaries| {
                let value = self.metric.of(&summaries.by(&Conventions::default()));
                if self.metric.higher_is_better() {
                    value
                } else {
                    -value
                }
            };
            (
                upwards(&paired.summaries),
                paired.replicates.iter().map(upwards).collect(),
            )
        }

        fn measure_all(&self, candidates: &[usize], images: usize) -> Vec<(f64, Vec<f64>)> {
            candidates.iter().map(|&one| self.measure(one, images)).collect()
        }
    }

    fn given(measured: &[(f64, Vec<f64>)]) -> Vec<Option<Measured<'_>>> {
        measured
            .iter()
            .map(|(estimate, replicates)| Some((*estimate, &replicates[..])))
            .collect()
    }

    #[test]
    fn a_race_names_what_the_full_grid_names() {
        let mut source = Source::new(71);
        let (problems, candidates, images) = (200, 8, 200);
        let (mut same, mut scored) = (0, 0);
        let mut early = 0;
        for _ in 0..problems {
            let problem = Problem::new(&mut source, candidates, images);
            let mut in_full = Race::in_full(candidates, images);
            let all = problem.measure_all(&(0..candidates).collect::<Vec<_>>(), images);
            in_full.finish_heat(&given(&all));
            let mut race = Race::new(candidates, images);
            let mut last = Vec::new();
            while let Some(Heat {
                images: some,
                candidates,
            }) = race.heat()
            {
                last = candidates.to_vec();
                // The last heat is on all images, on which they were measured already.
                let measured = match some == images {
                    true => candidates.iter().map(|&one| all[one].clone()).collect(),
                    false => problem.measure_all(candidates, some),
                };
                race.finish_heat(&given(&measured));
            }
            same += u32::from(race.standing() == in_full.standing());
            early += u32::from(!in_full.standing().iter().all(|one| last.contains(one)));
            scored += race.scored();
            assert_eq!(in_full.scored(), candidates * images);
        }
        let share = scored as f64 / (problems * candidates * images) as f64;
        println!("{same} of {problems} the same, {early} early, {share:.3} of the passes");
        assert!(same >= 190, "{same} of {problems}");
        assert!(share < 0.85, "{share}");
    }

    #[test]
    fn heats_double_and_the_last_is_of_all_images() {
        let stages = |images| Race::new(3, images).stages;
        assert_eq!(stages(1000), [63, 125, 250, 500, 1000]);
        assert_eq!((stages(98), stages(1)), (vec![98], vec![1]));
        assert_eq!(stages(100), [50, 100]);
        assert_eq!(stages(100_000), [3125, 6250, 12_500, 25_000, 50_000, 100_000]);
    }

    #[test]
    fn the_hopeless_are_dropped_early_and_those_without_scores_at_once() {
        let spread: Vec<f64> = (0..100).map(|i| 0.001 * f64::from(i)).collect();
        let around = |centre: f64| -> Vec<f64> { spread.iter().map(|x| centre + x - 0.05).collect() };
        let (good, bad) = (around(0.9), around(0.2));
        let mut race = Race::new(4, 200);
        let heat = race.heat().unwrap();
        assert_eq!((heat.images, heat.candidates), (50, &[0, 1, 2, 3][..]));
        race.finish_heat(&[Some((0.9, &good)), Some((0.2, &bad)), None, Some((0.9, &good))]);
        assert_eq!((race.standing(), race.scored()), (&[0, 3][..], 200));
        while race.heat().is_some() {
            race.finish_heat(&[Some((0.9, &good)), Some((0.9, &good))]);
        }
        assert_eq!((race.standing(), race.scored()), (&[0, 3][..], 200 + 2 * 150));
        race.finish_heat(&[]);
        assert_eq!(race.standing(), [0, 3]);
        let mut none = Race::new(1, 60);
        none.finish_heat(&[None]);
        assert!(none.heat().is_none() && none.standing().is_empty());
    }
}
