//! Files of weights of which no card says what they are: networks of every family under every scheme of names, whole, wrapped, cut
//! and renamed. What `odin import weights` says of each.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#[path = "../../../tests/support/shared.rs"]
mod shared;

use std::collections::BTreeMap;
use std::path::Path;

use odin_core::networks::Architecture;
use odin_engine::networks::weights::{Content, Weights, read_unknown};
use tch::Tensor;

type Tensors = BTreeMap<String, Tensor>;

fn random(architecture: &str, classes: usize) -> Tensors {
    let architecture: Architecture = serde_yaml::from_str(architecture).unwrap();
    let weights = Weights::initial(&architecture, classes, 1).unwrap();
    weights
        .iter()
        .map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone()))
        .collect()
}

fn renamed(tensors: Tensors, name: impl Fn(&str) -> String) -> Tensors {
    tensors
        .into_iter()
        .map(|(old, tensor)| (name(&old), tensor))
        .collect()
}

/// What is said of a file with these tensors: the network, or the error.
fn said(tensors: Tensors, key: Option<&str>) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("given.safetensors");
    let weights: Weights = tensors.into_iter().collect();
    weights.save(&path, &BTreeMap::new()).unwrap();
    said_of(&path, key)
}

fn said_of(path: &Path, key: Option<&str>) -> Result<String, String> {
    match read_unknown(path, key) {
        Ok((Content::Tensors(weights, _), Some(found))) => {
            weights.check(&found.architecture, found.classes).unwrap();
            Ok(found.to_string())
        }
        Ok(_) => Ok("a program".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

const CIFAR: &str = "{kind: resnet, depth: 18, stem: cifar, width: 4}";
const BOTTLENECK: &str =
    "{kind: resnet, block: bottleneck, layers: [1, 2, 1, 1], width: 8, groups: 4, group-width: 16}";
const TWENTY: &str = "{kind: resnet, depth: 20, width: 4}";
const DENSE: &str = "{kind: densenet-bc, depth: 16, growth: 4}";
const WIDE: &str = "{kind: wide-resnet, depth: 16, widen: 1}";

fn openood(name: &str) -> String {
    name.replace("downsample", "shortcut")
}

fn kuangliu(name: &str) -> String {
    openood(name).replace("fc.", "linear.")
}

fn transformers(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let kind = |part: &str| {
        if part.starts_with("conv") {
            "convolution"
        } else {
            "normalization"
        }
    };
    let before = |part: &str| part[part.len() - 1..].parse::<usize>().unwrap() - 1;
    match parts.as_slice() {
        ["fc", rest] => format!("classifier.1.{rest}"),
        [part, rest] => format!("resnet.embedder.embedder.{}.{rest}", kind(part)),
        [stage, block, "downsample", n, rest] => {
            let kind = if *n == "0" { "convolution" } else { "normalization" };
            format!(
                "resnet.encoder.stages.{}.layers.{block}.shortcut.{kind}.{rest}",
                before(stage)
            )
        }
        [stage, block, part, rest] => {
            let (stage, layer) = (before(stage), before(part));
            format!(
                "resnet.encoder.stages.{stage}.layers.{block}.layer.{layer}.{}.{rest}",
                kind(part)
            )
        }
        other => unreachable!("{other:?}"),
    }
}

fn pytorchcv(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let n = |part: &str| part[part.len() - 1..].parse::<usize>().unwrap();
    match parts.as_slice() {
        ["conv1", rest] => format!("features.init_block.{rest}"),
        ["bn1", rest] => format!("features.post_activ.bn.{rest}"),
        ["fc", rest] => format!("output.{rest}"),
        [trans, part, rest] => {
            let (stage, kind) = (n(trans) + 1, &part[..part.len() - 1]);
            format!("features.stage{stage}.trans{stage}.conv.{kind}.{rest}")
        }
        [block, "layer", i, part, rest] => {
            let (stage, unit) = (n(block), i.parse::<usize>().unwrap() + 1);
            match *part {
                "convShortcut" => format!("features.stage{stage}.unit{unit}.identity_conv.{rest}"),
                part => {
                    let kind = &part[..part.len() - 1];
                    format!("features.stage{stage}.unit{unit}.conv{}.{kind}.{rest}", n(part))
                }
            }
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn every_family_under_every_scheme_and_prefix() {
    let same = |name: &str| name.to_owned();
    type Rename = fn(&str) -> String;
    let own: Rename = |name| name.to_owned();
    let all: [(&str, Rename, &str); 11] = [
        (
            DENSE,
            own,
            "DenseNet-BC-16-4, 7 classes, names as the ODIN authors'",
        ),
        (
            DENSE,
            pytorchcv,
            "DenseNet-BC-16-4, 7 classes, names as pytorchcv's",
        ),
        (WIDE, own, "WRN-16-1, 7 classes, names as the ODIN authors'"),
        (WIDE, pytorchcv, "WRN-16-1, 7 classes, names as pytorchcv's"),
        (
            CIFAR,
            own,
            "ResNet-18 (CIFAR stem, width 4), 7 classes, names as torchvision's",
        ),
        (
            CIFAR,
            openood,
            "ResNet-18 (CIFAR stem, width 4), 7 classes, names as OpenOOD's",
        ),
        (
            CIFAR,
            kuangliu,
            "ResNet-18 (CIFAR stem, width 4), 7 classes, names as pytorch-cifar's (kuangliu)",
        ),
        (
            CIFAR,
            transformers,
            "ResNet-18 (CIFAR stem, width 4), 7 classes, names as transformers'",
        ),
        (
            BOTTLENECK,
            own,
            "ResNet-17 (bottleneck blocks [1, 2, 1, 1], width 8, 4 groups of width 16), 7 classes, names as torchvision's",
        ),
        (
            BOTTLENECK,
            transformers,
            "ResNet-17 (bottleneck blocks [1, 2, 1, 1], width 8, 4 groups of width 16), 7 classes, names as transformers'",
        ),
        (
            TWENTY,
            kuangliu,
            "CIFAR ResNet-20 (width 4), 7 classes, names as pytorch_resnet_cifar10's (akamaster)",
        ),
    ];
    for (architecture, rename, expected) in all {
        for prefix in ["", "module.", "_orig_mod.module.", "backbone.net."] {
            let tensors = renamed(random(architecture, 7), |name| {
                format!("{prefix}{}", rename(name))
            });
            assert_eq!(said(tensors, None).as_deref(), Ok(expected), "{prefix}");
        }
    }
    let beside = |name: &str| format!("projection.{name}");
    let mut tensors = renamed(random(CIFAR, 7), same);
    tensors.insert(
        beside("weight"),
        Tensor::zeros([3, 3], (tch::Kind::Float, tch::Device::Cpu)),
    );
    assert!(said(tensors, None).unwrap().starts_with("ResNet-18 (CIFAR stem"));
}

#[test]
fn what_is_no_network_is_told_by_the_nearest() {
    let without = |architecture: &str, gone: &str| -> Tensors {
        let all = random(architecture, 7).into_iter();
        all.filter(|(name, _)| !name.starts_with(gone)).collect()
    };
    let with = |architecture: &str, name: &str, size: &[i64]| {
        let mut all = random(architecture, 7);
        all.insert(
            name.to_owned(),
            Tensor::zeros(size, (tch::Kind::Float, tch::Device::Cpu)),
        );
        all
    };
    let mut one_logit = with(CIFAR, "fc.weight", &[1, 32]);
    one_logit.insert(
        "fc.bias".to_owned(),
        Tensor::zeros([1], (tch::Kind::Float, tch::Device::Cpu)),
    );
    for (tensors, expected) in [
        (
            without(CIFAR, "fc."),
            &[
                "Nearest is ResNet-18 (CIFAR stem, width 4), without a last layer",
                "2 missing: fc.bias, fc.weight",
            ][..],
        ),
        (
            without(CIFAR, "conv1."),
            &["ResNet-18 (width 4), 7 classes", "1 missing: conv1.weight"],
        ),
        (without(CIFAR, "bn1."), &["4 missing: bn1.bias", "pre-activation"]),
        (
            without(DENSE, "block2.layer.0."),
            &["DenseNet-BC-16-4", "missing: block2.layer.0."],
        ),
        (without(DENSE, "trans1."), &["missing: trans1.bn1.bias"]),
        (
            without(WIDE, "block3.layer.0.convShortcut"),
            &["WRN-16-1", "1 missing: block3.layer.0.convShortcut.weight"],
        ),
        (
            with(CIFAR, "fc.bias", &[9]),
            &["1 of another shape: fc.bias ([9], needed [7])"],
        ),
        (
            with(CIFAR, "fc.weight", &[7, 99]),
            &["fc.weight ([7, 99], needed [7, 32])"],
        ),
        (
            with(CIFAR, "layer2.0.conv1.bias", &[8]),
            &["1 not part of the network: layer2.0.conv1.bias"],
        ),
        (
            with(CIFAR, "layer2.0.se.fc1.weight", &[8, 8]),
            &["not part of the network: layer2.0.se.fc1.weight"],
        ),
        (
            with(BOTTLENECK, "layer1.0.conv2.weight", &[8, 3, 3, 3]),
            &["layer1.0.conv2.weight ([8, 3, 3, 3]"],
        ),
        (
            with(BOTTLENECK, "layer4.0.conv2.weight", &[64, 5, 3, 3]),
            &["no number of groups brings 5 channels to each of 64"],
        ),
        (one_logit, &["fc.bias ([1], needed [2])"]),
    ] {
        let error = said(tensors, None).unwrap_err();
        for part in expected
            .iter()
            .chain(&["odin export-script", "given.safetensors"])
        {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let one = renamed(random(CIFAR, 7), |name| {
        name.replace("layer2.0.conv1", "layer2.0.first")
    });
    let error = said(one, None).unwrap_err();
    assert!(
        error.contains("1 missing: layer2.0.conv1.weight") && error.contains("layer2.0.first.weight"),
        "{error}"
    );
    let strange = renamed(random("{kind: resnet, depth: 20}", 10), |name| {
        name.replace("layer", "stage")
    });
    let error = said(strange, None).unwrap_err();
    assert!(
        error.contains("Nearest is CIFAR ResNet-20, 10 classes, by the shapes alone"),
        "{error}"
    );
    let other = with("{kind: resnet, block: basic, layers: [1, 1, 1]}", "a", &[1]);
    let other = renamed(other, |name| format!("q{}", name.len()));
    let error = said(other, None).unwrap_err();
    assert!(error.contains("None has names such as "), "{error}");
}

#[test]
fn of_several_networks_the_person_chooses() {
    let behind = |prefix: &str, architecture: &str| {
        renamed(random(architecture, 7), |name| format!("{prefix}.{name}"))
    };
    let mut two = behind("student", CIFAR);
    two.extend(behind("teacher", TWENTY));
    let error = said(
        two.iter().map(|(n, t)| (n.clone(), t.shallow_clone())).collect(),
        None,
    )
    .unwrap_err();
    for part in [
        "ResNet-18 (CIFAR stem, width 4) with 7 classes (`student`)",
        "CIFAR ResNet-20 (width 4) with 7 classes (`teacher`)",
        "--weights-key",
        "--network CARD",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let copy = two.iter().map(|(n, t)| (n.clone(), t.shallow_clone())).collect();
    let wrong = said(copy, Some("teachers")).unwrap_err();
    assert!(
        wrong.contains("several sets of weights that fit: `student`, `teacher`"),
        "{wrong}"
    );
    let chosen = said(two, Some("teacher")).unwrap();
    assert!(chosen.starts_with("CIFAR ResNet-20"), "{chosen}");
    // An average beside the weights: the same network twice.
    let mut average = behind("model", CIFAR);
    let ema = behind("ema", CIFAR)
        .into_iter()
        .map(|(name, tensor)| (name, tensor * 0.5));
    average.extend(ema);
    let copy = average
        .iter()
        .map(|(n, t)| (n.clone(), t.shallow_clone()))
        .collect();
    let error = said(copy, None).unwrap_err();
    assert!(
        error.contains("`ema`, `model`") && error.contains("--weights-key"),
        "{error}"
    );
    assert!(said(average, Some("ema")).unwrap().starts_with("ResNet-18"));
}

#[test]
fn files_of_other_kinds_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let onnx = b"\x08\x09\x12\x07pytorch\x1a\x062.11.0:\xca\x08\n\x9a\x01\n\x07input.1";
    let dynamo = b"\x08\x0a\x12\x07pytorch\x1a\x062.11.0\x22\x00:\x01\x02";
    let plain = b"\x08\x07:\xca\x08\n\x9a\x01";
    for (name, bytes) in [("m.pth", &onnx[..]), ("m.onnx", &dynamo[..]), ("m", &plain[..])] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = said_of(&path, None).unwrap_err();
        assert!(
            error.contains("is an ONNX model, which cannot be scored")
                && error.contains("odin export-script"),
            "{error}"
        );
    }
    for (entries, what) in [
        (
            &[
                "m/archive_format",
                "m/models/model.json",
                "m/data/weights/weight_0",
            ][..],
            "torch.export",
        ),
        (&["serialized_exported_program.json", "version"], "torch.export"),
        (
            &["m/archive_format", "m/data/aotinductor/model/a.so"],
            "AOTInductor",
        ),
    ] {
        let path = folder.path().join("m.pth");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for entry in entries {
            zip.start_file(*entry, zip::write::FileOptions::default())
                .unwrap();
        }
        zip.finish().unwrap();
        let error = said_of(&path, None).unwrap_err();
        assert!(
            error.contains(what) && error.contains("cannot be scored"),
            "{error}"
        );
        assert!(error.contains("odin export-script"), "{error}");
    }
}

#[test]
fn the_files_that_people_have_are_recognised() {
    let dense = "DenseNet-BC-100-12, 10 classes, names as the ODIN authors'";
    let akamaster = "10 classes, names as pytorch_resnet_cifar10's (akamaster)";
    for (file, expected) in [
        ("densenet10.pth", dense.to_owned()),
        ("dice-densenet-cifar10.pth.tar", dense.to_owned()),
        ("containers/half_zip.pth", dense.to_owned()),
        ("containers/model_legacy.pth", dense.to_owned()),
        ("containers/model_zip.pth", dense.to_owned()),
        ("containers/sd_legacy.pth", dense.to_owned()),
        ("containers/ts_trace.pt", "a program".to_owned()),
        (
            "cifar-resnet/resnet20-12fca82f.th",
            format!("CIFAR ResNet-20, {akamaster}"),
        ),
        (
            "cifar-resnet/resnet56-4bfd9763.th",
            format!("CIFAR ResNet-56, {akamaster}"),
        ),
    ] {
        if let Some(path) = shared::shared(&format!("data/weights/{file}")) {
            assert_eq!(said_of(&path, None), Ok(expected), "{file}");
        }
    }
}
