//! From which score on an image is called in-distribution: chosen so that what it promises holds for new images (conformal
//! prediction), or given.
use anyhow::{Context, bail};

use super::rule::Rule;
use odin_metrics::{
    ConformalFpr, ConformalThreshold, benjamini_hochberg, conformal_fpr_threshold, conformal_p_values,
    conformal_threshold,
};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Threshold {
    pub rule: Rule,
    /// None where all images are ID: so few in-distribution images choose no threshold, or no image of the call stands out.
    pub score: Option<f64>,
    /// In-distribution scores, ascending; none where the threshold was given.
    pub ids: Vec<f64>,
}

impl Threshold {
    pub(super) fn given(score: f64) -> Self {
        Self {
            rule: Rule::Threshold(score),
            score: Some(score),
            ids: Vec::new(),
        }
    }

    /// From the scores of in-distribution images, which are of the set `of`. Also tells what it promises.
    ///
    /// # Errors
    /// Where there is no score, or one is not a number.
    pub(super) fn by_tpr(ids: Vec<f64>, tpr: f64, of: &str) -> anyhow::Result<(Self, String)> {
        let chosen = conformal_threshold(&ids, tpr).with_context(|| of.to_owned())?;
        let told = promise_of_tpr(&chosen, tpr, reach(&ids, chosen.threshold), of);
        Ok((Self::new(Rule::Tpr(tpr), chosen.threshold, ids), told))
    }

    /// From the scores of images of the set that `rule`, an FPR's, names. Also tells what it promises.
    ///
    /// # Errors
    /// Where there are too few scores, or one is not a number, or no threshold lies above enough of them.
    pub(super) fn by_fpr(
        (share, on): (f64, &str),
        outs: &[f64],
        ids: Vec<f64>,
        of: &str,
    ) -> anyhow::Result<(Self, String)> {
        let chosen = conformal_fpr_threshold(outs, share).with_context(|| on.to_owned())?;
        if ids.is_empty() || ids.iter().any(|score| score.is_nan()) {
            // Says which.
            conformal_p_values(&ids, &[]).with_context(|| of.to_owned())?;
        }
        let Some(threshold) = chosen.threshold else {
            bail!(
                "--fpr: {} images of {on} are too few for a threshold that at most {} % of new ones reach ({} are enough)",
                chosen.n,
                percent(share),
                (1.0 / share - 1.0 - 1e-9).ceil()
            );
        };
        if !threshold.is_finite() || threshold >= f64::MAX {
            bail!(
                "--fpr: more than {} % of {on} score as high as a score can be: no threshold lies above",
                percent(share)
            );
        }
        let told = promise_of_fpr(
            &chosen,
            threshold,
            (reach(outs, Some(threshold)), on),
            (reach(&ids, Some(threshold)), ids.len(), of),
        );
        let rule = Rule::Fpr {
            share,
            on: on.to_owned(),
        };
        Ok((Self::new(rule, Some(threshold), ids), told))
    }

    /// What is to be chosen over all images of a call. Also tells what it promises.
    ///
    /// # Errors
    /// Where there is no in-distribution score, or one is not a number.
    pub(super) fn by_fdr(ids: Vec<f64>, fdr: f64, of: &str) -> anyhow::Result<(Self, String)> {
        conformal_p_values(&ids, &[]).with_context(|| of.to_owned())?;
        let n = ids.len();
        let told = format!(
            "OOD are those images of this call of which at most {} % are expected to be ID, by p-values from {n} images of \
             {of}, which are 1/{} at least",
            percent(fdr),
            n + 1
        );
        Ok((Self::new(Rule::Fdr(fdr), None, ids), told))
    }

    fn new(rule: Rule, score: Option<f64>, mut ids: Vec<f64>) -> Self {
        ids.sort_unstable_by(f64::total_cmp);
        Self { rule, score, ids }
    }

    pub(super) fn is_id(&self, score: f64) -> bool {
        self.score.is_none_or(|threshold| score >= threshold)
    }

    /// How unusual each score would be among in-distribution images; none where the threshold was given.
    ///
    /// # Errors
    /// Where a score is not a number.
    pub(super) fn p_values(&self, scores: &[f64]) -> anyhow::Result<Option<Vec<f64>>> {
        match self.ids.as_slice() {
            [] => Ok(None),
            ids => Ok(Some(conformal_p_values(ids, scores)?)),
        }
    }

    /// The threshold with the score that the rule makes of all images of a call: the lowest in-distribution score that is
    /// above all that are rejected, which is where p-values exceed those of the rejected ones.
    ///
    /// # Errors
    /// Where a score is not a number.
    pub(super) fn over(&self, scores: &[f64]) -> anyhow::Result<Self> {
        let Rule::Fdr(rate) = self.rule else {
            return Ok(self.clone());
        };
        let p_values = conformal_p_values(&self.ids, scores)?;
        let rejected = benjamini_hochberg(&p_values, rate);
        let highest = scores.iter().zip(&rejected).filter(|(_, rejected)| **rejected);
        let highest = highest.map(|(score, _)| *score).max_by(f64::total_cmp);
        let above = |highest: f64| self.ids.iter().copied().find(|id| *id > highest);
        Ok(Self {
            score: highest.and_then(above),
            ..self.clone()
        })
    }
}

/// How many of the scores reach a threshold.
fn reach(scores: &[f64], threshold: Option<f64>) -> usize {
    let reaches = |score: &&f64| threshold.is_none_or(|threshold| **score >= threshold);
    scores.iter().filter(reaches).count()
}

fn promise_of_tpr(chosen: &ConformalThreshold, tpr: f64, reached: usize, of: &str) -> String {
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

fn promise_of_fpr(
    chosen: &ConformalFpr,
    threshold: f64,
    (reached, on): (usize, &str),
    (ids_reached, ids, of): (usize, usize, &str),
) -> String {
    let ConformalFpr {
        n,
        expected_fpr,
        fpr_range,
        ..
    } = chosen;
    format!(
        "ID from a score of {threshold} on, which {} % of {n} images of {on} reach; of new ones, {} % are expected to ({} to \
         {} % for 95 % of such choices of {n} images); {} % of {ids} images of {of} reach it",
        percent(reached as f64 / *n as f64),
        percent(*expected_fpr),
        percent(fpr_range.low),
        percent(fpr_range.high),
        percent(ids_reached as f64 / ids as f64),
    )
}

/// With a digit after the point where that is not 0.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_holds_for_new_images_and_says_what_it_promises() {
        let ids: Vec<f64> = (0..60).map(f64::from).collect();
        let (threshold, told) = Threshold::by_tpr(ids, 0.95, "one").unwrap();
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
        let (threshold, told) = Threshold::by_tpr(vec![1.0; 18], 0.95, "one").unwrap();
        assert!(threshold.score.is_none() && threshold.is_id(f64::NEG_INFINITY));
        assert!(
            told.contains("18 images of one are too few") && told.contains("(19 are enough)"),
            "{told}"
        );
        assert!(
            Threshold::by_tpr(vec![0.0; 19], 0.95, "one")
                .unwrap()
                .0
                .score
                .is_some()
        );
        assert!(Threshold::by_tpr(Vec::new(), 0.95, "one").is_err());
        assert!(Threshold::given(1.0).p_values(&[0.0]).unwrap().is_none());
    }

    #[test]
    fn by_fpr_few_new_images_of_the_set_reach_the_threshold() {
        let outs: Vec<f64> = (0..60).map(f64::from).collect();
        let ids: Vec<f64> = (50..70).map(f64::from).collect();
        let (threshold, told) = Threshold::by_fpr((0.05, "two"), &outs, ids.clone(), "one").unwrap();
        // Above the 58th lowest of 60: 3 of 61 places are left to a new image, 4.9 %.
        assert!(threshold.is_id(58.0) && !threshold.is_id(57.0));
        for words in [
            "3.3 % of 60 images of two reach",
            "of new ones, 4.9 % are",
            "60 % of 20 images of one reach it",
        ] {
            assert!(told.contains(words), "{told} lacks {words}");
        }
        let refused = |outs: &[f64]| {
            let refused = Threshold::by_fpr((0.05, "two"), outs, ids.clone(), "one");
            format!("{:#}", refused.unwrap_err())
        };
        assert!(refused(&outs[..18]).contains("18 images of two are too few"));
        assert!(refused(&outs[..18]).contains("(19 are enough)"));
        assert!(refused(&[f64::MAX; 60]).contains("no threshold lies above"));
        assert!(refused(&[f64::NAN; 60]).contains("two"));
    }

    #[test]
    fn by_fdr_what_is_rejected_scores_below_the_threshold() {
        let ids: Vec<f64> = (0..99).map(f64::from).collect();
        let (threshold, _) = Threshold::by_fdr(ids, 0.1, "one").unwrap();
        let scores = [-5.0, -1.0, 0.5, 1.5, 40.0, 70.0, 90.0, 98.5, 20.0, 30.0];
        let decided = threshold.over(&scores).unwrap();
        let p_values = threshold.p_values(&scores).unwrap().unwrap();
        let rejected = benjamini_hochberg(&p_values, 0.1);
        assert_eq!(rejected.iter().filter(|rejected| **rejected).count(), 4);
        for (score, rejected) in scores.iter().zip(rejected) {
            assert_eq!(decided.is_id(*score), !rejected, "{score}");
        }
        let none = threshold.over(&[50.0, 60.0]).unwrap();
        assert!(none.score.is_none() && none.is_id(f64::MIN));
        assert!(threshold.over(&[]).unwrap().score.is_none());
    }
}
