//! A line of text being typed.

/// Longer than any name, path or search needs to be.
const LONGEST: usize = 300;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
}

impl Field {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a character, and says whether it did: control characters, which a paste may contain, are left out.
    pub fn push(&mut self, c: char) -> bool {
        let fits = !c.is_control() && self.text.len() + c.len_utf8() <= LONGEST;
        if fits {
            self.text.push(c);
        }
        fits
    }

    pub fn erase(&mut self) {
        self.text.pop();
    }

    /// Removes the last word, and the blanks after it.
    pub fn erase_word(&mut self) {
        let kept = self
            .text
            .trim_end()
            .trim_end_matches(|c: char| !c.is_whitespace());
        self.text.truncate(kept.len());
    }

    pub fn clear(&mut self) {
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_controls() {
        let mut field = Field::default();
        let taken = "naïve  search \u{1b}\n"
            .chars()
            .filter(|&c| field.push(c))
            .count();
        assert_eq!((taken, field.text()), (14, "naïve  search "));
        field.erase_word();
        assert_eq!(field.text(), "naïve  ");
        field.erase_word();
        assert_eq!(field.text(), "");
        field.erase_word();
        field.erase();
        assert!((0..1000).filter(|_| field.push('é')).count() == LONGEST / 2);
    }
}
