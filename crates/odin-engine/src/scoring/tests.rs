//! Gradients and moved images of a small network.
use odin_core::networks::Architecture;
use odin_core::units::{Magnitude, Temperature};
use tch::{Device, Kind, Reduction, Tensor};

use super::*;
use crate::networks::weights::{Weights, channels_last};
use crate::networks::{Mode, Network};

const STD: [f32; 3] = [0.25, 0.5, 0.2];

/// A small network with random weights, and normalised random images.
fn set_up(images: i64) -> (Scorer, Tensor) {
    let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
    let weights = Weights::initial(&architecture, 5, 1).unwrap();
    let network = Network::for_scoring(architecture, 5, &weights.prepared(Device::Cpu).unwrap()).unwrap();
    tch::manual_seed(2);
    let x = Tensor::randn([images, 3, 32, 32], (Kind::Float, Device::Cpu));
    (
        Scorer::new(network, &STD, Device::Cpu).unwrap(),
        channels_last(&x).unwrap(),
    )
}

/// Logits, and the signs of the gradient of the cross entropy at T.
fn signs(scorer: &Scorer, images: &Tensor, t: Temperature) -> (Tensor, Tensor) {
    let (outputs, gradient) = scorer.gradient(images, Direction::CrossEntropy(t)).unwrap();
    (outputs.logits, scorer.signs(&gradient).unwrap())
}

fn greatest(t: &Tensor) -> f64 {
    t.abs().max().double_value(&[])
}

#[test]
fn signs_are_those_of_the_cross_entropy_at_t() {
    let (scorer, x) = set_up(6);
    for t in [1.0, 10.0, 1000.0] {
        let leaf = x.copy().set_requires_grad(true);
        let z = scorer.network().forward(&leaf, Mode::Evaluation).unwrap();
        // In f64 the plain loss does not lose its gradient at T = 1000.
        let scaled = z.to_kind(Kind::Double) / t;
        let guess = scaled.argmax(1, false);
        scaled
            .cross_entropy_loss::<Tensor>(&guess, None, Reduction::Sum, -100, 0.0)
            .backward();
        let (logits, positive) = signs(&scorer, &x, Temperature::new(t).unwrap());
        let differ = leaf
            .grad()
            .ge(0.0)
            .not_equal_tensor(&positive)
            .sum(Kind::Int64)
            .int64_value(&[]);
        let all = positive.numel() as f64;
        assert!(
            differ as f64 / all < 1e-4,
            "T = {t}: {differ} of {all} signs differ"
        );
        assert!(greatest(&(logits - z.detach())) < 1e-5);
    }
}

#[test]
fn every_image_moves_by_the_magnitude_over_its_channels_deviation() {
    let (scorer, x) = set_up(4);
    let (_, positive) = signs(&scorer, &x, Temperature::PAPER);
    let magnitude = Magnitude::new(0.01).unwrap();
    let moved = &x - scorer.perturbed(&x, &positive, magnitude).unwrap();
    let sign = positive.to_kind(Kind::Float) * 2.0 - 1.0;
    for (channel, std) in STD.iter().enumerate() {
        // All images of the batch, not only the first.
        let step = moved.select(1, channel as i64) * sign.select(1, channel as i64);
        assert!(greatest(&(step - 0.01 / f64::from(*std))) < 1e-5);
    }
}

#[test]
fn a_gradient_of_zero_counts_as_positive() {
    // Images so negative that every first activation is dead where it can be: some gradients are exactly 0.
    let (scorer, x) = set_up(2);
    let dead = Tensor::zeros_like(&x);
    let (_, positive) = signs(&scorer, &dead, Temperature::ONE);
    let leaf = dead.copy().set_requires_grad(true);
    let z = scorer.network().forward(&leaf, Mode::Evaluation).unwrap();
    z.cross_entropy_loss::<Tensor>(&z.argmax(1, false), None, Reduction::Sum, -100, 0.0)
        .backward();
    let zeros = leaf.grad().eq(0.0);
    let lost = zeros
        .logical_and(&positive.logical_not())
        .sum(Kind::Int64)
        .int64_value(&[]);
    assert_eq!(lost, 0, "of {} zeros", zeros.sum(Kind::Int64).int64_value(&[]));
}

#[test]
fn signs_come_back_from_bits() {
    let (scorer, x) = set_up(3);
    let (_, positive) = signs(&scorer, &x, Temperature::ONE);
    let packed = scorer.pack(&positive).unwrap();
    assert_eq!(
        packed.iter().map(|p| p.len()).collect::<Vec<_>>(),
        [384, 384, 384]
    );
    let back = scorer.unpack(packed.iter(), 32, 32).unwrap();
    assert!(back.equal(&positive));
}

#[test]
fn an_image_scores_the_same_in_any_batch() {
    let (scorer, x) = set_up(5);
    let magnitude = Magnitude::new(0.002).unwrap();
    let score = |x: &Tensor| {
        let (_, positive) = signs(&scorer, x, Temperature::PAPER);
        let after = scorer
            .logits(&scorer.perturbed(x, &positive, magnitude).unwrap())
            .unwrap();
        let rows = scorer.rows(&after).unwrap();
        rows.chunks(5)
            .map(|row| odin_detectors::log_odds(row, 1000.0))
            .collect::<Vec<_>>()
    };
    let together = score(&x);
    for (i, one) in together.iter().enumerate() {
        let alone = score(&x.narrow(0, i as i64, 1))[0];
        assert!((alone - one).abs() <= 1e-5 * one.abs(), "{alone} {one}");
    }
}

/// Networks with random weights by every way that a gradient is taken, with the same networks in f64.
fn with_exact() -> Vec<(String, Scorer, Network)> {
    let densenet = Architecture::DensenetBc { depth: 10, growth: 4 };
    let wide = Architecture::WideResnet { depth: 10, widen: 1 };
    let mut all = Vec::new();
    for architecture in [densenet, wide] {
        let weights = Weights::initial(&architecture, 5, 3).unwrap();
        let prepared = weights.prepared(Device::Cpu).unwrap();
        let ways = [
            ("for scoring", Network::for_scoring(architecture, 5, &prepared)),
            (
                "by libtorch",
                Network::for_scoring_by_libtorch(architecture, 5, &prepared),
            ),
            ("plain", Network::new(architecture, 5, &prepared)),
        ];
        for (way, network) in ways {
            let double = weights
                .iter()
                .map(|(name, t)| (name.to_owned(), t.to_kind(Kind::Double)));
            let exact = Network::new(architecture, 5, &double.collect()).unwrap();
            let scorer = Scorer::new(network.unwrap(), &STD, Device::Cpu).unwrap();
            all.push((format!("{architecture} {way}"), scorer, exact));
        }
    }
    all
}

/// The gradient in f64 by autograd, image by image in [channels, H, W] order.
fn exact_gradient(network: &Network, x: &Tensor, direction: Direction) -> Vec<Vec<f64>> {
    let leaf = x.to_kind(Kind::Double).set_requires_grad(true);
    let z = network.forward(&leaf, Mode::Evaluation).unwrap();
    let guess = z.argmax(1, true);
    match direction {
        Direction::CrossEntropy(t) => {
            // T times the loss, as the scorer has it.
            let log_p = (z / t.get()).log_softmax(1, Kind::Double);
            (-log_p.gather(1, &guess, false).sum(Kind::Double) * t.get()).backward();
        }
        Direction::Guess => z.gather(1, &guess, false).sum(Kind::Double).backward(),
    }
    rows(&leaf.grad())
}

fn rows(images: &Tensor) -> Vec<Vec<f64>> {
    let flat = images
        .to_kind(Kind::Double)
        .contiguous()
        .view([images.size()[0], -1]);
    Vec::<Vec<f64>>::try_from(flat).unwrap()
}

#[test]
fn gradients_are_those_of_autograd_in_f64() {
    let x = set_up(4).1;
    let cross_entropy = |t| Direction::CrossEntropy(Temperature::new(t).unwrap());
    for (case, scorer, exact) in with_exact() {
        for direction in [cross_entropy(1.0), cross_entropy(1000.0), Direction::Guess] {
            let (outputs, gradient) = scorer.gradient(&x, direction).unwrap();
            let plain = scorer.outputs(&x).unwrap();
            assert!(greatest(&(&outputs.logits - plain.logits)) < 1e-5, "{case}");
            assert!(
                greatest(&(outputs.features.unwrap() - plain.features.unwrap())) < 1e-5,
                "{case}"
            );
            for (got, want) in rows(&gradient).iter().zip(exact_gradient(&exact, &x, direction)) {
                let most = want.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
                let apart = got
                    .iter()
                    .zip(&want)
                    .filter(|(a, b)| (*a - *b).abs() > 1e-4 * most);
                // Rounding may put an activation on the other side of its ReLU's edge, which changes the gradient round it.
                assert!(apart.count() < got.len() / 50, "{case}, {direction:?}");
            }
        }
    }
}

#[test]
fn i_odin_moves_the_value_of_the_greatest_gradient() {
    let x = set_up(4).1;
    let direction = Direction::CrossEntropy(Temperature::PAPER);
    let magnitude = Magnitude::new(0.01).unwrap();
    for (case, scorer, exact) in with_exact() {
        let (_, gradient) = scorer.gradient(&x, direction).unwrap();
        let moved = rows(&scorer.i_odin(&x, &gradient, magnitude).unwrap());
        let gradients = exact_gradient(&exact, &x, direction);
        for ((before, moved), gradient) in rows(&x).iter().zip(&moved).zip(&gradients) {
            let place = (0..gradient.len())
                .max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()))
                .unwrap();
            let std = f64::from(STD[place / (32 * 32)]);
            for n in 0..before.len() {
                let want = match n == place {
                    true => before[n] - 0.01 * gradient[n].signum() / std,
                    false => before[n],
                };
                assert!((moved[n] - want).abs() < 1e-6, "{case}: value {n}, of {place}");
            }
        }
    }
}

#[test]
fn adascale_moves_the_values_of_the_smallest_gradients() {
    let x = set_up(4).1;
    for (case, scorer, exact) in with_exact() {
        let (_, gradient) = scorer.gradient(&x, Direction::Guess).unwrap();
        let moved = rows(&scorer.adascale(&x, &gradient, 5.0, 0.5).unwrap());
        let gradients = exact_gradient(&exact, &x, Direction::Guess);
        for ((before, moved), gradient) in rows(&x).iter().zip(&moved).zip(&gradients) {
            let mut order: Vec<usize> = (0..gradient.len()).collect();
            order.sort_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()));
            let mut want = before.clone();
            // 5 % of 3,072 values.
            for &n in &order[..153] {
                want[n] += 0.5 * gradient[n].signum();
            }
            let changed = before.iter().zip(moved).filter(|(a, b)| a != b).count();
            assert_eq!(changed, 153, "{case}");
            let apart = want.iter().zip(moved).filter(|(a, b)| (*a - *b).abs() > 1e-6);
            // The smallest gradients are where rounding shows: some of them change places at the edge, or their sign.
            assert!(apart.count() <= 8, "{case}");
        }
    }
}

#[test]
fn ties_and_zeros_are_settled_by_rule() {
    let scorer = set_up(1).0;
    let x = Tensor::zeros([2, 3, 2, 2], (Kind::Float, Device::Cpu));
    let gradient = |values: [[f32; 12]; 2]| {
        let flat = values.concat();
        channels_last(&Tensor::from_slice(&flat).view([2, 3, 2, 2])).unwrap()
    };
    let one = gradient([
        [0.0, 1.0, -2.0, -5.0, 0.0, 3.0, 4.0, 5.0, 1.0, 0.0, 0.0, -5.0],
        [0.0; 12],
    ]);
    let magnitude = Magnitude::new(0.5).unwrap();
    let moved = rows(
        &scorer
            .i_odin(&channels_last(&x).unwrap(), &one, magnitude)
            .unwrap(),
    );
    let at = |place: usize, value: f64| {
        let mut all = vec![0.0; 12];
        all[place] = value;
        all
    };
    // The first of three, and sign(0) = +1.
    assert_eq!(moved, [at(3, 2.0), at(0, -2.0)]);

    let few = gradient([
        [4.0, -1.0, 0.0, 2.0, 1.0, -1.0, 1.0, 9.0, 8.0, 7.0, 6.0, 5.0],
        [0.0, 0.0, 0.0, 0.0, 3.0, -2.0, 3.0, 9.0, 8.0, 7.0, 6.0, 5.0],
    ]);
    let moved = |percent| rows(&scorer.adascale(&x, &few, percent, 0.5).unwrap());
    // Three of twelve: the zero, which stays, and the first two of size 1. Of the other image three zeros.
    let mut first = at(1, -0.5);
    first[4] = 0.5;
    assert_eq!(moved(25.0), [first, vec![0.0; 12]]);
    assert_eq!(moved(8.3), [vec![0.0; 12], vec![0.0; 12]]);
    assert_eq!(moved(0.0), [vec![0.0; 12], vec![0.0; 12]]);
    let all: Vec<f64> = rows(&few)
        .iter()
        .flatten()
        .map(|g| if *g == 0.0 { 0.0 } else { 0.5 * g.signum() })
        .collect();
    assert_eq!(moved(100.0).concat(), all);
}
