//! A text file of image files, a line each, as OpenOOD's imglists: `path label`, or `path` alone.
use std::path::{Path, PathBuf};

use super::folder::{Folder, Found};
use crate::error::DatasetError;
use crate::text;

/// A list of ImageNet's training images takes 80 MB.
const MAX_LIST: u64 = 1 << 28;

/// The files that `list` names, below `root`; their labels where every line has one.
///
/// The label is the last word of a line; −1 stands for none, as in lists of OOD images.
pub(crate) fn open(list: &Path, root: &Path) -> Result<Found, DatasetError> {
    let io = |source| DatasetError::io(list, source);
    let malformed = |why: String| DatasetError::malformed(list, why);
    let metadata = std::fs::metadata(list).map_err(io)?;
    if !metadata.is_file() || metadata.len() > MAX_LIST {
        return Err(malformed(format!(
            "not a list of images (a text file of at most {MAX_LIST} bytes)"
        )));
    }
    let bytes = std::fs::read(list).map_err(io)?;
    let lines = text::utf8(&bytes).map_err(|error| malformed(error.to_string()))?;
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    // The first line without a label, and the first with one.
    let (mut without, mut with) = (None, None);
    for (number, line) in lines.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() {
            continue;
        }
        let (path, label) = match line.rsplit_once(char::is_whitespace) {
            Some((path, label)) if label.parse::<i64>().is_ok() => {
                (path.trim_end(), label.parse::<i64>().ok())
            }
            _ => (line, None),
        };
        match label {
            None | Some(-1) => _ = without.get_or_insert(number),
            Some(label) => {
                with.get_or_insert(number);
                let label = u16::try_from(label);
                labels.push(label.map_err(|_| malformed(format!("line {number}: {line}: no such label")))?);
            }
        }
        files.push(PathBuf::from(path));
    }
    if files.is_empty() {
        return Err(malformed(
            "names no images; a line is `path label`, or `path` alone".to_owned(),
        ));
    }
    if let (Some(without), Some(with)) = (without, with) {
        return Err(malformed(format!(
            "line {without} has no label and line {with} has one: give all images labels, or none"
        )));
    }
    Ok(Found {
        folder: Folder::of(root, files),
        labels: with.map(|_| labels),
        class_names: Vec::new(),
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(text: &[u8]) -> Result<(Vec<String>, Option<Vec<u16>>), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let found = open(file.path(), Path::new("root")).map_err(|error| error.to_string())?;
        let names = (0..found.folder.len()).map(|i| found.folder.name(i).unwrap().display().to_string());
        Ok((names.collect(), found.labels))
    }

    #[test]
    fn paths_may_have_spaces_and_labels_are_for_all_or_none() {
        let text = b"\xef\xbb\xbfcifar10/a b.png 3\r\n\ncifar10/c.png\t11\n";
        let names = vec!["cifar10/a b.png".to_owned(), "cifar10/c.png".to_owned()];
        assert_eq!(opened(text), Ok((names, Some(vec![3, 11]))));
        let names = vec!["a.png".to_owned(), "b 1.png".to_owned()];
        assert_eq!(opened(b"a.png -1\nb 1.png\n"), Ok((names, None)));
        for (text, expected) in [
            (&b"a.png 1\nb.png\n"[..], "line 2 has no label and line 1 has one"),
            (b"a.png 70000\n", "line 1: a.png 70000: no such label"),
            (b"\n\n", "names no images"),
            (b"\xff\xfea\0", "UTF-16"),
        ] {
            let error = opened(text).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
