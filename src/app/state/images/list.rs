//! Listing images: what a list is made from, and making it.
use std::time::Duration;

use crate::app::state::analysis::Analysis;
use crate::app::state::jobs::Job;
use crate::app::state::scores::Listed;
use crate::app::state::threshold::Cursor;
use odin_core::protocol::{Generation, JobId, Side};
use odin_core::session::{Detector, ImageFilter, ImageOrder};

/// More images than this are not sorted into the list, though there may be a million.
const MOST_LISTED: usize = 5000;
/// While scores arrive, the list is made anew only this often, so that it can be read.
pub(in crate::app) const BETWEEN_LISTS: Duration = Duration::from_secs(1);

/// What a list is made from: it is valid for as long as this does not change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::app) struct Basis {
    pub(super) job: JobId,
    pub(super) detector: Detector,
    pub(super) order: ImageOrder,
    pub(super) filter: ImageFilter,
    pub(super) class: Option<u16>,
    pub(super) cursor: Cursor,
    pub(super) generation: Generation,
    /// Images with a score.
    pub(super) scored: usize,
    /// When the threshold was last read from the scores.
    pub(super) analysed_at: Option<Duration>,
}

impl Basis {
    /// Whether `now` differs in nothing but more scores.
    pub(in crate::app) fn has_only_grown(&self, now: &Self) -> bool {
        let before = Self {
            scored: now.scored,
            analysed_at: now.analysed_at,
            ..*self
        };
        before == *now && now.scored >= self.scored
    }
}

/// The threshold δ; NaN, which no score passes, while there are no scores to take a TPR from.
pub(in crate::app) fn threshold(cursor: Cursor, shown: Option<&Analysis>) -> f64 {
    match (cursor, shown) {
        (_, Some(analysis)) => analysis.at(cursor).threshold,
        (Cursor::Score(score), None) => score,
        (Cursor::Tpr(_), None) => f64::NAN,
    }
}

/// The images that pass the filter, at most [`MOST_LISTED`] in order, and how many pass in all.
pub(in crate::app) fn list(job: &Job, basis: &Basis, threshold: f64) -> (Vec<Listed>, usize) {
    let Basis {
        order,
        filter,
        class,
        detector,
        ..
    } = *basis;
    let setting = job.setting(detector);
    let passes = |listed: &Listed| {
        let of_image = listed.label.unwrap_or(listed.prediction);
        let is_in = listed.image.side == Side::In;
        class.is_none_or(|wanted| wanted == of_image)
            && match filter {
                ImageFilter::All => true,
                ImageFilter::Misclassified => is_in && listed.is_wrong(),
                ImageFilter::FalseNegatives => is_in && listed.score < threshold,
                ImageFilter::FalsePositives => !is_in && listed.score >= threshold,
            }
    };
    let sides = [Side::In, Side::Out].into_iter();
    let mut all: Vec<Listed> = sides
        .filter(|side| order.side().is_none_or(|only| only == *side))
        .flat_map(|side| job.scores.listed(side, &setting))
        .filter(passes)
        .collect();
    let key = |listed: &Listed| match order {
        ImageOrder::OodLikeIn | ImageOrder::OodLikeOut => listed.score,
        ImageOrder::IdLikeOut | ImageOrder::IdLikeIn => -listed.score,
        ImageOrder::AroundThreshold => (listed.score - threshold).abs(),
    };
    // Equal scores in the order of their numbers, so that the list does not depend on the sort.
    let compare = |a: &Listed, b: &Listed| key(a).total_cmp(&key(b)).then(a.image.cmp(&b.image));
    let total = all.len();
    if total > MOST_LISTED {
        all.select_nth_unstable_by(MOST_LISTED, compare);
        all.truncate(MOST_LISTED);
    }
    all.sort_unstable_by(compare);
    (all, total)
}
