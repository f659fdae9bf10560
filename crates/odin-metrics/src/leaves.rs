//! All scores so far in narrow ranges, none with more than a small share of either set: a sorted list that is
//! never sorted.
use std::collections::BTreeMap;

use super::curve::{Group, Item};
use super::error::Side;

/// No range with more than one score holds more than one part in so many of either set (or one image of it).
pub(super) const PARTS: u64 = 2048;

/// More ranges than this are merged; merging leaves at most half as many.
const MOST_LEAVES: usize = 8 * PARTS as usize;

/// The scores of one range.
#[derive(Debug, Clone, Default, PartialEq)]
struct Leaf {
    items: Vec<Item>,
    /// `threshold` is the lowest score.
    group: Group,
    highest: f64,
}

/// Ranges by the lowest score that may enter; together they cover every score.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Leaves {
    leaves: BTreeMap<u64, Leaf>,
    n_in: u64,
    n_out: u64,
}

impl Leaves {
    /// Adds an image (no NaN, no −0). Amortised O(log n).
    pub fn push(&mut self, item: Item) {
        match item.side {
            Side::In => self.n_in += 1,
            Side::Out => self.n_out += 1,
        }
        if self.leaves.is_empty() {
            self.leaves.insert(0, Leaf::default());
        }
        if let Some((&key, leaf)) = self.leaves.range_mut(..=key(item.score)).next_back() {
            leaf.push(item);
            self.relieve(key);
        }
    }

    pub fn len(&self) -> u64 {
        self.n_in + self.n_out
    }

    pub fn n_in(&self) -> u64 {
        self.n_in
    }

    pub fn n_out(&self) -> u64 {
        self.n_out
    }

    /// Every image, in no order.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        self.leaves.values().flat_map(|leaf| leaf.items.iter().copied())
    }

    /// A group a range, descending: score ≥ its threshold holds for just the images in it and above it.
    pub fn groups(&self) -> impl Iterator<Item = Group> + '_ {
        self.leaves.values().rev().map(|leaf| leaf.group)
    }

    /// The largest share of either set in a range of unequal scores.
    pub fn resolution(&self) -> f64 {
        let part = |count: u64, total: u64| count as f64 / total.max(1) as f64;
        let mixed = self.leaves.values().filter(|leaf| leaf.is_mixed());
        mixed
            .map(|leaf| part(leaf.group.ins, self.n_in).max(part(leaf.group.outs, self.n_out)))
            .fold(0.0, f64::max)
    }

    /// The most ID and the most OOD images that a range may hold.
    fn most(&self) -> (u64, u64) {
        ((self.n_in / PARTS).max(1), (self.n_out / PARTS).max(1))
    }

    /// Splits the range at `key`, and what comes of it, until none holds too much.
    fn relieve(&mut self, key: u64) {
        let (most_in, most_out) = self.most();
        let mut suspects = vec![key];
        while let Some(key) = suspects.pop() {
            let Some(leaf) = self.leaves.get_mut(&key).filter(|leaf| leaf.is_mixed()) else {
                continue;
            };
            let crowded = if leaf.group.ins > most_in {
                Side::In
            } else if leaf.group.outs > most_out {
                Side::Out
            } else {
                continue;
            };
            let (upper_key, upper) = leaf.split(crowded);
            self.leaves.insert(upper_key, upper);
            suspects.extend([key, upper_key]);
        }
        if self.leaves.len() > MOST_LEAVES {
            self.merge();
        }
    }

    /// Merges neighbours that have become small beside the whole, as scores that come in order leave them.
    fn merge(&mut self) {
        let (most_in, most_out) = self.most();
        let mut merged: Vec<(u64, Leaf)> = Vec::new();
        for (key, leaf) in std::mem::take(&mut self.leaves) {
            match merged.last_mut() {
                Some((_, below))
                    if below.group.ins + leaf.group.ins <= most_in
                        && below.group.outs + leaf.group.outs <= most_out =>
                {
                    leaf.items.into_iter().for_each(|item| below.push(item));
                }
                _ => merged.push((key, leaf)),
            }
        }
        self.leaves = merged.into_iter().collect();
    }
}

impl Leaf {
    fn push(&mut self, item: Item) {
        if self.items.is_empty() {
            (self.group.threshold, self.highest) = (item.score, item.score);
        }
        self.group.threshold = self.group.threshold.min(item.score);
        self.highest = self.highest.max(item.score);
        self.group.count(&item);
        self.items.push(item);
    }

    fn is_mixed(&self) -> bool {
        self.group.threshold < self.highest
    }

    /// Takes the upper part out: from the median of the crowded set, or, where the median is the lowest
    /// score, all above it. The leaf is mixed, so both parts hold something.
    fn split(&mut self, crowded: Side) -> (u64, Leaf) {
        let mut scores: Vec<f64> = self
            .items
            .iter()
            .filter(|i| i.side == crowded)
            .map(|i| i.score)
            .collect();
        let middle = scores.len() / 2;
        let mut pivot = *scores.select_nth_unstable_by(middle, f64::total_cmp).1;
        if pivot <= self.group.threshold {
            let above = self.items.iter().map(|i| i.score).filter(|&score| score > pivot);
            pivot = above.fold(f64::INFINITY, f64::min);
        }
        let (mut lower, mut upper) = (Leaf::default(), Leaf::default());
        for item in self.items.drain(..) {
            if item.score < pivot {
                &mut lower
            } else {
                &mut upper
            }
            .push(item);
        }
        *self = lower;
        (key(pivot), upper)
    }
}

/// Bits that order as the scores do.
fn key(score: f64) -> u64 {
    let bits = score.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}
