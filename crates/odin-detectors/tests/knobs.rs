//! The detectors that multiply only what a knob changes, against whole products, over all of the knob's range.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
use std::sync::Arc;

use odin_detectors::{Detector, Fit, FitImages, Fitted, Images, Known, LastLayer, Prepared, Rows, Setting};

const WIDTH: usize = 70;
const CLASSES: usize = 11;

/// Numbers that look random; a third of them are 0, and some are equal.
fn values(count: usize, seed: usize) -> Vec<f32> {
    let value =
        |i: usize| (((i + seed) as f64 * 0.618_033_988_749_895).fract() * 30.0).floor() as f32 / 10.0 - 1.0;
    (0..count).map(|i| value(i * i % 9973).max(0.0)).collect()
}

fn percentile(mut values: Vec<f64>, percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    values[below] + share * (values[(below + 1).min(values.len() - 1)] - values[below])
}

fn energy(weight: &[f64], features: &[f64]) -> f64 {
    let logits = weight
        .chunks_exact(WIDTH)
        .map(|w| w.iter().zip(features).map(|(w, h)| w * h).sum::<f64>());
    logits.map(f64::exp).sum::<f64>().ln()
}

/// The features without all but the greatest, and the sum of these.
fn greatest(features: &[f64], percent: f64) -> (Vec<f64>, f64, usize) {
    let kept = WIDTH - (WIDTH as f64 * percent / 100.0).round_ties_even() as usize;
    let mut order: Vec<usize> = (0..WIDTH).collect();
    order.sort_by(|&a, &b| features[b].total_cmp(&features[a]));
    let mut out = vec![0.0; WIDTH];
    order[..kept]
        .iter()
        .for_each(|&place| out[place] = features[place]);
    let sum = out.iter().sum();
    (out, sum, kept)
}

#[test]
fn what_is_left_out_of_a_product_counts_nothing() {
    let (weight, fit_features, features) = (
        values(CLASSES * WIDTH, 1),
        values(40 * WIDTH, 2),
        values(130 * WIDTH, 3),
    );
    let weight: Vec<f32> = weight.iter().map(|w| w - 0.7).collect();
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&v| f64::from(v)).collect() };
    let (w, bank, all) = (wide(&weight), wide(&fit_features), wide(&features));
    let rows = |values: Vec<f32>, width| Rows::new("values", values, width).unwrap();
    let fit = Fit::new(Known {
        last_layer: Some(LastLayer {
            weight: rows(weight, WIDTH),
            bias: vec![0.0; CLASSES],
        }),
        fit_images: Some(FitImages {
            logits: rows(vec![0.0; 40 * CLASSES], CLASSES),
            features: Some(rows(fit_features, WIDTH)),
            labels: None,
            perturbed_features: None,
        }),
        validation: None,
    });
    let fit: Arc<Fit> = fit.unwrap();
    let mut prepared = Prepared::new(&fit);
    let images = Images {
        features: Some(rows(features, WIDTH)),
        ..Images::of_logits(rows(vec![0.0; 130 * CLASSES], CLASSES))
    };
    prepared.push(&images).unwrap();
    let check = |setting: Setting, plain: &dyn Fn(&[f64]) -> f64| {
        let fitted = Fitted::new(setting.detector(), &fit).unwrap();
        let got = fitted.scores(&setting, &prepared).unwrap();
        for (image, (got, h)) in got.into_iter().zip(all.chunks_exact(WIDTH)).enumerate() {
            let want = plain(h);
            assert!(
                (got - want).abs() <= 1e-9 * want.abs(),
                "{setting}, image {image}: {got}, not {want}"
            );
        }
    };
    let mean: Vec<f64> = (0..WIDTH)
        .map(|j| bank.chunks_exact(WIDTH).map(|row| row[j]).sum::<f64>() / 40.0)
        .collect();
    let contributions: Vec<f64> = w.iter().enumerate().map(|(i, w)| mean[i % WIDTH] * w).collect();
    for percent in [0.0, 10.0, 37.0, 50.0, 65.0, 81.5, 99.0] {
        let at = |detector: Detector| Setting::new(detector).with("percentile", percent);
        if percent >= 50.0 {
            let top = percentile(bank.clone(), percent);
            check(at(Detector::React).unwrap(), &|h| {
                energy(&w, &h.iter().map(|h| h.min(top)).collect::<Vec<_>>())
            });
        }
        let sum = |h: &[f64]| h.iter().sum::<f64>();
        check(at(Detector::AshP).unwrap(), &|h| {
            energy(&w, &greatest(h, percent).0)
        });
        check(at(Detector::AshS).unwrap(), &|h| {
            let (kept, part, _) = greatest(h, percent);
            let factor = (sum(h) / part).exp();
            energy(&w, &kept.iter().map(|h| h * factor).collect::<Vec<_>>())
        });
        check(at(Detector::Scale).unwrap(), &|h| {
            let factor = (sum(h) / greatest(h, percent).1).exp();
            energy(&w, &h.iter().map(|h| h * factor).collect::<Vec<_>>())
        });
        let least = percentile(contributions.clone(), percent);
        let kept: Vec<f64> = w
            .iter()
            .zip(&contributions)
            .map(|(w, contribution)| if *contribution > least { *w } else { 0.0 })
            .collect();
        check(at(Detector::Dice).unwrap(), &|h| energy(&kept, h));
        for high in [50.5, 90.0, 100.0] {
            if percent < high {
                let (bottom, top) = (percentile(bank.clone(), percent), percentile(bank.clone(), high));
                let vra = Setting::new(Detector::Vra).with("low", percent).unwrap();
                check(vra.with("high", high).unwrap(), &|h| {
                    let cut = h.iter().map(|&h| if h < bottom { 0.0 } else { h.min(top) });
                    energy(&w, &cut.collect::<Vec<_>>())
                });
            }
        }
    }
}
