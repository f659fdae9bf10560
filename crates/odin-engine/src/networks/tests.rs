//! Every network of tensors, by every way that it is computed.
use odin_core::networks::Architecture;
use tch::{Device, Kind, Tensor};

use super::layers::samples::{noise, off, varied};
use super::weights::channels_last;
use super::*;

const CLASSES: usize = 5;

/// The network as it is trained, as it scores on this CPU, and by libtorch alone.
fn bodies(architecture: Architecture) -> Vec<(&'static str, Network)> {
    let weights = varied(&architecture);
    vec![
        ("plain", Network::new(architecture, CLASSES, &weights).unwrap()),
        (
            "for scoring",
            Network::for_scoring(architecture, CLASSES, &weights).unwrap(),
        ),
        (
            "by libtorch",
            Network::for_scoring_by_libtorch(architecture, CLASSES, &weights).unwrap(),
        ),
    ]
}

/// W h + b, in f64.
fn through(layer: &LastLayer, features: &Tensor) -> Tensor {
    let weight = Tensor::from_slice(layer.weight.values()).view([-1, layer.weight.width() as i64]);
    let double = |x: &Tensor| x.to_kind(Kind::Double);
    double(features).linear(&double(&weight), Some(&double(&Tensor::from_slice(&layer.bias))))
}

#[test]
fn the_last_layer_takes_the_features_to_the_logits() {
    let densenet = Architecture::DensenetBc { depth: 16, growth: 6 };
    let wide = Architecture::WideResnet { depth: 16, widen: 1 };
    let residual = serde_yaml::from_str(
        "{kind: resnet, block: bottleneck, layers: [1, 1, 1, 1], width: 16, groups: 2, group-width: 32}",
    );
    for (architecture, sizes) in [
        (densenet, [(32, 32), (36, 36), (34, 39)]),
        (wide, [(32, 32), (36, 36), (35, 33)]),
        (residual.unwrap(), [(32, 32), (33, 47), (70, 64)]),
    ] {
        for (height, width) in sizes {
            let x = channels_last(&noise(&[3, 3, height, width], 4)).unwrap();
            let mut first: Option<Tensor> = None;
            for (name, network) in bodies(architecture) {
                let case = format!("{architecture} {name}, {height}×{width}");
                assert_eq!(network.no_features(), None, "{case}");
                let layer = network.last_layer().unwrap().expect("a last layer");
                let weights = |logits: &Tensor| logits.f_softmax(1, Kind::Float);
                let (with, _) = network.outputs_and_gradient(&x, &weights).unwrap();
                for outputs in [network.outputs(&x).unwrap(), with] {
                    let features = outputs.features.expect("features");
                    assert_eq!(features.size(), [3, layer.weight.width() as i64], "{case}");
                    assert!(
                        !features.requires_grad() && features.kind() == Kind::Float,
                        "{case}"
                    );
                    assert!(off(&through(&layer, &features), &outputs.logits) < 1e-5, "{case}");
                    let first = first.get_or_insert_with(|| features.copy());
                    assert!(off(&features, first) < 1e-5, "{case}");
                }
            }
        }
    }
}

#[test]
fn features_are_those_of_the_weights_as_they_are_now() {
    let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
    let weights = varied(&architecture);
    let network = Network::new(architecture, CLASSES, &weights).unwrap();
    let bias = weights.get("fc.bias").unwrap();
    let before = network.last_layer().unwrap().unwrap().bias;
    let _ = tch::no_grad(|| bias.shallow_clone().f_add_scalar_(1.0)).unwrap();
    let after = network.last_layer().unwrap().unwrap().bias;
    assert!(before.iter().zip(after).all(|(b, a)| (a - b - 1.0).abs() < 1e-6));
    let full = Tensor::full([1], f64::NAN, (Kind::Float, Device::Cpu));
    tch::no_grad(|| weights.get("fc.weight").unwrap().f_copy_(&full)).unwrap();
    assert!(network.last_layer().is_err());
}
