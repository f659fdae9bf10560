//! Scores in the files of the programs before this one, for notebooks that read those.
use std::io;

use npyz::WriterBuilder;

use super::names::short;
use super::subject::Subject;
use crate::runs::{Run, RunError, Scores};
use crate::units::{LogOdds, Magnitude, Temperature};
use odin_metrics::Side;

/// The lines of the ODIN authors' `confidence_{Base,Our}_{In,Out}.txt`: T, ε and a max softmax each.
pub fn confidence_lines(temperature: Temperature, magnitude: Magnitude, log_odds: &[f64]) -> String {
    let line = |&score: &f64| format!("{temperature}, {magnitude}, {}\n", LogOdds(score).probability());
    log_odds.iter().map(line).collect()
}

/// `NETWORK_odin_confidence_{ind,ood}_SET.npy`, as kobybibas/odin names and fills them: a dictionary with the list
/// `confidence` and, of the in-distribution set, the list `is_correct`.
pub fn dictionary_of(subject: &Subject, ins: bool) -> (String, Vec<u8>) {
    let run = &subject.run;
    let (scores, suffix, set): (&Scores, _, _) = if ins {
        (&subject.ins, "ind", &run.in_dataset)
    } else {
        (&subject.outs, "ood", &run.dataset)
    };
    let confidence: Vec<f64> = scores.odin.iter().map(|&s| LogOdds(s).probability()).collect();
    let correct = if ins { scores.correct() } else { None };
    let name = format!("{}_odin_confidence_{suffix}_{}.npy", run.network, short(set));
    (name, dictionary_npy(&confidence, correct.as_deref()))
}

/// What `np.save(file, {'confidence': [...], 'is_correct': [...]})` writes: an array without dimensions that holds the
/// dictionary, as a pickle. `np.load(file, allow_pickle=True).item()` gives it back.
pub fn dictionary_npy(confidence: &[f64], correct: Option<&[bool]>) -> Vec<u8> {
    // Version 1.0 of the format; the header fills a multiple of 64 bytes (numpy.lib.format).
    let mut header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }".to_owned();
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.extend(std::iter::repeat_n(' ', length - 1 - header.len()));
    header.push('\n');
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((length as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend(pickle(confidence, correct));
    npy
}

/// The array as pickle protocol 3: `_reconstruct(ndarray, (0,), b'b')` with the state (1, (), dtype('O'), False, [dict]).
fn pickle(confidence: &[f64], correct: Option<&[bool]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(200 + 9 * confidence.len());
    out.extend(b"\x80\x03");
    out.extend(b"cnumpy.core.multiarray\n_reconstruct\n");
    out.extend(b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R");
    out.extend(b"(K\x01)");
    out.extend(b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R");
    out.extend(b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb");
    out.extend(b"\x89](}");
    text(&mut out, "confidence");
    list(&mut out, confidence, |out, score| {
        out.push(b'G');
        out.extend(score.to_be_bytes());
    });
    out.push(b's');
    if let Some(correct) = correct {
        text(&mut out, "is_correct");
        list(&mut out, correct, |out, one| {
            out.push(if *one { 0x88 } else { 0x89 })
        });
        out.push(b's');
    }
    out.extend(b"etb.");
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

/// EMPTY_LIST, and its values in one APPENDS.
fn list<T>(out: &mut Vec<u8>, values: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.extend(b"](");
    values.iter().for_each(|value| write(out, value));
    out.push(b'e');
}

/// Both sides in one NPZ: the keys of `in.npz` and `out.npz` with `in_` and `out_` before them.
pub fn npz(subject: &Subject) -> io::Result<Vec<u8>> {
    let mut file = io::Cursor::new(Vec::new());
    let mut npz = npyz::npz::NpzWriter::new(&mut file);
    for (side, scores) in [("in", &subject.ins), ("out", &subject.outs)] {
        let probability = |all: &[f64]| {
            all.iter()
                .map(|&s| LogOdds(s).probability())
                .collect::<Vec<f64>>()
        };
        for (name, values) in [
            ("index", &scores.index),
            ("label", &scores.label),
            ("prediction", &scores.prediction),
        ] {
            column(&mut npz, &format!("{side}_{name}"), values)?;
        }
        column(
            &mut npz,
            &format!("{side}_max_softmax"),
            &probability(&scores.baseline),
        )?;
        column(&mut npz, &format!("{side}_odin"), &probability(&scores.odin))?;
        column(&mut npz, &format!("{side}_log_odds"), &scores.odin)?;
        column(&mut npz, &format!("{side}_baseline_log_odds"), &scores.baseline)?;
    }
    drop(npz);
    Ok(file.into_inner())
}

/// Both sides of a run in one NPZ, with the scores of every detector that it has: `in_index`, `in_label`, `in_prediction` and
/// `in_score_KEY`, and the same for `out_`.
///
/// # Errors
/// The run's scores cannot be read.
pub fn npz_of_detectors(run: &Run) -> Result<Vec<u8>, RunError> {
    let mut file = io::Cursor::new(Vec::new());
    let mut npz = npyz::npz::NpzWriter::new(&mut file);
    let in_memory = |result: io::Result<()>| result.expect("memory takes every byte");
    for (side, name) in [(Side::In, "in"), (Side::Out, "out")] {
        let (scores, columns) = run.scores_by_detector(side)?;
        for (kind, values) in [
            ("index", &scores.index),
            ("label", &scores.label),
            ("prediction", &scores.prediction),
        ] {
            in_memory(column(&mut npz, &format!("{name}_{kind}"), values));
        }
        for (detector, values) in columns {
            let values: Vec<f64> = values
                .iter()
                .map(|&value| detector.defined_value(value))
                .collect();
            in_memory(column(
                &mut npz,
                &format!("{name}_score_{}", detector.key()),
                &values,
            ));
        }
    }
    drop(npz);
    Ok(file.into_inner())
}

fn column<W: io::Write + io::Seek, T: npyz::AutoSerialize + Copy>(
    npz: &mut npyz::npz::NpzWriter<W>,
    name: &str,
    values: &[T],
) -> io::Result<()> {
    let mut array = npz
        .array(name, Default::default())?
        .default_dtype()
        .shape(&[values.len() as u64])
        .begin_nd()?;
    array.extend(values.iter().copied())?;
    array.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_the_authors_wrote_them() {
        let lines = confidence_lines(Temperature::PAPER, Magnitude::PAPER, &[0.0, 2.0]);
        assert_eq!(lines, "1000, 0.0014, 0.5\n1000, 0.0014, 0.8807970779778823\n");
    }

    #[test]
    fn the_dictionary_is_what_numpy_reads() {
        // NumPy 2 reads these very bytes as {'confidence': [0.5, 0.25], 'is_correct': [True, False]}.
        let bytes = dictionary_npy(&[0.5, 0.25], Some(&[true, false]));
        assert!(
            bytes.starts_with(
                b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (), } "
            )
        );
        assert_eq!(bytes[127], b'\n');
        let expected = [
            &b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"[..],
            b"(K\x01)cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](}",
            b"X\n\x00\x00\x00confidence](G?\xe0\x00\x00\x00\x00\x00\x00G?\xd0\x00\x00\x00\x00\x00\x00esX\n\x00\x00\x00is_correct](\x88\x89esetb.",
        ];
        assert_eq!(bytes[128..], expected.concat());
        assert!(dictionary_npy(&[0.5], None).len() < bytes.len());
    }
}
