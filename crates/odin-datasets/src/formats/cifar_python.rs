//! CIFAR's Python version: pickles, read without running them, whose pixels are read in place.
use std::convert::Infallible;
use std::path::PathBuf;
use std::rc::Rc;

use super::cifar::{CifarFiles, CifarKind, PIXELS, Part};
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::pickle::{self, Calls, Global, PickleError};

type Value = pickle::Value<Infallible>;
type Heap = pickle::Heap<Infallible>;

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

/// Every call of numpy's is kept as a record of its arguments and state.
struct Numpy;

impl Calls for Numpy {
    type Made = Infallible;

    /// A batch of 50,000 labels takes 250,000.
    const MAX_STEPS: usize = 1_000_000;

    fn admit(&self, global: &Global) -> Result<(), PickleError> {
        let name = global.to_string();
        if ALLOWED.contains(&name.as_str()) {
            return Ok(());
        }
        Err(PickleError::Forbidden(name))
    }

    fn call(
        &mut self,
        heap: &mut Heap,
        function: &Rc<Global>,
        arguments: &[Value],
    ) -> Result<Value, PickleError> {
        Ok(heap.object(function.clone(), arguments))
    }

    fn instance(
        &mut self,
        heap: &mut Heap,
        class: &Rc<Global>,
        arguments: &[Value],
    ) -> Result<Value, PickleError> {
        Ok(heap.object(class.clone(), arguments))
    }

    fn persistent(&mut self, _: &mut Heap, _: &Value) -> Result<Value, PickleError> {
        Err(PickleError::Unsupported(
            "it refers to data outside of itself, as no data set does".to_owned(),
        ))
    }
}

/// What is read of a batch's pickle.
struct Batch {
    heap: Heap,
    root: Value,
}

impl Batch {
    fn read(file: &OpenFile) -> Result<Self, DatasetError> {
        let mut heap = Heap::default();
        let root = pickle::load(file.reader(), file.len, &mut heap, &mut Numpy);
        let why = match root {
            Ok((root, _)) => return Ok(Self { heap, root }),
            Err(PickleError::Io(source)) => return Err(DatasetError::io(&file.path, source)),
            Err(PickleError::Forbidden(name)) => {
                format!("in the pickle, it asks for `{name}`, which no data set needs and which is never run")
            }
            Err(PickleError::Opcode { opcode, at }) => {
                format!("in the pickle, at offset {at}: instruction 0x{opcode:02x}, which no data set needs")
            }
            Err(PickleError::Limit { what, limit }) => {
                format!("a pickle of more than {limit} {what}: no data set")
            }
            Err(other) => other.to_string(),
        };
        Err(DatasetError::malformed(&file.path, why))
    }

    /// A short text.
    fn text(&self, value: &Value) -> Option<String> {
        // Python 3 writes bytes for Python 2 as a text to be encoded.
        match self.heap.get_object(value) {
            Some(made) if made.class.module == "_codecs" => made.arguments.first()?.text().map(str::to_owned),
            _ => value.text().map(str::to_owned),
        }
    }

    fn entry(&self, key: &str) -> Option<&Value> {
        let entries = self.heap.entries(&self.root)?;
        let found = entries
            .iter()
            .rev()
            .find(|(known, _)| self.text(known).as_deref() == Some(key));
        found.map(|(_, value)| value)
    }

    /// Where the pixels start, and the labels.
    fn content(&self) -> Result<(u64, Vec<u16>), String> {
        let array = self.entry("data").ok_or(
            "a pickle without `data`: not a CIFAR batch (data_batch_1 to 5, test_batch, train, test)",
        )?;
        let (rows, columns, pixels) = self.bytes_of_array(array)?;
        let expected = rows.checked_mul(PIXELS as u64);
        if columns != PIXELS as u64 || expected != Some(pixels.len) || rows == 0 {
            let len = pixels.len;
            return Err(format!(
                "`data` has {len} bytes as {rows}×{columns}, where each image has {PIXELS}"
            ));
        }
        let fine = self
            .entry("fine_labels")
            .map(|labels| (labels, CifarKind::Cifar100));
        let found = fine.or_else(|| self.entry("labels").map(|labels| (labels, CifarKind::Cifar10)));
        let (labels, kind) = found
            .and_then(|(labels, kind)| Some((self.heap.items(labels)?, kind)))
            .ok_or("has no list `labels` or `fine_labels`: not a CIFAR batch")?;
        if labels.len() as u64 != rows {
            return Err(format!("{} labels for {rows} images; get it again", labels.len()));
        }
        let label = |(index, value): (usize, &Value)| {
            let label = value.int().and_then(|n| u16::try_from(n).ok());
            label.filter(|label| *label < kind.classes()).ok_or_else(|| {
                let shown = value.int().map_or("no number".to_owned(), |n| n.to_string());
                let classes = kind.classes();
                format!("image {index} has label {shown}, but {kind:?} has {classes} classes")
            })
        };
        let labels = labels.iter().enumerate().map(label).collect::<Result<_, _>>()?;
        Ok((pixels.at, labels))
    }

    /// Rows, columns and place of a two-dimensional numpy array of bytes.
    fn bytes_of_array(&self, array: &Value) -> Result<(u64, u64, pickle::Span), String> {
        let unknown = || "`data` is an array of an unknown make".to_owned();
        let made = self.heap.get_object(array).ok_or("`data` is no numpy array")?;
        let (shape, kind, fortran, bytes) = if made.class.name == "_frombuffer" {
            match made.arguments.as_slice() {
                [bytes, kind, shape, order] => (shape, kind, self.text(order).as_deref() != Some("C"), bytes),
                _ => return Err(unknown()),
            }
        } else {
            match self.heap.items(&made.state) {
                Some([_, shape, kind, fortran, bytes]) => {
                    (shape, kind, matches!(fortran, Value::Bool(true)), bytes)
                }
                _ => return Err(unknown()),
            }
        };
        let kind = self
            .heap
            .get_object(kind)
            .and_then(|kind| self.text(kind.arguments.first()?));
        if kind.as_deref() != Some("u1") || fortran {
            return Err("`data` is no array of bytes in C order".to_owned());
        }
        let sides = self.heap.items(shape).unwrap_or_default();
        let natural = |side: &Value| side.int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let sides: Vec<u64> = sides.iter().map(natural).collect();
        match (&sides[..], bytes) {
            (&[rows, columns], Value::Text(pickle::Text { span, .. }) | Value::Bytes(span)) => {
                Ok((rows, columns, *span))
            }
            (&[_, _], _) => Err(
                "the bytes of `data` are encoded as text; save it with pickle protocol 3 or later".to_owned(),
            ),
            _ => Err(format!("`data` has dimensions {sides:?}, not [count, {PIXELS}]")),
        }
    }
}

/// The batches in order, and the labels of all their images.
pub(crate) fn open(paths: &[PathBuf]) -> Result<(CifarFiles, Vec<u16>), DatasetError> {
    let mut parts = Vec::new();
    let mut labels = Vec::new();
    for path in paths {
        let file = OpenFile::open(path)?;
        let batch = Batch::read(&file)?;
        let (first, found) = batch
            .content()
            .map_err(|why| DatasetError::malformed(path, why))?;
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
