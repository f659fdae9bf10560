//! What each detector of a finished comparison comes to.
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::{REPLICATES, Sets, groups, measure};
use crate::cli::client::Scored;
use odin_core::protocol::JobSpec;
use odin_core::ranking::{self, Average, Candidate, Cell, CellScores};
use odin_core::runs::ByDetector;
use odin_core::setting::Setting;
use odin_metrics::{Conventions, Metric};

/// The metrics of each detector in the columns, and why the others have none, by their keys.
pub(crate) fn by_detector(
    spec: &JobSpec,
    scored: &Scored,
    sets: &Sets,
) -> anyhow::Result<BTreeMap<String, ByDetector>> {
    let correct = scored.ins.correct();
    let (in_groups, out_groups) = (groups(&sets.ins, &scored.ins), groups(&sets.outs, &scored.outs));
    let both = scored.ins.settings().iter();
    let both: Vec<&Setting> = both.filter(|setting| scored.outs.by(setting).is_some()).collect();
    let measured = |setting: &&Setting| -> anyhow::Result<_> {
        let [ins, outs] = scored.by(setting.detector())?;
        let scores = CellScores {
            ins,
            correct: correct.as_deref(),
            outs,
            in_groups: in_groups.as_deref(),
            out_groups: out_groups.as_deref(),
        };
        let cell = Cell::measure(scores, REPLICATES, spec.seed, 0)?;
        Ok((
            measure(setting.detector(), spec, scored, sets)?,
            Candidate {
                setting: **setting,
                cells: vec![Some(Arc::new(cell))],
            },
        ))
    };
    // A detector takes a second of 10,000 + 10,000 images.
    let (metrics, candidates): (Vec<_>, Vec<_>) = both
        .par_iter()
        .map(measured)
        .collect::<anyhow::Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    let mut metrics: Vec<Option<_>> = metrics.into_iter().map(Some).collect();
    let ranked = ranking::rank(
        &candidates,
        &[None],
        Average::All,
        Metric::Fpr95,
        &Conventions::default(),
    );
    let mut all = BTreeMap::new();
    for row in ranked {
        if let Some(metrics) = metrics.get_mut(row.candidate).and_then(Option::take) {
            let measured = ByDetector::Measured {
                metrics: Box::new(metrics),
                knobs: row.setting.by_key(),
                may_be_best: Some(row.may_be_best),
            };
            all.insert(row.setting.detector().key().to_owned(), measured);
        }
    }
    for (detector, missing) in &scored.missing {
        let missing = missing.clone();
        all.insert(detector.key().to_owned(), ByDetector::Missing { missing });
    }
    Ok(all)
}
