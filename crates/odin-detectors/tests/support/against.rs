//! Compares all detectors with expected scores in NPZ files.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a part of each test that asks for some of it"
)]
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use npyz::npz::NpzArchive;
use odin_detectors::{
    Detector, Fit, FitImages, Fitted, Images, Known, Labelled, LastLayer, Prepared, Rows, Setting,
};

/// The arrays of an NPZ file as f64, with their shapes.
pub struct Arrays(BTreeMap<String, (Vec<f64>, Vec<u64>)>);

impl Arrays {
    pub fn open(path: &Path) -> Self {
        let mut npz = NpzArchive::open(path).unwrap();
        let names: Vec<String> = npz.array_names().map(str::to_owned).collect();
        let arrays = names.into_iter().map(|name| {
            let shape = npz.by_name(&name).unwrap().unwrap().shape().to_vec();
            let read = |npz: &mut NpzArchive<_>| {
                let array = npz.by_name(&name).unwrap().unwrap();
                match array.dtype().descr().as_str() {
                    "'<f4'" => array
                        .into_vec::<f32>()
                        .unwrap()
                        .into_iter()
                        .map(f64::from)
                        .collect(),
                    "'<f8'" => array.into_vec::<f64>().unwrap(),
                    "'<i8'" => array
                        .into_vec::<i64>()
                        .unwrap()
                        .into_iter()
                        .map(|v| v as f64)
                        .collect(),
                    "'|u1'" => array
                        .into_vec::<u8>()
                        .unwrap()
                        .into_iter()
                        .map(f64::from)
                        .collect(),
                    other => panic!("{name}: {other}"),
                }
            };
            let values: Vec<f64> = read(&mut npz);
            (name, (values, shape))
        });
        Self(arrays.collect())
    }

    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.0.get(name).map(|(values, _)| values.as_slice())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn rows(&self, name: &'static str) -> Option<Rows> {
        let (values, shape) = self.0.get(name)?;
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        Some(Rows::new(name, values, shape[1] as usize).unwrap())
    }

    pub fn labels(&self, name: &str) -> Option<Arc<Vec<u16>>> {
        let labels = self.get(name)?.iter().map(|&label| label as u16).collect();
        Some(Arc::new(labels))
    }
}

/// What is known, and the images, of a case.
pub fn read(case: &Arrays) -> (Known, Images) {
    let bias = case.get("bias").unwrap().iter().map(|&b| b as f32).collect();
    let known = Known {
        last_layer: Some(LastLayer {
            weight: case.rows("weight").unwrap(),
            bias,
        }),
        fit_images: Some(FitImages {
            logits: case.rows("fit_logits").unwrap(),
            features: case.rows("fit_features"),
            labels: case.labels("fit_labels"),
            perturbed_features: case.rows("fit_perturbed_features"),
        }),
        validation: case.rows("validation_logits").map(|logits| Labelled {
            logits,
            labels: case.labels("validation_labels").unwrap(),
        }),
    };
    let images = Images {
        logits: case.rows("logits").unwrap(),
        features: case.rows("features"),
        perturbed_logits: case.rows("perturbed_logits"),
        perturbed_features: case.rows("perturbed_features"),
    };
    (known, images)
}

/// What the reference writes for a score of ours: it has probabilities where we keep log-odds, and the entropy's sign.
pub fn as_reference(detector: Detector, score: f64) -> f64 {
    match detector {
        Detector::Entropy => -(-score).exp(),
        Detector::Openmax => 1.0 / (1.0 + (-score).exp()),
        _ if detector.is_log_odds() => 1.0 / (1.0 + (-score).exp()),
        _ => score,
    }
}

/// Rows that are correlated so weakly that their order differs: the Spearman rank correlation.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
        let mut ranks = vec![0.0; values.len()];
        for (rank, place) in order.into_iter().enumerate() {
            ranks[place] = rank as f64;
        }
        ranks
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let both: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean) * (b - mean)).sum();
    both / a.iter().map(|a| (a - mean).powi(2)).sum::<f64>()
}

/// How far a score may be off: relative, and by so much more.
pub fn tolerance(detector: Detector) -> (f64, f64) {
    match detector {
        // The reference sums p log p where p crowds below 1, and its own rounding is this large.
        Detector::Entropy => (1e-9, 1e-14),
        Detector::Mahalanobis
        | Detector::Rmd
        | Detector::MahalanobisPp
        | Detector::RmdPp
        | Detector::Residual
        | Detector::Vim
        | Detector::Pnml => (1e-6, 0.0),
        _ => (1e-9, 0.0),
    }
}

/// Whether a detector inverts covariances or splits off eigenvectors. Where some features hardly vary, eigenvalues lie at
/// the rounding of the others, and the reference itself differs from itself in its third digit when the same features
/// come in another order: of such networks ranks are compared.
pub fn needs_spread(detector: Detector) -> bool {
    tolerance(detector).0 > 1e-9
}

/// Compares all detectors at their defaults. A line each: the greatest relative difference of its scores, and the rank
/// correlation. Panics where one is off; of detectors that need spread, where `has_spread` is false, by ranks.
pub fn compare(case: &Path, scores: &Path, has_spread: bool) -> Vec<String> {
    let (known, images) = read(&Arrays::open(case));
    let expected = Arrays::open(scores);
    let fit = Fit::new(known).unwrap();
    let mut prepared = Prepared::new(&fit);
    prepared.push(&images).unwrap();
    let mut lines = Vec::new();
    for detector in Detector::ALL {
        let Some(want) = expected.get(detector.key()) else {
            lines.push(format!("{}: not in the reference", detector.key()));
            continue;
        };
        let fitted = Fitted::new(detector, &fit).unwrap();
        let got = fitted.scores(&Setting::new(detector), &prepared).unwrap();
        let got: Vec<f64> = got
            .into_iter()
            .map(|score| as_reference(detector, score))
            .collect();
        assert_eq!(got.len(), want.len());
        let pairs = || {
            got.iter()
                .zip(want)
                .map(|(got, want)| ((got - want).abs(), want.abs()))
        };
        let worst = pairs().map(|(off, size)| off / size).fold(0.0, f64::max);
        let ranks = rank_correlation(&got, want);
        let line = format!("{}: {worst:.1e}, ranks {ranks:.6}", detector.key());
        let (relative, absolute) = tolerance(detector);
        if needs_spread(detector) && !has_spread {
            assert!(ranks > 0.95, "{line}");
        } else {
            assert!(
                pairs().all(|(off, size)| off <= relative * size + absolute),
                "{line}"
            );
        }
        lines.push(line);
    }
    lines
}
