//! Names: what a path is called, which set a name stands for, and what may have been meant by a name that nothing has.
use std::collections::BTreeMap;

/// Last parts of paths that say nothing of what is there.
const GENERAL: [&str; 14] = [
    "data",
    "dataset",
    "image",
    "images",
    "img",
    "imgs",
    "jpg",
    "png",
    "test",
    "train",
    "training",
    "val",
    "valid",
    "validation",
];

/// What a set given by its path is called: the path's last part, with the one before it where the last says nothing
/// (`Imagenet/test`). A name that is no path stays as it is.
pub fn name_of(name_or_path: &str) -> String {
    let trimmed = name_or_path.trim_end_matches('/');
    let mut parts = trimmed.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or(trimmed);
    match parts.next() {
        Some(parent) if GENERAL.contains(&last.to_lowercase().as_str()) && !parent.starts_with('.') => {
            format!("{parent}/{last}")
        }
        _ => last.to_owned(),
    }
}

/// What sets are called: the names of their cards, and the aliases that stand for these. In any case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetNames {
    /// The card's name by all that it is called, both in small letters.
    cards: BTreeMap<String, String>,
}

impl SetNames {
    /// Of cards' names with their aliases. A name comes before an alias, and an earlier alias before a later one.
    pub(crate) fn new(cards: impl Iterator<Item = (String, Vec<String>)>) -> Self {
        let (mut names, mut by_alias) = (BTreeMap::new(), BTreeMap::new());
        for (name, aliases) in cards {
            let name = name.to_lowercase();
            for alias in aliases {
                by_alias.entry(alias.to_lowercase()).or_insert(name.clone());
            }
            names.insert(name.clone(), name);
        }
        by_alias.append(&mut names);
        Self { cards: by_alias }
    }

    /// One name for a set, by whatever name or path it is called, in small letters: that of its card, or what the path is called
    /// where no card is called so.
    pub fn of(&self, name_or_path: &str) -> String {
        let name = name_of(name_or_path).to_lowercase();
        self.cards.get(&name).cloned().unwrap_or(name)
    }

    /// All that the set is called, in small letters: by itself what no card is called.
    pub fn all_of(&self, name_or_path: &str) -> impl Iterator<Item = String> {
        let name = self.of(name_or_path);
        let same = self.cards.iter().filter(|(_, card)| **card == name);
        let called: Vec<String> = same.map(|(called, _)| called.clone()).collect();
        called.into_iter().chain([name])
    }

    /// Whether a card is called so.
    pub fn is_known(&self, name: &str) -> bool {
        self.cards.contains_key(&name.to_lowercase())
    }

    /// Up to three names and aliases that `name` may have been meant to be.
    pub fn nearest(&self, name: &str) -> Vec<String> {
        nearest(name, &self.cards.keys().cloned().collect::<Vec<_>>())
    }
}

/// Up to three names that `name` may have been meant to be.
pub fn nearest(name: &str, names: &[String]) -> Vec<String> {
    let name = name.to_lowercase();
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .map(|known| {
            let lower = known.to_lowercase();
            let inside = name.len() >= 3 && (lower.contains(&name) || name.contains(&lower));
            (
                if inside {
                    1
                } else {
                    strsim::damerau_levenshtein(&name, &lower)
                },
                known,
            )
        })
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3)
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, known)| known.clone()).collect()
}

/// For a key or a choice that the reader of a YAML file does not know, as its message says, the ones that may have been
/// meant, as a question.
pub fn meant(message: &str) -> Option<String> {
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known: Vec<String> = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let near = nearest(unknown, &known);
    (!near.is_empty()).then(|| format!("; did you mean {}?", near.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_called_by_what_tells_it_from_others() {
        for (path, name) in [
            ("Uniform", "Uniform"),
            ("test", "test"),
            ("/sets/Imagenet/test/", "Imagenet/test"),
            ("../test", "test"),
            ("sets/LSUN", "LSUN"),
            ("sets/textures/Images", "textures/Images"),
            ("", ""),
        ] {
            assert_eq!(name_of(path), name);
        }
    }

    #[test]
    fn an_unknown_key_gets_the_nearest_known_ones() {
        let message = "unknown field `lables`, expected one of `images`, `labels` at line 1 column 9";
        assert_eq!(meant(message).as_deref(), Some("; did you mean labels?"));
        assert_eq!(meant("unknown variant `zzzzzz`, expected `idx`"), None);
        assert_eq!(meant("did not find expected key"), None);
    }
}
