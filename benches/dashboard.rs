//! Times of the dashboard without a terminal: a frame, a drag over 20,000 cached images, and very many scores as they
//! come: `cargo bench --bench dashboard`. Budgets: a frame below 4 ms at 200×60, a step of the drag below 16 ms.
#![allow(clippy::unwrap_used, reason = "what is measured is made here")]
#![allow(unreachable_pub, reason = "no other crate imports a benchmark")]
mod times;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use odin_core::comparisons::{JobBatch, JobCommand, JobEvent};
use odin_core::protocol::{Generation, JobId, JobSpec, ScoreTable, ScoredImage, Side};
use odin_core::session::{Screen, Session};
use odin_core::setting::{Detector, Setting};
use odin_core::units::Device;
use odin_tui::app::{Action, Effect, Model, Slider, update};
use odin_tui::ui::{Colours, Look, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use times::say;

const SESSION: &str = "\
version: 2
name: bench
queues:
  - name: q
    jobs:
      - {network: densenet10, dataset: Imagenet, magnitude: 0}
      - {network: densenet10, dataset: Uniform}
";

/// A number in [0, 1) that looks random: the fractional part of a multiple of an irrational number.
fn noise(n: u32, salt: f64) -> f64 {
    (f64::from(n + 1) * (0.618_033_988_749_895 + salt)).fract()
}

fn image(spec: &JobSpec, side: Side, index: u32) -> (ScoredImage, Vec<f64>) {
    let apart = if side == Side::In { 2.0 } else { 0.0 };
    let z = 3.0 * (noise(index, 0.0) + noise(index, 0.1) - 1.0) + apart;
    let image = ScoredImage {
        index,
        label: (side == Side::In).then_some((index % 10) as u16),
        prediction: (index % 10) as u16,
    };
    let score = |setting: &Setting| match setting.detector() {
        Detector::Odin => z / spec.settings.temperature().get().sqrt() - 2.0,
        _ => z,
    };
    (image, spec.settings.iter().map(score).collect())
}

fn batch(job: JobId, generation: Generation, spec: &JobSpec, side: Side, from: u32, count: u32) -> Action {
    let mut scores = ScoreTable::new(spec.settings.clone());
    for (image, row) in (from..from + count).map(|index| image(spec, side, index)) {
        scores.push(image, &row);
    }
    Action::Engine(JobEvent::Scored(JobBatch {
        job,
        generation,
        side,
        scores,
        from_cache: true,
    }))
}

/// What the engine is asked to score.
fn asked(effects: &[Effect]) -> Option<(JobId, Generation, JobSpec)> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Engine(JobCommand::Score {
            job,
            generation,
            spec,
            ..
        }) if job.number() == 0 => Some((*job, *generation, spec.clone())),
        _ => None,
    })
}

fn begun(total: u32) -> (Model, JobId, Generation, JobSpec) {
    let session = Session::parse(SESSION, Path::new("bench.yaml")).unwrap();
    let mut model = Model::new(session, PathBuf::from("bench.yaml"));
    let effects = update(&mut model, Action::Start);
    let (job, generation, spec) = asked(&effects).unwrap();
    start(&mut model, job, generation, total);
    (model, job, generation, spec)
}

fn start(model: &mut Model, job: JobId, generation: Generation, total: u32) {
    let started = JobEvent::Started {
        job,
        generation,
        devices: Device::Cpu.into(),
        total_in: total as usize,
        total_out: total as usize,
    };
    update(model, Action::Engine(started));
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// Frames of a job of 20,000 images, on every screen.
fn frames() {
    let (mut model, job, generation, spec) = begun(10_000);
    for side in [Side::In, Side::Out] {
        update(&mut model, batch(job, generation, &spec, side, 0, 10_000));
    }
    update(&mut model, Action::Tick(Duration::from_secs(1)));
    let mut look = Look::new(Colours::True, true);
    for (width, height) in [(80, 24), (200, 60)] {
        for screen in Screen::ALL {
            update(&mut model, Action::Show(screen));
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let times = (0..200).map(|_| {
                let frame = || terminal.draw(|frame| drop(view(&model, &look, frame))).map(drop);
                timed(frame).0
            });
            say(&format!("view of {screen} at {width}x{height}"), times.collect());
        }
    }
    look.cell = Some((10, 20));
    update(&mut model, Action::Show(Screen::Explore));
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let times = (0..200).map(|_| {
        let frame = || terminal.draw(|frame| drop(view(&model, &look, frame))).map(drop);
        timed(frame).0
    });
    say("view of Explore at 200x60, plots in pixels", times.collect());
}

/// T dragged at ε = 0: each step brings the scores of all images anew, out of the cache.
fn drag() {
    let (mut model, job, generation, spec) = begun(10_000);
    for side in [Side::In, Side::Out] {
        update(&mut model, batch(job, generation, &spec, side, 0, 10_000));
    }
    let mut now = Duration::from_secs(1);
    let mut times = Vec::new();
    for step in 0..60 {
        now += Duration::from_secs(1);
        update(&mut model, Action::Tick(now));
        let place = f64::from(step % 40) / 40.0;
        let (first, effects) = timed(|| update(&mut model, Action::SlideTo(Slider::TEMPERATURE, place)));
        let Some((job, generation, spec)) = asked(&effects) else {
            continue;
        };
        // What the engine makes is not part of the model's time.
        let answers: Vec<Action> = [Side::In, Side::Out]
            .into_iter()
            .map(|side| batch(job, generation, &spec, side, 0, 10_000))
            .collect();
        start(&mut model, job, generation, 10_000);
        let (second, ()) = timed(|| {
            for answer in answers {
                update(&mut model, answer);
            }
            update(&mut model, Action::Tick(now + Duration::from_millis(40)));
        });
        times.push(first + second);
    }
    say("a step of T over 2 x 10,000 cached images", times);
}

/// Two sets of so many scores as they come, with what is due done each tenth of a second of the model's time.
fn many(n: u32) {
    const STEP: u32 = 2000;
    let (mut model, job, generation, spec) = begun(n);
    let (mut absorbed, mut ticks) = (Vec::new(), Vec::new());
    for (count, from) in (0..n).step_by(STEP as usize).enumerate() {
        let answers = [Side::In, Side::Out].map(|side| batch(job, generation, &spec, side, from, STEP));
        for answer in answers {
            absorbed.push(timed(|| update(&mut model, answer)).0);
        }
        let now = Duration::from_millis(101 * (count as u64 + 1));
        ticks.push(timed(|| update(&mut model, Action::Tick(now))).0);
    }
    say(&format!("2 x {n} scores: taking in {STEP}"), absorbed);
    say(&format!("2 x {n} scores: their metrics, each 100 ms"), ticks);
}

fn main() {
    frames();
    drag();
    many(20_000);
    many(1_000_000);
}
