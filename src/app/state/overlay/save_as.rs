//! Saving the session under another name.
use std::path::{Path, PathBuf};

use crate::app::state::text::Field;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SaveAs {
    pub name: Field,
    /// Why it was not saved under the name that was typed.
    pub error: Option<String>,
}

impl SaveAs {
    /// The file of what is typed: a name is one beside the present file, and `.yaml` is added where there is no ending.
    /// `None` where nothing is typed.
    pub fn path(&self, present: &Path) -> Option<PathBuf> {
        let typed = self.name.text().trim();
        if typed.is_empty() {
            return None;
        }
        let typed = Path::new(typed);
        let mut path = match typed.components().count() {
            1 => present.with_file_name(typed),
            _ => typed.to_owned(),
        };
        if path
            .extension()
            .is_none_or(|ending| ending != "yaml" && ending != "yml")
        {
            path.as_mut_os_string().push(".yaml");
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_beside_the_present_file() {
        let path = |typed: &str| {
            let mut save_as = SaveAs::default();
            typed.chars().for_each(|c| assert!(save_as.name.push(c)));
            save_as.path("sessions/demo.yaml".as_ref())
        };
        for (typed, want) in [
            ("mine", "sessions/mine.yaml"),
            ("v1.5", "sessions/v1.5.yaml"),
            (" mine.yml ", "sessions/mine.yml"),
            ("/tmp/a/b", "/tmp/a/b.yaml"),
        ] {
            assert_eq!(path(typed), Some(PathBuf::from(want)), "{typed}");
        }
        assert_eq!(path("  "), None);
    }
}
