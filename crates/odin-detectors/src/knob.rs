//! The numbers that a person may move: what each detector calls its own.

/// How a knob's values are spread over a slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Evenly, in steps of this size.
    Linear { step: f64 },
    /// By their logarithms.
    Logarithmic,
    /// Whole numbers, by their logarithms.
    Count,
}

/// One knob of a detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knob {
    /// As sessions and the command line write it.
    pub key: &'static str,
    /// As screens and tables write it: short.
    pub label: &'static str,
    pub default: f64,
    /// What is allowed.
    pub least: f64,
    pub most: f64,
    /// What a slider shows at first.
    pub span: (f64, f64),
    pub scale: Scale,
    /// What the number is, in a few words.
    pub meaning: &'static str,
}

impl Knob {
    /// What is allowed, in words.
    pub fn allowed(&self) -> String {
        let Self { least, most, .. } = self;
        match self.scale {
            _ if (*least, *most) == (f64::MIN_POSITIVE, f64::MAX) => "a finite number above 0".to_owned(),
            Scale::Count => format!("a whole number between {least} and {most}"),
            Scale::Linear { .. } | Scale::Logarithmic => format!("between {least} and {most}"),
        }
    }

    /// The value itself where the knob can have it.
    pub fn check(&self, value: f64) -> Result<f64, KnobError> {
        let is_whole = value.fract() == 0.0;
        if !(self.least..=self.most).contains(&value) || (self.scale == Scale::Count && !is_whole) {
            return Err(KnobError::Range {
                key: self.key,
                value,
                allowed: self.allowed(),
            });
        }
        // `+ 0.0` turns -0 into 0, so that equal values have equal bits.
        Ok(value + 0.0)
    }
}

/// A knob or its value that a detector does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KnobError {
    #[error("{key} must be {allowed}, not {value}")]
    Range {
        key: &'static str,
        value: f64,
        allowed: String,
    },
    #[error("{detector} has no knob `{key}`; {it_has}")]
    Unknown {
        detector: &'static str,
        key: String,
        it_has: String,
    },
}
