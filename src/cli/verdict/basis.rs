//! What images are judged by: a network, a detector with its knobs, and the images behind them, as a session's job and the
//! arguments say it.
use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::rule::Rule;
use crate::cli::detectors::{Fit, Moved};
use crate::cli::explore;
use odin_core::home::Home;
use odin_core::protocol::JobSpec;
use odin_core::session::Session;
use odin_core::setting::{Detector, Setting};
use odin_core::units::Devices;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which job of the session, counted from 0 through all queues [default: the one selected in the dashboard]
    #[arg(long, value_name = "N")]
    job: Option<usize>,
    /// Score by this detector [default: the job's `detector`, else the one selected in the dashboard]
    #[arg(long, value_name = "KEY", value_parser = detectors())]
    detector: Option<Detector>,
    /// Set a knob of the detector in place of the job's: NAME=VALUE
    #[arg(long = "knob", value_name = "NAME=VALUE")]
    knobs: Vec<Moved>,
    #[command(flatten)]
    fit: Fit,
    /// Call ID what scores at least this, by the detector [default: chosen on the job's in-distribution images]
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Choose the threshold so that this share of new in-distribution images is expected to be called ID
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", conflicts_with = "threshold", value_parser = share)]
    tpr: f64,
    /// Choose the threshold so that at most this share of new images of --on is expected to be called ID
    #[arg(long, value_name = "SHARE", requires = "on", conflicts_with_all = ["threshold", "tpr"], value_parser = share)]
    fpr: Option<f64>,
    /// The out-of-distribution set of --fpr
    #[arg(long, value_name = "NAME|PATH", requires = "fpr")]
    on: Option<String>,
    /// Call OOD as many images of this call as can be, of which at most this share is expected to be in-distribution
    /// (Benjamini–Hochberg on the p-values); lines come once all images are scored
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["threshold", "tpr", "fpr"], value_parser = share)]
    fdr: Option<f64>,
    /// Give images to the network in their own size, instead of that of its in-distribution images
    #[arg(long)]
    no_resize: bool,
}

/// What takes the place of all of them: their identifiers among the arguments.
pub(super) const ARGUMENTS: [&str; 12] = [
    "job",
    "detector",
    "knobs",
    "fit_dataset",
    "fit_limit",
    "fit_seed",
    "threshold",
    "tpr",
    "fpr",
    "on",
    "fdr",
    "no_resize",
];

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("a share above 0 and below 1".to_owned())
    }
}

fn detectors() -> impl TypedValueParser<Value = Detector> {
    let keys = PossibleValuesParser::new(Detector::ALL.map(Detector::key));
    keys.map(|key| Detector::from_key(&key).expect("only keys of detectors are possible values"))
}

pub(super) struct Basis {
    pub spec: JobSpec,
    pub setting: Setting,
    pub devices: Devices,
    /// Whether images of another size than the network's are resized.
    pub resize: bool,
}

impl Arguments {
    /// Where images are judged by a job of this session.
    ///
    /// # Errors
    /// There is no such session or job, or the detector has no such knob.
    pub(super) fn basis(&self, session: &str, home: &Home) -> anyhow::Result<Basis> {
        let path = explore::find(session, home)?;
        let session = Session::load(&path)?;
        let specs = session.job_specs();
        let number = self.job.unwrap_or(session.view.job);
        let Some((_, devices, mut spec)) = specs.into_iter().nth(number) else {
            bail!(
                "{}: there is no job {number} (they are counted from 0)",
                path.display()
            );
        };
        let job = session.queues.iter().flat_map(|queue| &queue.jobs).nth(number);
        let of_job = job.and_then(|job| job.detector);
        let detector = self.detector.or(of_job).unwrap_or(session.view.detector);
        let of_job = spec.settings.get(detector).copied();
        let mut setting = of_job.unwrap_or_else(|| Setting::new(detector));
        for knob in &self.knobs {
            setting = knob.apply(setting)?;
        }
        spec.fit = self.fit.over(spec.fit);
        Ok(Basis {
            spec,
            setting,
            devices,
            resize: !self.no_resize,
        })
    }

    /// How the threshold is found.
    ///
    /// # Errors
    /// A threshold that is not a number.
    pub(super) fn rule(&self) -> anyhow::Result<Rule> {
        Ok(match (self.threshold, self.fdr, self.fpr.zip(self.on.clone())) {
            (Some(threshold), _, _) if threshold.is_nan() => bail!("--threshold: a number is expected"),
            (Some(threshold), _, _) => Rule::Threshold(threshold.clamp(f64::MIN, f64::MAX)),
            (None, Some(share), _) => Rule::Fdr(share),
            (None, None, Some((share, on))) => Rule::Fpr { share, on },
            (None, None, None) => Rule::Tpr(self.tpr),
        })
    }
}
