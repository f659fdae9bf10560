//! `odin verdict`: single images, in- or out-of-distribution at a threshold. A line of JSON each, in the order of their names.
//!
//! Names are taken a bounded number at a time, and the engine computes the next ones while a person or a program reads of those
//! before. So two requests' names and scores are in memory here, and in the engine also the pixels of the batches under way.
//!
//! Each module imports only from those listed after it.
mod tell;
mod policy;
mod calibrate;
mod scorer;
mod names;
mod basis;
mod threshold;
mod line;
mod rule;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::output::{self, print};
use basis::Arguments;
use calibrate::{InScores, in_scores};
use names::Separator;
use odin_core::home::Home;
use odin_core::units::Devices;
use policy::Policy;
use scorer::Scorer;
use tell::tell;
use threshold::Threshold;

/// Each line has the name as it was given (`image`; where that is not UTF-8, `image_hex` has its bytes), `verdict` (ID or OOD),
/// the `detector`, its `score`, the `threshold`, the `rule` that chose it, and `p_value`, the share of in-distribution images
/// that score as low, which is valid for new images. Of an image that cannot be read or scored it has `error`, which says why, and
/// the exit code is then 1. With --fdr the lines come once all images are scored; until then their names and scores are kept.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// Images [default: their names on standard input, a line each, as bytes]
    images: Vec<PathBuf>,
    /// Names on standard input end in NUL bytes, not in newlines (as `find -print0` writes them)
    #[arg(long, short = '0', conflicts_with = "images")]
    null: bool,
    /// The session whose network, detector and knobs are used: a YAML file, or the name of one in sessions/
    #[arg(long, short, required_unless_present = "policy")]
    session: Option<String>,
    /// Judge by this policy, which `odin verdict export` wrote, in place of a session
    #[arg(long, value_name = "FILE", conflicts_with = "session", conflicts_with_all = basis::ARGUMENTS)]
    policy: Option<PathBuf>,
    #[command(flatten)]
    arguments: Arguments,
    /// Use this device, or these, in place of the session's
    #[arg(long)]
    device: Option<Devices>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write all that verdicts depend on into a file, by which `odin verdict --policy FILE` judges without the session
    Export(Export),
}

/// The policy has the network's digest, the detector with its knobs, the images that it is fitted on, the threshold with its
/// rule, and the in-distribution scores. Where any of it differs when images are judged, that is an error.
#[derive(Debug, Args)]
struct Export {
    /// The file to write (JSON)
    file: PathBuf,
    /// The session whose network, detector and knobs are used: a YAML file, or the name of one in sessions/
    #[arg(long, short)]
    session: String,
    #[command(flatten)]
    arguments: Arguments,
    /// Use this device, or these, in place of the session's
    #[arg(long)]
    device: Option<Devices>,
}

/// Exit code 1 where an image has no verdict; its line says why.
pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(Action::Export(options)) = &options.action {
        return export(options);
    }
    if options.images.is_empty() && io::stdin().is_terminal() {
        bail!("which images? Name them, or give their names on standard input");
    }
    let home = Home::find()?;
    // A policy's promise is told once its images are judged: until then there may be something that differs.
    let (scorer, threshold, promise) = match (&options.policy, &options.session) {
        (Some(path), _) => by_policy(path, options, &home)?,
        (None, Some(session)) => by_session(session, options, &home)?,
        (None, None) => bail!("--session or --policy says what images are judged by"),
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
    if let Some(promise) = promise {
        output::line(&promise);
    }
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// What images are judged with, and what is still to be told of it.
type Opened = (Scorer, Threshold, Option<String>);

/// Says on standard error what the threshold promises, where it is chosen.
fn by_session(session: &str, options: &Options, home: &Home) -> anyhow::Result<Opened> {
    let arguments = &options.arguments;
    let mut basis = arguments.basis(session, home)?;
    basis.devices = options.device.clone().unwrap_or(basis.devices);
    let rule = arguments.rule()?;
    let scorer = Scorer::open(home, basis)?;
    let ins = match rule.needs_ids() {
        true => in_scores(&scorer)?,
        false => InScores::none(),
    };
    let (threshold, promise) = calibrate::threshold(&scorer, &rule, ins)?;
    if rule.needs_ids() {
        output::line(&promise);
    }
    Ok((scorer, threshold, None))
}

fn by_policy(path: &Path, options: &Options, home: &Home) -> anyhow::Result<Opened> {
    let policy = Policy::read(path)?;
    let open = || -> anyhow::Result<_> {
        let mut scorer = Scorer::open(home, policy.basis(options.device.clone().unwrap_or_default())?)?;
        let threshold = policy.threshold(&mut scorer)?;
        Ok((scorer, threshold))
    };
    let (scorer, threshold) = open().with_context(|| path.display().to_string())?;
    let promise = format!("{}: {}", path.display(), policy.promise());
    Ok((scorer, threshold, Some(promise)))
}

fn export(options: &Export) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let Export { arguments, file, .. } = options;
    let mut basis = arguments.basis(&options.session, &home)?;
    basis.devices = options.device.clone().unwrap_or(basis.devices);
    let rule = arguments.rule()?;
    let scorer = Scorer::open(&home, basis)?;
    // Also of a threshold that was given: whether the detector has scores, and what it is fitted on, shows in them.
    let ins = in_scores(&scorer)?;
    let fitted_on = ins.fitted_on.clone();
    let (threshold, promise) = calibrate::threshold(&scorer, &rule, ins)?;
    Policy::of(&scorer, &threshold, &promise, fitted_on)?.write(file)?;
    output::line(&promise);
    print(&format!("{}\n", file.display()))?;
    Ok(ExitCode::SUCCESS)
}
