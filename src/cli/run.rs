//! `odin run`: a session without the dashboard. Each job becomes a run on disk; what is there already is not scored again.
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::client::{self, Client, SoFar};
use super::comparison::{self, Sets};
use super::detectors::Detectors;
use super::grid::{self, Search, Searched};
use super::output::{print, print_json, progress_bar};
use super::what::{at_least_one, words};
use super::{explore, interrupt};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::plain::{in_words, plain};
use odin_core::protocol::JobSpec;
use odin_core::runs::{self, About, Grid, Identity, Images, Record, RunFolder, StartError};
use odin_core::session::{self, Session, Sweep};
use odin_core::setting;
use odin_core::sweep::Split;
use odin_core::units::Devices;
use odin_datasets::{Corrupt, Part};

mod outcome;
mod plan;

use outcome::Outcome;
use plan::{Planner, Task, is_always_run};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A session: a YAML file, or the name of one in sessions/
    session: String,
    /// Only these queues of the session
    #[arg(long, value_name = "NAME")]
    queue: Vec<String>,
    /// Use this device, or these (`cuda:0,cuda:1`), for every queue
    #[arg(long)]
    device: Option<Devices>,
    #[command(flatten)]
    detectors: Detectors,
    /// Set so many images of each set aside, for detectors that need labels of images that are not reported (a job with a sweep
    /// takes those that the sweep sets aside)
    #[arg(long, value_name = "N", value_parser = at_least_one(), requires = "detectors")]
    validation: Option<usize>,
    /// Where runs are kept [default: $ODIN_RUNS, else runs/]
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Score also what is finished already, and everything afresh: without the evidence of earlier runs
    #[arg(long)]
    again: bool,
    /// What to do about images that cannot be decoded, in place of what the sets' cards say
    #[arg(long, value_parser = words::<Corrupt>(&Corrupt::KEYS), value_name = "WHAT")]
    corrupt: Option<Corrupt>,
    /// Only tell what would be done
    #[arg(long, conflicts_with = "json")]
    dry_run: bool,
    /// Print JSON instead of a table: an object a job, with its state, its folder and its metrics
    #[arg(long)]
    json: bool,
}

/// How often what is scored so far is written.
const BETWEEN_SNAPSHOTS: Duration = Duration::from_secs(10);
/// How often a line tells how far a job is, where no bar can.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// How often it is looked whether another program has finished the same run.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Exit code 0: every job succeeded; 1: some failed, and which and why is told. Bad input is an error (2).
pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let home = Home::find()?;
    let path = explore::find(&options.session, &home)?;
    let session = Session::load(&path)?;
    refuse(session::unknown_names(&path, &home)?)?;
    let folder = options.runs.clone().unwrap_or_else(|| home.runs());
    let tasks = tasks(&session, options)?;
    if tasks.is_empty() {
        bail!("{}: the session has no job", path.display());
    }
    let bars = MultiProgress::new();
    let client = Client::start(&home, options.again, &bars)?;
    let planner = Planner::new(&home, &client);
    if options.dry_run {
        print(&dry_run(&tasks, &planner, &folder))?;
        return Ok(ExitCode::SUCCESS);
    }
    let work = Work {
        client: &client,
        folder,
        again: options.again,
        planner: Mutex::new(planner),
        session: &session.name,
        bars,
        count: tasks.len(),
        finished: Arc::default(),
    };
    let (finished, count, runs) = (work.finished.clone(), work.count, work.folder.clone());
    let rest = interrupt::kept(&home, options.again);
    interrupt::tell(move || {
        let finished = finished.load(Ordering::Relaxed);
        let (of, runs) = (outcome::jobs(count), runs.display());
        format!("{finished} of {of} finished, in {runs}; {rest}")
    })
    .context("signals cannot be set up")?;
    let outcomes = work.through(&tasks);
    let failed = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Failed(_)))
        .count();
    if options.json {
        print_json(&outcome::as_json(&tasks, &outcomes))?;
    } else {
        let asked = options.detectors.are_asked();
        print(&outcome::table(&tasks, &outcomes, asked))?;
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn refuse(wrong: Vec<session::SessionError>) -> anyhow::Result<()> {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        Ok(())
    } else {
        bail!("{}", lines.join("\nerror: "))
    }
}

fn tasks(session: &Session, options: &Options) -> anyhow::Result<Vec<Task>> {
    let names: Vec<&str> = session.queues.iter().map(|queue| queue.name.as_str()).collect();
    if let Some(unknown) = options.queue.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("--queue {unknown}: the session's queues are {}", names.join(", "));
    }
    let chosen = |name: &String| options.queue.is_empty() || options.queue.contains(name);
    let queues = session.queues.iter().filter(|queue| chosen(&queue.name));
    let tasks = queues.flat_map(|queue| {
        let devices = options
            .device
            .clone()
            .unwrap_or_else(|| session.devices(queue).clone());
        queue.jobs.iter().map(move |job| {
            Ok(Task {
                queue: queue.name.clone(),
                devices: devices.clone(),
                spec: spec(session, job, options)?,
                // A sweep chooses its own.
                tuned: job.tuned.as_ref().filter(|_| job.sweep.is_none()).map(Into::into),
                sweep: job.sweep.clone(),
            })
        })
    });
    tasks.collect()
}

/// What the job comes to: ODIN, the baseline, its own detector and those that are asked for.
fn spec(session: &Session, job: &session::Job, options: &Options) -> anyhow::Result<JobSpec> {
    let spec = session.spec(job);
    let asked = options.detectors.settings(&spec.settings)?;
    let own = spec
        .settings
        .iter()
        .copied()
        .filter(|setting| is_always_run(setting.detector()) || Some(setting.detector()) == job.detector);
    let settings = own.chain(asked).collect();
    let validation = options.validation.filter(|_| job.sweep.is_none());
    Ok(JobSpec {
        corrupt: options.corrupt,
        settings,
        part: validation.map_or(Part::Whole, Part::Report),
        fit: options.detectors.fit_over(spec.fit),
        ..spec
    })
}

fn dry_run(tasks: &[Task], planner: &Planner, folder: &std::path::Path) -> String {
    let line = |task: &Task| {
        let state = match planner.plan(task) {
            Err(reason) => format!("cannot: {reason}"),
            Ok(plan) => match runs::finished(folder, &plan.identity.key()) {
                Some(run) => format!("finished: {}", run.folder.display()),
                None => format!("to do: {}", plan.amount(task)),
            },
        };
        format!("{}\n  {state}\n", task.title())
    };
    tasks.iter().map(line).collect()
}

/// What all threads share.
struct Work<'a> {
    client: &'a Client,
    folder: PathBuf,
    again: bool,
    planner: Mutex<Planner<'a>>,
    session: &'a str,
    bars: MultiProgress,
    count: usize,
    /// How many jobs are done, in this run of the program or an earlier one.
    finished: Arc<AtomicUsize>,
}

impl Work<'_> {
    /// Jobs on the same devices one after another, those on others beside them. The outcomes are in the order of the
    /// tasks.
    fn through(&self, tasks: &[Task]) -> Vec<Outcome> {
        let mut groups: Vec<(&Devices, Vec<usize>)> = Vec::new();
        for (n, task) in tasks.iter().enumerate() {
            match groups.iter_mut().find(|(devices, _)| **devices == task.devices) {
                Some((_, group)) => group.push(n),
                None => groups.push((&task.devices, vec![n])),
            }
        }
        let mut outcomes: Vec<Option<Outcome>> = tasks.iter().map(|_| None).collect();
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for (devices, group) in groups {
                threads.push(scope.spawn(move || self.group(devices, group, tasks)));
            }
            // A thread that panicked has told on standard error; its jobs have no outcome.
            for (n, outcome) in threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap_or_default())
            {
                if let Some(place) = outcomes.get_mut(n) {
                    *place = Some(outcome);
                }
            }
        });
        let fault = || Outcome::Failed("a fault in the program, told above".to_owned());
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(fault))
            .collect()
    }

    fn group(&self, devices: &Devices, group: Vec<usize>, tasks: &[Task]) -> Vec<(usize, Outcome)> {
        let bar = self.bars.add(progress_bar(0, "images"));
        // The title of a job leaves no room beside it.
        let style = ProgressStyle::with_template("{msg}\n{wide_bar} {pos}/{len} · {per_sec} · {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let one = |n: usize| {
            let task = tasks.get(n)?;
            let reporter = Reporter {
                bar: &bar,
                title: format!("{}/{} {}", n + 1, self.count, task.title()),
            };
            let done = self.job(task, devices, &reporter);
            let outcome = done.unwrap_or_else(|error| Outcome::Failed(in_words(error.as_ref())));
            reporter.end(&outcome);
            if !matches!(outcome, Outcome::Failed(_)) {
                self.finished.fetch_add(1, Ordering::Relaxed);
            }
            Some((n, outcome))
        };
        let outcomes = group.into_iter().filter_map(one).collect();
        bar.finish_and_clear();
        outcomes
    }

    fn job(&self, task: &Task, devices: &Devices, reporter: &Reporter) -> anyhow::Result<Outcome> {
        let plan = {
            let planner = self
                .planner
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            planner.plan(task)?
        };
        if let (false, Some(kept)) = (self.again, self.finished_before(&plan.identity)) {
            return Ok(kept);
        }
        reporter.begin();
        let origin = runs::Origin {
            weights: plan.weights.display().to_string(),
            session: self.session.to_owned(),
            queue: task.queue.clone(),
            device: devices.to_string(),
            tuned: task.tuned.clone(),
        };
        let mut folder = match self.start(&plan.identity, origin, reporter)? {
            Started::Here(folder) => *folder,
            Started::Elsewhere(kept) => return Ok(kept),
        };
        let done = score(
            &plan.sets,
            task,
            &plan.card,
            self.client,
            devices,
            &mut folder,
            reporter,
        )
        .and_then(|done| {
            let Done { scored, record, grid } = done;
            let path = folder.finish(&scored.ins, &scored.outs, &record, grid.as_ref())?;
            Ok(Outcome::Finished(path, Box::new(record)))
        });
        done.map_err(|error| {
            let reason = in_words(error.as_ref());
            // Where even that cannot be written, the reason for it is what matters.
            let _ = folder.fail(&reason);
            anyhow::anyhow!(reason)
        })
    }
}

/// A run that is to be written here, or that another program has written meanwhile.
enum Started {
    Here(Box<RunFolder>),
    Elsewhere(Outcome),
}

impl Work<'_> {
    fn finished_before(&self, identity: &Identity) -> Option<Outcome> {
        let run = runs::finished(&self.folder, &identity.key())?;
        // Without its metrics it is told, and its row of the table is empty.
        let record = run.record().ok().map(Box::new);
        Some(Outcome::Kept(run.folder, record))
    }

    /// Begins the run. While another program writes it, waits: what that one finishes need not be scored again.
    fn start(
        &self,
        identity: &Identity,
        origin: runs::Origin,
        reporter: &Reporter,
    ) -> anyhow::Result<Started> {
        let mut is_told = false;
        loop {
            match RunFolder::start(&self.folder, identity.clone(), origin.clone()) {
                Ok(folder) => return Ok(Started::Here(Box::new(folder))),
                Err(StartError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if !is_told {
                is_told = true;
                reporter.line("another odin is scoring this; waiting for it (ctrl-C ends the waiting)");
            }
            while runs::is_being_written(&self.folder, identity) {
                std::thread::sleep(BETWEEN_LOOKS);
            }
            if let Some(kept) = self.finished_before(identity) {
                return Ok(Started::Elsewhere(kept));
            }
        }
    }
}

struct Done {
    scored: client::Scored,
    record: Record,
    grid: Option<Grid>,
}

fn score(
    sets: &Sets,
    task: &Task,
    card: &NetworkCard,
    client: &Client,
    devices: &Devices,
    folder: &mut RunFolder,
    reporter: &Reporter,
) -> anyhow::Result<Done> {
    let (spec, grid) = match &task.sweep {
        None => (task.spec.clone(), None),
        Some(sweep) => {
            let split = grid::split(sets, &task.spec, sweep.validation)?;
            // The other detectors have no part in the search.
            let searched = task.spec.settings.iter().copied();
            let searched = searched.filter(|setting| is_always_run(setting.detector()));
            let spec = JobSpec {
                settings: searched.collect(),
                ..task.spec.clone()
            };
            let (best, grid) = best_cell(&spec, sweep, split, client, devices, reporter)?;
            let (temperature, magnitude) = best.settings.perturbation();
            let settings = task.spec.settings.clone();
            let spec = JobSpec {
                settings: settings.with(setting::odin(temperature, magnitude)),
                ..best
            };
            (spec, Some(grid))
        }
    };
    let about = |about: &About| About {
        choice: Some(spec.choice()),
        set: about.set.clone(),
    };
    folder.tell(about(&sets.ins), about(&sets.outs));
    let (started, mut kept, mut told) = (Instant::now(), Instant::now(), Instant::now());
    let mut watch = |so_far: &SoFar| -> anyhow::Result<()> {
        if told.elapsed() >= BETWEEN_LINES {
            told = Instant::now();
            reporter.tell(&format!(
                "{} of {} images",
                so_far.ins.len() + so_far.outs.len(),
                so_far.total_in + so_far.total_out
            ));
        }
        if kept.elapsed() >= BETWEEN_SNAPSHOTS {
            let images = Images {
                ins: so_far.ins.len(),
                outs: so_far.outs.len(),
                total_in: so_far.total_in,
                total_out: so_far.total_out,
            };
            folder.keep(so_far.ins, so_far.outs, images, started.elapsed().as_secs_f64())?;
            kept = Instant::now();
        }
        Ok(())
    };
    let scored = client.score_watched(spec.clone(), devices, reporter.bar, &mut watch)?;
    let mut record = comparison::record(card, &spec, &scored, sets)?;
    if spec
        .settings
        .iter()
        .any(|setting| !is_always_run(setting.detector()))
    {
        record.detectors = comparison::by_detector(&spec, &scored, sets)?;
    }
    Ok(Done { scored, record, grid })
}

/// Measures every cell on the validation images; gives the job that reports the best one, on the others.
fn best_cell(
    spec: &JobSpec,
    sweep: &Sweep,
    split: Split,
    client: &Client,
    devices: &Devices,
    reporter: &Reporter,
) -> anyhow::Result<(JobSpec, Grid)> {
    let search = Search {
        temperatures: &sweep.temperatures.0,
        magnitudes: &sweep.magnitudes.0,
        split,
        metric: sweep.metric,
    };
    reporter.bar.set_length(search.len() as u64);
    let Searched {
        cells, best, rest, ..
    } = search.run(spec, client, devices, |measured| {
        reporter.bar.inc(1);
        if measured.is_multiple_of(search.magnitudes.len()) {
            reporter.tell(&format!("{measured} of {} cells", search.len()));
        }
    })?;
    let grid = Grid {
        metric: sweep.metric.key().to_owned(),
        validation_images: cells
            .get(best)
            .map_or(split.validation(), |cell| cell.odin.n_in as usize),
        cells,
        best,
        tested_apart: true,
    };
    Ok((rest, grid))
}

/// Tells of one job: by a bar on a terminal, by lines elsewhere.
struct Reporter<'a> {
    bar: &'a ProgressBar,
    title: String,
}

impl Reporter<'_> {
    fn begin(&self) {
        self.bar.set_message(self.title.clone());
        self.bar.reset();
        self.tell("begun");
    }

    fn tell(&self, text: &str) {
        if !io::stderr().is_terminal() {
            self.line(text);
        }
    }

    fn end(&self, outcome: &Outcome) {
        self.line(&match outcome {
            Outcome::Finished(_, record) => format!(
                "finished in {:.1} s, FPR95 {:.2} %, AUROC {:.2} %",
                record.seconds,
                100.0 * record.odin.fpr95,
                100.0 * record.odin.auroc
            ),
            Outcome::Kept(..) => "finished before".to_owned(),
            Outcome::Failed(reason) => format!("failed: {reason}"),
        });
    }

    fn line(&self, text: &str) {
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        self.bar
            .suspend(|| eprintln!("{now} {}", plain(&format!("{}: {text}", self.title))));
    }
}
