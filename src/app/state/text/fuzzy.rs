//! Fuzzy search: which of some texts match what was typed, the best first.
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The places of the texts that match, the best match first. Equally good matches stay in their order, and so do all
/// texts where nothing was typed.
pub(in crate::app) fn search(query: &str, texts: impl IntoIterator<Item = String>) -> Vec<usize> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut characters = Vec::new();
    let mut found: Vec<(usize, u32)> = texts
        .into_iter()
        .enumerate()
        .filter_map(|(place, text)| {
            let score = pattern.score(Utf32Str::new(&text, &mut characters), &mut matcher)?;
            Some((place, score))
        })
        .collect();
    found.sort_by_key(|&(_, score)| std::cmp::Reverse(score));
    found.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_match_and_whole_words_come_first() {
        let texts = ["counts linear, log", "quit", "log-odds, probability", "Log"].map(str::to_owned);
        assert_eq!(search("", texts.clone()), [0, 1, 2, 3]);
        assert_eq!(search("prob", texts.clone()), [2]);
        assert_eq!(search("QUIT", texts.clone()), [1]);
        assert_eq!(search("cnt", texts.clone()), [0]);
        assert_eq!(search("xyz", texts.clone()), Vec::<usize>::new());
        assert_eq!(search("log", texts).len(), 3);
    }
}
