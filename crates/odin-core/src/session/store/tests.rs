//! Sessions read, refused and written.
use std::fs;

use super::*;
use crate::session::Limit;
use crate::units::{Device, Magnitude, Temperature};
use odin_datasets::Sampling;

fn parse(text: &str) -> Result<Session, String> {
    Session::parse(text, Path::new("s.yaml")).map_err(|error| error.to_string())
}

const SMALL: &str = "\
version: 1
name: small
defaults: {temperature: 10, device: cpu, limit: 500}
queues:
  - name: first
    jobs:
      - {network: a, dataset: x}
      - {network: a, dataset: y, temperature: 2.5, magnitude: 0.002, batch: 8}
  - name: second
    device: cuda:1
    jobs: [{network: b, dataset: z, limit: 9}]
";

#[test]
fn jobs_take_what_they_do_not_say_from_the_defaults() {
    let specs = parse(SMALL).unwrap().job_specs();
    let (queue, devices, first) = &specs[0];
    assert_eq!((queue.as_str(), devices.all()), ("first", &[Device::Cpu][..]));
    assert_eq!(
        (first.settings.temperature().get(), first.settings.magnitude()),
        (10.0, Magnitude::PAPER)
    );
    assert_eq!((first.limit, first.batch), (Some(500), None));
    assert_eq!(
        (specs[1].2.settings.temperature().get(), specs[1].2.batch),
        (2.5, Some(8))
    );
    assert_eq!(
        (specs[2].1.all(), specs[2].2.limit),
        (&[Device::Cuda(1)][..], Some(9))
    );
}

#[test]
fn a_skip_means_the_order_of_the_file_and_a_job_may_say_its_own() {
    let orders = |text: &str| -> Vec<Sampling> {
        let specs = parse(text).unwrap().job_specs();
        specs.iter().map(|(_, _, spec)| spec.sampling).collect()
    };
    use Sampling::{File, Sample};
    assert_eq!(orders(SMALL), [Sample; 3], "of a session of before too");
    assert_eq!(orders(&SMALL.replace("limit: 500", "order: file")), [File; 3]);
    assert_eq!(
        orders(&SMALL.replace("limit: 9", "skip: 9")),
        [Sample, Sample, File]
    );
    assert_eq!(
        orders(&SMALL.replace("limit: 9", "order: file")),
        [Sample, Sample, File]
    );
    let both = SMALL
        .replace("limit: 500", "order: file")
        .replace("limit: 9", "order: sample");
    assert_eq!(orders(&both), [File, File, Sample]);
}

#[test]
fn errors_name_the_file_the_place_and_what_was_expected() {
    let cases = [
        (
            "temperature: 2.5",
            "temperature: -1",
            "s.yaml:8:47: ",
            "temperature must be a finite number above 0",
        ),
        (
            "magnitude: 0.002",
            "magnitude: big",
            "s.yaml:8:63: ",
            "expected a magnitude",
        ),
        (
            "batch: 8",
            "batch: 0",
            "s.yaml:8:",
            "`auto` or a number of images",
        ),
        ("batch: 8", "bach: 8", "s.yaml:8:", "did you mean batch?"),
        (
            "device: cuda:1",
            "device: gpu",
            "s.yaml:10:13: ",
            "use auto, cpu or cuda:N",
        ),
        (
            "version: 1",
            "version: 3",
            "s.yaml:1:10: ",
            "newer than this program",
        ),
        (
            "version: 1",
            "version: 0",
            "s.yaml:1:10: ",
            "expected a version from 1 to 2",
        ),
        (
            "device: cuda:1",
            "device: [cpu, gpu]",
            "s.yaml:10:19: ",
            "use auto, cpu or cuda:N",
        ),
        (
            "device: cuda:1",
            "device: []",
            "s.yaml:10:13: ",
            "1 to 64 of them, not 0",
        ),
        (
            "name: second",
            "name: first",
            "s.yaml:9:11: ",
            "`first` is the name of queues[0] already",
        ),
        (
            "name: second",
            "name: \"\"",
            "s.yaml:9:11: ",
            "a name is expected",
        ),
        ("name: second", "name: \"a\\nb\"", "s.yaml:9:11: ", "on one line"),
        ("network: b", "network: [b]", "s.yaml:11:22: ", "expected a name"),
        (
            "limit: 9",
            "limit: 0",
            "s.yaml:11:",
            "at least 1, or null for all",
        ),
        (
            "limit: 9",
            "limit: -9",
            "s.yaml:11:",
            "at least 1, or null for all",
        ),
        (
            "limit: 9",
            "order: sample, skip: 9",
            "s.yaml:11:",
            "queues[1].jobs[0].order: `sample` leaves no images to `skip`",
        ),
        (
            "limit: 500",
            "order: sample, skip: 9",
            "s.yaml:3:",
            "defaults.order: `sample` leaves",
        ),
        ("limit: 9", "order: files", "s.yaml:11:", "did you mean file?"),
        ("limit: 9", "skip: -9", "s.yaml:11:", "queues[1].jobs[0].skip"),
        ("limit: 9", "temperature: 0", "s.yaml:11:", "above 0"),
        ("limit: 9", "magnitude: -0.1", "s.yaml:11:", "between 0 and 1"),
        ("limit: 9", "magnitude: .nan", "s.yaml:11:", "between 0 and 1"),
        (
            "limit: 9",
            "sweep: {temperatures: []}",
            "s.yaml:11:",
            "1 to 1000 numbers",
        ),
        (
            "limit: 9",
            "sweep: {magnitudes: 0:2:3}",
            "s.yaml:11:",
            "between 0 and 1",
        ),
        ("limit: 9", "sweep: {validation: 0}", "s.yaml:11:", "validation"),
        ("limit: 9", "tuned: {}", "s.yaml:11:", "missing field `on`"),
        (
            "limit: 9",
            "tuned: {on: train}",
            "s.yaml:11:49: ",
            "`validation`, `id`, `set`, `reported`",
        ),
        ("limit: 9", "tuned: {on: id, images: 0}", "s.yaml:11:", "nonzero"),
        (
            "limit: 9",
            "tuned: {on: set}",
            "s.yaml:11:49: ",
            "needs `dataset`",
        ),
        (
            "limit: 9",
            "tuned: {on: set, dataset: z}",
            "s.yaml:11:63: ",
            "the job's own set",
        ),
        (
            "limit: 9",
            "tuned: {on: id, dataset: y}",
            "s.yaml:11:62: ",
            "goes with `on: set`",
        ),
        (
            "limit: 9",
            "tuned: {on: id, how: well}",
            "s.yaml:11:",
            "unknown field `how`",
        ),
        (
            "limit: 9",
            "knobs: {gamma: 0.2}",
            "s.yaml:11:",
            "of which detector?",
        ),
        (
            "limit: 9",
            "knobs: {gen: {gamma: 9}}",
            "s.yaml:11:",
            "queues[1].jobs[0].knobs.gen.gamma: gamma must be between 0.001 and 1, not 9",
        ),
        (
            "queues:",
            "view: {screen: explorer}\nqueues:",
            "s.yaml:4:",
            "did you mean explore?",
        ),
        (
            "queues:",
            "view: {threshold: {tpr: 2}}\nqueues:",
            "s.yaml:4:",
            "a share above 0, at most 1, not 2",
        ),
        (
            "queues:",
            "view: {threshold: {score: .inf}}\nqueues:",
            "s.yaml:4:",
            "finite",
        ),
        (
            "queues:",
            "view: {pin: {job: 0, detector: odin, knobs: {temperature: 0}}}\nqueues:",
            "s.yaml:4:",
            "temperature must be a finite number above 0, not 0",
        ),
        (
            "queues:",
            "view: {pin: {job: 0, detector: energy, knobs: {magnitude: 0}}}\nqueues:",
            "s.yaml:4:",
            "energy has no knob `magnitude`; its knobs are temperature",
        ),
        ("limit: 9", "fit: {limit: 0}", "s.yaml:11:", "nonzero"),
        ("name: small\n", "", "s.yaml:1:1: ", "missing field `name`"),
    ];
    for (from, to, place, expected) in cases {
        let error = parse(&SMALL.replace(from, to)).unwrap_err();
        assert!(
            error.starts_with(place) && error.contains(expected),
            "{to}: {error}"
        );
        assert!(!error.contains(" at line "), "{error}");
    }
    for broken in [
        "",
        "a: &a [*a]",
        "version: 1\nname: x\nqueues: &q [*q]",
        "version: 1\nname: x\nqueues: []\n---\n",
        "[",
        "version: 1\n\tname: x",
        "\u{0}",
        "- 1",
        "version: 1\nversion: 1",
    ] {
        assert!(parse(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn a_saved_session_reads_back_and_keeps_its_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub/s.yaml");
    let mut session = parse(SMALL).unwrap();
    session.save(&path).unwrap();
    fs::write(&path, format!("# What this is for.\n\n# More.\n{SMALL}")).unwrap();
    let ten = Temperature::new(10.0).unwrap();
    for (job, temperature, magnitude) in [
        (1, Temperature::PAPER, Magnitude::ZERO),
        (0, ten, Magnitude::PAPER),
    ] {
        let old = session.queues[0].jobs[job].clone();
        session.queues[0].jobs[job] = session.with_parameters(&old, temperature, magnitude);
    }
    session.view.job = 1;
    session.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# What this is for.\n\n# More.\nversion: 2\n"),
        "{text}"
    );
    assert!(
        text.contains("temperature: 1000,") && !text.contains("null, "),
        "{text}"
    );
    let back = Session::load(&path).unwrap();
    assert_eq!(back, session);
    assert_eq!(
        back.queues[0].jobs[0].temperature, None,
        "what equals the default is left to it"
    );
    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "no scraps"
    );
}

#[test]
fn whatever_can_be_said_reads_back_as_it_was() {
    let full = "
version: 2
name: \"true\"
defaults: {temperature: 2.5, magnitude: 1e-300, device: [cpu, cuda:3], batch: 7, skip: 1, limit: 3, seed: 18446744073709551615}
queues:
  - {name: '2017', device: [cpu, cpu], jobs: []}
  - name: 'null'
    device: auto
    jobs:
      - {network: 'a: b', dataset: '~/x # y', weights: 'é.pth', in_dataset: '-', temperature: 1e300, magnitude: 0, batch: auto, skip: 0, limit: null, seed: 1}
      - {network: n, dataset: e, temperature: 10, tuned: {on: validation, images: 1000, metric: fpr95, dataset: d}}
      - {network: n, dataset: d, sweep: {temperatures: '1,10', magnitudes: 0:0.004:21, validation: 5, metric: auroc}}
view: {screen: log, job: 1, metric: aupr-out, log_fpr: true, mouse: false, conventions: {aupr: counts}}
";
    let session = parse(full).unwrap();
    let jobs = &session.queues[1].jobs;
    assert_eq!(
        (session.defaults.limit.count(), jobs[0].limit),
        (Some(3), Some(Limit::All))
    );
    let sweep = jobs[2].sweep.as_ref().unwrap();
    assert_eq!(
        (
            sweep.temperatures.0.len(),
            sweep.magnitudes.0.len(),
            sweep.magnitudes.0[7].get()
        ),
        (2, 21, 0.0014)
    );
    let path = tempfile::tempdir().unwrap().keep().join("s.yaml");
    session.save(&path).unwrap();
    assert_eq!(Session::load(&path).unwrap(), session);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[test]
fn how_a_job_was_tuned_is_kept_until_its_parameters_change() {
    let text = SMALL.replace(
        "limit: 9",
        "temperature: 5, tuned: {on: validation, images: 1000, metric: auroc}",
    );
    let session = parse(&text).unwrap();
    let job = &session.queues[1].jobs[0];
    let tuned = job.tuned.as_ref().unwrap();
    assert_eq!(
        (tuned.on, tuned.images),
        (crate::session::TunedOn::Validation, Some(1000))
    );
    let spec = session.spec(job);
    assert_eq!(
        session
            .with_parameters(job, spec.settings.temperature(), spec.settings.magnitude())
            .tuned,
        job.tuned
    );
    assert_eq!(
        session
            .with_parameters(job, Temperature::ONE, spec.settings.magnitude())
            .tuned,
        None
    );
    assert_eq!(
        session
            .with_parameters(job, spec.settings.temperature(), Magnitude::ZERO)
            .tuned,
        None
    );
}

#[test]
fn marks_encodings_and_control_characters_are_dealt_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    fs::write(&path, format!("\u{feff}{SMALL}")).unwrap();
    assert_eq!(Session::load(&path).unwrap(), parse(SMALL).unwrap());
    fs::write(
        &path,
        format!("\u{feff}{}", SMALL.replace("version: 1", "version: 9")),
    )
    .unwrap();
    let error = Session::load(&path).unwrap_err().to_string();
    assert!(error.contains("s.yaml:1:10: "), "the mark is no column: {error}");
    for bytes in [
        SMALL
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
        SMALL.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        let mark = if bytes[0] == 0 { [0xfe, 0xff] } else { [0xff, 0xfe] };
        fs::write(&path, [&mark[..], &bytes].concat()).unwrap();
        let error = Session::load(&path).unwrap_err();
        let text = error.to_string();
        assert!(text.matches("UTF-16: save it as UTF-8").count() == 1, "{text}");
        assert!(std::error::Error::source(&error).is_none(), "or it is said twice");
    }
    for hostile in [
        SMALL.replace("batch: 8", "\"\\e[31mred\": 8"),
        SMALL.replace("name: second", "name: \"\\e[31mred\""),
        SMALL.replace("device: cuda:1", "device: \"\\e[31mred\\a\""),
        SMALL.replace("version: 1", "\"\\u202Everkehrt\": 1"),
    ] {
        let error = parse(&hostile).unwrap_err();
        assert!(!error.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{error:?}");
    }
}

#[test]
fn older_versions_mean_what_they_meant() {
    let text = SMALL.replace("limit: 9", "limit: null");
    let old = parse(&text).unwrap();
    assert_eq!(
        (old.version, old.queues[1].jobs[0].limit),
        (super::super::VERSION, None)
    );
    assert_eq!(old.job_specs()[2].2.limit, Some(500), "null meant the default");
    let new = parse(&text.replace("version: 1", "version: 2")).unwrap();
    assert_eq!(new.job_specs()[2].2.limit, None, "null means all");
}

#[test]
fn a_small_file_does_not_become_a_large_session() {
    use std::fmt::Write;
    let mut bomb = "version: 2\nname: x\ndefaults: &d {temperature: 1}\nqueues:\n  - {name: a, jobs: &j [&k {network: n, dataset: d}".to_owned();
    bomb.push_str(&", *k".repeat(5000));
    bomb.push_str("]}\n");
    for n in 0..300 {
        writeln!(bomb, "  - {{name: q{n}, jobs: *j}}").unwrap();
    }
    let error = parse(&bomb).unwrap_err();
    assert!(
        error.contains("aliases") || error.contains("more than 20000 jobs"),
        "{error}"
    );
    for hostile in [
        format!("version: 2\nname: {}", "[".repeat(100_000)),
        format!("version: 2\nname: {}", "{a: ".repeat(50_000)),
        format!("version: 2\nqueues: [{}", "? ".repeat(50_000)),
        format!("version: 2\nqueues:\n  {}", "- ".repeat(50_000)),
        format!("version: 2\nname: {}", "!".repeat(500_000)),
        format!("version: 2\nname: {}", "&a ".repeat(200_000)),
        format!("version: 2\nname: \"{}", "x ".repeat(400_000)),
        format!("version: 2\n{}", "a: 1\n".repeat(150_000)),
    ] {
        let start = std::time::Instant::now();
        let error = parse(&hostile).unwrap_err();
        assert!(start.elapsed().as_secs() < 10, "{}", error);
    }
}

#[test]
fn what_is_no_session_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Session::load(&path).unwrap_err().to_string()
    };
    let long = file("long.yaml", &vec![b'#'; 2 << 20]);
    assert!(long.contains("long.yaml") && long.contains("1 MiB"), "{long}");
    let binary = file("binary.yaml", &[0xff, 0xfe, 0]);
    assert!(binary.contains("no text"), "{binary}");
    let directory = Session::load(folder.path()).unwrap_err().to_string();
    assert!(directory.contains("no file"), "{directory}");
    let absent = Session::load(&folder.path().join("none.yaml"))
        .unwrap_err()
        .to_string();
    assert!(absent.contains("none.yaml"), "{absent}");
}

#[test]
fn a_save_that_fails_leaves_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let error = parse(SMALL).unwrap().save(folder.path()).unwrap_err();
    assert!(error.to_string().contains("cannot save the session"), "{error}");
}

#[test]
fn the_demo_session_is_a_session() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sessions/demo.yaml");
    let session = Session::load(&path).unwrap();
    let sets: Vec<_> = session
        .job_specs()
        .into_iter()
        .map(|(_, _, spec)| spec.dataset)
        .collect();
    assert_eq!(sets, ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]);
}

#[test]
fn a_copy_takes_over_the_comments_of_the_file_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    let text = SMALL
        .replace("version: 1", "# mine\nversion: 2")
        .replace("dataset: x}", "dataset: x} # first");
    fs::write(&from, &text).unwrap();
    let mut session = Session::load(&from).unwrap();
    session.name = "b".to_owned();
    assert!(matches!(session.save_like(&from, &to).unwrap(), Saved::InPlace));
    let copy = fs::read_to_string(&to).unwrap();
    assert!(copy.contains("# mine") && copy.contains("# first"), "{copy}");
    assert_eq!(Session::load(&to).unwrap(), session);
    assert_eq!(fs::read_to_string(&from).unwrap(), text);
    assert!(matches!(
        session.save_like(&folder.path().join("none"), &to).unwrap(),
        Saved::New
    ));
}
