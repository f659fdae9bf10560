//! An exact value being typed.
use super::slider::Slider;

/// Longer than any number needs to be.
const LONGEST: usize = 24;

#[derive(Debug, Clone, PartialEq)]
pub struct Typing {
    pub slider: Slider,
    pub text: String,
    /// Why the text was not taken.
    pub error: Option<String>,
}

impl Typing {
    pub fn new(slider: Slider) -> Self {
        Self {
            slider,
            text: String::new(),
            error: None,
        }
    }

    /// Takes what can be part of a number; says whether it did.
    pub fn push(&mut self, c: char) -> bool {
        let fits = (c.is_ascii_digit() || ".eE+-%".contains(c)) && self.text.len() < LONGEST;
        if fits {
            self.text.push(c);
            self.error = None;
        }
        fits
    }

    pub fn erase(&mut self) {
        self.text.pop();
        self.error = None;
    }
}
