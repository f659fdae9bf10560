//! How much room evidence may take.

/// Bytes of evidence in memory, and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub memory: u64,
    /// 0: nothing is read from the disk or written there.
    pub disk: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} must be a number of bytes such as 512M or 4G, not `{value}`")]
pub struct BudgetError {
    variable: &'static str,
    value: String,
}

pub(super) const MEMORY: &str = "ODIN_EVIDENCE_MEMORY";
pub(super) const DISK: &str = "ODIN_EVIDENCE_DISK";

impl Default for Budget {
    fn default() -> Self {
        Self {
            memory: 384 << 20,
            disk: 4 << 30,
        }
    }
}

impl Budget {
    /// The usual, unless the environment says otherwise.
    pub fn from_env() -> Result<Self, BudgetError> {
        let usual = Self::default();
        let of = |variable: &'static str, usual: u64| match std::env::var(variable) {
            Ok(value) if !value.is_empty() => bytes(&value).ok_or(BudgetError { variable, value }),
            _ => Ok(usual),
        };
        Ok(Self {
            memory: of(MEMORY, usual.memory)?,
            disk: of(DISK, usual.disk)?,
        })
    }

    /// Without anything on disk.
    pub fn in_memory(self) -> Self {
        Self { disk: 0, ..self }
    }
}

/// `1048576`, `1024K`, `1M`, `1.5G`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.bytes().last()?.to_ascii_uppercase() {
        b'K' => 1u64 << 10,
        b'M' => 1 << 20,
        b'G' => 1 << 30,
        b'T' => 1 << 40,
        _ => 1,
    };
    let number = if unit > 1 {
        text.get(..text.len() - 1)?
    } else {
        text
    };
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * unit as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_a_number_with_a_unit() {
        assert_eq!(bytes("0"), Some(0));
        assert_eq!(bytes("1000"), Some(1000));
        assert_eq!(bytes("512M"), Some(512 << 20));
        assert_eq!(bytes("1.5 g"), Some(3 << 29));
        for bad in ["", "M", "-1", "much", "1X", "NaN"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
