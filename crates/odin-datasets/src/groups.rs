//! Images that are not independent of each other: crops of one photograph, frames of one film, pictures of one patient.
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DatasetError;
use crate::text;

/// A name for each of ImageNet's training images takes 80 MB.
const MAX_FILE: u64 = 1 << 28;

/// What tells the group of each image: one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// A text file with the name of a group on each line, an image after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A regular expression that finds the group in an image's name (its path below the set's folder): what its first pair of
    /// brackets matches, or all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// Groups that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupsError {
    #[error("`groups` needs either `file` or `pattern`")]
    NotOne,
    #[error("`groups`: {0}")]
    Pattern(String),
}

impl Groups {
    pub(crate) fn check(&self) -> Result<(), GroupsError> {
        match (&self.file, &self.pattern) {
            (Some(_), None) => Ok(()),
            (None, Some(pattern)) => compiled(pattern).map(|_| ()),
            _ => Err(GroupsError::NotOne),
        }
    }

    /// The group of each of `count` images, numbered as they first come.
    pub(crate) fn read(
        &self,
        set: &str,
        root: &Path,
        count: usize,
        name: impl Fn(usize) -> Option<String>,
    ) -> Result<Vec<u32>, DatasetError> {
        let invalid = |why: String| DatasetError::Invalid {
            name: set.to_owned(),
            why,
        };
        self.check().map_err(|error| invalid(error.to_string()))?;
        let mut numbers = Numbers::default();
        if let Some(file) = &self.file {
            return lines(&root.join(file), count, &mut numbers);
        }
        let pattern = self.pattern.as_deref().unwrap_or_default();
        let regex = compiled(pattern).map_err(|error| invalid(error.to_string()))?;
        let group = |index: usize| {
            let name = name(index).ok_or_else(|| {
                invalid("its images have no names in which `groups` could find a pattern; say `groups: {file: …}`".to_owned())
            })?;
            let found = regex.captures(&name);
            let found = found.and_then(|found| found.get(1).or_else(|| found.get(0)));
            let found = found.ok_or_else(|| invalid(format!("`groups`: {pattern} does not match {name}")))?;
            Ok(numbers.of(found.as_str()))
        };
        (0..count).map(group).collect()
    }
}

fn compiled(pattern: &str) -> Result<Regex, GroupsError> {
    Regex::new(pattern).map_err(|error| GroupsError::Pattern(error.to_string()))
}

/// Numbers of names, in the order in which they come.
#[derive(Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        match self.0.get(name) {
            Some(number) => *number,
            None => *self.0.entry(name.to_owned()).or_insert(next),
        }
    }
}

fn lines(path: &Path, count: usize, numbers: &mut Numbers) -> Result<Vec<u32>, DatasetError> {
    let io = |source| DatasetError::io(path, source);
    let malformed = |why: String| DatasetError::malformed(path, why);
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(malformed(format!(
            "not the groups of images (a text file of at most {MAX_FILE} bytes)"
        )));
    }
    let bytes = std::fs::read(path).map_err(io)?;
    let text = text::utf8(&bytes).map_err(|error| malformed(error.to_string()))?;
    let group = |(at, line): (usize, &str)| match line.trim() {
        "" => Err(malformed(format!("line {} names no group", at + 1))),
        name => Ok(numbers.of(name)),
    };
    let groups = text
        .lines()
        .enumerate()
        .map(group)
        .collect::<Result<Vec<_>, _>>()?;
    match groups.len() == count {
        true => Ok(groups),
        false => Err(malformed(format!(
            "{} lines for {count} images; a line names the group of an image",
            groups.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(file: Option<&str>, pattern: Option<&str>) -> Groups {
        Groups {
            file: file.map(PathBuf::from),
            pattern: pattern.map(str::to_owned),
        }
    }

    #[test]
    fn a_file_names_the_group_of_each_image() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(folder.path().join("g.txt"), text).unwrap();
            let groups = groups(Some("g.txt"), None).read("toy", folder.path(), 3, |_| None);
            groups.map_err(|error| error.to_string())
        };
        assert_eq!(read("cat\r\ndog\ncat\n"), Ok(vec![0, 1, 0]));
        assert!(
            read("cat\ndog\n")
                .unwrap_err()
                .contains("g.txt: 2 lines for 3 images")
        );
        assert!(
            read("cat\n\ndog\n")
                .unwrap_err()
                .contains("line 2 names no group")
        );
    }

    #[test]
    fn a_pattern_finds_the_group_in_the_name() {
        let names = ["a/p1_0.png", "a/p2_0.png", "b/p1_7.png"];
        let read = |pattern: &str| {
            let name = |index: usize| Some(names[index].to_owned());
            let groups = groups(None, Some(pattern)).read("toy", Path::new(""), 3, name);
            groups.map_err(|error| error.to_string())
        };
        assert_eq!(read(r"(p\d+)_"), Ok(vec![0, 1, 0]));
        assert_eq!(read("^[^/]+"), Ok(vec![0, 0, 1]));
        assert!(read("^a").unwrap_err().contains("does not match b/p1_7.png"));
        assert!(read("(").unwrap_err().contains("unclosed group"));
        let nameless = groups(None, Some("a")).read("toy", Path::new(""), 1, |_| None);
        assert!(nameless.unwrap_err().to_string().contains("have no names"));
        assert_eq!(groups(None, None).check(), Err(GroupsError::NotOne));
        assert_eq!(groups(Some("a"), Some("b")).check(), Err(GroupsError::NotOne));
    }
}
