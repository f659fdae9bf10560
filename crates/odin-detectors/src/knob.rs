//! The numbers that a person may move: what each detector calls its own.

/// How a knob's values are spread over a slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Evenly, in steps of this size.
    Linear {
        /// What one key moves.
        step: f64,
    },
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
    /// Its value where nobody moved it.
    pub default: f64,
    /// The least value that is allowed.
    pub least: f64,
    /// The greatest value that is allowed.
    pub most: f64,
    /// What a slider shows at first.
    pub span: (f64, f64),
    /// How its values are spread over a slider.
    pub scale: Scale,
    /// What the number is, in a few words.
    pub meaning: &'static str,
    /// Whether another value asks for another pass through the network: then its scores are not arithmetic on the evidence
    /// that is there.
    pub needs_pass: bool,
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

    /// A percentage.
    pub(crate) const fn percent(
        key: &'static str,
        label: &'static str,
        default: f64,
        meaning: &'static str,
    ) -> Self {
        Self {
            key,
            label,
            default,
            least: 0.0,
            most: 100.0,
            span: (0.0, 100.0),
            scale: Scale::Linear { step: 1.0 },
            meaning,
            needs_pass: false,
        }
    }

    /// A whole number from 1 to 1,000.
    pub(crate) const fn count(
        key: &'static str,
        label: &'static str,
        default: f64,
        meaning: &'static str,
    ) -> Self {
        Self {
            key,
            label,
            default,
            least: 1.0,
            most: 1000.0,
            span: (1.0, 1000.0),
            scale: Scale::Count,
            meaning,
            needs_pass: false,
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

/// A value for each knob of a detector.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    pub(crate) knobs: &'static [Knob],
    /// In the order of `knobs`.
    pub(crate) values: &'a [f64],
}

impl Values<'_> {
    /// The value of a knob; `None` where there is no such knob.
    pub fn find(&self, key: &str) -> Option<f64> {
        let mut pairs = self.knobs.iter().zip(self.values);
        pairs.find(|(knob, _)| knob.key == key).map(|(_, value)| *value)
    }

    /// The value of a knob that the detector's own table has.
    pub(crate) fn get(&self, key: &str) -> f64 {
        self.find(key)
            .expect("a detector asks for knobs of its own table only")
    }

    pub(crate) fn count(&self, key: &str) -> usize {
        self.get(key) as usize
    }
}

/// A knob or its value that a detector does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum KnobError {
    /// A value that the knob cannot have.
    #[error("{key} must be {allowed}, not {value}")]
    Range {
        key: &'static str,
        value: f64,
        allowed: String,
    },
    /// A knob that the detector does not have.
    #[error("{detector} has no knob `{key}`; {it_has}")]
    Unknown {
        detector: &'static str,
        key: String,
        it_has: String,
    },
}
