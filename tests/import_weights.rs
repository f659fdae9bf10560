//! `odin import weights` where no card says what the weights are of, as a person calls it without a terminal.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#![cfg(unix)]
mod support;

use odin_core::networks::{Architecture, NetworkCard};
use support::home::TestHome;
use support::{shared, weights};

/// A home with a small ResNet's weights in `given.safetensors`, and 40 labelled images in `images.bin`.
fn home() -> TestHome {
    let home = TestHome::new();
    let text = "{kind: resnet, block: basic, layers: [1, 1, 1], width: 4}";
    let architecture: Architecture = serde_yaml::from_str(text).unwrap();
    weights::write_random(&architecture, 10, 1, &home.path().join("given.safetensors"));
    let image = |n: u32| -> Vec<u8> {
        let pixels =
            (0..3072u32).map(move |i| (i.wrapping_mul(2_654_435_761).wrapping_add(n * 97) >> 13) as u8);
        std::iter::once((n % 10) as u8).chain(pixels).collect()
    };
    let images: Vec<u8> = (0..40).flat_map(image).collect();
    std::fs::write(home.path().join("images.bin"), images).unwrap();
    home
}

fn is_untouched(home: &TestHome) {
    let names = std::fs::read_dir(home.path().join("models")).unwrap();
    assert_eq!(names.count(), 2, "only the card and the weights of `small`");
}

#[test]
fn what_the_tensors_do_not_say_is_asked_for_by_its_flags() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let import = |rest: &[&str]| {
        let all = ["import", "weights", "given.safetensors"]
            .iter()
            .chain(rest)
            .copied();
        home.refuse(&all.collect::<Vec<_>>())
    };
    let all = import(&[]);
    for part in [
        "given.safetensors: CIFAR ResNet-8 (basic blocks [1, 1, 1], width 4), 10 classes, names as torchvision's",
        "`--name NAME`",
        "`--in-dataset NAME|PATH`",
        "`--mean a,b,c --std a,b,c`",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let tried = import(&["--name", "mine", "--in-dataset", "images.bin"]);
    for part in [
        "none of the well-known ones is clearly the best",
        "of 40 images",
        "% ImageNet's",
        "--mean",
    ] {
        assert!(tried.contains(part), "{part}: {tried}");
    }
    assert!(!tried.contains("--name"), "{tried}");
    let unlabelled = import(&["--name", "mine", "--in-dataset", "one"]);
    assert!(unlabelled.contains("has no labels"), "{unlabelled}");
    assert!(import(&["--name", "mine", "--in-dataset", "imagse.bin"]).contains("imagse.bin"));
    home.write(
        "data/three.yaml",
        "title: three\nsource: {format: folder, path: none}\nclass_names: [a, b, c]\n",
    );
    let three = import(&["--name", "mine", "--in-dataset", "three"]);
    assert!(
        three.contains("three has 3 classes, and the weights tell 10 apart"),
        "{three}"
    );
    let both = [
        "--in-dataset",
        "images.bin",
        "--mean",
        "0.5,0.5,0.5",
        "--std",
        "0.2,0.2,0.2",
    ];
    for (name, why) in [
        ("../mine", "without a folder"),
        ("a/b", "without a folder"),
        ("mine.yaml", "without a folder or an ending"),
        ("", "the name of a card"),
    ] {
        let error = import(&[&["--name", name], &both[..]].concat());
        assert!(error.contains(why), "{name}: {error}");
    }
    let grey = import(&[
        "--name",
        "mine",
        "--in-dataset",
        "images.bin",
        "--mean",
        "0.5",
        "--std",
        "0.2",
    ]);
    assert!(grey.contains("three values each"), "{grey}");
    let zero = import(&[
        "--name",
        "mine",
        "--in-dataset",
        "images.bin",
        "--mean",
        "0,0,0",
        "--std",
        "1,0,1",
    ]);
    assert!(zero.contains("above 0"), "{zero}");
    assert!(import(&["--mean", "0,0,0"]).contains("--std"));
    let known = import(&["--network", "small", "--mean", "0,0,0", "--std", "1,1,1"]);
    assert!(
        known.contains("given.safetensors") || known.contains("--name NAME"),
        "{known}"
    );
    is_untouched(&home);
}

#[test]
fn a_card_is_written_that_says_what_was_assumed() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    let import = [
        "import",
        "weights",
        "given.safetensors",
        "--name",
        "mine",
        "--in-dataset",
        "images.bin",
        "--mean",
        "0.5,0.5,0.5",
        "--std",
        "0.2,0.2,0.2",
    ];
    let told = home.succeed(&import);
    for part in [
        "CIFAR ResNet-8",
        "% of 40 images of",
        "mine.safetensors",
        "mine.yaml",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let path = home.path().join("models/mine.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("# - the 3×3 convolution has stride 1"), "{text}");
    let card = NetworkCard::load(&path).unwrap();
    assert_eq!((card.classes, card.accuracy), (10, None));
    assert!(
        std::path::Path::new(&card.in_dataset).is_absolute(),
        "{}",
        card.in_dataset
    );
    let scored = home.succeed(&["score", "--nn", "mine", "--dataset", "two", "--limit", "10"]);
    assert!(!scored.is_empty());
    assert!(home.refuse(&import).contains("--force"));
    home.succeed(&[&import[..], &["--force"]].concat());
    // With a card the name makes another one of it.
    let derived = [
        "import",
        "weights",
        "models/small.safetensors",
        "--network",
        "small",
        "--name",
        "other",
    ];
    let said = [
        "--mean",
        "0.1,0.1,0.1",
        "--std",
        "0.3,0.3,0.3",
        "--in-dataset",
        "two",
    ];
    home.succeed(&[&derived[..], &said[..]].concat());
    let other = NetworkCard::load(&home.path().join("models/other.yaml")).unwrap();
    assert_eq!(
        (other.in_dataset.as_str(), other.normalisation.mean()),
        ("two", &[0.1f32; 3][..])
    );
}

#[test]
fn the_normalisation_of_akamasters_resnet_is_found() {
    if support::engine().is_none() {
        return;
    }
    let (Some(file), Some(images)) = (
        shared("data/weights/cifar-resnet/resnet20-12fca82f.th"),
        shared("data/cifar10/test_batch.bin"),
    ) else {
        return;
    };
    let home = home();
    let (file, images) = (file.to_string_lossy(), images.to_string_lossy());
    let told = home.succeed(&[
        "import",
        "weights",
        &file,
        "--name",
        "r20",
        "--in-dataset",
        &images,
    ]);
    assert!(
        told.contains("normalisation taken: ImageNet's, 0.485,0.456,0.406 / 0.229,0.224,0.225"),
        "{told}"
    );
    assert!(told.contains("of 500 images"), "{told}");
    let card = NetworkCard::load(&home.path().join("models/r20.yaml")).unwrap();
    assert_eq!(card.normalisation.mean(), [0.485, 0.456, 0.406]);
    assert_eq!(card.accuracy, None, "what was measured here is not published");
}

#[test]
fn a_file_that_cannot_be_scored_points_to_the_script() {
    if support::engine().is_none() {
        return;
    }
    let home = home();
    std::fs::write(
        home.path().join("models/small.safetensors"),
        b"\x08\x09\x12\x07pytorch\x1a\x062.11.0",
    )
    .unwrap();
    let error = home.refuse(&["score", "--nn", "small", "--dataset", "two"]);
    assert!(
        error.contains("is an ONNX model") && error.contains("odin export-script"),
        "{error}"
    );
    let script = home.succeed(&["export-script"]);
    assert!(
        script.contains("torch.jit.trace") && script.contains("def network():"),
        "{script}"
    );
}
