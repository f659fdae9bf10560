//! An exact value being typed.
use super::slider::Slider;
use odin_core::setting::KnobError;

/// Longer than any number needs to be.
const LONGEST: usize = 24;

#[derive(Debug, Clone, PartialEq)]
pub struct Typing {
    pub slider: Slider,
    pub text: String,
    /// Why the text was not accepted.
    pub error: Option<TypingError>,
}

/// Why a typed value is not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TypingError {
    #[error(transparent)]
    Knob(#[from] KnobError),
    #[error("`{0}` is not a number{advice}", advice = with_a_point(.0))]
    NotANumber(String),
    #[error("a TPR in %: above 0, at most 100")]
    Tpr,
}

/// What to write where a comma stands for the point.
fn with_a_point(text: &str) -> String {
    let pointed = text.replace(',', ".");
    match pointed.parse::<f64>() {
        Ok(_) if text.contains(',') => format!(": write {pointed}"),
        _ => String::new(),
    }
}

impl Typing {
    pub fn new(slider: Slider) -> Self {
        Self {
            slider,
            text: String::new(),
            error: None,
        }
    }

    /// Adds a character that can be part of a number, and says whether it did. A comma too: left out, it would make 25 of 2,5.
    pub fn push(&mut self, c: char) -> bool {
        let fits = (c.is_ascii_digit() || ".,eE+-%".contains(c)) && self.text.len() < LONGEST;
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
