//! PyTorch's own two formats: the zip since 1.6, and the pickles with raw data behind them before that.
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};
use std::ops::Range;
use std::rc::Rc;

use zip::ZipArchive;

use super::calls::{Torch, Value};
use super::tensor::{self, Budget};
use super::view::Made;
use super::{ReadError, TensorsRead, Wanted, state_dict};
use odin_datasets::pickle::{self, Heap, PickleError};

/// The pickle that `bytes` start with, and how many of them it takes.
pub(super) fn unpickle(
    bytes: &[u8],
    heap: &mut Heap<Made>,
    calls: &mut Torch,
) -> Result<(Value, usize), ReadError> {
    let (value, length) = pickle::load(Cursor::new(bytes), bytes.len() as u64, heap, calls)?;
    Ok((
        value,
        usize::try_from(length).expect("a pickle is no longer than the bytes that it is read from"),
    ))
}

/// Where a file keeps the data of its storages.
trait Data {
    fn bytes(&mut self, key: &str) -> Result<&[u8], ReadError>;
}

fn missing(key: &str) -> ReadError {
    ReadError::why(format!(
        "lacks the data of storage {key}: it is damaged; get it anew"
    ))
}

/// The tensors of the pickle that are wanted.
fn build(
    root: &Value,
    heap: &Heap<Made>,
    calls: &Torch,
    data: &mut dyn Data,
    budget: &mut Budget,
    wanted: &Wanted<'_>,
) -> Result<TensorsRead, ReadError> {
    let found = state_dict::find(root, heap).map_err(|error| refused(calls).unwrap_or(error))?;
    let chosen = wanted.choose(found)?;
    let mut tensors = BTreeMap::new();
    for (name, source) in chosen.tensors {
        let view = source.expect("what is chosen can be read");
        let tensor = tensor::build(&name, &view, data.bytes(&view.storage.key)?, budget)?;
        tensors.insert(name, tensor);
    }
    Ok(TensorsRead {
        tensors,
        passed_over: chosen.passed_over,
        uncalled: calls.uncalled.clone(),
        recognised: chosen.recognised,
    })
}

/// Where there is nothing to read, what Python would have called is the reason.
fn refused(calls: &Torch) -> Option<ReadError> {
    let name = calls.uncalled.first()?;
    Some(PickleError::Forbidden(name.clone()).into())
}

struct Zipped<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    folder: &'a str,
    read: HashMap<String, Vec<u8>>,
    left: u64,
}

/// What the entries of one file may unpack to, together.
const MAX_UNPACKED: u64 = 4 << 30;
const MAX_PICKLE: u64 = 256 << 20;

impl Zipped<'_> {
    fn entry(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let damaged = |why: &dyn std::fmt::Display| {
            ReadError::why(format!("is damaged at {name} ({why}); get it anew"))
        };
        let entry = match self.archive.by_name(name) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(damaged(&error)),
        };
        let limit = limit.min(self.left);
        let mut bytes = Vec::new();
        entry
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| damaged(&e))?;
        if bytes.len() as u64 > limit {
            return Err(damaged(&"larger than any checkpoint's"));
        }
        self.left -= bytes.len() as u64;
        Ok(Some(bytes))
    }
}

impl Data for Zipped<'_> {
    fn bytes(&mut self, key: &str) -> Result<&[u8], ReadError> {
        if !self.read.contains_key(key) {
            let name = format!("{}data/{key}", self.folder);
            let bytes = self.entry(&name, u64::MAX)?.ok_or_else(|| missing(key))?;
            self.read.insert(key.to_owned(), bytes);
        }
        self.read.get(key).map(Vec::as_slice).ok_or_else(|| missing(key))
    }
}

/// `folder` is the one that every entry lies in, with its slash.
pub(super) fn read_zip(bytes: &[u8], folder: &str, wanted: &Wanted<'_>) -> Result<TensorsRead, ReadError> {
    let archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| ReadError::why(format!("is a damaged zip archive ({error}); get it anew")))?;
    let mut data = Zipped {
        archive,
        folder,
        read: HashMap::new(),
        left: MAX_UNPACKED,
    };
    let order = data.entry(&format!("{folder}byteorder"), 64)?;
    if order.is_some_and(|order| order != b"little") {
        return Err(ReadError::why(
            "was written on a big-endian machine; load it in PyTorch and save it anew",
        ));
    }
    let pickle = data
        .entry(&format!("{folder}data.pkl"), MAX_PICKLE)?
        .unwrap_or_default();
    let mut heap = Heap::default();
    let mut calls = Torch::default();
    let (root, _) = unpickle(&pickle, &mut heap, &mut calls)?;
    build(
        &root,
        &heap,
        &calls,
        &mut data,
        &mut Budget::of_file(bytes.len()),
        wanted,
    )
}

/// The number that legacy files begin with, 0x1950a86a20f9469cfc6c.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;

struct Legacy<'a> {
    bytes: &'a [u8],
    storages: HashMap<Rc<str>, Range<usize>>,
}

impl Data for Legacy<'_> {
    fn bytes(&mut self, key: &str) -> Result<&[u8], ReadError> {
        let range = self.storages.get(key).cloned().ok_or_else(|| missing(key))?;
        self.bytes.get(range).ok_or_else(|| missing(key))
    }
}

/// Magic number, protocol, the machine it was written on, the object, the keys of its storages, and their data.
pub(super) fn read_legacy(bytes: &[u8], wanted: &Wanted<'_>) -> Result<TensorsRead, ReadError> {
    let mut heap = Heap::default();
    let mut calls = Torch::default();
    let mut at = 0;
    let mut next = |heap: &mut Heap<Made>, calls: &mut Torch| -> Result<(Value, usize), ReadError> {
        let (value, length) = unpickle(bytes.get(at..).unwrap_or_default(), heap, calls)?;
        at += length;
        Ok((value, at))
    };
    let not_pytorch = |what: &str| {
        ReadError::why(format!(
            "is a pickle of {what}, not a checkpoint of PyTorch; save a state_dict with `torch.save`"
        ))
    };
    match next(&mut heap, &mut calls) {
        Ok((Value::Long(magic), _)) if *magic == MAGIC => {}
        Ok((other, _)) => return Err(refused(&calls).unwrap_or_else(|| not_pytorch(&other.to_string()))),
        Err(ReadError::Pickle(PickleError::Opcode { .. })) => return Err(not_pytorch("an old kind")),
        Err(error) => return Err(error),
    }
    match next(&mut heap, &mut calls)?.0 {
        Value::Int(PROTOCOL) => {}
        _ => {
            return Err(ReadError::why(
                "is of a version of PyTorch's format that is not known here",
            ));
        }
    }
    next(&mut heap, &mut calls)?;
    let (root, _) = next(&mut heap, &mut calls)?;
    let (keys, end) = match next(&mut heap, &mut calls) {
        Ok(rest) => rest,
        // A file that ends after its object is none of PyTorch's; that its object is a call says more.
        Err(error) => return Err(refused(&calls).unwrap_or(error)),
    };
    let keys = heap.items(&keys).unwrap_or_default();
    let mut data = Legacy {
        bytes,
        storages: HashMap::new(),
    };
    let mut at = end;
    for key in keys {
        let Value::Text(key) = key else {
            return Err(missing("(without a name)"));
        };
        let key = &key.start;
        if let Some(kind) = calls.unknown.get(key) {
            return Err(ReadError::why(format!(
                "holds values of the kind `{kind}`, whose length is not known here; load it in PyTorch and save its \
                 state_dict anew"
            )));
        }
        let element = calls.elements.get(key).ok_or_else(|| missing(key))?;
        let cut = || ReadError::why(format!("is cut off in storage {key}; get it anew"));
        let from = at.checked_add(8).ok_or_else(cut)?;
        let count = bytes
            .get(at..from)
            .and_then(|b| <[u8; 8]>::try_from(b).ok())
            .map(u64::from_le_bytes)
            .ok_or_else(cut)?;
        let length = count
            .checked_mul(element.bytes())
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(cut)?;
        let to = from
            .checked_add(length)
            .filter(|&to| to <= bytes.len())
            .ok_or_else(cut)?;
        data.storages.insert(key.clone(), from..to);
        at = to;
    }
    build(
        &root,
        &heap,
        &calls,
        &mut data,
        &mut Budget::of_file(bytes.len()),
        wanted,
    )
}
