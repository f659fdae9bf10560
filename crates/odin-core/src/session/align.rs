//! Which element of a list became which of another: what stayed or changed in place, what went, what came.
use serde_yaml::{Mapping, Value};

/// A place in the old list, in the new one, or in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Kept(usize, usize),
    Removed(usize),
    Added(usize),
}

impl Pair {
    pub(super) fn removed(self) -> Option<usize> {
        match self {
            Self::Removed(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn added(self) -> Option<usize> {
        match self {
            Self::Added(at) => Some(at),
            _ => None,
        }
    }
}

/// Longer lists are paired by position: comparing each with each would take too long.
const MOST: usize = 4_000_000;

/// Pairs the elements in order, so that as many as can be stay as they are, and then as many as can be the same thing.
pub(super) fn align(old: &[Value], new: &[Value]) -> Vec<Pair> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old_middle = &old_rest[..old_rest.len() - end];
    let new_middle = &new_rest[..new_rest.len() - end];
    let mut pairs: Vec<Pair> = (0..start).map(|n| Pair::Kept(n, n)).collect();
    for pair in middle(old_middle, new_middle) {
        pairs.push(match pair {
            Pair::Kept(a, b) => Pair::Kept(a + start, b + start),
            Pair::Removed(a) => Pair::Removed(a + start),
            Pair::Added(b) => Pair::Added(b + start),
        });
    }
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    pairs.extend((0..end).map(|n| Pair::Kept(old_end + n, new_end + n)));
    pairs
}

fn middle(old: &[Value], new: &[Value]) -> Vec<Pair> {
    let (rows, columns) = (old.len(), new.len());
    if rows.saturating_mul(columns) > MOST {
        let both = rows.min(columns);
        let pairs = (0..both).map(|n| Pair::Kept(n, n));
        let removed = (both..rows).map(Pair::Removed);
        return pairs
            .chain(removed)
            .chain((both..columns).map(Pair::Added))
            .collect();
    }
    // best[i][j]: the greatest weight that old[i..] and new[j..] can have in common.
    let mut best = vec![vec![0u32; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let here = weight(&old[i], &new[j]);
            let together = if here > 0 { here + best[i + 1][j + 1] } else { 0 };
            best[i][j] = together.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < rows || j < columns {
        let here = if i < rows && j < columns {
            weight(&old[i], &new[j])
        } else {
            0
        };
        if here > 0 && best[i][j] == here + best[i + 1][j + 1] {
            pairs.push(Pair::Kept(i, j));
            (i, j) = (i + 1, j + 1);
        } else if i < rows && (j == columns || best[i][j] == best[i + 1][j]) {
            pairs.push(Pair::Removed(i));
            i += 1;
        } else {
            pairs.push(Pair::Added(j));
            j += 1;
        }
    }
    pairs
}

/// What it is worth to pair two elements: equal ones more than those that are the same thing with other values.
fn weight(old: &Value, new: &Value) -> u32 {
    if old == new {
        return 100_000;
    }
    match (old, new) {
        (Value::Mapping(old), Value::Mapping(new)) => likeness(old, new),
        _ => 0,
    }
}

/// Whether two mappings are the same queue, or jobs for the same network and set.
fn likeness(old: &Mapping, new: &Mapping) -> u32 {
    let alike = |key: &str| old.get(key) == new.get(key);
    if old.contains_key("jobs") {
        u32::from(alike("name") || alike("jobs"))
    } else if alike("network") && alike("dataset") {
        1 + u32::from(alike("weights") && alike("in_dataset"))
    } else {
        0
    }
}
