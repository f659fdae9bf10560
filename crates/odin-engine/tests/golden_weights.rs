//! The authors' own file of 2017, and other projects', in every container: equal to the bit, and PyTorch's logits.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#[path = "../../../tests/support/shared.rs"]
mod shared;
#[path = "support/agreement.rs"]
mod agreement;

use std::path::Path;

use agreement::{Expected, array, check};

use npyz::npz::NpzArchive;
use odin_core::networks::{Architecture, NetworkCard};
use odin_engine::networks::weights::{Content, Weights, channels_last, read_for};
use odin_engine::networks::{Mode, Network, read_weights};
use odin_engine::scoring::{Direction, Scorer};
use tch::{Device, Tensor};

const DENSENET: Architecture = Architecture::DensenetBc {
    depth: 100,
    growth: 12,
};
const MEAN: [f32; 3] = [125.3, 123.0, 113.9];
const STD: [f32; 3] = [63.0, 62.1, 66.7];

fn load(path: &Path) -> Weights {
    let weights = Weights::load(path).unwrap_or_else(|e| panic!("{e}"));
    weights
        .check(&DENSENET, 10)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    weights
}

#[test]
fn every_container_of_the_same_network_is_equal() {
    let Some(folder) = shared::shared("data/weights") else {
        return;
    };
    let original = load(&folder.join("dice-densenet-cifar10.pth.tar"));
    let digest = original.digest().unwrap();
    for name in ["sd_legacy.pth", "model_legacy.pth", "model_zip.pth"] {
        assert_eq!(
            load(&folder.join("containers").join(name)).digest().unwrap(),
            digest,
            "{name}"
        );
    }
    let half = load(&folder.join("containers/half_zip.pth"));
    for (name, tensor) in original.iter() {
        let rounded = tensor.to_kind(tch::Kind::Half).to_kind(tch::Kind::Float);
        assert!(half.get(name).unwrap().equal(&rounded), "{name}");
    }
}

/// Images of the CIFAR-10 test file, normalised for the ODIN authors' networks.
fn images(path: &Path, first: usize, count: usize) -> Tensor {
    normalised(path, first, count, MEAN, STD)
}

/// Images of the CIFAR-10 test file, normalised by these values of 255.
fn normalised(path: &Path, first: usize, count: usize, mean: [f32; 3], std: [f32; 3]) -> Tensor {
    const RECORD: usize = 1 + 3 * 32 * 32;
    let bytes = std::fs::read(path).unwrap();
    let pixels: Vec<u8> = bytes
        .chunks(RECORD)
        .skip(first)
        .take(count)
        .flat_map(|record| record[1..].iter().copied())
        .collect();
    let three = |values: [f32; 3]| Tensor::from_slice(&values).view([1, 3, 1, 1]) / 255.0;
    let all = Tensor::from_slice(&pixels)
        .view([-1, 3, 32, 32])
        .to_kind(tch::Kind::Float)
        / 255.0;
    (all - three(mean)) / three(std)
}

fn farthest(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn the_pickle_of_2017_gives_the_logits_of_pytorch() {
    let (Some(weights), Some(cifar), Some(golden)) = (
        shared::shared("data/weights/densenet10.pth"),
        shared::shared("data/cifar10/test_batch.bin"),
        shared::shared("data/golden/densenet10_cifar10_1000-1063_T1000_e0.0014.npz"),
    ) else {
        return;
    };
    let network = Network::new(DENSENET, 10, &load(&weights).prepared(Device::Cpu).unwrap()).unwrap();
    let x = images(&cifar, 1000, 64);
    let logits = tch::no_grad(|| network.forward(&x, Mode::Evaluation)).unwrap();
    let mut archive = NpzArchive::open(golden).unwrap();
    let npy = archive.by_name("logits").unwrap().unwrap();
    let expected = Tensor::from_slice(&npy.into_vec::<f32>().unwrap()).view([64, 10]);
    let apart = farthest(&logits, &expected);
    println!("densenet10.pth: logits within {apart:.2e} of PyTorch's");
    assert!(apart < 1e-4, "{apart}");
}

#[test]
fn residual_networks_for_cifar_give_what_they_give_in_pytorch() {
    const STD: [f32; 3] = [0.229, 0.224, 0.225];
    for (name, file, depth) in [
        ("resnet20", "resnet20-12fca82f.th", 20),
        ("resnet56", "resnet56-4bfd9763.th", 56),
    ] {
        let (Some(weights), Some(cifar), Some(golden)) = (
            shared::shared(&format!("data/weights/cifar-resnet/{file}")),
            shared::shared("data/cifar10/test_batch.bin"),
            shared::shared(&format!("data/golden/{name}_cifar10_1000-1063_T1000_e0.0014.npz")),
        ) else {
            return;
        };
        let architecture = serde_yaml::from_str(&format!("{{kind: resnet, depth: {depth}}}")).unwrap();
        let read = read_for(&weights, architecture, 10, None).unwrap_or_else(|error| panic!("{error}"));
        let Content::Tensors(weights, _) = read else {
            panic!("{name} is a program")
        };
        let weights = weights.prepared(Device::Cpu).unwrap();
        let network = Network::for_scoring(architecture, 10, &weights).unwrap();
        let x = normalised(
            &cifar,
            1000,
            64,
            [0.485, 0.456, 0.406].map(|mean| 255.0 * mean),
            STD.map(|std| 255.0 * std),
        );
        let logits: Vec<f32> = array(&golden, "logits").unwrap();
        let expected = Expected {
            logits: Tensor::from_slice(&logits).view([64, 10]),
            features: None,
            positive: array::<i8>(&golden, "step_sign")
                .unwrap()
                .iter()
                .map(|&sign| sign > 0)
                .collect(),
            log_odds: array(&golden, "log_odds").unwrap(),
        };
        check(name, network, &STD, &channels_last(&x).unwrap(), &expected).unwrap();
    }
}

#[test]
fn features_are_those_of_pytorch() {
    let (Some(weights), Some(cifar), Some(golden)) = (
        shared::shared("data/weights/densenet10.pth"),
        shared::shared("data/cifar10/test_batch.bin"),
        shared::shared("data/golden/detectors/densenet10-case.npz"),
    ) else {
        return;
    };
    let network = Network::for_scoring(DENSENET, 10, &load(&weights).prepared(Device::Cpu).unwrap()).unwrap();
    let features = network
        .outputs(&images(&cifar, 1000, 16))
        .unwrap()
        .features
        .unwrap();
    let layer = network.last_layer().unwrap().unwrap();
    let mut archive = NpzArchive::open(golden).unwrap();
    let mut double = |name: &str| archive.by_name(name).unwrap().unwrap().into_vec::<f64>().unwrap();
    let exact = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    assert_eq!(double("weight"), exact(layer.weight.values()));
    assert_eq!(double("bias"), exact(&layer.bias));
    let expected = archive
        .by_name("features")
        .unwrap()
        .unwrap()
        .into_vec::<f32>()
        .unwrap();
    let expected = Tensor::from_slice(&expected).view([256, -1]).narrow(0, 0, 16);
    let apart = farthest(&features, &expected);
    println!("densenet10.pth: features within {apart:.2e} of PyTorch's");
    assert!(apart < 1e-5, "{apart}");
}

#[test]
fn features_of_adascales_images_are_those_of_pytorch() {
    let (Some(weights), Some(cifar), Some(golden)) = (
        shared::shared("data/weights/densenet10.pth"),
        shared::shared("data/cifar10/test_batch.bin"),
        shared::shared("data/golden/detectors/densenet10-case.npz"),
    ) else {
        return;
    };
    let network = Network::for_scoring(DENSENET, 10, &load(&weights).prepared(Device::Cpu).unwrap()).unwrap();
    let scorer = Scorer::new(network, &STD.map(|std| std / 255.0), Device::Cpu).unwrap();
    let x = images(&cifar, 1000, 16);
    let (_, gradient) = scorer.gradient(&x, Direction::Guess).unwrap();
    let moved = scorer.adascale(&x, &gradient, 5.0, 0.5).unwrap();
    let features = scorer.outputs(&moved).unwrap().features.unwrap();
    let mut archive = NpzArchive::open(golden).unwrap();
    let expected = archive
        .by_name("perturbed_features")
        .unwrap()
        .unwrap()
        .into_vec::<f32>()
        .unwrap();
    let expected = Tensor::from_slice(&expected).view([256, -1]).narrow(0, 0, 16);
    let apart = |n| farthest(&features.narrow(0, n, 1), &expected.narrow(0, n, 1));
    let mut apart: Vec<f64> = (0..16).map(apart).collect();
    apart.sort_by(f64::total_cmp);
    println!("densenet10.pth: features of AdaSCALE's images within {apart:.5?} of PyTorch's");
    // The smallest gradients are where rounding shows: PyTorch in f32 moves nine values of one image otherwise than in f64.
    assert!(apart[11] < 1e-4 && apart[15] < 0.2, "{apart:?}");
}

#[test]
fn a_torchscript_copy_gives_the_logits_of_the_native_network() {
    let (Some(folder), Some(cifar)) = (
        shared::shared("data/weights"),
        shared::shared("data/cifar10/test_batch.bin"),
    ) else {
        return;
    };
    let native = load(&folder.join("dice-densenet-cifar10.pth.tar"))
        .prepared(Device::Cpu)
        .unwrap();
    let native = Network::new(DENSENET, 10, &native).unwrap();
    let own = tempfile::tempdir().unwrap();
    let card = own.path().join("traced.yaml");
    let text = "title: traced\narchitecture: {kind: torchscript, input: [3, 32, 32]}\nclasses: 10\nweights: x.pt\n\
                in_dataset: cifar10\nnormalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}\n";
    std::fs::write(&card, text).unwrap();
    let path = folder.join("containers/ts_trace.pt");
    let card = NetworkCard::load(&card).unwrap();
    let loaded = read_weights(&card, Some(&path), Device::Cpu).unwrap();
    let program = loaded.network().unwrap();
    let x = images(&cifar, 0, 8);
    let run = |network: &Network| tch::no_grad(|| network.forward(&x, Mode::Evaluation)).unwrap();
    let apart = farthest(&run(&native), &run(&program));
    println!("ts_trace.pt: logits within {apart:.2e} of the native network's");
    assert!(apart < 1e-4, "{apart}");
    // Its last layer is found, so that its features are the native network's too.
    assert_eq!(loaded.last_layer_found(), Some(("fc.weight", 342)));
    let features = |network: &Network| network.outputs(&x).unwrap().features.unwrap();
    let apart = farthest(&features(&native), &features(&program));
    println!("ts_trace.pt: features within {apart:.2e} of the native network's");
    assert!(apart < 1e-5, "{apart}");
}
