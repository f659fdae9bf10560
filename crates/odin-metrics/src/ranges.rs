//! All scores so far, partitioned into narrow ranges that each hold a small share of either set. The ranges are ordered;
//! the scores within one are not.
use std::collections::BTreeMap;

use crate::curve::{Group, Item};
use crate::error::Side;

/// A range of unequal scores holds at most 1/`PARTS` of either set (or one image of it).
pub(crate) const PARTS: u64 = 2048;

/// More ranges than this are merged; afterwards there are at most half as many.
const MOST_RANGES: usize = 8 * PARTS as usize;

/// The scores of one range.
#[derive(Debug, Clone, Default, PartialEq)]
struct ScoreRange {
    items: Vec<Item>,
    /// `threshold` is the lowest score.
    group: Group,
    highest: f64,
}

/// Ranges, each keyed by the lowest score that it may hold; together they cover every score.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ranges {
    ranges: BTreeMap<u64, ScoreRange>,
    n_in: u64,
    n_out: u64,
}

impl Ranges {
    /// Adds an image (no NaN, no −0). Amortised O(log n).
    pub(crate) fn push(&mut self, item: Item) {
        match item.side {
            Side::In => self.n_in += 1,
            Side::Out => self.n_out += 1,
        }
        if self.ranges.is_empty() {
            self.ranges.insert(0, ScoreRange::default());
        }
        let Some((&key, range)) = self.ranges.range_mut(..=key(item.score)).next_back() else {
            unreachable!("the lowest range begins at key 0, and splits leave it there");
        };
        range.push(item);
        self.relieve(key);
    }

    pub(crate) fn len(&self) -> u64 {
        self.n_in + self.n_out
    }

    pub(crate) fn n_in(&self) -> u64 {
        self.n_in
    }

    pub(crate) fn n_out(&self) -> u64 {
        self.n_out
    }

    /// Every image, in no order.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item> + '_ {
        self.ranges.values().flat_map(|range| range.items.iter().copied())
    }

    /// One group for each range, in descending order. The images that score at least its threshold are those in it and in
    /// the ranges above it.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> + '_ {
        self.ranges.values().rev().map(|range| range.group)
    }

    /// The largest share of either set in a range of unequal scores.
    pub(crate) fn resolution(&self) -> f64 {
        let part = |count: u64, total: u64| count as f64 / total.max(1) as f64;
        let mixed = self.ranges.values().filter(|range| range.is_mixed());
        mixed
            .map(|range| part(range.group.ins, self.n_in).max(part(range.group.outs, self.n_out)))
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
            let Some(range) = self.ranges.get_mut(&key).filter(|range| range.is_mixed()) else {
                continue;
            };
            let crowded = if range.group.ins > most_in {
                Side::In
            } else if range.group.outs > most_out {
                Side::Out
            } else {
                continue;
            };
            let (upper_key, upper) = range.split(crowded);
            self.ranges.insert(upper_key, upper);
            suspects.extend([key, upper_key]);
        }
        if self.ranges.len() > MOST_RANGES {
            self.merge();
        }
    }

    /// Merges neighbours that have become small as the sets grew, which happens when scores arrive in order.
    fn merge(&mut self) {
        let (most_in, most_out) = self.most();
        let mut merged: Vec<(u64, ScoreRange)> = Vec::new();
        for (key, range) in std::mem::take(&mut self.ranges) {
            match merged.last_mut() {
                Some((_, below))
                    if below.group.ins + range.group.ins <= most_in
                        && below.group.outs + range.group.outs <= most_out =>
                {
                    range.items.into_iter().for_each(|item| below.push(item));
                }
                _ => merged.push((key, range)),
            }
        }
        self.ranges = merged.into_iter().collect();
    }
}

impl ScoreRange {
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
    /// score, all above it. The range is mixed, so both parts hold something.
    fn split(&mut self, crowded: Side) -> (u64, ScoreRange) {
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
        let (mut lower, mut upper) = (ScoreRange::default(), ScoreRange::default());
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
