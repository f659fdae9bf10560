//! Which images belong together, such as crops of one photograph: intervals are then of whole groups, as those of the command
//! line are.
use std::sync::Arc;

use odin_core::protocol::Side;
use odin_metrics::Resampling;

/// The groups of a job's images; a side without is of independent images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageGroups {
    ins: Option<Arc<[u32]>>,
    outs: Option<Arc<[u32]>>,
}

/// The group of each image of some lists, one an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::app) struct GroupLists {
    ins: Option<Vec<u32>>,
    outs: Option<Vec<u32>>,
}

impl ImageGroups {
    /// Takes those of a side's images, in the order of their numbers.
    pub(in crate::app) fn set(&mut self, side: Side, groups: Vec<u32>) {
        let place = match side {
            Side::In => &mut self.ins,
            Side::Out => &mut self.outs,
        };
        // Told again at each step of a slider.
        if place.as_deref() != Some(groups.as_slice()) {
            *place = Some(groups.into());
        }
    }

    pub(in crate::app) fn are_any(&self) -> bool {
        self.ins.is_some() || self.outs.is_some()
    }

    /// Of the images with these numbers.
    pub(in crate::app) fn of(
        &self,
        ins: impl Iterator<Item = u32>,
        outs: impl Iterator<Item = u32>,
    ) -> GroupLists {
        GroupLists {
            ins: self.ins.as_deref().and_then(|groups| listed(groups, ins)),
            outs: self.outs.as_deref().and_then(|groups| listed(groups, outs)),
        }
    }
}

/// `None` where an image has no group: the engine tells all of a set's, or none.
fn listed(groups: &[u32], numbers: impl Iterator<Item = u32>) -> Option<Vec<u32>> {
    numbers
        .map(|number| groups.get(number as usize).copied())
        .collect()
}

impl GroupLists {
    pub(in crate::app) fn resampling(&self, replicates: usize, seed: u64) -> Resampling<'_> {
        Resampling {
            replicates,
            seed,
            in_groups: self.ins.as_deref(),
            out_groups: self.outs.as_deref(),
            ..Resampling::default()
        }
    }
}
