//! Score sets as NPZ, which NumPy opens without pickle.
use std::io::{self, Write};
use std::path::Path;

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;

use super::{WriteError, write_whole};
use crate::scoring::ImageScore;

/// Writes one side's scores, one entry an image in the order given.
///
/// Keys: `index` i64, `label` i32 (−1 where there is none), `prediction` i32, `max_softmax` f64 (T = 1, ε = 0), `odin`
/// f64 (max softmax at T after the perturbation), `log_odds` f64 (of the same), `baseline_log_odds` f64.
pub fn write_scores(path: &Path, scores: &[ImageScore]) -> Result<(), WriteError> {
    write_whole(path, |file| {
        let mut npz = NpzWriter::new(file);
        array(&mut npz, "index", scores, |s| i64::from(s.index))?;
        array(&mut npz, "label", scores, |s| s.label.map_or(-1, i32::from))?;
        array(&mut npz, "prediction", scores, |s| i32::from(s.prediction))?;
        array(&mut npz, "max_softmax", scores, |s| s.baseline.probability())?;
        array(&mut npz, "odin", scores, |s| s.odin.probability())?;
        array(&mut npz, "log_odds", scores, |s| s.odin.0)?;
        array(&mut npz, "baseline_log_odds", scores, |s| s.baseline.0)
    })
}

fn array<W: Write + io::Seek, T: npyz::AutoSerialize>(
    npz: &mut NpzWriter<W>,
    name: &str,
    scores: &[ImageScore],
    value: impl Fn(&ImageScore) -> T,
) -> io::Result<()> {
    // Always the same time: the same scores are the same file.
    let options = zip::write::FileOptions::default().last_modified_time(zip::DateTime::default());
    let mut array = npz
        .array(name, options)?
        .default_dtype()
        .shape(&[scores.len() as u64])
        .begin_nd()?;
    array.extend(scores.iter().map(value))?;
    array.finish()
}
