//! Networks of torchvision, timm and transformers with random weights, and under other projects' names: logits, features,
//! signs of the gradient and log-odds are those of PyTorch. `fixtures/make_networks.py` makes the files.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#[path = "support/agreement.rs"]
mod agreement;

use std::path::Path;

use agreement::{Expected, array, check};
use odin_core::networks::NetworkCard;
use odin_engine::networks::read_weights;
use odin_engine::networks::weights::channels_last;
use tch::{Device, Kind, Tensor};

const STD: [f32; 3] = [0.229, 0.224, 0.225];
const CLASSES: usize = 5;

/// The file, and the architecture as a card says it.
const NETWORKS: &[(&str, &str)] = &[
    (
        "torchvision-basic",
        "block: basic, layers: [2, 1, 1, 1], width: 4",
    ),
    (
        "torchvision-bottleneck",
        "block: bottleneck, layers: [1, 2, 1, 1], width: 4",
    ),
    (
        "torchvision-resnext",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 4, groups: 2, group-width: 32",
    ),
    (
        "torchvision-wide",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 2, group-width: 128",
    ),
    ("timm-basic", "block: basic, layers: [1, 1, 1, 1], width: 4"),
    (
        "transformers-basic",
        "block: basic, layers: [2, 1, 1, 1], width: 4",
    ),
    (
        "transformers-bottleneck",
        "block: bottleneck, layers: [1, 2, 1, 1], width: 4",
    ),
    (
        "pytorch-cifar",
        "block: basic, layers: [1, 2, 1, 1], width: 4, stem: cifar",
    ),
    (
        "openood",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 4, stem: cifar",
    ),
];

/// The file, the architecture, and what is noted of the weights.
const VITS: &[(&str, &str, &[&str])] = &[
    (
        "torchvision-vit",
        "width: 32, depth: 2, heads: 2, mlp: 48, patch: 4, image: [16, 16]",
        &[],
    ),
    (
        "timm-vit",
        "width: 48, depth: 2, heads: 3, patch: 8, image: [24, 16]",
        &[],
    ),
    (
        "timm-vit-mean",
        "width: 32, depth: 2, heads: 4, mlp: 64, patch: 4, image: [16, 16], pool: mean, layer-scale: true",
        &[],
    ),
    (
        "timm-vit-no-class",
        "width: 32, depth: 2, heads: 2, patch: 4, image: [16, 16], pool: mean, class-token: false",
        &[],
    ),
    (
        "timm-vit-resized",
        "width: 32, depth: 2, heads: 2, patch: 8, image: [40, 32]",
        &["position embeddings resized from 3×3 patches to 5×4"],
    ),
    (
        "transformers-vit",
        "width: 32, depth: 2, heads: 2, mlp: 64, patch: 4, image: [16, 16], epsilon: 1.0e-12",
        &[],
    ),
    (
        "transformers-4-vit",
        "width: 32, depth: 2, heads: 2, mlp: 64, patch: 4, image: [16, 16], epsilon: 1.0e-12",
        &[],
    ),
];

#[test]
fn networks_of_other_libraries_give_what_they_give_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/networks");
    let own = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let resnets = NETWORKS
        .iter()
        .map(|(name, card)| (*name, format!("kind: resnet, {card}"), [].as_slice()));
    let vits = VITS
        .iter()
        .map(|(name, card, notes)| (*name, format!("kind: vit, {card}"), *notes));
    for (name, architecture, notes) in resnets.chain(vits) {
        let card = own.path().join(format!("{name}.yaml"));
        let text = format!(
            "title: t\narchitecture: {{{architecture}}}\nclasses: {CLASSES}\nweights: absent\nin_dataset: none\n\
             normalisation: {{mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}\n"
        );
        std::fs::write(&card, text).unwrap();
        let card = NetworkCard::load(&card).unwrap_or_else(|error| panic!("{error}"));
        let weights = folder.join(format!("{name}.safetensors"));
        let loaded = read_weights(&card, Some(&weights), Device::Cpu)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.notes(), notes, "{name}");
        let file = folder.join(format!("{name}.npz"));
        let whole = |name: &str| array::<i32>(&file, name).unwrap();
        let float = |name: &str| Tensor::from_slice(&array::<f32>(&file, name).unwrap());
        let size: Vec<i64> = whole("size").iter().map(|&n| i64::from(n)).collect();
        let batch = size[0];
        let images = Tensor::from_slice(&array::<i8>(&file, "images").unwrap())
            .to_kind(Kind::Float)
            .view(size.as_slice())
            / 32.0;
        let expected = Expected {
            logits: float("logits").view([batch, -1]),
            features: Some(float("features").view([batch, -1])),
            positive: array::<i8>(&file, "positive")
                .unwrap()
                .iter()
                .map(|&bit| bit == 1)
                .collect(),
            log_odds: array::<f64>(&file, "log_odds").unwrap(),
        };
        let images = channels_last(&images).unwrap();
        wrong.extend(check(name, loaded.network().unwrap(), &STD, &images, &expected).err());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
