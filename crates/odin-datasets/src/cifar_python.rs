//! CIFAR's Python version: pickles, read without running them, whose pixels are read in place.
use std::path::PathBuf;

use super::cifar::{CifarFiles, CifarKind, PIXELS, Part};
use super::error::DatasetError;
use super::files::OpenFile;
use super::pickle::{Id, Pickle, Value};

/// What numpy's arrays of bytes are made of, in the pickles of its versions 1 and 2.
const ALLOWED: [&str; 8] = [
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer",
    "numpy.ndarray",
    "numpy.dtype",
    // Python 3 writes bytes so for Python 2.
    "_codecs.encode",
    "__builtin__.bytes",
];

/// The batches in order, and the labels of all their images.
pub(super) fn open(paths: &[PathBuf]) -> Result<(CifarFiles, Vec<u16>), DatasetError> {
    let mut parts = Vec::new();
    let mut labels = Vec::new();
    for path in paths {
        let file = OpenFile::open(path)?;
        let (first, found) = batch(&file)?;
        labels.extend(found);
        parts.push(Part {
            file,
            first,
            stride: PIXELS as u64,
            end: labels.len(),
        });
    }
    Ok((CifarFiles::new(parts), labels))
}

/// Where the pixels of a batch start, and its labels.
fn batch(file: &OpenFile) -> Result<(u64, Vec<u16>), DatasetError> {
    let malformed = |why: &str| DatasetError::malformed(&file.path, why);
    let pickle = Pickle::open(file, &ALLOWED)?;
    let array = pickle.entry(pickle.top, "data").ok_or_else(|| {
        malformed("a pickle without `data`: not a CIFAR batch (data_batch_1 to 5, test_batch, train, test)")
    })?;
    let (rows, columns, first, len) = bytes_of_array(&pickle, array).map_err(|why| malformed(&why))?;
    let expected = rows.checked_mul(PIXELS as u64);
    if columns != PIXELS as u64 || expected != Some(len) || rows == 0 {
        let why = format!("`data` has {len} bytes as {rows}×{columns}, where each image has {PIXELS}");
        return Err(malformed(&why));
    }
    let fine = pickle
        .entry(pickle.top, "fine_labels")
        .map(|labels| (labels, CifarKind::Cifar100));
    let found = fine.or_else(|| {
        pickle
            .entry(pickle.top, "labels")
            .map(|labels| (labels, CifarKind::Cifar10))
    });
    let (ids, kind) = found
        .and_then(|(labels, kind)| Some((pickle.items(labels)?, kind)))
        .ok_or_else(|| malformed("has no list `labels` or `fine_labels`: not a CIFAR batch"))?;
    if ids.len() as u64 != rows {
        return Err(malformed(&format!(
            "{} labels for {rows} images; get it again",
            ids.len()
        )));
    }
    let label = |(index, id): (usize, &Id)| {
        let value = pickle.int(*id);
        let label = value
            .and_then(|n| u16::try_from(n).ok())
            .filter(|label| *label < kind.classes());
        label.ok_or_else(|| {
            let shown = value.map_or("no number".to_owned(), |n| n.to_string());
            malformed(&format!(
                "image {index} has label {shown}, but {kind:?} has {} classes",
                kind.classes()
            ))
        })
    };
    Ok((
        first,
        ids.iter().enumerate().map(label).collect::<Result<_, _>>()?,
    ))
}

/// Rows, columns, offset and length of a two-dimensional numpy array of bytes.
fn bytes_of_array(pickle: &Pickle, array: Id) -> Result<(u64, u64, u64, u64), String> {
    let Value::Made {
        function,
        arguments,
        state,
    } = pickle.get(array)
    else {
        return Err("`data` is no numpy array".to_owned());
    };
    let (shape, kind, fortran, bytes) = if function.ends_with("_frombuffer") {
        match pickle.items(*arguments) {
            Some(&[bytes, kind, shape, order]) => {
                (shape, kind, pickle.text(order).as_deref() != Some("C"), bytes)
            }
            _ => return Err("`data` is an array of an unknown make".to_owned()),
        }
    } else {
        match state.and_then(|state| pickle.items(state)) {
            Some(&[_, shape, kind, fortran, bytes]) => (
                shape,
                kind,
                matches!(pickle.get(fortran), Value::Bool(true)),
                bytes,
            ),
            _ => return Err("`data` is an array of an unknown make".to_owned()),
        }
    };
    let kind = match pickle.get(kind) {
        Value::Made { arguments, .. } => pickle
            .items(*arguments)
            .and_then(|items| pickle.text(*items.first()?)),
        _ => None,
    };
    if kind.as_deref() != Some("u1") || fortran {
        return Err("`data` is no array of bytes in C order".to_owned());
    }
    let sides = pickle
        .items(shape)
        .unwrap_or_default()
        .iter()
        .map(|id| pickle.int(*id));
    let sides: Vec<u64> = sides
        .map(|n| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
        .collect();
    match (&sides[..], pickle.get(bytes)) {
        (&[rows, columns], &Value::Text { offset, len }) => Ok((rows, columns, offset, len)),
        (&[_, _], _) => {
            Err("the bytes of `data` are encoded as text; save it with pickle protocol 3 or later".to_owned())
        }
        _ => Err(format!("`data` has dimensions {sides:?}, not [count, {PIXELS}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Vec<u8> {
        [&[b'U', s.len() as u8], s.as_bytes()].concat()
    }

    /// As Python 2 wrote CIFAR's batches, with the key of the labels and the shape to choose.
    fn pickle(key: &str, labels: &[u8], rows: u8, pixels: &[u8]) -> Vec<u8> {
        let labels: Vec<u8> = labels.iter().flat_map(|label| [b'K', *label]).collect();
        [
            b"\x80\x02}q\x01(".as_slice(),
            &text("batch_label"),
            b"q\x02",
            &text("testing batch"),
            &text("data"),
            b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nK\x00\x85",
            &text("b"),
            b"\x87R(K\x01K",
            &[rows],
            b"M\x00\x0c\x86cnumpy\ndtype\n",
            &text("u1"),
            b"K\x00K\x01\x87R(K\x03",
            &text("|"),
            b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
            &(pixels.len() as u32).to_le_bytes(),
            pixels,
            b"tb",
            &text(key),
            b"](",
            &labels,
            b"eu.",
        ]
        .concat()
    }

    fn open_all(files: &[Vec<u8>]) -> Result<(CifarFiles, Vec<u16>), DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..files.len())
            .map(|i| folder.path().join(format!("data_batch_{i}")))
            .collect();
        paths
            .iter()
            .zip(files)
            .for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
        open(&paths)
    }

    #[test]
    fn batches_give_images_and_labels_in_order() {
        let pixels = |value: u8| vec![value; PIXELS];
        let two = [pixels(7), pixels(8)].concat();
        let files = [
            pickle("labels", &[4, 9], 2, &two),
            pickle("fine_labels", &[99], 1, &pixels(9)),
        ];
        let (set, labels) = open_all(&files).unwrap();
        assert_eq!(labels, [4, 9, 99]);
        for (index, value) in [7, 8, 9].into_iter().enumerate() {
            assert_eq!(set.raster(index).unwrap().samples, pixels(value));
        }
    }

    #[test]
    fn pickles_that_are_no_batches_are_refused_and_never_run() {
        let whole = pickle("labels", &[4], 1, &vec![0; PIXELS]);
        let bomb = b"\x80\x02cos\nsystem\nU\x04true\x85R.".to_vec();
        let hidden = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.".to_vec();
        let mut swollen = whole.clone();
        let at = whole
            .windows(5)
            .position(|bytes| bytes == b"T\x00\x0c\x00\x00")
            .unwrap();
        swollen[at + 1..at + 5].copy_from_slice(&u32::MAX.to_le_bytes());
        for (bytes, expected) in [
            (
                bomb,
                "it asks for `os.system`, which no data set needs and which is never run",
            ),
            (hidden, "it asks for `posix.system`"),
            (whole[..2000].to_vec(), "3072 bytes are promised"),
            (whole[..whole.len() - 1].to_vec(), "the file ends here"),
            (swollen, "4294967295 bytes are promised"),
            (b"lie".to_vec(), "instruction 0x6c"),
            (b"\x80\x02}.".to_vec(), "a pickle without `data`"),
            (b"\x80\x02.".to_vec(), "the stack is empty"),
            (b"(((((tttttt.".to_vec(), "a mark is missing"),
            (b"Nr\xff\xff\xff\xff.".to_vec(), "an absurd place in the memo"),
            (vec![b'('; 1_100_000], "steps: no data set"),
            (
                pickle("labels", &[4, 5], 1, &vec![0; PIXELS]),
                "2 labels for 1 images",
            ),
            (
                pickle("labels", &[10], 1, &vec![0; PIXELS]),
                "image 0 has label 10, but Cifar10 has 10 classes",
            ),
            (
                pickle("labels", &[1], 2, &vec![0; PIXELS]),
                "`data` has 3072 bytes as 2×3072",
            ),
            (pickle("names", &[1], 1, &vec![0; PIXELS]), "has no list `labels`"),
        ] {
            let error = open_all(&[bytes]).err().expect(expected).to_string();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
