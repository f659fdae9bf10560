//! What may have been meant by a word that is neither a command nor a name.
use odin_datasets::nearest;

/// Commands and names that are spelled nearly so, as a question; empty where there are none. Where a name has the very letters
/// of the word in another order, commands are not meant.
pub(super) fn did_you_mean(word: &str, commands: &[String], names: &[String]) -> String {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let near = match names.iter().any(|name| letters(name) == letters(word)) {
        true => Vec::new(),
        false => nearest(word, commands),
    };
    let commands = near.iter().map(|command| format!("the command `odin {command}`"));
    question(&commands.chain(nearest(word, names)).collect::<Vec<_>>())
}

/// `; did you mean A or B?`, or nothing.
pub(super) fn question(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_before_names() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let commands = words(&["score", "sweep", "run"]);
        let meant = did_you_mean("scor", &commands, &words(&["scores", "demo"]));
        assert_eq!(meant, "; did you mean the command `odin score` or scores?");
        let commands = words(&["tune", "score"]);
        assert_eq!(
            did_you_mean("tuor", &commands, &words(&["tour"])),
            "; did you mean tour?"
        );
        assert_eq!(did_you_mean("zzzzzzzz", &commands, &words(&["demo"])), "");
    }
}
