//! A run, read and measured anew from its saved scores.
use crate::home::Home;
use crate::networks::{NetworkCard, Published, PublishedRow};
use crate::runs::{self, Detector, Grid, Run, RunError, Scores, State};
use odin_metrics::{Comparison, Conventions, MetricsError, Side};

/// A run that cannot be reported.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{run}: {source}")]
    Metrics { run: String, source: MetricsError },
}

pub struct Subject {
    pub run: Run,
    pub ins: Scores,
    pub outs: Scores,
    pub baseline: Comparison,
    pub odin: Comparison,
    pub baseline_metrics: Detector,
    pub odin_metrics: Detector,
    pub conventions: Conventions,
    /// What others measured with this network on this set, and where that stands.
    pub published: Option<(String, PublishedRow)>,
    /// Of a sweep.
    pub grid: Option<Grid>,
    /// Share of the in-distribution images that are classified rightly.
    pub accuracy: Option<f64>,
}

impl Subject {
    /// Reads the run's scores and measures them, with intervals from so many bootstrap `replicates`. Published numbers
    /// come from the network's card, where there is a `home` that holds it.
    ///
    /// # Errors
    /// Scores that cannot be read, or of which one side has none yet.
    pub fn read(
        run: Run,
        home: Option<&Home>,
        conventions: Conventions,
        replicates: usize,
    ) -> Result<Self, SubjectError> {
        let (ins, outs) = (run.scores(Side::In)?, run.scores(Side::Out)?);
        let correct = ins.correct();
        let compare = |a: &[f64], b: &[f64]| {
            Comparison::with_correct(a, correct.as_deref(), b).map_err(|source| SubjectError::Metrics {
                run: run.name(),
                source,
            })
        };
        let baseline = compare(&ins.baseline, &outs.baseline)?;
        let odin = compare(&ins.odin, &outs.odin)?;
        let measure = |comparison| runs::detector(comparison, &conventions, replicates, 0);
        let share = |all: Vec<bool>| all.iter().filter(|&&one| one).count() as f64 / all.len().max(1) as f64;
        Ok(Self {
            baseline_metrics: measure(&baseline),
            odin_metrics: measure(&odin),
            published: home.and_then(|home| published(&run, home)),
            grid: run.grid()?,
            accuracy: ins.correct().map(share),
            conventions,
            baseline,
            odin,
            ins,
            outs,
            run,
        })
    }

    /// Whether every image of the job is scored.
    pub fn is_complete(&self) -> bool {
        self.run.state == State::Finished
    }

    /// The set, in short, for legends and rows.
    pub fn set(&self) -> String {
        short(&self.run.dataset)
    }

    /// What the run is about, on one line.
    pub fn title(&self) -> String {
        let Run {
            network,
            in_dataset,
            temperature,
            magnitude,
            ..
        } = &self.run;
        format!(
            "{network}: {} against {}, T = {temperature}, ε = {magnitude}",
            short(in_dataset),
            self.set()
        )
    }

    /// The least ID score that is called ID, when 95 % of the ID images are.
    pub fn threshold(&self) -> f64 {
        self.odin.threshold_at_tpr(0.95)
    }
}

/// A path's last part; a name as it is.
pub fn short(name: &str) -> String {
    let trimmed = name.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned()
}

fn published(run: &Run, home: &Home) -> Option<(String, PublishedRow)> {
    let card = NetworkCard::find(&run.network, &home.models()).ok()?;
    let Published { source, rows, .. } = card.published?;
    let row = rows.into_iter().find(|row| row.set == run.dataset)?;
    Some((source, row))
}
