//! From which score on an image is called in-distribution: chosen on the job's in-distribution images, so that it holds for new
//! ones (conformal prediction), or given.
use anyhow::Context;

use odin_metrics::{ConformalThreshold, conformal_p_values, conformal_threshold};

pub(super) struct Threshold {
    /// None where so few in-distribution images choose none.
    pub score: Option<f64>,
    /// In-distribution scores; none where the threshold was given.
    ids: Option<Vec<f64>>,
}

impl Threshold {
    pub(super) fn given(score: f64) -> Self {
        Self {
            score: Some(score),
            ids: None,
        }
    }

    /// From the scores of in-distribution images. Also tells what it promises.
    ///
    /// # Errors
    /// Where there is no score, or one is not a number.
    pub(super) fn choose(ids: Vec<f64>, tpr: f64, of: &str) -> anyhow::Result<(Self, String)> {
        let chosen = conformal_threshold(&ids, tpr).with_context(|| of.to_owned())?;
        let reached = ids
            .iter()
            .filter(|score| chosen.threshold.is_none_or(|threshold| **score >= threshold))
            .count();
        let told = promise(&chosen, tpr, reached, of);
        let threshold = Self {
            score: chosen.threshold,
            ids: Some(ids),
        };
        Ok((threshold, told))
    }

    pub(super) fn is_id(&self, score: f64) -> bool {
        self.score.is_none_or(|threshold| score >= threshold)
    }

    /// How unusual each score would be among in-distribution images; none where the threshold was given.
    ///
    /// # Errors
    /// Where a score is not a number.
    pub(super) fn p_values(&self, scores: &[f64]) -> anyhow::Result<Option<Vec<f64>>> {
        let Some(ids) = &self.ids else { return Ok(None) };
        Ok(Some(conformal_p_values(ids, scores)?))
    }
}

fn promise(chosen: &ConformalThreshold, tpr: f64, reached: usize, of: &str) -> String {
    let ConformalThreshold {
        threshold,
        n,
        expected_tpr,
        tpr_range,
        ..
    } = chosen;
    match threshold {
        None => {
            let enough = (tpr / (1.0 - tpr) - 1e-9).ceil();
            format!(
                "{n} images of {of} are too few for a threshold that {} % of new ones reach ({enough} are enough): every image \
                 is called ID",
                percent(tpr)
            )
        }
        Some(threshold) => format!(
            "ID from a score of {threshold} on, which {} % of {n} images of {of} reach; of new ones, {} % are expected to \
             ({} to {} % for 95 % of such choices of {n} images)",
            percent(reached as f64 / *n as f64),
            percent(*expected_tpr),
            percent(tpr_range.low),
            percent(tpr_range.high),
        ),
    }
}

/// With a digit after the point where that is not 0.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_holds_for_new_images_and_says_what_it_promises() {
        let ids: Vec<f64> = (0..60).map(f64::from).collect();
        let (threshold, told) = Threshold::choose(ids, 0.95, "one").unwrap();
        // The 58th highest of 60: a new image is as likely to take any of 61 places.
        assert_eq!(threshold.score, Some(2.0));
        assert!(threshold.is_id(2.0) && !threshold.is_id(1.9));
        assert!(
            told.starts_with(
                "ID from a score of 2 on, which 96.7 % of 60 images of one reach; of new ones, 95.1 % are"
            ),
            "{told}"
        );
        let p_values = threshold.p_values(&[-1.0, 100.0]).unwrap().unwrap();
        assert_eq!(p_values, [1.0 / 61.0, 1.0]);
    }

    #[test]
    fn so_few_images_choose_no_threshold() {
        let (threshold, told) = Threshold::choose(vec![1.0; 18], 0.95, "one").unwrap();
        assert!(threshold.score.is_none() && threshold.is_id(f64::NEG_INFINITY));
        assert!(
            told.contains("18 images of one are too few") && told.contains("(19 are enough)"),
            "{told}"
        );
        assert!(
            Threshold::choose(vec![0.0; 19], 0.95, "one")
                .unwrap()
                .0
                .score
                .is_some()
        );
        assert!(Threshold::choose(Vec::new(), 0.95, "one").is_err());
        assert!(Threshold::given(1.0).p_values(&[0.0]).unwrap().is_none());
    }
}
