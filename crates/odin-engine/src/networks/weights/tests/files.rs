//! Views, archives, legacy files, and what is no checkpoint at all.
use super::*;

#[test]
fn views_of_storages_are_what_pytorch_would_see() {
    let read = |offset, size: &[i64], stride: &[i64]| values(&load(&six(offset, size, stride)).unwrap(), "w");
    assert_eq!(read(0, &[2, 3], &[3, 1]), SIX);
    assert_eq!(read(0, &[3, 2], &[1, 3]), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(read(1, &[2], &[4]), [2.0, 6.0]);
    assert_eq!(read(5, &[2, 2], &[0, 0]), [6.0; 4]);
    assert_eq!(read(3, &[], &[]), [4.0]);
    assert!(read(0, &[0, 7], &[7, 1]).is_empty());
}

#[test]
fn views_beyond_their_storage_are_refused() {
    for (offset, size, stride) in [
        (0, vec![7], vec![1]),
        (6, vec![1], vec![1]),
        (0, vec![2], vec![6]),
        (i64::MAX, vec![2], vec![1]),
        (0, vec![i64::MAX, i64::MAX], vec![1, 1]),
        (0, vec![2], vec![i64::MAX]),
        (0, vec![3, 3], vec![i64::MAX, i64::MAX]),
        // Few bytes that would become 40 TB.
        (0, vec![1 << 20, 1 << 20, 10], vec![0, 0, 0]),
    ] {
        let text = refused(&six(offset, &size, &stride));
        assert!(text.contains("tensor w"), "{text}");
    }
    for (size, stride) in [(vec![-1], vec![1]), (vec![2], vec![-1]), (vec![2, 2], vec![1])] {
        refused(&six(0, &size, &stride));
    }
    // A storage that claims more than the file has.
    let pickle = |count| {
        Pickle::new()
            .dict("w", |p| p.tensor("FloatStorage", "0", count, 0, &[count], &[1]))
            .stop()
    };
    for count in [7, 1 << 40, i64::MAX] {
        assert!(refused(&checkpoint(pickle(count), &[("0", &floats(&SIX))])).contains("tensor w"));
    }
    refused(&checkpoint(pickle(6), &[]));
}

#[test]
fn shared_data_cannot_swell() {
    // 100,000 tensors of 4 MB from one storage of 4 MB.
    let data = vec![0u8; 4 << 20];
    let mut pickle = Pickle::new().op(b"}");
    pickle = pickle
        .text("0")
        .tensor("FloatStorage", "0", 1 << 20, 0, &[1 << 20], &[1])
        .op(b"q\x01s");
    for i in 1..100_000 {
        pickle = pickle.text(&i.to_string()).op(b"h\x01s");
    }
    let text = refused(&checkpoint(pickle.stop(), &[("0", &data)]));
    assert!(text.contains("beyond what the file holds"), "{text}");
}

#[test]
fn files_that_are_no_checkpoints_are_told_apart() {
    let whole = six(0, &[6], &[1]);
    for (bytes, telling) in [
        (Vec::new(), "empty"),
        (gzip(b""), "nothing in it"),
        (gzip(&vec![0; 1 << 20]), "gzip file whose content"),
        (b"<!DOCTYPE html><html>".to_vec(), "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "Git LFS",
        ),
        (vec![7; 4000], "no known kind"),
        (vec![0; 4000], "no known kind"),
        (zip_of(&[("a.txt", b"x"), ("b.png", b"y")]), "only a.txt, b.png"),
        (zip_of(&[]), "nothing in it"),
        (
            zip_of(&[("a.pth", &whole), ("b.pth", &whole)]),
            "several checkpoints (a.pth, b.pth)",
        ),
        (
            tar_of(&[("a.pth", &whole), ("b.pth", &whole)]),
            "several checkpoints (a.pth, b.pth)",
        ),
        (tar_of(&[("README", b"read me")]), "only README"),
        (whole[..whole.len() / 2].to_vec(), "cut-off"),
        (Pickle::new().op(b"K\x05").stop(), "a number"),
        (Pickle::new().op(b"}").stop(), "a dictionary"),
        (checkpoint(Pickle::new().op(b"}").stop(), &[]), "empty dictionary"),
        (
            checkpoint(Pickle::new().dict("epoch", |p| p.int(3)).stop(), &[]),
            "keys epoch",
        ),
        (checkpoint(Pickle::new().int(3).stop(), &[]), "a number"),
        (
            zip_of(&[
                ("x/data.pkl", &Pickle::new().op(b"}").stop()),
                ("x/byteorder", b"big"),
            ]),
            "big-endian",
        ),
        (
            tar_of(&[("storages", b"a"), ("tensors", b"b"), ("pickle", b"c")]),
            "0.1.1",
        ),
        (b"\x10\0\0\0\0\0\0\0{\"a\":".to_vec(), "safetensors"),
        (gzip(&gzip(&gzip(&gzip(&gzip(&whole))))), "archive in an archive"),
    ] {
        let text = refused(&bytes);
        assert!(text.contains(telling), "`{text}` does not say `{telling}`");
    }
    assert!(load(&zip_of(&[("a.pth", &whole), ("notes/README", b"x")])).is_ok());
    assert!(load(&gzip(&tar_of(&[("d/a.pth", &whole), ("README", b"x")]))).is_ok());
}

#[test]
fn damaged_data_is_noticed() {
    let mut bytes = six(0, &[6], &[1]);
    let data = floats(&SIX);
    let at = bytes.windows(data.len()).position(|w| w == data).unwrap();
    bytes[at] ^= 1;
    assert!(refused(&bytes).contains("damaged at x/data/0"));
}

#[test]
fn legacy_files_keep_views_counters_and_missing_modules() {
    let pickle = |p: Pickle| {
        p.global("torch._utils", "_rebuild_tensor")
            .op(b"((")
            .text("storage")
            .global("torch.cuda", "FloatStorage")
            .text("77")
            .text("cuda:3")
            .int(6)
            // A view of the storage: its second half.
            .op(b"(")
            .text("78")
            .int(3)
            .int(3)
            .op(b"ttQ")
            .int(1)
            .ints(&[2])
            .ints(&[1])
            .op(b"tR")
    };
    let mut data = 6u64.to_le_bytes().to_vec();
    data.extend(floats(&SIX));
    let read = |p: Vec<u8>| load(&legacy(p, &["77"], &data)).unwrap();
    let plain = read(Pickle::new().dict("w", pickle).stop());
    assert_eq!(values(&plain, "w"), [5.0, 6.0]);
    // The class is gone and its source is in the file, as the authors' networks are.
    let class = |p: Pickle| {
        p.op(b"(")
            .text("module")
            .global("densenet", "Net")
            .text("/home/x/densenet.py")
            .text("import os; os.abort()")
            .op(b"tQ")
    };
    let parameter = |p: Pickle| {
        pickle(p.global("torch.nn.parameter", "Parameter"))
            .op(b"\x85R")
            .op(b"\x88\x89N\x87b")
    };
    let whole = class(Pickle::new())
        .op(b")\x81}")
        .text("_parameters")
        .global("collections", "OrderedDict")
        .op(b"]](");
    let whole = parameter(whole.text("w")).op(b"ea\x85RsbN0");
    assert_eq!(values(&read(whole.stop()), "w"), [5.0, 6.0]);
    for cut in [data.len() - 1, 9, 7, 0] {
        let text = refused(&legacy(
            Pickle::new().dict("w", pickle).stop(),
            &["77"],
            &data[..cut],
        ));
        assert!(text.contains("cut off"), "{text}");
    }
    let mut absurd = u64::MAX.to_le_bytes().to_vec();
    absurd.extend(floats(&SIX));
    assert!(refused(&legacy(Pickle::new().dict("w", pickle).stop(), &["77"], &absurd)).contains("cut off"));
}

#[test]
fn tensors_that_are_no_floats_are_named() {
    let of = |name: &str, class: &str| {
        let pickle = Pickle::new()
            .dict(name, |p| p.tensor(class, "0", 1, 0, &[], &[]))
            .stop();
        checkpoint(pickle, &[("0", &[0; 16])])
    };
    assert!(refused(&of("w", "LongStorage")).contains("tensor w that holds integers"));
    assert!(refused(&of("w", "ComplexFloatStorage")).contains("complex"));
    assert!(refused(&of("w", "Float8Storage")).contains("Float8Storage"));
    assert!(
        load(&of("bn1.num_batches_tracked", "LongStorage"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn weights_that_are_not_numbers_are_named() {
    let architecture = Architecture::DensenetBc { depth: 10, growth: 2 };
    let mut bad = Weights::initial(&architecture, 3, 0).unwrap();
    assert!(bad.check(&architecture, 3).is_ok());
    let _ = bad.0.get_mut("fc.bias").unwrap().fill_(f64::NAN);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.safetensors");
    bad.save(&path, &BTreeMap::new()).unwrap();
    let text = Weights::load(&path)
        .unwrap()
        .check(&architecture, 3)
        .unwrap_err()
        .in_file(&path)
        .to_string();
    assert!(
        text.contains("nan.safetensors") && text.contains("fc.bias"),
        "{text}"
    );
}
