//! Files made to break the reader: each ends in one clear error, and none in a panic or a call.
use std::io::Write;
use std::path::PathBuf;

use tch::Kind;

use super::*;

/// Pickles by hand.
#[derive(Clone, Default)]
struct Pickle(Vec<u8>);

impl Pickle {
    fn new() -> Self {
        Self(vec![0x80, 2])
    }

    fn op(mut self, opcodes: &[u8]) -> Self {
        self.0.extend_from_slice(opcodes);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        self.op(b"X").op(&length).op(text.as_bytes())
    }

    fn int(self, n: i64) -> Self {
        self.op(&[0x8a, 8]).op(&n.to_le_bytes())
    }

    fn global(self, module: &str, name: &str) -> Self {
        self.op(format!("c{module}\n{name}\n").as_bytes())
    }

    fn ints(self, all: &[i64]) -> Self {
        all.iter()
            .fold(self.op(b"("), |pickle, &n| pickle.int(n))
            .op(b"t")
    }

    /// A tensor on the storage `key`, which says that it has `count` elements.
    fn tensor(self, class: &str, key: &str, count: i64, offset: i64, size: &[i64], stride: &[i64]) -> Self {
        self.global("torch._utils", "_rebuild_tensor_v2")
            .op(b"((")
            .text("storage")
            .global("torch", class)
            .text(key)
            .text("cuda:0")
            .int(count)
            .op(b"tQ")
            .int(offset)
            .ints(size)
            .ints(stride)
            .op(&[0x89])
            .global("collections", "OrderedDict")
            .op(b")RtR")
    }

    fn dict(self, name: &str, value: impl FnOnce(Self) -> Self) -> Self {
        value(self.op(b"}").text(name)).op(b"s")
    }

    fn stop(self) -> Vec<u8> {
        self.op(b".").0
    }
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::FileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn checkpoint(pickle: Vec<u8>, storages: &[(&str, &[u8])]) -> Vec<u8> {
    let names: Vec<String> = storages.iter().map(|(key, _)| format!("x/data/{key}")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("x/data.pkl", &pickle), ("x/version", b"3\n")];
    entries.extend(
        names
            .iter()
            .zip(storages)
            .map(|(name, (_, bytes))| (name.as_str(), *bytes)),
    );
    zip_of(&entries)
}

fn legacy(pickle: Vec<u8>, keys: &[&str], data: &[u8]) -> Vec<u8> {
    let mut file = vec![
        0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
    ];
    file.extend(Pickle::new().op(b"M\xe9\x03").stop());
    file.extend(Pickle::new().op(b"}").stop());
    file.extend(pickle);
    let keys = keys
        .iter()
        .fold(Pickle::new().op(b"]("), |pickle, key| pickle.text(key));
    file.extend(keys.op(b"e").stop());
    file.extend(data);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(bytes: &[u8]) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("given.pth");
    std::fs::write(&path, bytes).unwrap();
    File {
        _folder: folder,
        path,
    }
}

fn load(bytes: &[u8]) -> Result<Weights, WeightsError> {
    Weights::load(&file(bytes).path)
}

/// The one line that a file ends in.
fn refused(bytes: &[u8]) -> String {
    match load(bytes) {
        Ok(weights) => panic!("was read: {weights:?}"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("given.pth") && text.lines().count() == 1, "{text}");
            text
        }
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

const SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

fn six(offset: i64, size: &[i64], stride: &[i64]) -> Vec<u8> {
    let pickle = Pickle::new()
        .dict("w", |p| p.tensor("FloatStorage", "0", 6, offset, size, stride))
        .stop();
    checkpoint(pickle, &[("0", &floats(&SIX))])
}

fn values(weights: &Weights, name: &str) -> Vec<f32> {
    let tensor = weights.get(name).unwrap();
    assert_eq!(tensor.kind(), Kind::Float);
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

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
fn no_call_is_made_and_its_name_is_told() {
    let call = |module: &str, name: &str| Pickle::new().global(module, name).op(b"(").text("true").op(b"tR");
    for (module, name) in [
        ("posix", "system"),
        ("os", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("__builtin__", "getattr"),
        ("torch", "load"),
        ("numpy", "load"),
        ("mypackage.models", "build"),
    ] {
        let evil = call(module, name).stop();
        let named = format!("{module}.{name}");
        for bytes in [
            evil.clone(),
            checkpoint(evil.clone(), &[]),
            legacy(evil.clone(), &[], &[]),
            gzip(&evil),
            checkpoint(
                Pickle::new()
                    .dict("state_dict", |p| p.op(&evil[2..evil.len() - 1]))
                    .stop(),
                &[],
            ),
        ] {
            let error = load(&bytes).unwrap_err();
            assert!(
                matches!(&error, WeightsError::Forbidden { name, .. } if *name == named),
                "{error}"
            );
            assert!(error.to_string().contains("nothing was run"));
        }
    }
    // Other ways to the same end: by text, by NEWOBJ, INST, a persistent id, protocol 4, a rebuilt type.
    for bytes in [
        b"cposix\nsystem\n(S'true'\ntR.".to_vec(),
        Pickle::new().global("os", "system").op(b")\x81").stop(),
        Pickle::new().op(b"(ios\nsystem\n").stop(),
        Pickle::new().op(b"(").global("os", "system").op(b"o").stop(),
        Pickle::new()
            .op(b"(")
            .text("storage")
            .global("os", "system")
            .text("0")
            .text("cpu")
            .int(1)
            .op(b"tQ")
            .stop(),
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.".to_vec(),
        Pickle::new()
            .global("torch._tensor", "_rebuild_from_type_v2")
            .op(b"(")
            .global("os", "system")
            .op(b"NNNtR")
            .stop(),
        Pickle::new()
            .global("copyreg", "_reconstructor")
            .op(b"(")
            .global("os", "system")
            .op(b"NNtR")
            .stop(),
    ] {
        let error = load(&checkpoint(bytes.clone(), &[])).unwrap_err().to_string();
        assert!(error.contains(".system"), "{error}");
        assert!(load(&bytes).is_err());
    }
}

#[test]
fn damaged_pickles_end_in_an_error() {
    let whole = Pickle::new()
        .dict("w", |p| p.tensor("FloatStorage", "0", 6, 0, &[6], &[1]))
        .stop();
    for length in 0..whole.len() {
        refused(&checkpoint(whole[..length].to_vec(), &[("0", &floats(&SIX))]));
    }
    for byte in 0..=255u8 {
        for at in 2..whole.len() {
            let mut changed = whole.clone();
            changed[at] = byte;
            // Some changes are harmless; none may panic.
            let _ = load_pickle(&changed);
        }
    }
    for opcodes in [
        &b"0."[..],
        b"s.",
        b"u.",
        b"t.",
        b"h\x07.",
        b"\x81.",
        b"R.",
        b"b.",
        b"Q.",
        b"(.",
        b"e.",
        b"\x87.",
        b"a.",
    ] {
        refused(&checkpoint(Pickle::new().op(opcodes).0, &[]));
    }
}

/// Without the zip round it, which would take most of the time.
fn load_pickle(bytes: &[u8]) -> Result<(), ReadError> {
    let mut heap = pickle::Heap::default();
    let (root, _) = pickle::load(bytes, &mut heap)?;
    let mut budget = tensor::Budget::of_file(1 << 20);
    for (name, view) in state_dict::find(&root, &heap)? {
        tensor::build(&name, &view, &floats(&SIX), &mut budget)?;
    }
    Ok(())
}

#[test]
fn bombs_are_defused() {
    // Deep nesting, without and with names.
    let deep = Pickle::new()
        .op(&vec![b']'; 1_000_000])
        .op(&vec![b'a'; 999_999])
        .stop();
    refused(&checkpoint(deep, &[]));
    let nested = (0..100_000).fold(Pickle::new(), |p, _| p.op(b"}").text("state_dict"));
    refused(&checkpoint(nested.op(b"N").op(&vec![b's'; 100_000]).stop(), &[]));
    // A billion laughs: each tuple holds the last one twice.
    let laughs = (0..100)
        .fold(Pickle::new().op(b"N"), |p, _| p.op(b"2\x86"))
        .stop();
    refused(&checkpoint(laughs, &[]));
    // Copies of a long list, over and over.
    let list = (0..10_000).fold(Pickle::new().op(b"("), |p, _| p.op(b"NN\x86"));
    let copies = (0..10_000).fold(list.op(b"t\x85q\x00"), |p, _| {
        p.global("collections", "OrderedDict").op(b"h\x00R0")
    });
    assert!(refused(&checkpoint(copies.stop(), &[])).contains("copied entries"));
    // Endless steps.
    assert!(refused(&checkpoint(Pickle::new().op(&vec![b'N'; 5_000_000]).stop(), &[])).contains("steps"));
    // A dictionary that is its own state_dict.
    refused(&checkpoint(
        Pickle::new().op(b"}q\x00").text("state_dict").op(b"h\x00s.").0,
        &[],
    ));
}

/// A module of the class `Net` with the children `a` and `b`, which are what `child` leaves on the stack.
fn module(pickle: Pickle, child: impl Fn(Pickle) -> Pickle) -> Pickle {
    let pickle = pickle
        .global("project.models", "Net")
        .op(b")\x81}")
        .text("_parameters")
        .op(b"}s");
    let pickle = child(pickle.text("_modules").op(b"}").text("a")).op(b"s");
    child(pickle.text("b")).op(b"ssb")
}

#[test]
fn modules_that_hold_each_other_without_end_are_refused() {
    // Sixty levels of two handles on the level below: 2^60 paths.
    let mut pickle = Pickle::new().op(b"Nq\x00");
    for _ in 0..30 {
        pickle = module(pickle, |p| p.op(b"h\x00")).op(b"q\x00");
    }
    let text = refused(&checkpoint(pickle.stop(), &[]));
    assert!(text.contains("made up"), "{text}");
    let own = Pickle::new()
        .global("m", "N")
        .op(b")\x81q\x00}")
        .text("_modules")
        .op(b"}")
        .text("a")
        .op(b"h\x00ssb");
    assert!(refused(&checkpoint(own.stop(), &[])).contains("nested"));
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
