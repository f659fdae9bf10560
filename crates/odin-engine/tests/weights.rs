//! One network in every container that PyTorch writes: the same tensors, the same logits.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
use std::path::Path;

use flate2::read::GzDecoder;
use odin_core::networks::{Architecture, NetworkCard};
use odin_engine::networks::weights::{Weights, WeightsError};
use odin_engine::networks::{Mode, Network, read_weights};
use tch::{Device, Kind, Tensor};

const SMALL: Architecture = Architecture::DensenetBc { depth: 10, growth: 2 };
const CLASSES: usize = 3;

/// Every case of tests/fixtures/weights/make.py, in a folder of their own.
fn cases() -> tempfile::TempDir {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights/cases.tar.gz");
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::open(packed).unwrap();
    tar::Archive::new(GzDecoder::new(file))
        .unpack(folder.path())
        .unwrap();
    folder
}

struct Expected {
    weights: Weights,
    images: Tensor,
    logits: Tensor,
}

impl Expected {
    fn read(folder: &Path) -> Self {
        let all = Weights::load(&folder.join("expected.safetensors")).unwrap();
        let own = |name: &str| name != "images" && name != "logits";
        Self {
            images: all.get("images").unwrap(),
            logits: all.get("logits").unwrap(),
            weights: all
                .iter()
                .filter(|(n, _)| own(n))
                .map(|(n, t)| (n.to_owned(), t.shallow_clone()))
                .collect(),
        }
    }
}

const NATIVE: &str = "{kind: densenet-bc, depth: 10, growth: 2}";
const PROGRAM: &str = "{kind: torchscript, input: [3, 32, 32]}";

fn card(folder: &Path, architecture: &str, classes: usize, weights: &str) -> NetworkCard {
    let path = folder.join("small.yaml");
    let text = format!(
        "title: t\narchitecture: {architecture}\nclasses: {classes}\nweights: {weights}\nin_dataset: cifar10\n\
         normalisation: {{mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}\nhow_to_get: ask the author\n"
    );
    std::fs::write(&path, text).unwrap();
    NetworkCard::load(&path).unwrap()
}

fn farthest(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn every_container_holds_the_same_weights() {
    let folder = cases();
    let expected = Expected::read(folder.path());
    let digest = expected.weights.digest().unwrap();
    for name in [
        "zip.pth",
        "zip-protocol4.pth",
        "legacy.pth",
        "legacy-protocol4.pth",
        "module-zip.pth",
        "module-legacy.pth",
        "data-parallel-module.pth",
        "double.pth",
        "no-counters.pth",
        "prefixed.pth",
        "parameters.pth",
        "strided.pth",
        "strided-legacy.pth",
        "pytorchcv.pth",
        "nested-state_dict.pth",
        "nested-model-module.pth",
        "nested-model_state_dict.pth",
        "legacy.pth.gz",
        "legacy.pth.tar.gz",
        "zip.pth.zip",
    ] {
        let weights = Weights::load(&folder.path().join(name)).unwrap_or_else(|e| panic!("{e}"));
        weights
            .check(&SMALL, CLASSES)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(weights.digest().unwrap(), digest, "{name}");
    }
    let half = Weights::load(&folder.path().join("half.safetensors")).unwrap();
    assert_eq!(
        Weights::load(&folder.path().join("half.pth"))
            .unwrap()
            .digest()
            .unwrap(),
        half.digest().unwrap()
    );
    for (name, rounding) in [("half.pth", 1e-3), ("bfloat16.pth", 1e-2)] {
        let weights = Weights::load(&folder.path().join(name)).unwrap();
        weights.check(&SMALL, CLASSES).unwrap();
        for (tensor, exact) in expected.weights.iter() {
            let got = weights.get(tensor).unwrap();
            assert_eq!(got.kind(), Kind::Float);
            assert!(farthest(&got, exact) < rounding * 4.0, "{name}: {tensor}");
        }
    }
}

#[test]
fn native_and_torchscript_give_the_logits_of_pytorch() {
    let folder = cases();
    let Expected {
        weights,
        images,
        logits,
    } = Expected::read(folder.path());
    let native = Network::new(SMALL, CLASSES, &weights.prepared(Device::Cpu).unwrap()).unwrap();
    let ours = native.forward(&images, Mode::Evaluation).unwrap();
    println!("native: {:.2e}", farthest(&ours, &logits));
    assert!(farthest(&ours, &logits) < 1e-5);
    for name in ["trace.pt", "script.pt"] {
        let loaded = read_weights(&card(folder.path(), PROGRAM, CLASSES, name), None, Device::Cpu).unwrap();
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        assert_eq!(loaded.digest(), blake3::hash(&bytes).to_hex().as_str());
        let program = loaded.network().unwrap();
        let x = images.detach().set_requires_grad(true);
        let theirs = program.forward(&x, Mode::Evaluation).unwrap();
        assert!(farthest(&theirs, &logits) < 1e-5, "{name}");
        theirs.sum(Kind::Float).backward();
        let y = images.detach().set_requires_grad(true);
        native
            .forward(&y, Mode::Evaluation)
            .unwrap()
            .sum(Kind::Float)
            .backward();
        assert!(y.grad().abs().max().double_value(&[]) > 0.0);
        assert!(farthest(&x.grad(), &y.grad()) < 1e-5, "{name}: gradients");
        assert!(program.forward(&images, Mode::Training).is_err());
    }
}

#[test]
fn programs_that_are_none_for_scoring_are_named() {
    let folder = cases();
    let open = |name: &str, classes| {
        let Err(error) = read_weights(&card(folder.path(), PROGRAM, classes, name), None, Device::Cpu) else {
            panic!("{name} was taken");
        };
        let text = error.to_string();
        println!("{text}");
        assert!(text.contains(name) && text.lines().count() == 1, "{text}");
        text
    };
    assert!(open("trace.pt", 10).contains("the logits of 10 classes"));
    assert!(open("training-mode.pt", 3).contains("training mode"));
    assert!(open("optimised.pt", 3).contains("optimize_for_inference"));
    assert!(open("zip.pth", 3).contains("torch.jit.trace"));
    let cut = std::fs::read(folder.path().join("trace.pt")).unwrap();
    std::fs::write(folder.path().join("cut.pt"), &cut[..cut.len() / 2]).unwrap();
    open("cut.pt", 3);
}

#[test]
fn a_card_and_its_file_must_be_of_one_kind() {
    let folder = cases();
    let card = |architecture: &str, classes: usize, weights: &str| {
        card(folder.path(), architecture, classes, weights)
    };
    let (native, program) = (NATIVE, PROGRAM);
    let error = |card: NetworkCard| match read_weights(&card, None, Device::Cpu) {
        Ok(_) => panic!("built"),
        Err(error) => error,
    };
    assert!(read_weights(&card(native, 3, "zip.pth"), None, Device::Cpu).is_ok());
    assert!(read_weights(&card(program, 3, "trace.pt"), None, Device::Cpu).is_ok());
    assert!(matches!(
        error(card(native, 3, "trace.pt")),
        WeightsError::TorchScript { .. }
    ));
    assert!(matches!(
        error(card(program, 3, "zip.pth")),
        WeightsError::NotTorchScript { .. }
    ));
    let classes = error(card(native, 10, "zip.pth")).to_string();
    assert!(
        classes.contains("3 classes") && classes.contains("says 10"),
        "{classes}"
    );
    let deeper = error(card("{kind: densenet-bc, depth: 16, growth: 2}", 3, "zip.pth")).to_string();
    assert!(
        deeper.contains("30 missing: block1.layer.1.bn1.") && deeper.contains("of another shape: "),
        "{deeper}"
    );
    let absent = error(card(native, 3, "nowhere.pth")).to_string();
    assert!(
        absent.contains("nowhere.pth") && absent.contains("ask the author"),
        "{absent}"
    );
}

#[test]
fn threads_share_a_program() {
    let folder = cases();
    let Expected { images, logits, .. } = Expected::read(folder.path());
    let loaded = read_weights(
        &card(folder.path(), PROGRAM, CLASSES, "trace.pt"),
        None,
        Device::Cpu,
    )
    .unwrap();
    let start = |_| {
        let (network, x) = (loaded.network().unwrap(), images.copy().set_requires_grad(true));
        std::thread::spawn(move || {
            let all = (0..20).map(|_| network.forward(&x, Mode::Evaluation).unwrap());
            let sum = all.reduce(|a, b| a + b).unwrap();
            sum.sum(Kind::Float).backward();
            assert!(x.grad().isfinite().all().int64_value(&[]) == 1);
            sum.detach()
        })
    };
    let threads: Vec<_> = (0..3).map(start).collect();
    for thread in threads {
        assert!(farthest(&thread.join().unwrap(), &(&logits * 20.0)) < 1e-3);
    }
}

#[test]
fn every_card_of_the_repository_is_sound() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    for (name, card) in NetworkCard::list(std::slice::from_ref(&models)) {
        let card = card.unwrap_or_else(|e| panic!("{e}"));
        for download in &card.fetch {
            assert!(
                download.urls.iter().all(|url| url.starts_with("https://")),
                "{name}"
            );
            assert_eq!(
                download.into, card.weights,
                "{name}: what is fetched is what is read"
            );
        }
    }
    let error = |name: &str| {
        1.0 - NetworkCard::find(name, std::slice::from_ref(&models))
            .unwrap()
            .accuracy
            .unwrap()
    };
    assert!((error("densenet10") - 0.0481).abs() < 1e-9 && (error("wideresnet100") - 0.1986).abs() < 1e-9);
    for name in ["densenet10", "densenet100", "wideresnet10", "wideresnet100"] {
        let published = NetworkCard::find(name, std::slice::from_ref(&models))
            .unwrap()
            .published
            .unwrap();
        assert_eq!(published.rows.len(), 7, "{name}");
        assert!(
            published
                .rows
                .iter()
                .all(|row| row.odin.fpr95 <= row.baseline.fpr95)
        );
    }
    let densenet = NetworkCard::find("densenet10", std::slice::from_ref(&models))
        .unwrap()
        .published
        .unwrap();
    let row = &densenet.rows[0];
    assert_eq!((row.set.as_str(), row.magnitude.get()), ("Imagenet", 0.0014));
    assert_eq!(
        (row.baseline.fpr95, row.odin.fpr95, row.odin.aupr_out),
        (34.7, 4.3, 99.1)
    );
}
