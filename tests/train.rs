//! `odin train` from CIFAR files, for a few steps: the paper's DenseNet and a Wide ResNet, then scored like any network.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use support::home::TestHome;

/// A home with a CIFAR-10-like set of 24 training and 12 test images.
fn home() -> TestHome {
    let home = TestHome::new();
    let file = |name: &str, images: usize| {
        let record = |i: usize| {
            let pixels = (0..3072).map(move |p| ((i * 37 + p * 11) % 251) as u8);
            std::iter::once((i % 3) as u8).chain(pixels).collect::<Vec<u8>>()
        };
        let bytes: Vec<u8> = (0..images).flat_map(record).collect();
        std::fs::write(home.path().join("data").join(name), bytes).unwrap();
    };
    file("train.bin", 24);
    file("test.bin", 12);
    home.write(
        "data/three.yaml",
        "title: x\nsource: {format: cifar-binary, kind: cifar10, files: [test.bin]}\n\
         train: {format: cifar-binary, kind: cifar10, files: [train.bin]}\nclass_names: [a, b, c]\n",
    );
    home
}

const FEW: [&str; 12] = [
    "--dataset",
    "three",
    "--epochs",
    "1",
    "--batch",
    "4",
    "--steps",
    "2",
    "--validation",
    "4",
    "--device",
    "cpu",
];

fn train<'a>(network: &[&'a str], out: &'a str) -> Vec<&'a str> {
    ["train"]
        .iter()
        .chain(network)
        .chain(&FEW)
        .copied()
        .chain(["--out", out])
        .collect()
}

#[test]
fn the_papers_networks_train_from_cifar_files() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    for (network, out) in [
        (
            &["--arch", "densenet-bc", "--depth", "100", "--growth", "12"][..],
            "models/dense.yaml",
        ),
        (
            &["--arch", "wide-resnet", "--depth", "28", "--widen", "2"][..],
            "models/wide.yaml",
        ),
    ] {
        let text = home.succeed(&train(network, out));
        assert!(text.contains("of the test images right"), "{text}");
        let card = std::fs::read_to_string(home.path().join(out)).unwrap();
        assert!(
            card.contains("best_epoch: 1") && card.contains("odin train"),
            "{card}"
        );
        assert!(!home.path().join(out).with_extension("training").exists());
        let name = out.trim_start_matches("models/").trim_end_matches(".yaml");
        let scored = home.succeed(&["score", "--nn", name, "--dataset", "two", "--limit", "8"]);
        assert!(
            scored.contains("AUROC") && scored.contains("accuracy"),
            "{scored}"
        );
    }
}

#[test]
fn what_cannot_be_trained_says_why() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let small = ["--arch", "densenet-bc", "--depth", "10", "--growth", "4"];
    let odd = ["--arch", "densenet-bc", "--depth", "11"];
    for (arguments, words) in [
        (train(&odd, "models/x.yaml"), "6n + 4"),
        (train(&small, "models/x.txt"), ".yaml"),
        (
            ["train", "--dataset", "two", "--out", "models/x.yaml"]
                .iter()
                .chain(&small)
                .copied()
                .collect(),
            "class",
        ),
    ] {
        let error = home.refuse(&arguments);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}
