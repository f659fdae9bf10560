//! Parquet files as Hugging Face writes image sets: a column `image` of encoded files (`image.bytes`), and often `label`.
//!
//! A row group is read as a whole and kept while there is room, so that a set of up to a gigabyte is read once. In larger
//! ones a random order reads row groups again and again.
use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{ConvertedType, Type};
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length, RowGroupReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use crate::decode;
use crate::error::DatasetError;
use crate::files::OpenFile;
use crate::gzip::MAX_UNPACKED;
use crate::image::Raster;

/// Which columns are taken; without a name, the only one of its kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns<'a> {
    pub image: Option<&'a str>,
    pub label: Option<&'a str>,
}

/// What opening Parquet files finds.
pub(crate) struct Found {
    pub tables: Tables,
    pub labels: Option<Vec<u16>>,
    pub class_names: Vec<String>,
}

pub(crate) struct Tables {
    groups: Vec<Group>,
    count: usize,
    kept: Mutex<Kept>,
}

/// A row group of a file.
struct Group {
    reader: Arc<SerializedFileReader<Chunks>>,
    path: PathBuf,
    number: usize,
    /// The column of the images' bytes.
    column: usize,
    /// The images up to the end of this group, those of earlier groups included.
    end: usize,
}

type Images = Arc<Vec<Option<ByteArray>>>;

/// Row groups in memory, by number, with the time of their last use.
#[derive(Default)]
struct Kept {
    groups: BTreeMap<usize, (u64, Images)>,
    clock: u64,
}

impl Tables {
    /// The rows of the files in order.
    pub(crate) fn open(paths: &[PathBuf], columns: &Columns) -> Result<Found, DatasetError> {
        let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
        guarded(path, || Self::open_all(paths, columns))
    }

    fn open_all(paths: &[PathBuf], columns: &Columns) -> Result<Found, DatasetError> {
        let mut tables = Self {
            groups: Vec::new(),
            count: 0,
            kept: Mutex::default(),
        };
        let mut labels: Option<Vec<Option<u16>>> = None;
        let mut class_names = Vec::new();
        for path in paths {
            let wrong = |why: String| DatasetError::malformed(path, why);
            let broken = |error: ParquetError| wrong(broken(&error));
            let reader =
                SerializedFileReader::new(Chunks(Arc::new(OpenFile::open(path)?))).map_err(broken)?;
            let reader = Arc::new(reader);
            let schema = reader.metadata().file_metadata().schema_descr();
            let column = image_column(schema, columns.image).map_err(wrong)?;
            let label = label_column(schema, columns.label).map_err(wrong)?;
            let first = tables.groups.is_empty();
            if let Some(at) = label {
                if !first && labels.is_none() {
                    return Err(wrong("has labels, and the files before it have none".to_owned()));
                }
                let name = schema.column(at).path().string();
                class_names = class_names_of(&reader, &name);
                labels.get_or_insert_default();
            } else if labels.is_some() {
                return Err(wrong(
                    "has no labels, and the files before it have some".to_owned(),
                ));
            }
            for number in 0..reader.num_row_groups() {
                let group = reader.get_row_group(number).map_err(broken)?;
                let rows = usize::try_from(group.metadata().num_rows())
                    .map_err(|_| wrong("a negative number of rows".to_owned()))?;
                if let (Some(at), Some(labels)) = (label, labels.as_mut()) {
                    let found = labels_of(group.as_ref(), at, rows).map_err(wrong)?;
                    labels.extend(found);
                }
                tables.count = tables
                    .count
                    .checked_add(rows)
                    .ok_or_else(|| wrong("an absurd number of rows".to_owned()))?;
                tables.groups.push(Group {
                    reader: reader.clone(),
                    path: path.clone(),
                    number,
                    column,
                    end: tables.count,
                });
            }
        }
        if tables.count == 0 {
            let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
            return Err(DatasetError::malformed(path, "a table without rows"));
        }
        let labels = labels.map(known).transpose().map_err(|why| {
            let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
            DatasetError::malformed(path, why)
        })?;
        Ok(Found {
            tables,
            labels: labels.flatten(),
            class_names,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The images of group `which`: from memory, or read.
    #[expect(clippy::expect_used, reason = "groups are found by the number of an image")]
    fn images(&self, which: usize) -> Result<Images, DatasetError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        if let Some((used, images)) = kept.groups.get_mut(&which) {
            *used = now;
            return Ok(images.clone());
        }
        let group = self
            .groups
            .get(which)
            .expect("groups are found by the image's number");
        let images = Arc::new(guarded(&group.path, || group.read())?);
        kept.groups.insert(which, (now, images.clone()));
        let size = |images: &Images| {
            images
                .iter()
                .flatten()
                .map(|image| image.len() as u64)
                .sum::<u64>()
        };
        let mut total: u64 = kept.groups.values().map(|(_, images)| size(images)).sum();
        while total > MAX_UNPACKED && kept.groups.len() > 1 {
            let oldest = kept
                .groups
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(which, _)| *which);
            let dropped = oldest.and_then(|which| kept.groups.remove(&which));
            total -= dropped.map_or(0, |(_, images)| size(&images));
        }
        Ok(images)
    }

    /// What `read` makes of the bytes of image `index` and the name that errors give it.
    fn with<T>(
        &self,
        index: usize,
        read: impl FnOnce(&[u8], &Path) -> Result<T, DatasetError>,
    ) -> Result<T, DatasetError> {
        let which = self.groups.partition_point(|group| group.end <= index);
        let before = which
            .checked_sub(1)
            .and_then(|i| self.groups.get(i))
            .map_or(0, |group| group.end);
        let images = self.images(which)?;
        let path = self
            .groups
            .get(which)
            .map_or(PathBuf::new(), |group| group.path.join(format!("row {index}")));
        match images.get(index - before) {
            Some(Some(bytes)) => read(bytes.data(), &path),
            _ => Err(DatasetError::CorruptImage {
                path,
                why: "has no bytes".to_owned(),
            }),
        }
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        self.with(index, decode::bytes)
    }

    pub(crate) fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        self.with(index, decode::size_of_bytes)
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        for group in &self.groups {
            for image in guarded(&group.path, || group.read())? {
                let bytes = image.as_ref().map_or(&[][..], ByteArray::data);
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
        Ok(())
    }
}

impl Group {
    /// Every image of the group, none where a row has none.
    fn read(&self) -> Result<Vec<Option<ByteArray>>, DatasetError> {
        let wrong = |why: String| DatasetError::malformed(&self.path, why);
        let group = self
            .reader
            .get_row_group(self.number)
            .map_err(|error| wrong(broken(&error)))?;
        let rows = group.metadata().num_rows() as usize;
        let ColumnReader::ByteArrayColumnReader(mut column) = group
            .get_column_reader(self.column)
            .map_err(|error| wrong(broken(&error)))?
        else {
            return Err(wrong("its images are no bytes".to_owned()));
        };
        let defined = max_definition(group.as_ref(), self.column);
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let read = column.read_records(rows, Some(&mut levels), None, &mut values);
        let (read, ..) = read.map_err(|error| wrong(broken(&error)))?;
        if read != rows {
            return Err(wrong(format!(
                "row group {} has {read} images for {rows} rows; get it again",
                self.number
            )));
        }
        Ok(spread(values, &levels, defined, rows))
    }
}

/// The crate panics over some damaged files, which are input from outside: a panic is an error of the file.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, DatasetError>) -> Result<T, DatasetError> {
    // Nothing that `read` changes outlives a panic: it makes new values of an open file.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(DatasetError::malformed(
            path,
            "a damaged Parquet file; get it again",
        ))
    })
}

fn broken(error: &ParquetError) -> String {
    // The crate says it so where a feature is left out.
    match error.to_string().contains("Disabled feature") {
        true => format!(
            "packed in a way that is not read ({error}); write it anew, with `compression=\"snappy\"` or `\"zstd\"`"
        ),
        false => format!("a damaged Parquet file ({error}); get it again"),
    }
}

fn max_definition(group: &dyn RowGroupReader, column: usize) -> i16 {
    group.metadata().schema_descr().column(column).max_def_level()
}

/// Values where the row has one. Columns that cannot be empty have no levels.
fn spread<T>(values: Vec<T>, levels: &[i16], defined: i16, rows: usize) -> Vec<Option<T>> {
    let mut values = values.into_iter();
    (0..rows)
        .map(|row| match levels.get(row) {
            Some(level) if *level < defined => None,
            _ => values.next(),
        })
        .collect()
}

/// The column of encoded images: `NAME.bytes`, or `NAME` itself where it is bytes.
fn image_column(schema: &SchemaDescriptor, name: Option<&str>) -> Result<usize, String> {
    let bytes = |column: &usize| {
        let column = schema.column(*column);
        column.physical_type() == Type::BYTE_ARRAY && column.max_rep_level() == 0
    };
    let called = |column: &usize| schema.column(*column).path().string();
    let columns: Vec<usize> = (0..schema.num_columns()).filter(bytes).collect();
    let those =
        |is: &dyn Fn(&usize) -> bool| -> Vec<usize> { columns.iter().copied().filter(|c| is(c)).collect() };
    let found = match name {
        Some(name) => those(&|c| called(c) == name || called(c) == format!("{name}.bytes")),
        None => match those(&|c| called(c).ends_with(".bytes")) {
            // Bytes by themselves, which are no text.
            none if none.is_empty() => those(&|c| {
                let column = schema.column(*c);
                column.logical_type_ref().is_none() && column.converted_type() == ConvertedType::NONE
            }),
            found => found,
        },
    };
    match (found.as_slice(), name) {
        ([only], _) => Ok(*only),
        ([], Some(name)) => Err(format!(
            "has no column `{name}` of encoded images; it has {}",
            names(schema)
        )),
        ([], None) => Err(format!(
            "has no column of encoded images (`image.bytes`); it has {}: name one as `image:`",
            names(schema)
        )),
        (several, _) => Err(format!(
            "has several columns of encoded images; name one as `image:` of {}",
            several.iter().map(called).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// The column of class numbers: the one named, or else `label`.
fn label_column(schema: &SchemaDescriptor, name: Option<&str>) -> Result<Option<usize>, String> {
    let wanted = name.unwrap_or("label");
    let found = (0..schema.num_columns()).find(|&column| schema.column(column).path().string() == wanted);
    match found {
        None if name.is_some() => Err(format!("has no column `{wanted}`; it has {}", names(schema))),
        None => Ok(None),
        Some(column) => match schema.column(column).physical_type() {
            Type::INT32 | Type::INT64 if schema.column(column).max_rep_level() == 0 => Ok(Some(column)),
            other => Err(format!(
                "column `{wanted}` is of type {other}; labels are whole numbers"
            )),
        },
    }
}

fn names(schema: &SchemaDescriptor) -> String {
    let names: Vec<String> = schema
        .columns()
        .iter()
        .map(|column| column.path().string())
        .collect();
    names.join(", ")
}

/// The labels, unless they are kept secret for all images, as those of test sets are: then none.
fn known(labels: Vec<Option<u16>>) -> Result<Option<Vec<u16>>, String> {
    if labels.iter().all(Option::is_none) {
        return Ok(None);
    }
    let all: Option<Vec<u16>> = labels.into_iter().collect();
    let why = "some of its images have the label -1, which is none, and others have one: give all images labels, or none";
    all.map(Some).ok_or_else(|| why.to_owned())
}

/// The label of each row; `None` where it is −1, which stands for none.
fn labels_of(group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<Vec<Option<u16>>, String> {
    let defined = max_definition(group, column);
    let (mut levels, mut values) = (Vec::new(), Vec::<i64>::new());
    let read = match group.get_column_reader(column).map_err(|error| broken(&error))? {
        ColumnReader::Int64ColumnReader(mut reader) => {
            reader.read_records(rows, Some(&mut levels), None, &mut values)
        }
        ColumnReader::Int32ColumnReader(mut reader) => {
            let mut narrow = Vec::new();
            let read = reader.read_records(rows, Some(&mut levels), None, &mut narrow);
            values = narrow.into_iter().map(i64::from).collect();
            read
        }
        _ => return Err("its labels are no whole numbers".to_owned()),
    };
    let (read, ..) = read.map_err(|error| broken(&error))?;
    if read != rows {
        return Err(format!("has {read} labels for {rows} rows; get it again"));
    }
    let label = |label: Option<i64>| {
        let label = label.ok_or("a row has no label: give all images labels, or none")?;
        if label == -1 {
            return Ok(None);
        }
        u16::try_from(label).map(Some).map_err(|_| {
            format!("label {label} is none; drop the column `label`, or name another as `label:`")
        })
    };
    spread(values, &levels, defined, rows)
        .into_iter()
        .map(label)
        .collect()
}

/// The names that Hugging Face keeps beside the schema.
fn class_names_of(reader: &SerializedFileReader<Chunks>, column: &str) -> Vec<String> {
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let text = pairs
        .into_iter()
        .flatten()
        .find(|pair| pair.key == "huggingface")
        .and_then(|pair| pair.value.as_ref());
    let value = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let names = value.as_ref().and_then(|value| {
        value
            .pointer("/info/features")?
            .get(column)?
            .get("names")?
            .as_array()
    });
    names
        .into_iter()
        .flatten()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect()
}

/// A file that any thread may read at any place.
struct Chunks(Arc<OpenFile>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.len
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Tail>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Tail {
            file: self.0.clone(),
            at: start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.0.len);
        let end = end.ok_or_else(|| ParquetError::EOF(format!("nothing at offset {start}")))?;
        let mut bytes = vec![0; (end - start) as usize];
        let read = self.0.read_at(&mut bytes, start);
        read.map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(bytes.into())
    }
}

/// What follows a place in a file.
struct Tail {
    file: Arc<OpenFile>,
    at: u64,
}

impl Read for Tail {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.section(self.at, self.file.len).read(buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by fixtures/parquet/make.py: five images in row groups of two, labels 0 1 1 0 2, one image without bytes.
    const TOY: &[u8] = include_bytes!("../fixtures/parquet/toy.parquet");

    fn open(bytes: &[u8], columns: &Columns) -> Result<Found, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Tables::open(&[file.path().to_owned()], columns).map_err(|error| error.to_string())
    }

    #[test]
    fn images_labels_and_class_names_are_read() {
        let found = open(TOY, &Columns::default()).unwrap();
        let tables = found.tables;
        assert_eq!((tables.len(), tables.groups.len()), (5, 3));
        assert_eq!(found.labels, Some(vec![0, 1, 1, 0, 2]));
        assert_eq!(found.class_names, ["cat", "dog", "owl"]);
        for index in [4, 0, 2, 1] {
            let raster = tables.raster(index).unwrap();
            let n = index as u8;
            assert_eq!(
                (raster.height, raster.width, tables.size(index).unwrap()),
                (4, 6, (4, 6))
            );
            assert_eq!(
                raster,
                Raster::interleaved(4, 6, &[10 * n, 20 * n, 30 * n].repeat(24))
            );
        }
        let error = tables.raster(3).unwrap_err();
        assert!(
            matches!(error, DatasetError::CorruptImage { .. })
                && error.to_string().contains("row 3: has no bytes")
        );
        let two = Tables::open(&[], &Columns::default()).err().unwrap().to_string();
        assert!(two.contains("without rows"), "{two}");
    }

    #[test]
    fn images_may_be_a_column_of_bytes_and_packed_in_other_ways() {
        let packed = include_bytes!("../fixtures/parquet/packed.parquet");
        let found = open(packed, &Columns::default()).unwrap();
        assert_eq!(found.labels, Some(vec![0, 1, 1, 0, 2]));
        let raster = found.tables.raster(3).unwrap();
        assert_eq!(raster, Raster::interleaved(4, 6, &[30, 60, 90].repeat(24)));
        let brotli = include_bytes!("../fixtures/parquet/brotli.parquet");
        let why = open(brotli, &Columns::default()).err().unwrap();
        assert!(
            why.contains("brotli") && why.contains("compression=\"snappy\""),
            "{why}"
        );
    }

    #[test]
    fn labels_that_are_kept_secret_are_none() {
        assert_eq!(known(vec![None, None]), Ok(None));
        assert_eq!(known(vec![Some(3), Some(0)]), Ok(Some(vec![3, 0])));
        assert!(known(vec![Some(3), None]).unwrap_err().contains("label -1"));
    }

    #[test]
    fn columns_that_are_not_there_are_told_with_those_that_are() {
        let with = |image, label| open(TOY, &Columns { image, label }).err().unwrap();
        let error = with(Some("img"), None);
        assert!(
            error.contains("no column `img` of encoded images; it has image.bytes, image.path, label"),
            "{error}"
        );
        assert!(with(None, Some("fine_label")).contains("no column `fine_label`"));
        assert!(with(None, Some("image.path")).contains("labels are whole numbers"));
        assert!(
            open(
                TOY,
                &Columns {
                    image: Some("image"),
                    label: Some("label")
                }
            )
            .is_ok()
        );
    }

    #[test]
    fn damaged_files_end_in_an_error() {
        let read = |bytes: &[u8]| {
            let found = open(bytes, &Columns::default())?;
            (0..found.tables.len().min(5))
                .try_for_each(|i| found.tables.raster(i).map(drop))
                .map_err(|e| e.to_string())
        };
        for length in (0..TOY.len()).step_by(31) {
            assert!(read(&TOY[..length]).is_err(), "{length}");
        }
        // Some changes are harmless; none may end in more than an error.
        for at in (0..TOY.len()).step_by(11) {
            let mut changed = TOY.to_vec();
            changed[at] ^= [0x01, 0x80, 0xff][at % 3];
            let _ = read(&changed);
        }
    }
}
