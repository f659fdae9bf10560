//! Files by hand, to try the reader on: what they are written with.
use std::io::Write;
use std::path::PathBuf;

use tch::Kind;

use super::*;

mod beside;
mod files;
mod fit;
mod hostile;
mod vit;

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
