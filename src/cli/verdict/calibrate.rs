//! Chooses the threshold: has the in-distribution images scored, and for an FPR those of the set that it is of.
use super::rule::Rule;
use super::scorer::Scorer;
use super::threshold::Threshold;
use odin_core::protocol::{FittedOn, SetImages, SetRequest};
use odin_core::runs::{self, Condition};
use odin_core::setting::Detector;
use odin_datasets::{Choice, Part, Sampling};
use odin_metrics::Side;

/// Scores of in-distribution images.
pub(super) struct InScores {
    scores: Vec<f64>,
    /// Where they come from, for people.
    from: String,
    pub fitted_on: Option<FittedOn>,
}

impl InScores {
    /// Where no threshold is chosen on any.
    pub(super) fn none() -> Self {
        Self {
            scores: Vec::new(),
            from: "as given".to_owned(),
            fitted_on: None,
        }
    }
}

/// The threshold by this rule, and what it promises.
pub(super) fn threshold(scorer: &Scorer, rule: &Rule, ins: InScores) -> anyhow::Result<(Threshold, String)> {
    let InScores { scores, from, .. } = ins;
    let of = &scorer.in_name;
    let (threshold, promise) = match rule {
        Rule::Threshold(score) => (Threshold::given(*score), format!("ID from a score of {score} on")),
        Rule::Tpr(tpr) => Threshold::by_tpr(scores, *tpr, of)?,
        Rule::Fdr(fdr) => Threshold::by_fdr(scores, *fdr, of)?,
        Rule::Fpr { share, on } => {
            let outs = out_scores(scorer, on)?;
            Threshold::by_fpr((*share, on), &outs, scores, of)?
        }
    };
    let knobs = scorer.basis.setting.knobs();
    let knobs: Vec<_> = knobs
        .map(|(knob, value)| format!("{} = {value}", knob.label))
        .collect();
    let knobs = match knobs.is_empty() {
        true => String::new(),
        false => format!(" ({})", knobs.join(", ")),
    };
    let (network, detector) = (&scorer.basis.spec.network, scorer.basis.setting.detector());
    Ok((
        threshold,
        format!("{network}, {detector}{knobs}, {from}: {promise}"),
    ))
}

/// Scores of the job's in-distribution images: of a finished run where there is one, else asked for now.
///
/// # Errors
/// They cannot be scored; the detector may have been fitted on some of them, and what it makes of these is not what it makes of
/// new ones.
pub(super) fn in_scores(scorer: &Scorer) -> anyhow::Result<InScores> {
    if scorer.basis.setting.detector() == Detector::Odin
        && let Some((scores, name)) = in_scores_of_a_run(scorer)
    {
        return Ok(InScores {
            scores,
            from: format!("run {name}"),
            fitted_on: None,
        });
    }
    let request = scorer.basis.spec.set(Side::In);
    let (scores, fitted_on) = scorer.scores_of(request, &scorer.in_name)?;
    let from = match (&fitted_on, scorer.basis.spec.part) {
        (Some(on), _) => format!("fitted on {} images of {}", on.images, on.dataset),
        (None, Part::Report(apart)) => format!("learnt from {apart} other images of {}", scorer.in_name),
        _ => "scored now".to_owned(),
    };
    Ok(InScores {
        scores,
        from,
        fitted_on,
    })
}

/// Scores of an out-of-distribution set, of which images are chosen as the job says.
fn out_scores(scorer: &Scorer, on: &str) -> anyhow::Result<Vec<f64>> {
    let request = scorer.basis.spec.set(Side::Out);
    let request = SetRequest {
        images: SetImages::Named(on.to_owned()),
        choice: Choice {
            part: Part::Whole,
            ..request.choice
        },
        ..request
    };
    let (scores, _) = scorer.scores_of(request, on)?;
    Ok(scores)
}

/// In-distribution ODIN scores of a finished run of the same network, set and parameters.
fn in_scores_of_a_run(scorer: &Scorer) -> Option<(Vec<f64>, String)> {
    let spec = &scorer.basis.spec;
    let weights = scorer.weights_digest().ok()?;
    let digest = scorer.ins.digest().ok()?;
    let finished = runs::list(&scorer.home.runs())
        .into_iter()
        .filter(|s| s.condition == Condition::Finished);
    for run in finished.filter_map(|entry| entry.run.ok()) {
        let same = run.manifest.as_ref().is_some_and(|manifest| {
            let identity = &manifest.identity;
            identity.network.digest == weights
                && identity.in_dataset.digest == digest
                && identity.normalisation == scorer.card.normalisation
                && (identity.temperature, identity.magnitude) == spec.settings.perturbation()
                && (identity.order, identity.skip, identity.limit) == (spec.sampling, spec.skip, spec.limit)
                && (identity.limit.is_none()
                    || identity.order == Sampling::File
                    || identity.seed == spec.seed)
                && identity.corrupt == spec.corrupt
                && identity.sweep.is_none()
        });
        if let Some(scores) = same.then(|| run.scores(Side::In).ok()).flatten() {
            return Some((scores.odin, run.name()));
        }
    }
    None
}
