//! How a file differs from what a network needs, in words.
use std::fmt;

/// How weights differ from what a network needs. Printed as the first few of each kind, and how many there are.
#[derive(Debug, Default)]
pub struct Mismatches {
    pub missing: Vec<String>,
    pub misshapen: Vec<String>,
    pub surplus: Vec<String>,
    /// Of a kind that is not read, each with why.
    pub unusable: Vec<String>,
}

impl Mismatches {
    pub(super) fn count(&self) -> usize {
        let all = [&self.missing, &self.misshapen, &self.surplus, &self.unusable];
        all.iter().map(|names| names.len()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

/// The first few of the names, and a sign where there are more.
pub(super) fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{shown}{more}")
}

impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("missing", &self.missing),
            ("of another shape", &self.misshapen),
            ("unusable", &self.unusable),
            ("not part of the network", &self.surplus),
        ];
        let tell = |(what, names): (&str, &Vec<String>)| {
            (!names.is_empty()).then(|| format!("{} {what}: {}", names.len(), first_few(names)))
        };
        let all: Vec<String> = kinds.into_iter().filter_map(tell).collect();
        f.write_str(&all.join("; "))
    }
}

/// What lies in a file beside the weights and was left alone, and what of them was not taken as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Names in the same dictionary as the weights, without counters.
    pub tensors: Vec<String>,
    /// Functions of which Python would have called each to make an object; none was called.
    pub calls: Vec<String>,
    /// What was changed to fit the card, in words.
    pub changed: Vec<String>,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tensors = (!self.tensors.is_empty()).then(|| first_few(&self.tensors));
        let objects = (!self.calls.is_empty()).then(|| format!("objects by {}", first_few(&self.calls)));
        let all: Vec<String> = tensors.into_iter().chain(objects).collect();
        let passed_over = match all.is_empty() {
            true => None,
            false => Some(format!("passed over beside the weights: {}", all.join("; "))),
        };
        let told: Vec<String> = passed_over
            .into_iter()
            .chain(self.changed.iter().cloned())
            .collect();
        f.write_str(&told.join("; "))
    }
}
