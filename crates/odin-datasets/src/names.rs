//! Names: what a path is called, and what may have been meant by a name that nothing has.

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
