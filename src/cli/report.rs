//! `odin report`: the paper's table and figures of runs, and their scores in the files of other programs.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::output::print;
use super::suggest::question;
use super::what::words;
use odin_core::home::Home;
use odin_core::ranking::Average;
use odin_core::report::{self, Asked, Format, Subject, TableKind};
use odin_core::runs::{self, Condition, Run};
use odin_datasets::nearest;
use odin_metrics::{AuprConvention, Conventions, ErrorConvention, Metric, Positive};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Runs: folders, names in runs/ or the start of one; also what `odin score --save` wrote [default: all finished
    /// runs]
    runs: Vec<String>,
    /// Only runs of this session
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    #[arg(long, value_enum, default_value_t = What::Table)]
    format: What,
    /// All detectors of the runs against each other, instead of ODIN beside the baseline: a row a detector, a column an OOD set,
    /// the best first (`odin run --detectors` scores them)
    #[arg(long)]
    detectors: bool,
    /// The metric of that table
    #[arg(long, value_parser = words::<Metric>(&METRICS), default_value = Metric::default().key(), value_name = "METRIC", requires = "detectors")]
    metric: Metric,
    /// Sort it by the average over all sets, or over those that the network's card calls near or far
    #[arg(long, value_enum, default_value_t = AverageArg::All, value_name = "AVERAGE", requires = "detectors")]
    average: AverageArg,
    /// Write to this file (of npz, txt and npy: into this folder) instead of standard output
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Draw histogram, ROC, CCR, the heat map of a sweep, and the sets of a network together, as SVG, PDF
    /// and PNG, into this folder
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Which class is positive, for FPR at TPR 95 % and the detection error
    #[arg(long, value_enum, default_value_t = PositiveArg::In)]
    positive: PositiveArg,
    /// The detection error: the least over all thresholds, or at TPR 95 %
    #[arg(long, value_enum, default_value_t = ErrorArg::Least)]
    error: ErrorArg,
    /// AUPR with both sets weighing the same, or by counts of images
    #[arg(long, value_enum, default_value_t = AuprArg::Balanced)]
    aupr: AuprArg,
    /// Bootstrap replicates behind each interval
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(40..=100_000))]
    replicates: u32,
    /// Where runs are kept [default: $ODIN_RUNS, else runs/]
    #[arg(long = "runs", value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// For the terminal
    Table,
    /// Markdown
    Md,
    /// LaTeX, for the package booktabs
    Latex,
    /// A line a run and detector; every metric a fraction
    Csv,
    /// An object a run; every metric a fraction
    Json,
    /// One page with table and figures that needs no other file
    Html,
    /// Scores of both sides, for NumPy
    Npz,
    /// confidence_{Base,Our}_{In,Out}.txt, as the ODIN authors' code writes them
    Txt,
    /// NETWORK_odin_confidence_{ind,ood}_SET.npy, as kobybibas/odin writes them
    Npy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AverageArg {
    All,
    Near,
    Far,
}

/// The keys of [`Metric::ALL`].
const METRICS: [&str; Metric::ALL.len()] = ["fpr95", "detection-error", "auroc", "aupr-in", "aupr-out"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PositiveArg {
    In,
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ErrorArg {
    Least,
    AtTpr95,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuprArg {
    Balanced,
    Counts,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    // Runs that were copied elsewhere are reported without a home; published numbers are then missing.
    let home = Home::find();
    let folder = match (&options.folder, &home) {
        (Some(folder), _) => Some(folder.clone()),
        (None, home) => home.as_ref().ok().map(Home::runs),
    };
    let runs = choose(options, folder.as_deref())?;
    let conventions = conventions(options);
    if options.detectors {
        return detectors(options, runs, home.as_ref().ok(), conventions);
    }
    let mut subjects = Vec::new();
    for run in runs {
        let subject = Subject::read(run, home.as_ref().ok(), conventions, options.replicates as usize)?;
        if !subject.is_complete() {
            let (done, all) = (subject.ins.len() + subject.outs.len(), subject.run.images);
            eprintln!(
                "warning: {}: {done} of {} images are scored so far",
                subject.run.name(),
                all.total_in + all.total_out
            );
        }
        subjects.push(subject);
    }
    if let Some(folder) = &options.figures {
        make(folder)?;
        for (name, figure) in report::figures_of(&subjects)? {
            for format in Format::ALL {
                figure.write(&folder.join(&name), format)?;
            }
        }
    }
    let table = report::table_of(&subjects);
    match options.format {
        What::Table => give(options, &table.write(TableKind::Text)),
        What::Md => give(options, &table.write(TableKind::Markdown)),
        What::Latex => give(options, &table.write(TableKind::Latex)),
        What::Csv => give(options, &table.write(TableKind::Csv)),
        What::Json => give(options, &table.write(TableKind::Json)),
        What::Html => give(
            options,
            &report::page(&subjects, &title_of(subjects.iter().map(|subject| &subject.run)))?,
        ),
        What::Npz | What::Txt | What::Npy => {
            let runs: Vec<&Run> = subjects.iter().map(|subject| &subject.run).collect();
            let mut subjects = subjects.iter();
            files(options, &runs, |_| match subjects.next() {
                Some(subject) => contents(options.format, subject),
                None => Ok(Vec::new()),
            })
        }
    }
}

/// The table of detectors, with its figure.
fn detectors(
    options: &Options,
    runs: Vec<Run>,
    home: Option<&Home>,
    conventions: Conventions,
) -> anyhow::Result<()> {
    let kind = match options.format {
        What::Table => TableKind::Text,
        What::Md => TableKind::Markdown,
        What::Latex => TableKind::Latex,
        What::Csv => TableKind::Csv,
        What::Json => TableKind::Json,
        What::Html => TableKind::Html,
        What::Npz => return detector_files(options, &runs),
        What::Txt | What::Npy => bail!(
            "--format {}: the files of those programs hold ODIN and the baseline alone; npz holds every detector",
            if options.format == What::Txt { "txt" } else { "npy" }
        ),
    };
    for run in &runs {
        let (done, all) = (run.images.ins + run.images.outs, run.images);
        if done < all.total_in + all.total_out {
            eprintln!(
                "warning: {}: {done} of {} images are scored so far",
                run.name(),
                all.total_in + all.total_out
            );
        }
    }
    let title = title_of(&runs);
    let asked = Asked {
        metric: options.metric,
        conventions,
        by: match options.average {
            AverageArg::All => Average::All,
            AverageArg::Near => Average::Near,
            AverageArg::Far => Average::Far,
        },
        replicates: options.replicates as usize,
    };
    let tables = report::detector_tables(runs, home, &asked)?;
    if let Some(table) = tables.iter().find(|table| !table.has(asked.by)) {
        bail!(
            "--average {0}: the card of {1} calls none of these sets {0} (its key `{0}`)",
            asked.by.name(),
            table.network
        );
    }
    if let Some(folder) = &options.figures {
        make(folder)?;
        for (name, figure) in report::forests(&tables) {
            for format in Format::ALL {
                figure.write(&folder.join(&name), format)?;
            }
        }
    }
    match options.format {
        What::Html => give(options, &report::detectors_page(&tables, &title)?),
        _ => give(options, &report::write_detectors(&tables, kind)),
    }
}

fn detector_files(options: &Options, runs: &[Run]) -> anyhow::Result<()> {
    let file = |run: &Run| Ok(vec![("scores.npz".to_owned(), report::npz_of_detectors(run)?)]);
    files(options, &runs.iter().collect::<Vec<_>>(), file)
}

fn choose(options: &Options, folder: Option<&Path>) -> anyhow::Result<Vec<Run>> {
    let of_session = |run: &Run| match &options.session {
        None => true,
        Some(name) => run.manifest.as_ref().is_some_and(|m| m.session == *name),
    };
    if options.runs.is_empty() {
        let Some(folder) = folder else {
            bail!("which runs? Name their folders, or start odin where its models/ and data/ are")
        };
        let finished = runs::list(folder)
            .into_iter()
            .filter(|s| s.condition == Condition::Finished);
        let mut runs: Vec<Run> = finished.filter_map(|s| s.run.ok()).collect();
        if runs.is_empty() {
            bail!(
                "no finished run in {}; `odin run SESSION` makes some",
                folder.display()
            );
        }
        let known = sessions(&runs);
        runs.retain(of_session);
        if runs.is_empty() {
            bail!("{}", unknown_session(options, &known));
        }
        // In the order in which they were made.
        runs.reverse();
        return Ok(runs);
    }
    let open = |given: &String| -> anyhow::Result<Run> {
        let nowhere = PathBuf::new();
        let path = runs::find(given, folder.unwrap_or(&nowhere))?;
        Ok(Run::open(&path)?)
    };
    let all: Vec<Run> = options.runs.iter().map(open).collect::<Result<_, _>>()?;
    let known = sessions(&all);
    let runs: Vec<Run> = all.into_iter().filter(of_session).collect();
    if runs.is_empty() {
        bail!("{}", unknown_session(options, &known));
    }
    Ok(runs)
}

/// The sessions that the runs belong to, by name.
fn sessions(runs: &[Run]) -> Vec<String> {
    let named = runs
        .iter()
        .filter_map(|run| Some(run.manifest.as_ref()?.session.clone()));
    named.collect::<BTreeSet<String>>().into_iter().collect()
}

fn unknown_session(options: &Options, known: &[String]) -> String {
    let name = options.session.as_deref().unwrap_or_default();
    let meant = question(&nearest(name, known));
    match known {
        [] => format!("--session {name}: none of these runs belongs to a session"),
        known => format!(
            "--session {name}: no finished run belongs to it{meant} (there are runs of {})",
            known.join(", ")
        ),
    }
}

fn conventions(options: &Options) -> Conventions {
    Conventions {
        positive: match options.positive {
            PositiveArg::In => Positive::InDistribution,
            PositiveArg::Out => Positive::OutOfDistribution,
        },
        error: match options.error {
            ErrorArg::Least => ErrorConvention::Minimum,
            ErrorArg::AtTpr95 => ErrorConvention::AtTpr95,
        },
        aupr: match options.aupr {
            AuprArg::Balanced => AuprConvention::Balanced,
            AuprArg::Counts => AuprConvention::Counts,
        },
    }
}

fn title_of<'a>(runs: impl IntoIterator<Item = &'a Run>) -> String {
    let mut sessions: Vec<&str> = runs
        .into_iter()
        .filter_map(|run| Some(run.manifest.as_ref()?.session.as_str()))
        .collect();
    sessions.dedup();
    match sessions.as_slice() {
        [one] => format!("{one}: out-of-distribution detection"),
        _ => "Out-of-distribution detection".to_owned(),
    }
}

fn give(options: &Options, text: &str) -> anyhow::Result<()> {
    match &options.out {
        None => print(text),
        Some(path) => Ok(runs::write_whole(path, |file| {
            std::io::Write::write_all(file, text.as_bytes())
        })?),
    }
}

/// Scores as files, into the folder of --out; of several runs, each into a folder of its own.
fn files(
    options: &Options,
    runs: &[&Run],
    mut contents: impl FnMut(&Run) -> anyhow::Result<Vec<(String, Vec<u8>)>>,
) -> anyhow::Result<()> {
    let Some(out) = &options.out else {
        bail!("--out: a folder to write the files into is needed")
    };
    let mut files = Vec::new();
    for run in runs {
        let folder = match runs.len() {
            1 => out.clone(),
            _ => out.join(run.name()),
        };
        make(&folder)?;
        for (name, bytes) in contents(run)? {
            files.push((folder.join(name), bytes));
        }
    }
    runs::write_files(&files)?;
    let written: String = files
        .iter()
        .map(|(path, _)| format!("{}\n", path.display()))
        .collect();
    print(&written)
}

fn contents(format: What, subject: &Subject) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let (t, e) = (subject.run.temperature, subject.run.magnitude);
    let lines = |scores: &[f64]| report::confidence_lines(t, e, scores).into_bytes();
    Ok(match format {
        What::Txt => vec![
            ("confidence_Base_In.txt".to_owned(), lines(&subject.ins.baseline)),
            (
                "confidence_Base_Out.txt".to_owned(),
                lines(&subject.outs.baseline),
            ),
            ("confidence_Our_In.txt".to_owned(), lines(&subject.ins.odin)),
            ("confidence_Our_Out.txt".to_owned(), lines(&subject.outs.odin)),
        ],
        What::Npy => vec![
            report::dictionary_of(subject, true),
            report::dictionary_of(subject, false),
        ],
        _ => vec![("scores.npz".to_owned(), report::npz(subject)?)],
    })
}

fn make(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}
