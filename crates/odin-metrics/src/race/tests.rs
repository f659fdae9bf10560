use super::*;
use crate::conventions::Conventions;
use crate::metric::Metric;
use crate::naive::Source;
use crate::paired::Resampling;

const DRAWS: usize = 80;

/// Candidates that see the same images.
struct Problem {
    metric: Metric,
    seen: Vec<[Vec<f64>; 2]>,
}

impl Problem {
    /// A row of settings with its best somewhere, each of which sees the images through noise of its own: none tells another.
    fn of_strangers(source: &mut Source, candidates: usize, images: usize) -> Self {
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

    /// A grid of two knobs over which an image's score changes smoothly, in a way of its own, as scores do over T and ε; and a
    /// little that is rough.
    fn of_neighbours(source: &mut Source, [rows, columns]: [usize; 2], images: usize) -> Self {
        let metric = Metric::ALL[source.below(Metric::ALL.len())];
        let best = [source.uniform(), source.uniform()];
        let (top, drop) = (1.5 + 1.5 * source.uniform(), 3.0 * source.uniform());
        let (varies, rough) = (0.2 + 0.5 * source.uniform(), 0.01 * source.uniform());
        let truth = [source.scores(images, 0.0, 0.0), source.scores(images, 0.0, 0.0)];
        // Each image's score as a function of both knobs: a few slow waves with weights of its own.
        let waves: Vec<[f64; 3]> = (0..5)
            .map(|_| [2.0 * source.normal(), 2.0 * source.normal(), source.normal()])
            .collect();
        let weights = [0, 1].map(|_| -> Vec<Vec<f64>> {
            (0..images)
                .map(|_| source.scores(waves.len(), 0.0, 0.0))
                .collect()
        });
        let seen = (0..rows * columns)
            .map(|candidate| {
                let at = [
                    (candidate / columns) as f64 / rows as f64,
                    (candidate % columns) as f64 / columns as f64,
                ];
                let distance = (at[0] - best[0]).powi(2) + (at[1] - best[1]).powi(2);
                let mut see = |side: usize, part: f64| -> Vec<f64> {
                    let own = source.scores(images, 0.0, 0.0);
                    truth[side]
                        .iter()
                        .zip(&weights[side])
                        .zip(own)
                        .map(|((x, weights), own)| {
                            let wave =
                                |([a, b, c], w): (&[f64; 3], &f64)| w * (a * at[0] + b * at[1] + c).sin();
                            let waves: f64 = waves.iter().zip(weights).map(wave).sum();
                            x + part + varies * waves + rough * own
                        })
                        .collect()
                };
                [see(0, top - drop * distance), see(1, 0.0)]
            })
            .collect();
        Self { metric, seen }
    }

    fn judge(&self) -> Judge<'static> {
        Judge {
            metric: self.metric,
            conventions: Conventions::default(),
            resampling: Resampling {
                replicates: DRAWS,
                seed: 7,
                ..Resampling::default()
            },
        }
    }

    /// A candidate on the first images.
    fn measure(&self, candidate: usize, images: usize) -> Measured {
        let [ins, outs] = &self.seen[candidate];
        let numbers: Vec<u32> = (0..images as u32).collect();
        Measured {
            images: [numbers.clone(), numbers],
            scores: [ins[..images].to_vec(), outs[..images].to_vec()],
            worth: self.judge().measure([&ins[..images], &outs[..images]]).unwrap(),
        }
    }

    /// The race, and what the full grid names.
    fn run(&self) -> (Race, Vec<usize>) {
        let (candidates, images) = (self.seen.len(), self.seen[0][0].len());
        let all: Vec<Measured> = (0..candidates).map(|one| self.measure(one, images)).collect();
        let mut in_full = Race::in_full(candidates, images);
        in_full
            .finish_heat(all.iter().cloned().map(Some).collect(), &self.judge())
            .unwrap();
        assert_eq!((in_full.scored(), in_full.heat()), (candidates * images, None));
        let mut race = Race::new(candidates, images);
        while let Some(heat) = race.heat() {
            let some = heat.images;
            let measure = |&one: &usize| {
                Some(match some == images {
                    true => all[one].clone(),
                    false => self.measure(one, some),
                })
            };
            let measured = heat.candidates.iter().map(measure).collect();
            race.finish_heat(measured, &self.judge()).unwrap();
        }
        let named = in_full.standing().to_vec();
        (race, named)
    }
}

/// In how many of so many problems the race names the same, what share of the passes it takes, and how often it has not measured
/// the best.
fn compare(problems: usize, mut make: impl FnMut() -> Problem) -> (usize, f64, usize) {
    let (mut same, mut scored, mut all, mut lost) = (0, 0, 0, 0);
    for _ in 0..problems {
        let problem = make();
        let (race, named) = problem.run();
        same += usize::from(race.standing() == named);
        scored += race.scored();
        all += problem.seen.len() * problem.seen[0][0].len();
        let estimate = |one: usize| problem.measure(one, problem.seen[0][0].len()).worth.estimate;
        let best = named
            .iter()
            .map(|&one| estimate(one))
            .fold(f64::NEG_INFINITY, f64::max);
        let measured = named.iter().filter(|&&one| race.is_measured(one));
        lost += usize::from(
            !measured
                .map(|&one| estimate(one))
                .any(|estimate| estimate == best),
        );
    }
    (same, scored as f64 / all as f64, lost)
}

#[test]
fn a_race_between_neighbours_names_what_the_full_grid_names_for_a_fraction_of_the_passes() {
    let mut source = Source::new(72);
    let (same, share, lost) = compare(100, || Problem::of_neighbours(&mut source, [4, 7], 300));
    println!("{same} of 100 the same, {share:.3} of the passes, {lost} lost");
    assert!(same >= 95, "{same} of 100");
    assert!(share < 0.65, "{share}");
}

#[test]
fn a_race_between_strangers_names_what_the_full_grid_names() {
    let mut source = Source::new(71);
    let (same, share, lost) = compare(100, || Problem::of_strangers(&mut source, 8, 200));
    println!("{same} of 100 the same, {share:.3} of the passes, {lost} lost");
    assert!(same >= 95, "{same} of 100");
    assert!(share <= 1.0, "{share}");
}

fn flat(estimate: f64) -> Measured {
    let numbers: Vec<u32> = (0..50).collect();
    Measured {
        images: [numbers.clone(), numbers],
        scores: [vec![0.0; 50], vec![0.0; 50]],
        worth: Worth {
            estimate,
            replicates: (0..100).map(|i| estimate + 0.001 * f64::from(i) - 0.05).collect(),
        },
    }
}

#[test]
fn the_hopeless_are_dropped_and_those_of_which_nothing_can_be_told_are_measured() {
    let judge = Problem {
        metric: Metric::Auroc,
        seen: Vec::new(),
    }
    .judge();
    let mut race = Race::new(4, 200);
    let heat = race.heat().unwrap();
    assert_eq!((heat.images, heat.candidates), (50, &[0, 1, 2, 3][..]));
    race.finish_heat(
        vec![Some(flat(0.9)), Some(flat(0.2)), None, Some(flat(0.9))],
        &judge,
    )
    .unwrap();
    // All scores are the same, so none says anything of another.
    let heat = race.heat().unwrap();
    assert_eq!((heat.images, heat.candidates), (200, &[0, 3][..]));
    race.finish_heat(vec![Some(flat(0.9)), Some(flat(0.9))], &judge)
        .unwrap();
    assert_eq!((race.heat(), race.standing()), (None, &[0, 3][..]));
    assert_eq!(race.scored(), 4 * 50 + 2 * 150);
    assert!(race.is_measured(0) && !race.is_measured(1));
}

#[test]
fn few_images_are_all_measured_at_once_and_no_candidate_is_no_error() {
    let few = |images| Race::new(3, images).heat().unwrap().images;
    assert_eq!(
        [few(10_000), few(1000), few(100), few(99), few(1)],
        [625, 63, 50, 99, 1]
    );
    assert!(Race::new(0, 100).heat().is_none());
    let judge = Problem {
        metric: Metric::Fpr95,
        seen: Vec::new(),
    }
    .judge();
    let mut none = Race::new(1, 60);
    none.finish_heat(vec![None], &judge).unwrap();
    assert!(none.heat().is_none() && none.standing().is_empty());
    let mut none = Race::new(2, 1000);
    none.finish_heat(vec![None, None], &judge).unwrap();
    assert!(none.heat().is_none() && none.standing().is_empty());
}
