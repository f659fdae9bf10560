//! Two detectors on the same images: their metrics with 95 % intervals, and how far they differ. The scores are those of a
//! fixture, and scikit-learn's numbers for them are printed beside ours.
//!
//!     cargo run -p odin-metrics --example report
use odin_metrics::{Comparison, Conventions, Metric, MetricsError, Paired};

#[derive(serde::Deserialize)]
struct Case {
    r#in: Vec<String>,
    out: Vec<String>,
    expected: std::collections::BTreeMap<String, f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../tests/fixtures/scikit_learn.json"))?;
    let case = cases.first().ok_or("the fixture has no case")?;
    let numbers = |texts: &[String]| {
        texts
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<f64>, _>>()
    };
    let (ins, outs) = (numbers(&case.r#in)?, numbers(&case.out)?);
    against_scikit_learn(&ins, &outs, &case.expected)?;
    // A second detector that sees the same images less finely.
    let coarser = |scores: &[f64]| scores.iter().map(|score| score.round()).collect::<Vec<_>>();
    changes(&ins, &outs, &coarser(&ins), &coarser(&outs))?;
    Ok(())
}

fn against_scikit_learn(
    ins: &[f64],
    outs: &[f64],
    expected: &std::collections::BTreeMap<String, f64>,
) -> Result<(), MetricsError> {
    let conventions = Conventions::default();
    let comparison = Comparison::new(ins, outs)?;
    let (summary, intervals) = (
        comparison.summary(&conventions),
        comparison.intervals(&conventions, 1000, 0),
    );
    println!(
        "{} ID and {} OOD images; {conventions}",
        summary.n_in, summary.n_out
    );
    let keys = [
        "fpr95_in",
        "error_minimum_in",
        "auroc",
        "aupr_in_balanced",
        "aupr_out_balanced",
    ];
    for (metric, key) in Metric::ALL.into_iter().zip(keys) {
        let (value, interval) = (metric.of(&summary), metric.interval_of(&intervals));
        print!(
            "{metric:9} {value:.6}   95 % {:.4} to {:.4}",
            interval.low, interval.high
        );
        match expected.get(key) {
            Some(theirs) => println!("   scikit-learn {theirs:.6}"),
            None => println!(),
        }
    }
    Ok(())
}

fn changes(ins: &[f64], outs: &[f64], other_ins: &[f64], other_outs: &[f64]) -> Result<(), MetricsError> {
    let baseline = Paired::new(ins, None, outs, 1000, 0)?;
    let other = Paired::new(other_ins, None, other_outs, 1000, 0)?;
    let changes = other.changes_from(&baseline, &Conventions::default())?;
    println!("\nScores rounded to whole numbers, against the same scores in full:");
    for metric in Metric::ALL {
        let change = metric.change_of(&changes);
        let verdict = if change.is_significant() {
            "differs"
        } else {
            "may be chance"
        };
        println!(
            "{metric:9} {:+.4}   95 % {:+.4} to {:+.4}   {verdict}",
            change.difference, change.interval.low, change.interval.high
        );
    }
    Ok(())
}
