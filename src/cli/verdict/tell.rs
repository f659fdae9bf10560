//! Lines of images as they come: at once where each has its verdict by itself, and where all of a call decide together, once
//! the last is scored. Of an image that waits, its name and scores are kept, about 100 bytes beside the name.
use std::collections::VecDeque;
use std::path::PathBuf;

use super::line::Said;
use super::rule::Rule;
use super::scorer::{Found, Scorer};
use super::threshold::{Threshold, percent};
use crate::cli::output::{line, print};

/// Requests that the engine has at a time: one to compute, and one to open meanwhile.
const REQUESTS: usize = 2;

/// Lines that are made and printed at a time.
const LINES: usize = 1024;

/// Prints a line an image, in their order. Tells whether one of them has no verdict.
pub(super) fn tell(
    scorer: &Scorer,
    threshold: &Threshold,
    names: impl Iterator<Item = anyhow::Result<Vec<PathBuf>>>,
) -> anyhow::Result<bool> {
    let mut failed = false;
    let mut held = Vec::new();
    let mut finish = |asked| -> anyhow::Result<()> {
        let found = scorer.finish(asked)?;
        match threshold.rule.is_over_all() {
            true => held.extend(found),
            false => failed |= print_lines(scorer, threshold, found)?,
        }
        Ok(())
    };
    let (mut asked, mut wrong) = (VecDeque::new(), None);
    for images in names {
        match images {
            Ok(images) => asked.push_back(scorer.ask(images)),
            // What was named before has its verdicts.
            Err(error) => wrong = Some(error),
        }
        if asked.len() == REQUESTS
            && let Some(first) = asked.pop_front()
        {
            finish(first)?;
        }
    }
    for rest in asked {
        finish(rest)?;
    }
    if let Rule::Fdr(rate) = threshold.rule {
        failed |= decide(scorer, threshold, rate, held)?;
    }
    wrong.map_or(Ok(failed), Err)
}

/// Prints the lines of all images of a call at the threshold that they choose together.
fn decide(scorer: &Scorer, threshold: &Threshold, rate: f64, held: Vec<Found>) -> anyhow::Result<bool> {
    let scores: Vec<f64> = held.iter().filter_map(Found::score).collect();
    let threshold = threshold.over(&scores)?;
    let rejected = scores.iter().filter(|score| !threshold.is_id(**score)).count();
    line(&format!(
        "{rejected} of {} images are OOD, of which at most {} % are expected to be ID",
        scores.len(),
        percent(rate)
    ));
    let mut failed = false;
    let mut held = held.into_iter();
    loop {
        let some: Vec<Found> = held.by_ref().take(LINES).collect();
        if some.is_empty() {
            return Ok(failed);
        }
        failed |= print_lines(scorer, &threshold, some)?;
    }
}

/// Tells whether one of the images has no verdict.
fn print_lines(scorer: &Scorer, threshold: &Threshold, found: Vec<Found>) -> anyhow::Result<bool> {
    let scores: Vec<f64> = found.iter().filter_map(Found::score).collect();
    let mut p_values = threshold.p_values(&scores)?.map(Vec::into_iter);
    let (mut text, mut failed) = (String::new(), false);
    for found in found {
        let has_score = found.score().is_some();
        let p_value = p_values.as_mut().filter(|_| has_score).and_then(Iterator::next);
        let line = scorer.line(found, threshold, p_value);
        failed |= matches!(line.said, Said::Error { .. });
        text.push_str(&line.json()?);
        text.push('\n');
    }
    print(&text)?;
    Ok(failed)
}
