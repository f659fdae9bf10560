//! Sets as the rest of the program sees them: by card.
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::formats::idx::tests::{gz, idx};
use crate::formats::numpy::tests::npy;
use crate::formats::webdataset::tests::tar_of;

pub(super) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// A card in a folder of its own, with some files beside it.
fn folder(card: &str, files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, Result<DatasetCard, DatasetError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    fs::write(folder.path().join("toy.yaml"), card).unwrap();
    let card = DatasetCard::load(&folder.path().join("toy.yaml"));
    (folder, card)
}

const TOY: &str = "
title: toy
source: {format: idx, images: images, labels: labels}
class_names: [a, b]
";

#[test]
fn a_card_opens_as_images_labels_and_batches() {
    let values: Vec<u8> = (0..12).collect();
    let files = [
        ("images", idx(&[3, 2, 2], &values)),
        ("labels", gz(&idx(&[3], &[1, 0, 1]))),
    ];
    let (folder, card) = folder(&format!("{TOY}preprocessing: {{pad: 1}}"), &files);
    let set = Dataset::open(&card.unwrap(), folder.path()).unwrap();
    assert_eq!((set.name(), set.len(), set.class_names().len()), ("toy", 3, 2));
    let image = set.image(1).unwrap();
    assert_eq!((image.height, image.width), (4, 4));
    let v = |n: u8| f32::from(n) / 255.0;
    let plane = [
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        v(4),
        v(5),
        0.0,
        0.0,
        v(6),
        v(7),
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ];
    assert_eq!(image.pixels, [plane, plane, plane].concat());

    let normalisation = Normalisation::new([0.5, 0.25, 0.0], [0.5, 0.25, 1.0]).unwrap();
    let batch = set.batch(&[2, 0], &normalisation).unwrap();
    assert_eq!((batch.count, batch.height, batch.width), (2, 4, 4));
    assert_eq!(
        (batch.labels.as_slice(), batch.indices.as_slice()),
        ([Some(1), Some(1)].as_slice(), [2, 0].as_slice())
    );
    assert_eq!(batch.images.len(), 2 * 3 * 16);
    assert_eq!(batch.images[5], (v(8) - 0.5) / 0.5);
    assert_eq!(batch.images[16 + 5], (v(8) - 0.25) / 0.25);
    assert_eq!(batch.images[..48], normalisation.apply(&set.image(2).unwrap()));
    let grey = set
        .batch(&[2, 0], &Normalisation::by_channel(&[0.5], &[0.5]).unwrap())
        .unwrap();
    assert_eq!((grey.channels, batch.channels, grey.images.len()), (1, 3, 2 * 16));
    assert_eq!(grey.images[..16], batch.images[..16]);
    let error = set.batch(&[3], &normalisation).unwrap_err().to_string();
    assert_eq!(
        error,
        "data set toy has 3 images, numbered from 0: there is no image 3"
    );
}

#[test]
fn a_card_may_have_a_byte_order_mark_and_not_be_utf_16() {
    let text = "title: toy\nsource: {format: idx, images: images}\n";
    let (_folder, card) = folder(&format!("\u{feff}{text}"), &[]);
    assert_eq!(card.unwrap().title, "toy");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("toy.yaml"),
        [&[0xff, 0xfe], &wide[..]].concat(),
    )
    .unwrap();
    let error = DatasetCard::load(&folder.path().join("toy.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("toy.yaml: this is text in UTF-16") && error.contains("save it as UTF-8"),
        "{error}"
    );
}

/// Each format by its card, with what a set then tells.
#[test]
fn cards_of_every_later_format_open() {
    let toy = include_bytes!("fixtures/parquet/toy.parquet").to_vec();
    let jpeg = include_bytes!("fixtures/jpeg/420.jpg").to_vec();
    let files = [
        ("toy.parquet", toy),
        ("x.jpg", jpeg.clone()),
        ("broken.jpg", jpeg[..200].to_vec()),
        ("list.txt", b"x.jpg 1\nbroken.jpg 0\nx.jpg 1\n".to_vec()),
        ("images.npy", npy("|u1", "(3, 2, 2)", &[9; 12])),
        (
            "labels.npy",
            npy("<i4", "(3,)", &[2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ),
        ("shard.tar", tar_of(&[("1.jpg", &jpeg), ("2.jpg", &jpeg)])),
    ];
    for (source, labels, name) in [
        (
            "{format: parquet, files: [toy.parquet], corrupt: skip}",
            Some(vec![0, 1, 1, 0, 2]),
            None,
        ),
        (
            "{format: list, file: list.txt, corrupt: skip}",
            Some(vec![1, 0, 1]),
            Some("broken.jpg"),
        ),
        (
            "{format: numpy, images: images.npy, labels: labels.npy, rows: [0, 2]}",
            Some(vec![2, 1]),
            None,
        ),
        ("{format: webdataset, files: [shard.tar]}", None, Some("2.jpg")),
    ] {
        let (root, card) = folder(&format!("title: toy\nsource: {source}\n"), &files);
        let set = Dataset::open(&card.unwrap(), root.path()).unwrap();
        assert_eq!(
            (set.labels(), set.image_name(1).as_deref()),
            (labels.as_deref(), name),
            "{source}"
        );
        let all: Vec<usize> = (0..set.len()).collect();
        let batch = set
            .batch(&all, &Normalisation::new([0.5; 3], [0.5; 3]).unwrap())
            .unwrap();
        assert_eq!(batch.count + set.skipped().len(), set.len(), "{source}");
        assert_eq!(set.digest().unwrap().len(), 64);
        assert_eq!(set.sample(1, 3).len(), 1);
    }
    let card = "title: toy\nsource: {format: list, file: list.txt}\n";
    let (root, card) = folder(card, &files);
    let error = Dataset::open(&card.unwrap(), root.path())
        .unwrap()
        .image(1)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("broken.jpg") && error.contains("(`corrupt: skip` in a data card"),
        "{error}"
    );
}

#[test]
fn labels_must_fit_the_images_and_the_class_names() {
    let images = || ("images", idx(&[3, 2, 2], &[0; 12]));
    for (labels, expected) in [
        (idx(&[2], &[0, 1]), "data set toy: 2 labels for 3 images"),
        (
            idx(&[3], &[0, 1, 2]),
            "image 2 has label 2, but the card names 2 classes (0 to 1)",
        ),
        (idx(&[3, 1, 1], &[0, 1, 1]), "labels have 1 dimension"),
    ] {
        let (folder, card) = folder(TOY, &[images(), ("labels", labels)]);
        let error = Dataset::open(&card.unwrap(), folder.path())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

#[test]
fn the_digest_follows_content_labels_and_preprocessing() {
    let digest = |card: &str, pixel, label| {
        let files = [
            ("images", idx(&[1, 1, 1], &[pixel])),
            ("labels", idx(&[1], &[label])),
        ];
        let (folder, card) = folder(card, &files);
        Dataset::open(&card.unwrap(), folder.path())
            .unwrap()
            .digest()
            .unwrap()
    };
    let first = digest(TOY, 1, 0);
    assert_eq!((first.len(), &first), (64, &digest(TOY, 1, 0)));
    assert_ne!(first, digest(TOY, 2, 0));
    assert_ne!(first, digest(TOY, 1, 1));
    assert_ne!(first, digest(&format!("{TOY}preprocessing: {{pad: 2}}"), 1, 0));
}

#[test]
fn a_missing_file_is_named_with_the_way_to_get_it() {
    let fetch = "fetch: [{urls: ['http://x/y'], into: fetched/toy, unpack: tar.gz}]\n";
    let (root, card) = folder(&format!("{TOY}{fetch}"), &[("images", idx(&[1, 1, 1], &[0]))]);
    let card = card.unwrap();
    let missing = card.is_present(root.path()).unwrap_err();
    assert_eq!(missing.path, root.path().join("labels"));
    let error = Dataset::open(&card, root.path()).err().unwrap().to_string();
    assert!(
        error.ends_with("labels is missing, which data set toy needs: `odin fetch toy` brings it"),
        "{error}"
    );
    let error = Dataset::open_training(&card, root.path())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("names no images to train on"), "{error}");
}

#[test]
fn normalisation_is_checked_however_it_is_made() {
    assert!(Normalisation::new([0.5; 3], [1.0, 1.0, 0.0]).is_err());
    assert!(Normalisation::new([f32::NAN; 3], [1.0; 3]).is_err());
    let of_bytes = Normalisation::new([125.3, 123.0, 113.9], [63.0, 62.1, 66.7]).unwrap_err();
    assert!(of_bytes.to_string().contains("divide it"), "{of_bytes}");
    let read = |text: &str| serde_yaml::from_str::<Normalisation>(text).map_err(|error| error.to_string());
    assert_eq!(
        read("{mean: [0, 0, 0.5], std: [1, 1, 2]}").unwrap().std(),
        [1.0, 1.0, 2.0]
    );
    let grey = read("{mean: [0.5], std: [0.25]}").unwrap();
    assert_eq!(
        (grey.channels(), grey.mean(), grey.std()),
        (Channels::Grey, &[0.5][..], &[0.25][..])
    );
    assert_eq!(
        serde_json::to_string(&grey).unwrap(),
        r#"{"mean":[0.5],"std":[0.25]}"#
    );
    let error = read("{mean: [0, 0, 0], std: [1]}").unwrap_err();
    assert!(
        error.contains("3 values each (red, green, blue), or 1 for grey images, not 3 and 1"),
        "{error}"
    );
    let error = read("mean: [0, 0, 0]\nstd: [1, -1, 1]").unwrap_err();
    assert!(error.contains("above 0"), "{error}");
    assert!(
        read("{mean: [0, 0, 0], std: [1, 1, 1], eps: 1}")
            .unwrap_err()
            .contains("unknown field")
    );
}

#[test]
fn the_fashion_card_opens_with_its_10_000_test_images() {
    let card = DatasetCard::load(&data().join("fashion-mnist.yaml")).unwrap();
    let set = Dataset::open(&card, &data()).unwrap();
    assert_eq!((set.len(), set.class_names().len()), (10_000, 10));
    let image = set.image(9_999).unwrap();
    assert_eq!((image.height, image.width), (32, 32));
    assert!((0..10_000).all(|i| set.label(i).is_some()));
}

#[test]
fn every_card_of_the_repository_is_sound() {
    let cards = list(&[data()]);
    let mut names = Vec::new();
    for Listed { name, card, .. } in cards {
        let card = card.unwrap_or_else(|error| panic!("{error}"));
        assert!(card.origin.is_some() && card.licence.is_some(), "{name}");
        if let Err(missing) = card.is_present(&data()) {
            let error = Dataset::open(&card, &data()).err().unwrap().to_string();
            assert_eq!(error, missing.to_string());
            let brings = format!("`odin fetch {name}` brings it");
            let way = card.how_to_get.as_deref().filter(|_| card.fetch.is_empty());
            assert!(error.contains(way.unwrap_or(&brings)), "{error}");
        }
        names.push(name);
    }
    let known = "cifar10 cifar100 SVHN Imagenet Imagenet_resize LSUN LSUN_resize iSUN Uniform Gaussian DTD Places365 \
                 fashion-mnist mnist-digits photo-crops imagenet imagenet200";
    for name in known.split_whitespace() {
        assert!(names.iter().any(|n| n == name), "{name}");
    }
    let classes = |name: &str| find(name, &[data()]).unwrap().0.class_names.len();
    assert_eq!(
        (classes("cifar10"), classes("cifar100"), classes("SVHN")),
        (10, 100, 10)
    );
    assert_eq!(find("svhn", &[data()]).unwrap().0.name, "SVHN");
    assert_eq!(find("lsunr", &[data()]).unwrap().0.name, "LSUN_resize");
}

#[test]
fn the_demo_sets_are_there_and_of_one_size() {
    for (name, count, labelled) in [
        ("fashion-mnist", 10_000, true),
        ("mnist-digits", 5_000, true),
        ("photo-crops", 2_500, false),
        ("Uniform", 10_000, false),
        ("Gaussian", 10_000, false),
    ] {
        let (card, root) = find(name, &[data()]).unwrap();
        let set = Dataset::open(&card, &root).unwrap();
        assert_eq!(
            (set.len(), set.label(count - 1).is_some()),
            (count, labelled),
            "{name}"
        );
        assert_eq!((set.size(0).unwrap(), set.label(count)), ((32, 32), None));
        let image = set.image(count - 1).unwrap();
        assert!(
            image.pixels.iter().all(|p| (0.0..=1.0).contains(p)) && image.pixels.iter().any(|p| *p > 0.2)
        );
    }
}

#[test]
fn a_wrong_card_is_told_with_line_and_column() {
    let idx = "title: toy\nsource: {format: idx, images: a}\n";
    for (text, expected) in [
        (
            format!("{idx}size: 3\n"),
            "unknown field `size`, expected one of ",
        ),
        (format!("{idx}size: 3\n"), "at line 3 column 1"),
        (
            "title: toy\nsource:\n  format: idx\n  lables: b\n".into(),
            "source: unknown field `lables`, expected",
        ),
        (
            "title: toy\nsource:\n  format: idx\n  lables: b\n".into(),
            "at line 4 column 3",
        ),
        (
            "title: toy\nsource: {format: jpeg}\n".into(),
            "source.format: unknown variant `jpeg`",
        ),
        (
            "title: toy\nsource: {format: idx}\n".into(),
            "source: a source of format idx needs the key `images`",
        ),
        (
            "title: toy\nsource: {format: svhn, file: a, seed: 3}\n".into(),
            "`seed` means nothing to a source of format",
        ),
        (
            "title: toy\nsource: {format: uniform, count: -1, size: [3, 3]}\n".into(),
            "source.count: invalid type: integer `-1`",
        ),
        (
            "title: toy\nsource: {format: uniform, count: 0, size: [3, 3]}\n".into(),
            "0 images of noise",
        ),
        ("title: [\n".into(), "title: invalid type: sequence"),
        (
            "title: toy\nsource: {format: cifar-binary, kind: cifar10, files: []}\n".into(),
            "no files are named",
        ),
    ] {
        let (_folder, card) = folder(&text, &[]);
        let error = card.expect_err(&text).to_string();
        assert!(
            error.contains("toy.yaml: ") && error.contains(expected),
            "{error} lacks {expected}"
        );
        assert!(
            error.contains(" line ") && error.contains(" column "),
            "{error} names no place"
        );
    }
    let (_folder, card) = folder(&format!("{idx}preprocessing: {{crop: 0}}\n"), &[]);
    assert!(
        card.unwrap_err()
            .to_string()
            .contains("preprocessing.crop must lie between 1 and 4096")
    );
}

#[test]
fn a_card_reads_back_as_it_was_written() {
    for Listed { name, card, .. } in list(&[data()]) {
        let card = card.unwrap();
        let text = serde_yaml::to_string(&card).unwrap();
        let again: DatasetCard =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(DatasetCard { name, ..again }, card);
    }
}

#[test]
fn the_end_of_a_large_set_is_read_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.bin");
    // 50,000 records of zeros, as a hole that takes no disk.
    fs::File::create(&path).unwrap().set_len(50_000 * 3073).unwrap();
    let source = Source::CifarBinary {
        kind: CifarKind::Cifar10,
        files: vec![path],
    };
    let set = Dataset::open(&DatasetCard::new("large", source), folder.path()).unwrap();
    let normalisation = Normalisation::new([0.5; 3], [0.25; 3]).unwrap();
    let batch = set
        .batch(&(49_900..50_000).collect::<Vec<_>>(), &normalisation)
        .unwrap();
    assert_eq!((set.len(), batch.count, batch.images[0]), (50_000, 100, -2.0));
}

#[test]
fn detectors_are_fitted_on_the_training_images_or_else_on_a_sample_of_them() {
    let source = |name: &str| format!("{{format: idx, images: {name}, labels: {name}-labels}}");
    let keys = format!("{TOY}train: {}\nfit: {}\n", source("train"), source("fit"));
    let files = [("fit", idx(&[1, 1, 1], &[3])), ("fit-labels", idx(&[1], &[0]))];
    let (root, card) = folder(&keys, &files);
    let card = card.unwrap();
    let opened =
        |card: &DatasetCard| Dataset::open_to_fit(card, root.path()).map_err(|error| error.to_string());
    assert_eq!(opened(&card).unwrap().name(), "toy (training sample)");
    std::fs::write(root.path().join("train"), idx(&[2, 1, 1], &[3, 4])).unwrap();
    std::fs::write(root.path().join("train-labels"), idx(&[2], &[0, 1])).unwrap();
    let all = opened(&card).unwrap();
    assert_eq!((all.name(), all.len()), ("toy (training)", 2));
    std::fs::remove_file(root.path().join("fit")).unwrap();
    std::fs::remove_file(root.path().join("train")).unwrap();
    // All of them are what one would get.
    assert!(opened(&card).err().unwrap().contains("train is missing"));
    let alone = DatasetCard {
        train: None,
        ..card.clone()
    };
    assert!(opened(&alone).err().unwrap().contains("fit is missing"));
    let neither = DatasetCard { fit: None, ..alone };
    assert!(
        opened(&neither)
            .err()
            .unwrap()
            .contains("names no training images")
    );
}
