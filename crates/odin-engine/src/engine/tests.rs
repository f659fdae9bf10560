//! The engine on a small random network and small noise sets, as its users drive it.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use super::*;
use crate::networks::weights::Weights;
use odin_core::comparisons::{Comparisons, JobBatch, JobCommand, JobEvent};
use odin_core::networks::Architecture;
use odin_core::protocol::{
    Event, Failure, FailureKind, FitSample, Generation, JobId, JobSpec, Order, Placement, ScoreTable,
    ScoredImage,
};
use odin_core::setting::{Detector, Settings};
use odin_core::units::{Device, Devices, Magnitude, Temperature};
use odin_datasets::{Part, Sampling};
use odin_metrics::Side;

/// A home with the network `small` and the sets `one`, `two` and `large` (whose images do not fit the network).
fn home(folder: &Path) -> Home {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let noise = |kind: &str, seed: u64, side: u32| {
        format!("title: noise\nsource: {{format: {kind}, count: 40, size: [{side}, {side}], seed: {seed}}}\n")
    };
    write("data/one.yaml", &noise("uniform", 1, 32));
    write("data/two.yaml", &noise("gaussian", 2, 32));
    write("data/large.yaml", &noise("gaussian", 2, 80));
    write(
        "models/small.yaml",
        "title: small\narchitecture: {kind: densenet-bc, depth: 10, growth: 4}\nclasses: 5\n\
         weights: small.safetensors\nin_dataset: one\nnormalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.25, 0.3]}\n",
    );
    let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
    let weights = Weights::initial(&architecture, 5, 1).unwrap();
    weights
        .save(&folder.join("models/small.safetensors"), &BTreeMap::new())
        .unwrap();
    Home::at(folder)
}

pub(super) fn spec(temperature: f64, magnitude: f64, order: Order) -> JobSpec {
    JobSpec {
        network: "small".into(),
        weights: None,
        in_dataset: None,
        dataset: "two".into(),
        settings: Settings::new(
            Temperature::new(temperature).unwrap(),
            Magnitude::new(magnitude).unwrap(),
        ),
        sampling: Sampling::File,
        skip: 0,
        limit: None,
        part: Part::Whole,
        corrupt: None,
        batch: Some(8),
        seed: 0,
        order,
        fit: FitSample::default(),
    }
}

pub(super) struct TestEngine {
    pub engine: Engine,
    pub events: Receiver<JobEvent>,
    /// What a person was told.
    pub warnings: Arc<Mutex<Vec<String>>>,
    comparisons: Arc<Mutex<Comparisons>>,
    generation: u64,
    placement: Placement,
    pub folder: tempfile::TempDir,
}

impl TestEngine {
    pub(super) fn new() -> Self {
        Self::with(Budget::default())
    }

    fn with(budget: Budget) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(&home(folder.path()), budget, folder)
    }

    fn on(home: &Home, budget: Budget, folder: tempfile::TempDir) -> Self {
        Self::held(home, budget, folder, || {})
    }

    /// Whose thread of fitted detectors calls `before` whenever it begins with a set.
    pub(super) fn held(
        home: &Home,
        budget: Budget,
        folder: tempfile::TempDir,
        before: impl Fn() + Send + 'static,
    ) -> Self {
        let (sender, events) = channel();
        let comparisons: Arc<Mutex<Comparisons>> = Arc::default();
        let ours = comparisons.clone();
        let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = warnings.clone();
        let emit = move |event: Event| {
            if let Event::Warning { text } = &event {
                told.lock().unwrap().push(text.clone());
            }
            for event in ours.lock().unwrap().hear(event).0 {
                let _ = sender.send(event);
            }
        };
        Self {
            comparisons,
            warnings,
            engine: Engine::start_held(home, budget, emit, Box::new(before)).unwrap(),
            events,
            generation: 0,
            placement: Placement {
                devices: Device::Cpu.into(),
                ..Placement::default()
            },
            folder,
        }
    }

    /// The same, and the other [held up](Self::held).
    pub(super) fn again_held(self, before: impl Fn() + Send + 'static) -> Self {
        let Self { engine, folder, .. } = self;
        drop(engine);
        Self::held(&Home::at(folder.path()), Budget::default(), folder, before)
    }

    /// Ends this engine and starts another on the same folder.
    pub(super) fn again(self, budget: Budget) -> Self {
        let Self { engine, folder, .. } = self;
        drop(engine);
        Self::on(&Home::at(folder.path()), budget, folder)
    }

    pub(super) fn tell(&self, command: JobCommand) {
        let commands = self.comparisons.lock().unwrap().ask(command);
        commands.into_iter().for_each(|command| self.engine.send(command));
    }

    pub(super) fn ask(&mut self, job: u32, spec: JobSpec) -> Generation {
        self.generation += 1;
        let generation = Generation(self.generation);
        self.tell(JobCommand::Score {
            job: JobId::Job(job),
            generation,
            placement: self.placement.clone(),
            spec,
        });
        generation
    }

    /// Every batch of the job up to its end, or why it failed.
    pub(super) fn finish(&self, job: u32, generation: Generation) -> Result<Vec<JobBatch>, Failure> {
        let mut batches = Vec::new();
        loop {
            let event = self
                .events
                .recv_timeout(std::time::Duration::from_secs(120))
                .unwrap();
            match event {
                JobEvent::Scored(batch) if batch.job == JobId::Job(job) && batch.generation == generation => {
                    batches.push(batch)
                }
                JobEvent::Finished {
                    job: j,
                    generation: g,
                    ..
                } if (j, g) == (JobId::Job(job), generation) => return Ok(batches),
                JobEvent::Failed {
                    job: j,
                    generation: g,
                    reason,
                } if (j, g) == (JobId::Job(job), generation) => {
                    return Err(reason);
                }
                _ => {}
            }
        }
    }

    pub(super) fn score(&mut self, spec: JobSpec) -> Result<Vec<JobBatch>, Failure> {
        let generation = self.ask(0, spec);
        self.finish(0, generation)
    }
}

/// An image's scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub index: u32,
    pub prediction: u16,
    pub odin: f64,
    pub baseline: f64,
}

/// One side's scores in file order.
pub(super) fn side(batches: &[JobBatch], side: Side) -> Vec<Row> {
    let mut all = ScoreTable::default();
    for batch in batches.iter().filter(|batch| batch.side == side) {
        all.append(batch.scores.clone());
    }
    all.sort();
    let column = |detector| all.of(detector).unwrap_or_default().to_vec();
    let columns = column(Detector::Odin).into_iter().zip(column(Detector::Baseline));
    let row = |(image, (odin, baseline)): (&ScoredImage, _)| Row {
        index: image.index,
        prediction: image.prediction,
        odin,
        baseline,
    };
    all.images().iter().zip(columns).map(row).collect()
}

fn bits(batches: &[JobBatch]) -> Vec<(u64, u64)> {
    let all = [Side::In, Side::Out].into_iter().flat_map(|s| side(batches, s));
    all.map(|s| (s.baseline.to_bits(), s.odin.to_bits())).collect()
}

#[test]
fn every_image_is_scored_once_and_the_cache_gives_the_same_to_the_bit() {
    let mut engine = TestEngine::new();
    let first = engine.score(spec(1000.0, 0.002, Order::Random)).unwrap();
    let indices: Vec<u32> = side(&first, Side::In).iter().map(|s| s.index).collect();
    assert_eq!(indices, (0..40).collect::<Vec<_>>());
    assert_eq!(side(&first, Side::Out).len(), 40);
    assert!(first.iter().all(|b| !b.from_cache));
    // Both sides by turns: the first four batches hold some of each.
    let early: Vec<Side> = first.iter().take(4).map(|b| b.side).collect();
    assert!(early.contains(&Side::In) && early.contains(&Side::Out));
    let again = engine.score(spec(1000.0, 0.002, Order::File)).unwrap();
    assert!(again.iter().all(|b| b.from_cache));
    assert_eq!(bits(&first), bits(&again));
}

#[test]
fn another_magnitude_at_a_visited_temperature_uses_the_kept_signs() {
    let mut engine = TestEngine::new();
    engine.score(spec(1000.0, 0.002, Order::File)).unwrap();
    let kept = engine.score(spec(1000.0, 0.004, Order::File)).unwrap();
    let fresh = TestEngine::new().score(spec(1000.0, 0.004, Order::File)).unwrap();
    assert_eq!(bits(&kept), bits(&fresh));
}

#[test]
fn without_perturbation_every_temperature_is_arithmetic() {
    let mut engine = TestEngine::new();
    let plain = engine.score(spec(1.0, 0.0, Order::File)).unwrap();
    assert!(
        side(&plain, Side::In)
            .iter()
            .chain(&side(&plain, Side::Out))
            .all(|s| s.odin == s.baseline)
    );
    let hot = engine.score(spec(1000.0, 0.0, Order::File)).unwrap();
    assert!(hot.iter().all(|b| b.from_cache));
    assert_ne!(bits(&plain), bits(&hot));
}

#[test]
fn the_newest_parameters_win() {
    let mut engine = TestEngine::new();
    let stale = engine.ask(0, spec(1000.0, 0.001, Order::Random));
    let newest = engine.ask(0, spec(1000.0, 0.003, Order::Random));
    let mut ended = Vec::new();
    while ended.is_empty() {
        match engine
            .events
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap()
        {
            JobEvent::Finished { generation, .. } => ended.push(generation),
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_eq!(ended, [newest], "and not {stale:?}");
}

#[test]
fn the_preferred_job_is_served_first_and_a_cancelled_one_not_at_all() {
    let mut engine = TestEngine::new();
    let first = engine.ask(1, spec(1000.0, 0.001, Order::Random));
    let second = engine.ask(
        2,
        JobSpec {
            dataset: "one".into(),
            ..spec(1000.0, 0.001, Order::Random)
        },
    );
    let cancelled = engine.ask(3, spec(1000.0, 0.002, Order::Random));
    engine.tell(JobCommand::Cancel { job: JobId::Job(3) });
    engine.tell(JobCommand::Prefer { job: JobId::Job(2) });
    engine.finish(2, second).unwrap();
    engine.finish(1, first).unwrap();
    engine.tell(JobCommand::Shutdown);
    let late = engine
        .events
        .iter()
        .any(|e| matches!(e, JobEvent::Finished { generation, .. } if generation == cancelled));
    assert!(!late);
}

#[test]
fn a_job_that_cannot_run_says_why_and_leaves_the_others_alone() {
    let mut engine = TestEngine::new();
    let at = |change: &dyn Fn(&mut JobSpec)| {
        let mut spec = spec(1000.0, 0.001, Order::Random);
        change(&mut spec);
        spec
    };
    let missing = FailureKind::Missing { fetch: None };
    for (bad, words, kind) in [
        (
            at(&|s| s.network = "smal".into()),
            "did you mean small",
            FailureKind::UnknownName,
        ),
        (at(&|s| s.dataset = "tow".into()), "two", FailureKind::UnknownName),
        (at(&|s| s.dataset = "large".into()), "80×80", FailureKind::Unfit),
        (at(&|s| s.skip = 40), "nothing is left", FailureKind::Request),
        (
            at(&|s| s.weights = Some("/nonexistent".into())),
            "/nonexistent",
            missing,
        ),
    ] {
        let reason = engine.score(bad).unwrap_err();
        assert!(reason.text.contains(words), "{reason}");
        assert_eq!(reason.kind, kind, "{reason}");
    }
    assert!(engine.score(spec(1000.0, 0.001, Order::Random)).is_ok());
}

#[test]
fn slices_are_counted_in_images_of_the_file() {
    let mut engine = TestEngine::new();
    let some = engine
        .score(JobSpec {
            skip: 10,
            limit: Some(5),
            ..spec(1000.0, 0.001, Order::Random)
        })
        .unwrap();
    let indices: Vec<u32> = side(&some, Side::Out).iter().map(|s| s.index).collect();
    assert_eq!(indices, [10, 11, 12, 13, 14]);
}

#[test]
fn a_sample_has_the_numbers_of_the_set_and_validation_is_apart_from_the_report() {
    let mut engine = TestEngine::new();
    let mut of = |seed, part| {
        let scored = engine
            .score(JobSpec {
                sampling: Sampling::Sample,
                seed,
                limit: Some(20),
                part,
                ..spec(1.0, 0.0, Order::File)
            })
            .unwrap();
        let mut indices: Vec<u32> = side(&scored, Side::Out).iter().map(|s| s.index).collect();
        indices.sort_unstable();
        indices
    };
    let whole = of(0, Part::Whole);
    assert_eq!(whole.len(), 20);
    assert!(
        *whole.last().unwrap() >= 20,
        "not the first of the file: {whole:?}"
    );
    assert_eq!(of(0, Part::Whole), whole);
    assert_ne!(of(1, Part::Whole), whole);
    let mut both = [of(0, Part::Validation(8)), of(0, Part::Report(8))].concat();
    both.sort_unstable();
    assert_eq!(both, whole);
}

fn from_cache(batches: &[JobBatch]) -> usize {
    batches
        .iter()
        .filter(|b| b.from_cache)
        .map(|b| b.scores.len())
        .sum()
}

#[test]
fn the_next_session_computes_nothing_again() {
    let mut engine = TestEngine::new();
    let first = engine.score(spec(1000.0, 0.002, Order::Random)).unwrap();
    let mut engine = engine.again(Budget::default());
    let again = engine.score(spec(1000.0, 0.002, Order::File)).unwrap();
    assert_eq!((from_cache(&again), bits(&again)), (80, bits(&first)));
    // Signs came back too: another ε is the same as without them, and another T at ε = 0 needs no pass.
    let kept = engine.score(spec(1000.0, 0.004, Order::Random)).unwrap();
    let mut fresh = TestEngine::new();
    assert_eq!(
        bits(&kept),
        bits(&fresh.score(spec(1000.0, 0.004, Order::Random)).unwrap())
    );
    assert_eq!(
        from_cache(&engine.score(spec(7.0, 0.0, Order::File)).unwrap()),
        80
    );
}

#[test]
fn nothing_of_other_weights_or_images_is_taken_for_known() {
    let mut engine = TestEngine::new();
    engine.score(spec(1000.0, 0.002, Order::File)).unwrap();
    let folder = engine.folder.path().to_owned();
    let architecture = Architecture::DensenetBc { depth: 10, growth: 4 };
    let other = Weights::initial(&architecture, 5, 2).unwrap();
    other
        .save(&folder.join("models/small.safetensors"), &BTreeMap::new())
        .unwrap();
    let mut engine = engine.again(Budget::default());
    assert_eq!(
        from_cache(&engine.score(spec(1000.0, 0.002, Order::File)).unwrap()),
        0
    );
    let card = std::fs::read_to_string(folder.join("data/two.yaml")).unwrap();
    std::fs::write(folder.join("data/two.yaml"), card.replace("seed: 2", "seed: 3")).unwrap();
    let mut engine = engine.again(Budget::default());
    let some = engine.score(spec(1000.0, 0.002, Order::File)).unwrap();
    // The in-distribution set is as it was.
    assert_eq!(from_cache(&some), 40);
    // And so does the next session.
    let mut engine = engine.again(Budget::default());
    assert_eq!(
        from_cache(&engine.score(spec(1000.0, 0.002, Order::File)).unwrap()),
        80
    );
}

#[test]
fn a_job_stopped_midway_goes_on_to_the_same_scores() {
    let whole = TestEngine::new()
        .score(spec(1000.0, 0.003, Order::Random))
        .unwrap();
    let mut engine = TestEngine::new();
    let generation = engine.ask(0, spec(1000.0, 0.003, Order::Random));
    for _ in 0..3 {
        // Ready, Started and the first batch.
        engine.events.recv().unwrap();
    }
    engine.tell(JobCommand::Cancel { job: JobId::Job(0) });
    let mut engine = engine.again(Budget::default());
    let rest = engine.score(spec(1000.0, 0.003, Order::Random)).unwrap();
    assert!(from_cache(&rest) >= 8, "{generation:?}");
    assert_eq!(bits(&rest), bits(&whole));
}

#[test]
fn little_memory_costs_time_and_no_score() {
    let wanted = [(1000.0, 0.001), (10.0, 0.001), (1000.0, 0.002), (1000.0, 0.001)];
    let mut ample = TestEngine::new();
    for budget in [
        Budget { memory: 1, disk: 0 },
        Budget {
            memory: 1,
            ..Budget::default()
        },
    ] {
        let mut engine = TestEngine::with(budget);
        for (t, magnitude) in wanted {
            let got = engine.score(spec(t, magnitude, Order::File)).unwrap();
            let want = ample.score(spec(t, magnitude, Order::File)).unwrap();
            assert_eq!(bits(&got), bits(&want), "T = {t}, ε = {magnitude}");
        }
    }
}

#[test]
fn several_workers_share_a_job_and_score_as_one() {
    let one = TestEngine::new()
        .score(spec(1000.0, 0.002, Order::Random))
        .unwrap();
    let mut engine = TestEngine::new();
    engine.placement.devices = Devices::try_from(vec![Device::Cpu; 3]).unwrap();
    let three = engine.score(spec(1000.0, 0.002, Order::Random)).unwrap();
    assert_eq!(bits(&one), bits(&three));
    let indices: Vec<u32> = side(&three, Side::Out).iter().map(|s| s.index).collect();
    assert_eq!(indices, (0..40).collect::<Vec<_>>());
}

#[test]
fn a_device_that_is_not_there_fails_the_job_that_names_it() {
    let mut engine = TestEngine::new();
    engine.placement.devices = Device::Cuda(99).into();
    let reason = engine.score(spec(1000.0, 0.001, Order::Random)).unwrap_err();
    assert!(reason.text.contains("cuda:99"), "{reason}");
    assert_eq!(reason.kind, FailureKind::Device);
    engine.placement.devices = Device::Cpu.into();
    assert!(engine.score(spec(1000.0, 0.001, Order::Random)).is_ok());
}

/// Jobs in the order in which they end.
fn order_of_ends(engine: &TestEngine, count: usize) -> Vec<u32> {
    let mut ended = Vec::new();
    while ended.len() < count {
        match engine
            .events
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap()
        {
            JobEvent::Finished { job, .. } => ended.push(job.number()),
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    ended
}

#[test]
fn background_jobs_wait_for_all_others() {
    let mut engine = TestEngine::new();
    engine.placement.background = true;
    for job in 10..13 {
        engine.ask(job, spec(f64::from(job), 0.001, Order::Random));
    }
    engine.placement.background = false;
    engine.ask(1, spec(2.0, 0.001, Order::Random));
    engine.ask(2, spec(3.0, 0.001, Order::Random));
    let ended = order_of_ends(&engine, 5);
    let place = |job| ended.iter().position(|&ended| ended == job).unwrap();
    // The first in the background may have begun before the others came.
    assert!(
        place(1) <= 2 && place(2) <= 2 && place(11) > 2 && place(12) > 2,
        "{ended:?}"
    );
}

#[test]
fn lanes_take_turns_and_a_lane_serves_in_order() {
    let mut engine = TestEngine::new();
    let mut seen = Vec::new();
    for (job, lane) in [(1, 0), (2, 0), (3, 1)] {
        engine.placement.lane = lane;
        engine.ask(job, spec(2.0 + f64::from(job), 0.001, Order::Random));
    }
    let mut ended = 0;
    while ended < 3 {
        match engine
            .events
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap()
        {
            JobEvent::Scored(batch) if !batch.from_cache => seen.push(batch.job.number()),
            JobEvent::Finished { .. } => ended += 1,
            _ => {}
        }
    }
    let last_of_1 = seen.iter().rposition(|&job| job == 1).unwrap();
    let first_of = |wanted| seen.iter().position(|&job| job == wanted).unwrap();
    // Ten batches each; with one worker of two threads at most two are out of order.
    assert!(first_of(2) + 3 > last_of_1, "{seen:?}");
    assert!(first_of(3) < 8, "lane 1 waits for lane 0: {seen:?}");
}

#[test]
fn memory_is_told_while_scores_come_and_never_while_idle() {
    let mut engine = TestEngine::new();
    let generation = engine.ask(0, spec(1000.0, 0.002, Order::Random));
    let mut told = Vec::new();
    loop {
        let event = engine
            .events
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap();
        match event {
            JobEvent::Memory { device, memory } => told.push((device, memory)),
            JobEvent::Finished { generation: g, .. } if g == generation => break,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    let (device, memory) = told.first().unwrap();
    assert_eq!(*device, odin_core::units::Device::Cpu);
    assert!(memory.used > 0 && memory.used < memory.total, "{memory}");
    let idle = engine.events.recv_timeout(std::time::Duration::from_millis(1500));
    assert!(idle.is_err(), "{idle:?}");
}

#[test]
fn sets_that_several_jobs_share_are_scored_once() {
    let mut engine = TestEngine::new();
    let of = |dataset: &str| JobSpec {
        dataset: dataset.into(),
        ..spec(1000.0, 0.002, Order::Random)
    };
    let against_two = engine.ask(1, of("two"));
    let against_itself = engine.ask(2, of("one"));
    let mut computed = [0, 0];
    let mut scores: [Vec<JobBatch>; 2] = Default::default();
    let mut ended = 0;
    while ended < 2 {
        match engine
            .events
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap()
        {
            JobEvent::Scored(batch) => {
                let job = batch.job.number() as usize - 1;
                if batch.side == Side::In && !batch.from_cache {
                    computed[job] += batch.scores.len();
                }
                scores[job].push(batch);
            }
            JobEvent::Finished { .. } => ended += 1,
            JobEvent::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_ne!(against_two, against_itself);
    // Whoever asked first or later, both have every score, and it is the same one.
    let odin = |batches: &[JobBatch]| -> Vec<u64> {
        let all = side(batches, Side::In);
        all.iter().map(|score| score.odin.to_bits()).collect()
    };
    assert_eq!(odin(&scores[0]).len(), 40);
    assert_eq!(odin(&scores[0]), odin(&scores[1]));
    // Job 2's own out-of-distribution set is the in-distribution set again. Each image of the set that both share went through
    // the network for one of them alone.
    assert_eq!(computed[0] + computed[1], 40, "{computed:?}");
}
