//! `odin verdict`: single images, in- or out-of-distribution at a threshold. A line of JSON each, in the order of their names.
//!
//! Names are taken a bounded number at a time, and the engine computes the next ones while a person or a program reads of those
//! before. So two requests' names and scores are in memory here, and in the engine also the pixels of the batches under way.
//!
//! Each module imports only from those listed after it.
mod scorer;
mod threshold;
mod names;
mod line;

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::explore;
use super::output::print;
use line::Said;
use names::Separator;
use odin_core::home::Home;
use odin_core::session::Session;
use odin_core::setting::Detector;
use odin_core::units::Devices;
use scorer::{Asked, Scorer};
use threshold::Threshold;

/// Each line has the name as it was given (`image`; where that is not UTF-8, `image_hex` has its bytes), `verdict` (ID or OOD),
/// the `detector`, its `score`, the `threshold`, and `p_value`, the share of in-distribution images that score as low, which is
/// valid for new images. Of an image that cannot be read or scored it has `error`, which says why, and the exit code is then 1.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Images [default: their names on standard input, a line each, as bytes]
    images: Vec<PathBuf>,
    /// Names on standard input end in NUL bytes, not in newlines (as `find -print0` writes them)
    #[arg(long, short = '0', conflicts_with = "images")]
    null: bool,
    /// The session whose network, detector and knobs are used: a YAML file, or the name of one in sessions/
    #[arg(long, short)]
    session: String,
    /// Which job of the session, counted from 0 through all queues [default: the one selected in the dashboard]
    #[arg(long, value_name = "N")]
    job: Option<usize>,
    /// Score by this detector [default: the job's `detector`, else the one selected in the dashboard]
    #[arg(long, value_name = "KEY", value_parser = detectors())]
    detector: Option<Detector>,
    /// Call ID what scores at least this, by the detector [default: chosen on the job's in-distribution images]
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Choose the threshold so that this share of new in-distribution images is expected to be called ID
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", conflicts_with = "threshold", value_parser = share)]
    tpr: f64,
    /// Give images to the network in their own size, instead of that of its in-distribution images
    #[arg(long)]
    no_resize: bool,
    /// Use this device, or these, in place of the session's
    #[arg(long)]
    device: Option<Devices>,
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("a share above 0 and below 1".to_owned())
    }
}

fn detectors() -> impl TypedValueParser<Value = Detector> {
    // Those that jobs are scored by.
    let keys = PossibleValuesParser::new(Detector::ON_LOGITS.map(Detector::key));
    keys.map(|key| Detector::from_key(&key).expect("only keys of detectors are possible values"))
}

/// Requests that the engine has at a time: one to compute, and one to open meanwhile.
const REQUESTS: usize = 2;

/// Exit code 1 where an image has no verdict; its line says why.
pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let path = explore::find(&options.session, &home)?;
    let session = Session::load(&path)?;
    let specs = session.job_specs();
    let number = options.job.unwrap_or(session.view.job);
    let Some((_, devices, spec)) = specs.into_iter().nth(number) else {
        bail!(
            "{}: there is no job {number} (they are counted from 0)",
            path.display()
        );
    };
    if options.images.is_empty() && io::stdin().is_terminal() {
        bail!("which images? Name them, or give their names on standard input");
    }
    let devices = options.device.clone().unwrap_or(devices);
    let job = session.queues.iter().flat_map(|queue| &queue.jobs).nth(number);
    let of_job = job.and_then(|job| job.detector);
    let detector = options.detector.or(of_job).unwrap_or(session.view.detector);
    let scorer = Scorer::open(&home, spec, detector, devices, !options.no_resize)?;
    let threshold = match options.threshold {
        Some(threshold) if threshold.is_nan() => bail!("--threshold: a number is expected"),
        Some(threshold) => Threshold::given(threshold),
        None => scorer.threshold(options.tpr)?,
    };
    let failed = match options.images.as_slice() {
        [] => {
            let separator = match options.null {
                true => Separator::Nul,
                false => Separator::Newline,
            };
            tell(
                &scorer,
                &threshold,
                names::read(io::stdin().lock(), separator, scorer.chunk()),
            )?
        }
        images => {
            let chunks = images.chunks(scorer.chunk()).map(|images| Ok(images.to_vec()));
            tell(&scorer, &threshold, chunks)?
        }
    };
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// Prints a line an image, in their order. Tells whether one of them has no verdict.
fn tell(
    scorer: &Scorer,
    threshold: &Threshold,
    names: impl Iterator<Item = anyhow::Result<Vec<PathBuf>>>,
) -> anyhow::Result<bool> {
    let mut failed = false;
    let mut finish = |asked: Asked| -> anyhow::Result<()> {
        let mut text = String::new();
        for line in scorer.finish(asked, threshold)? {
            failed |= matches!(line.said, Said::Error { .. });
            text.push_str(&line.json()?);
            text.push('\n');
        }
        print(&text)
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
    wrong.map_or(Ok(failed), Err)
}
