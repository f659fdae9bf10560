//! Score sets as NPZ, which NumPy opens without pickle.
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use npyz::npz::{NpzArchive, NpzWriter};
use npyz::{DType, WriterBuilder};

use super::write::{WriteError, write_whole};
use crate::protocol::{ScoreTable, ScoredImage};
use crate::setting::Detector;
use crate::units::LogOdds;
use odin_datasets::{Choice, Dataset, Part};

/// What is known of the images of one side beside their scores.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Which of the set's images they are.
    pub choice: Option<Choice>,
    /// The set itself, which knows names and groups.
    pub set: Option<Arc<Dataset>>,
}

/// Writes one side's scores, one entry an image in the order given.
///
/// Keys: `index` i64, `label` i32 (−1 where there is none), `prediction` i32, `max_softmax` f64 (T = 1, ε = 0), `odin`
/// f64 (max softmax at T after the perturbation), `log_odds` f64 (of the same), `baseline_log_odds` f64. Where other
/// detectors were asked for too, `score_KEY` f64 for every one of them all, and `log_odds_KEY` f64 for those whose scores are
/// probabilities, as these are equal where a network is all but certain. Where the set has them, `name` (text, the image's
/// path below the set's folder) and `group` i64.
///
/// Of one entry each, which images of the set they are: `order` (`sample` or `file`), `seed` u64, `skip` i64, `limit` i64 (−1
/// where there is none), `part` (`whole`, `validation` or `report`) and `validation` i64, the images asked for to tune on.
///
/// # Panics
/// Without scores of ODIN and of the baseline, which every run has.
pub fn write_scores(path: &Path, scores: &ScoreTable, about: &About) -> Result<(), WriteError> {
    let bytes = encode(scores, about).map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })?;
    write_whole(path, |file| file.write_all(&bytes))
}

/// In memory first: the writer ends the archive when it is dropped, where an error (a full disk) is lost.
pub(super) fn encode(scores: &ScoreTable, about: &About) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut npz = NpzWriter::new(&mut bytes);
    let (odin, baseline) = sides_of(scores);
    let images = scores.images();
    array_of(&mut npz, "index", images, |s| i64::from(s.index))?;
    array_of(&mut npz, "label", images, |s| s.label.map_or(-1, i32::from))?;
    array_of(&mut npz, "prediction", images, |s| i32::from(s.prediction))?;
    array_of(&mut npz, "max_softmax", baseline, |&s| LogOdds(s).probability())?;
    array_of(&mut npz, "odin", odin, |&s| LogOdds(s).probability())?;
    array_of(&mut npz, "log_odds", odin, |&s| s)?;
    array_of(&mut npz, "baseline_log_odds", baseline, |&s| s)?;
    if scores.settings().iter().len() > 2 {
        for (setting, column) in scores.columns() {
            let detector = setting.detector();
            let name = format!("score_{}", detector.key());
            array_of(&mut npz, &name, column, |&s| detector.defined_value(s))?;
            if detector.is_log_odds() && !matches!(detector, Detector::Odin | Detector::Baseline) {
                array_of(&mut npz, &log_odds_of(detector), column, |&s| s)?;
            }
        }
    }
    if let Some(set) = &about.set {
        let names = images.iter().map(|s| set.image_name(s.index as usize));
        if let Some(names) = names.collect::<Option<Vec<String>>>() {
            texts(&mut npz, "name", &names)?;
        }
        if let Some(groups) = set.groups() {
            let group = |s: &ScoredImage| groups.get(s.index as usize).map_or(-1, |&group| i64::from(group));
            array_of(&mut npz, "group", images, group)?;
        }
    }
    if let Some(choice) = &about.choice {
        let (part, validation) = match choice.part {
            Part::Whole => ("whole", 0),
            Part::Validation(images) => ("validation", images),
            Part::Report(images) => ("report", images),
        };
        texts(&mut npz, "order", &[choice.sampling.to_string()])?;
        array_of(&mut npz, "seed", &[choice.seed], |&seed| seed)?;
        array_of(&mut npz, "skip", &[choice.skip], |&skip| skip as i64)?;
        let limit = |limit: &Option<usize>| limit.map_or(-1, |limit| limit as i64);
        array_of(&mut npz, "limit", &[choice.limit], limit)?;
        texts(&mut npz, "part", &[part.to_owned()])?;
        array_of(&mut npz, "validation", &[validation], |&images| images as i64)?;
    }
    drop(npz);
    Ok(bytes.into_inner())
}

/// ODIN's and the baseline's are called otherwise.
fn log_odds_of(detector: Detector) -> String {
    format!("log_odds_{}", detector.key())
}

/// The columns of ODIN and of the baseline.
fn sides_of(scores: &ScoreTable) -> (&[f64], &[f64]) {
    match (scores.of(Detector::Odin), scores.of(Detector::Baseline)) {
        (Some(odin), Some(baseline)) => (odin, baseline),
        // Before its first batch a side has no columns either.
        _ if scores.is_empty() => (&[], &[]),
        _ => panic!("a run has scores of ODIN and of the baseline"),
    }
}

/// One side's scores as they were saved, column by column, all of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    pub index: Vec<i64>,
    /// −1 where there is none.
    pub label: Vec<i64>,
    pub prediction: Vec<i64>,
    /// Log-odds at T = 1 and ε = 0.
    pub baseline: Vec<f64>,
    /// Log-odds at (T, ε).
    pub odin: Vec<f64>,
    /// Where the images come in groups.
    pub group: Option<Vec<u32>>,
}

impl Scores {
    /// # Panics
    /// Without scores of ODIN and of the baseline, which every run has.
    pub fn of(scores: &ScoreTable) -> Self {
        let images = scores.images();
        let (odin, baseline) = sides_of(scores);
        Self {
            index: images.iter().map(|s| i64::from(s.index)).collect(),
            label: images.iter().map(|s| s.label.map_or(-1, i64::from)).collect(),
            prediction: images.iter().map(|s| i64::from(s.prediction)).collect(),
            baseline: baseline.to_vec(),
            odin: odin.to_vec(),
            group: None,
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Whether each image was classified rightly; `None` where one of them has no label.
    pub fn correct(&self) -> Option<Vec<bool>> {
        let of = |(&label, &guess): (&i64, &i64)| (label >= 0).then_some(label == guess);
        self.label.iter().zip(&self.prediction).map(of).collect()
    }

    /// Reads what [`write_scores`] wrote.
    pub fn read(bytes: &[u8]) -> io::Result<Self> {
        let mut npz = NpzArchive::new(Cursor::new(bytes))?;
        let most = bytes.len() as u64;
        let has_groups = npz.by_name("group")?.is_some();
        let group = match has_groups {
            false => None,
            // A number that is none is of a set that has changed while it was scored.
            true => integers(&mut npz, "group", most)?
                .into_iter()
                .map(|group| u32::try_from(group).ok())
                .collect(),
        };
        let scores = Self {
            group,
            index: integers(&mut npz, "index", most)?,
            label: integers(&mut npz, "label", most)?,
            prediction: integers(&mut npz, "prediction", most)?,
            baseline: floats(&mut npz, "baseline_log_odds", most)?,
            odin: floats(&mut npz, "log_odds", most)?,
        };
        let lengths = [
            scores.label.len(),
            scores.prediction.len(),
            scores.baseline.len(),
            scores.odin.len(),
            scores.group.as_ref().map_or(scores.len(), Vec::len),
        ];
        match lengths.iter().all(|&length| length == scores.len()) {
            true => Ok(scores),
            false => Err(wrong("its arrays differ in length".to_owned())),
        }
    }
}

/// What [`Detector::defined_value`] was made of, as near as its digits tell.
fn as_scored(detector: Detector, value: f64) -> f64 {
    match detector {
        _ if detector.is_log_odds() => (value / (1.0 - value)).ln(),
        Detector::Entropy => -(-value).ln(),
        _ => value,
    }
}

/// One side's scores by each detector that has some, all of one length; the greater, the more in-distribution.
pub type Columns = BTreeMap<Detector, Vec<f64>>;

/// Reads every detector's scores of what [`write_scores`] wrote.
pub(super) fn read_columns(bytes: &[u8]) -> io::Result<Columns> {
    let mut npz = NpzArchive::new(Cursor::new(bytes))?;
    let most = bytes.len() as u64;
    let mut columns = Columns::new();
    for detector in Detector::ALL {
        let exact = match detector {
            Detector::Odin => "log_odds".to_owned(),
            Detector::Baseline => "baseline_log_odds".to_owned(),
            other => log_odds_of(other),
        };
        let defined = format!("score_{}", detector.key());
        if npz.by_name(&exact)?.is_some() {
            columns.insert(detector, floats(&mut npz, &exact, most)?);
        } else if npz.by_name(&defined)?.is_some() {
            let values = floats(&mut npz, &defined, most)?.into_iter();
            columns.insert(detector, values.map(|value| as_scored(detector, value)).collect());
        }
    }
    let lengths: BTreeSet<usize> = columns.values().map(Vec::len).collect();
    match lengths.len() {
        0 | 1 => Ok(columns),
        _ => Err(wrong("its arrays differ in length".to_owned())),
    }
}

fn wrong(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn open<'a, R: Read + Seek>(
    npz: &'a mut NpzArchive<R>,
    name: &str,
    most: u64,
) -> io::Result<npyz::NpyFile<impl Read + 'a>> {
    let array = npz
        .by_name(name)?
        .ok_or_else(|| wrong(format!("it holds no array `{name}`")))?;
    if array.shape().len() != 1 || array.len() > most {
        return Err(wrong(format!("`{name}` is no list that the file can hold")));
    }
    Ok(array)
}

fn integers<R: Read + Seek>(npz: &mut NpzArchive<R>, name: &str, most: u64) -> io::Result<Vec<i64>> {
    let array = open(npz, name, most)?;
    match array.dtype() {
        DType::Plain(plain) if plain.size_field() == 4 => {
            Ok(array.into_vec::<i32>()?.into_iter().map(i64::from).collect())
        }
        _ => array.into_vec::<i64>(),
    }
}

fn floats<R: Read + Seek>(npz: &mut NpzArchive<R>, name: &str, most: u64) -> io::Result<Vec<f64>> {
    open(npz, name, most)?.into_vec::<f64>()
}

/// Always the same time: the same scores are the same file.
fn options() -> zip::write::FileOptions {
    zip::write::FileOptions::default().last_modified_time(zip::DateTime::default())
}

fn array_of<W: Write + Seek, S, T: npyz::AutoSerialize>(
    npz: &mut NpzWriter<W>,
    name: &str,
    all: &[S],
    value: impl Fn(&S) -> T,
) -> io::Result<()> {
    let mut array = npz
        .array(name, options())?
        .default_dtype()
        .shape(&[all.len() as u64])
        .begin_nd()?;
    array.extend(all.iter().map(value))?;
    array.finish()
}

/// Text of the length that the longest needs, as NumPy keeps it.
fn texts<W: Write + Seek>(npz: &mut NpzWriter<W>, name: &str, all: &[String]) -> io::Result<()> {
    let longest = all
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default();
    let kind = format!("<U{}", longest.max(1))
        .parse()
        .expect("NumPy has text of every length");
    let mut array = npz
        .array(name, options())?
        .dtype(DType::new_scalar(kind))
        .shape(&[all.len() as u64])
        .begin_nd()?;
    array.extend(all.iter().map(String::as_str))?;
    array.finish()
}
