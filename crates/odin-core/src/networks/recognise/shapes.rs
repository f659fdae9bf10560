//! The shapes of tensors by name, and what families ask of them.
use std::collections::BTreeMap;

/// Shapes by name, under the names that the family has.
#[derive(Debug, Clone, Default)]
pub struct Shapes(BTreeMap<String, Vec<i64>>);

/// A name such as `layer1.0.conv2.weight` taken apart: two numbers, and what comes after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InBlock<'a> {
    pub stage: usize,
    pub block: usize,
    pub rest: &'a str,
}

/// More stages or blocks than any network has; a made-up name may hold any number.
const MOST: usize = 300;

impl FromIterator<(String, Vec<i64>)> for Shapes {
    fn from_iter<I: IntoIterator<Item = (String, Vec<i64>)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Shapes {
    /// The shape of the convolution of this name: channels to, channels from, height, width.
    pub(super) fn convolution(&self, name: &str) -> Option<[usize; 4]> {
        let sizes = self.0.get(&format!("{name}.weight"))?;
        let sizes: Vec<usize> = sizes
            .iter()
            .map(|&n| usize::try_from(n).ok())
            .collect::<Option<_>>()?;
        <[usize; 4]>::try_from(sizes)
            .ok()
            .filter(|sizes| !sizes.contains(&0))
    }

    /// Outputs of the linear layer of this name.
    pub(super) fn outputs(&self, name: &str) -> Option<usize> {
        match self.0.get(&format!("{name}.weight")).map(Vec::as_slice) {
            Some(&[to, _]) => usize::try_from(to).ok(),
            _ => None,
        }
    }

    /// The shape of the tensor of this name.
    pub(super) fn sizes(&self, name: &str) -> Option<Vec<usize>> {
        let sizes = self.0.get(name)?;
        sizes.iter().map(|&n| usize::try_from(n).ok()).collect()
    }

    /// Numbers of names of the form `START{n}.REST`.
    pub(super) fn numbered(&self, start: &str) -> Vec<usize> {
        let number = |name: &String| name.strip_prefix(start)?.split_once('.')?.0.parse().ok();
        self.0.keys().filter_map(number).filter(|&n| n < MOST).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Names of the form `STAGE{s}MIDDLE{b}.REST`.
    pub(super) fn blocks<'a>(&'a self, stage: &str, middle: &str) -> Vec<InBlock<'a>> {
        let number = |text: &str| text.parse().ok().filter(|&n| n < MOST);
        let apart = |name: &'a str| {
            let (s, behind) = name.strip_prefix(stage)?.split_once(middle)?;
            let (b, rest) = behind.split_once('.')?;
            Some(InBlock {
                stage: number(s)?,
                block: number(b)?,
                rest,
            })
        };
        self.0.keys().filter_map(|name| apart(name)).collect()
    }
}
