//! Layouts in the shapes that people write them, as sessions.
use std::path::Path;

use super::*;
use crate::units::Devices;

fn import(text: &str) -> Result<Imported, ImportError> {
    let environment =
        [("HOME", "/home/ada"), ("SETS", "/sets")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    super::import("layout.yaml".as_ref(), text, environment.into(), &|network| {
        Some(format!(
            "cifar{}",
            network.trim_start_matches(|c: char| !c.is_ascii_digit())
        ))
    })
}

/// A layout of one window with these panes, each the rest of a list item.
fn panes(panes: &[&str]) -> Result<Imported, ImportError> {
    let panes: String = panes.iter().map(|pane| format!("  - {pane}\n")).collect();
    import(&format!(
        "session_name: s\nwindows:\n- window_name: w\n  panes:\n{panes}"
    ))
}

/// Network, set and device of every job.
fn scored(imported: &Imported) -> Vec<String> {
    let specs = imported.session.job_specs();
    let of = |(_, devices, spec): &(String, Devices, crate::protocol::JobSpec)| {
        format!("{} {} {devices}", spec.network, spec.dataset)
    };
    specs.iter().map(of).collect()
}

fn jobs(session: &Session) -> Vec<String> {
    let of = |(queue, devices, spec): (String, Devices, crate::protocol::JobSpec)| {
        format!(
            "{queue} {devices} {} {} {} {}",
            spec.network,
            spec.dataset,
            spec.settings.temperature(),
            spec.settings.magnitude()
        )
    };
    session.job_specs().into_iter().map(of).collect()
}

fn lost(imported: &Imported) -> Vec<&str> {
    imported
        .remarks
        .iter()
        .filter(|remark| remark.lost)
        .map(|remark| remark.line.as_str())
        .collect()
}

#[test]
fn both_forms_of_panes_become_queues() {
    let imported = import(
        "
session_name: ood
start_directory: ~/odin
shell_command_before: source ~/.bashrc
windows:
  - window_name: main
    layout: tiled
    shell_command_before:
      - cd code
      - conda activate odin && export CUDA_VISIBLE_DEVICES=2,3
    panes:
      - python main.py --nn densenet10 --dataset LSUN --magnitude 0 --temperature 1000 --gpu 1
      - shell_command: # a comment
          - sleep 5s
          - python main.py --nn wideresnet100 --out_dataset=iSUN --magnitude 0.0028 --temperature 1000; sleep 5
          - cmd: CUDA_VISIBLE_DEVICES= python3 -u ./src/main.py --nn wideresnet100 --data Uniform --mag 0.0028 --temp 10 | tee log
      - blank
      - null
      - shell_command: []
",
    )
    .unwrap();
    assert_eq!(
        jobs(&imported.session),
        [
            "densenet10 cuda:3 densenet10 LSUN 1000 0",
            "wideresnet100, cuda:2 cuda:2 wideresnet100 iSUN 1000 0.0028",
            "wideresnet100, cpu cpu wideresnet100 Uniform 10 0.0028",
        ]
    );
    assert_eq!(imported.session.name, "ood");
    assert_eq!(imported.session.defaults.magnitude.get(), 0.0028);
    assert!(lost(&imported).is_empty(), "{:?}", imported.remarks);
    for line in [
        "cd code",
        "conda activate odin",
        "sleep 5s",
        "tee log",
        "start_directory",
        "layout",
    ] {
        assert!(
            imported.remarks.iter().any(|remark| remark.line.contains(line)),
            "{line}: {:?}",
            imported.remarks
        );
    }
}

#[test]
fn several_windows_keep_their_names_and_queues_differ_in_theirs() {
    let imported = import(
        "
session_name: 2017
windows:
  - window_name: a
    panes:
      - shell_command: [python main.py --nn densenet10 --dataset iSUN]
      - shell_command: [python main.py --nn densenet10 --dataset LSUN]
  - panes:
      - - export GPU=1
        - for d in Uniform Gaussian; do python main.py --nn densenet100 --dataset $d --gpu $GPU; done
      - [python main.py --nn densenet10 --dataset cifar10, python main.py --nn densenet100 --dataset SVHN --foo 3]
",
    )
    .unwrap();
    assert_eq!(
        jobs(&imported.session),
        [
            "a: densenet10 auto densenet10 iSUN 1000 0.0014",
            "a: densenet10 2 auto densenet10 LSUN 1000 0.0014",
            "window 2: densenet100 cuda:1 densenet100 Uniform 1000 0.0014",
            "window 2: densenet100 cuda:1 densenet100 Gaussian 1000 0.0014",
            "window 2: densenet100 2 auto densenet100 SVHN 1000 0.0014",
        ]
    );
    let told: Vec<&str> = imported
        .remarks
        .iter()
        .map(|remark| remark.what.as_str())
        .collect();
    assert!(
        told.iter().any(|what| what.contains("own in-distribution set")),
        "{told:?}"
    );
    // One note a command.
    let of_one: Vec<&&str> = told
        .iter()
        .filter(|what| what.contains("`--foo 3` has no counterpart"))
        .collect();
    assert_eq!(of_one.len(), 1);
    assert!(
        of_one[0].contains("--magnitude 0.0014, the script's own default"),
        "{told:?}"
    );
}

#[test]
fn what_cannot_be_translated_is_named() {
    let imported = import(
        "
session_name: x
windows:
  - window_name: w
    panes:
      - shell_command:
          - python main.py --nn densenet10 --dataset LSUN
          - python main.py --nn densenet10 --dataset $UNKNOWN
          - python main.py --nn densenet10 --dataset LSUN --magnitude -1
          - python main.py --nn densenet10 --dataset LSUN --gpu one
          - python train.py --epochs 3
          - ./evaluate.sh densenet10
          - python main.py --nn 'densenet10
          - while true; do nvidia-smi; done
          - false || python main.py --nn densenet10 --dataset iSUN
          - {cmd: python main.py --nn densenet10 --dataset SVHN, enter: false}
",
    )
    .unwrap();
    assert_eq!(jobs(&imported.session).len(), 1);
    let lost = lost(&imported);
    for line in [
        "$UNKNOWN",
        "-1",
        "--gpu one",
        "train.py",
        "evaluate.sh",
        "'densenet10",
        "while",
        "iSUN",
        "SVHN",
    ] {
        assert!(lost.iter().any(|lost| lost.contains(line)), "{line}: {lost:?}");
    }
}

#[test]
fn a_file_with_nothing_for_us_says_so() {
    let other = "session_name: blog\nwindows:\n- window_name: w\n  panes:\n  - vim\n  - npm run dev\n";
    let error = import(other).unwrap_err().to_string();
    assert!(
        error.contains("nothing here for odin") && error.contains("`vim`"),
        "{error}"
    );
    for (text, words) in [
        ("- 1\n", "a mapping with `windows`"),
        ("name: x\nroot: ~/\n", "`windows`, a list, is missing"),
        ("windows: [1]\n", "windows[0] is no mapping"),
        ("windows: [\n", "layout.yaml:"),
        ("a: &a [*a]\nwindows: []\n", "layout.yaml:"),
        ("", "a mapping with `windows`"),
    ] {
        let error = import(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    assert!(import_tmuxp(Path::new("/nowhere.yaml"), &|_| None).is_err());
}

#[test]
fn json_and_anchors_are_read_too() {
    let json = r#"{"session_name": "j", "windows": [{"window_name": "w", "panes": ["python main.py --nn densenet10 --dataset LSUN"]}]}"#;
    assert_eq!(jobs(&import(json).unwrap().session).len(), 1);
    let anchors = "windows:\n- panes:\n  - &p {shell_command: [python main.py --nn densenet10 --dataset LSUN]}\n  - *p\n";
    assert_eq!(import(anchors).unwrap().session.queues.len(), 2);
}

const LSUN: &str = "python main.py --nn densenet10 --dataset LSUN --magnitude 0 --temperature 1 --gpu 0";

#[test]
fn other_programs_named_main_are_not_ours() {
    let others = [
        "python main.py",
        "python main.py --config configs/cifar10.yml --num_workers 8 --mark cutmix",
        "python main.py --arch resnet18 --lr 0.1 --epochs 200",
        "python main.py -t configs/x.yml -testset LSUN -gpu 1",
        "python main.py --dataset cifar10 --gpu 0 --batch_size 128 --lr 0.1",
        "python main.py --temperature 0.5 --k 200 --batch_size 512 --epochs 500",
        "python -m main --seed 1",
        "python main.py --nn densenet10 --dataset LSUN extra words",
    ];
    let error = panes(&others).unwrap_err();
    let ImportError::Nothing {
        commands,
        lost: named,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (*commands, named.len()),
        (others.len(), others.len()),
        "one note a command: {error}"
    );
    for other in others {
        assert!(error.to_string().contains(&format!("`{other}`")), "{error}");
    }
    // One beside ours is named, once, and ours stays.
    let imported = panes(&[others[1], LSUN, "python main.py --dataset SVHN --gpu 2"]).unwrap();
    assert_eq!(
        scored(&imported),
        ["densenet10 LSUN cuda:0", "densenet10 SVHN cuda:2"]
    );
    assert_eq!(lost(&imported), [others[1]]);
}

#[test]
fn launchers_and_shells_before_a_command_are_taken_off() {
    let imported = panes(&[
        &format!("conda run -n odin {LSUN}"),
        &format!("timeout 1h nice -n 10 env CUDA_VISIBLE_DEVICES=3 {LSUN}"),
        &format!("'bash -c \"cd code && CUDA_VISIBLE_DEVICES=2 {LSUN}\"'"),
        &format!("\"CUDA_VISIBLE_DEVICES=4 bash -lc '{LSUN}'\""),
        "uv run main.py --nn densenet10 --dataset iSUN --gpu 1",
        "poetry run python -u -W ignore code/main.py --nn densenet10 --dataset=Uniform --gpu 1",
        "srun --gres gpu:1 python -m torch.distributed.run --nproc_per_node 1 main.py --nn densenet10 --dataset SVHN --gpu 1",
    ])
    .unwrap();
    assert_eq!(
        scored(&imported),
        [
            "densenet10 LSUN cuda:0",
            "densenet10 LSUN cuda:3",
            "densenet10 LSUN cuda:2",
            "densenet10 LSUN cuda:4",
            "densenet10 iSUN cuda:1",
            "densenet10 Uniform cuda:1",
            "densenet10 SVHN cuda:1",
        ]
    );
    assert!(lost(&imported).is_empty(), "{:?}", imported.remarks);
    let elsewhere = [
        "ssh box 'python main.py --nn densenet10 --dataset LSUN'",
        "docker run odin python main.py --nn a --dataset b",
        "bash run.sh",
    ];
    let error = panes(&elsewhere).unwrap_err().to_string();
    for words in ["another machine", "container", "run.sh"] {
        assert!(error.contains(words), "{error}");
    }
    let imported = panes(&[
        &format!("eval \"$(conda shell.bash hook)\" && conda activate odin && yes | {LSUN}; exec bash"),
        &format!("tmux send-keys '{LSUN}' Enter"),
        &format!("watch -n 60 {LSUN}"),
        "tmux select-layout tiled",
    ])
    .unwrap();
    assert_eq!(scored(&imported), ["densenet10 LSUN cuda:0"]);
    let lost = lost(&imported);
    for start in ["yes", "tmux send-keys", "watch"] {
        assert!(
            lost.iter().any(|line| line.starts_with(start)),
            "{start}: {lost:?}"
        );
    }
    assert_eq!(lost.len(), 3, "{lost:?}");
    let deep = (0..20).fold(LSUN.to_owned(), |line, _| format!("eval {line}"));
    assert!(
        panes(&[&deep])
            .unwrap_err()
            .to_string()
            .contains("shells within shells")
    );
}

#[test]
fn shells_expand_and_what_they_alone_know_is_named() {
    let imported = panes(&[
        "python main.py --nn densenet10 --dataset ~/data/textures --gpu 0",
        "python main.py --nn densenet10 --dataset \"${HOME}/a b\" --gpu ${GPU:-1}",
        "for net in densenet{10,100}; do python main.py --nn $net --dataset SVHN --gpu 2; done",
        "for i in {0..1}; do python main.py --nn densenet10 --dataset set$i --gpu $i; done",
        "[ARGS='--nn densenet10 --gpu 5', python main.py $ARGS --dataset $SETS/x --log $(date).log]",
        "[for d in A B, do, python main.py --nn densenet10 --dataset $d --gpu 6, done]",
    ])
    .unwrap();
    assert_eq!(
        scored(&imported),
        [
            "densenet10 /home/ada/data/textures cuda:0",
            "densenet10 /home/ada/a b cuda:1",
            "densenet10 SVHN cuda:2",
            "densenet100 SVHN cuda:2",
            "densenet10 set0 cuda:0",
            "densenet10 set1 cuda:1",
            "densenet10 /sets/x cuda:5",
            "densenet10 A cuda:6",
            "densenet10 B cuda:6",
        ]
    );
    assert!(lost(&imported).is_empty(), "{:?}", imported.remarks);
    let told = |words: &str| imported.remarks.iter().any(|remark| remark.what.contains(words));
    assert!(told("`$SETS` is taken as `/sets`") && told("GPU is not set where this import runs"));
    for unknown in [
        "python main.py --nn densenet10 --dataset $NOWHERE/x",
        "python main.py --nn densenet10 --dataset ~bob/x",
        "python main.py --nn densenet10 --dataset sets/*",
        "python main.py --nn $(cat net) --dataset LSUN",
        "python main.py $NOTHING",
        "CUDA_VISIBLE_DEVICES=$(free-gpu) python main.py --nn densenet10 --dataset LSUN",
        "python main.py --nn densenet10 --dataset {LSUN,iSUN}",
    ] {
        let error = panes(&[unknown]).unwrap_err().to_string();
        assert!(
            error.contains("only a running shell knows") || error.contains("refuses `iSUN`"),
            "{error}"
        );
    }
    // What no job needs may be unknown.
    let imported = panes(&[&format!(
        "[source $(poetry env info --path)/bin/activate, ls *.py, LOG=$(date), {LSUN}]"
    )])
    .unwrap();
    assert!(lost(&imported).is_empty(), "{:?}", imported.remarks);
}

#[test]
fn commands_that_are_not_entered_are_named() {
    let off = |key: &str| {
        panes(&[
            LSUN,
            &format!("{{shell_command: python main.py --nn densenet10 --dataset iSUN, {key}}}"),
            "shell_command: [{cmd: python main.py --nn densenet10 --dataset SVHN, enter: no}]",
        ])
        .unwrap()
    };
    for key in ["enter: false", "enter: no", "enter: Off", "enter: 0"] {
        let imported = off(key);
        assert_eq!(scored(&imported), ["densenet10 LSUN cuda:0"], "{key}");
        assert_eq!(lost(&imported).len(), 2, "{:?}", imported.remarks);
        assert!(!imported.remarks.iter().any(|remark| remark.line == "enter"));
    }
    for key in ["enter: true", "enter: yes", "enter: on", "focus: yes"] {
        assert_eq!(scored(&off(key)).len(), 2, "{key}");
    }
    // As in tmuxp, it holds for the commands after it, until another says otherwise; what was typed stays on the line.
    let imported = panes(&[
        LSUN,
        "[{cmd: echo a, enter: false}, python main.py --nn densenet10 --dataset iSUN]",
        "[{cmd: python main.py --nn densenet10, enter: false}, {cmd: --dataset iSUN, enter: true}]",
    ])
    .unwrap();
    assert_eq!(scored(&imported).len(), 1);
    assert_eq!(lost(&imported).len(), 3, "{:?}", imported.remarks);
}

#[test]
fn programs_in_place_of_a_shell_run_and_what_is_typed_into_them_does_not() {
    let text = format!(
        "session_name: s
before_script: ./prepare.sh --all
shell_command_before: [source activate odin]
windows:
- window_name: plain
  window_shell: /bin/bash -l
  panes: [{{shell_command: {LSUN}}}]
- window_name: program
  window_shell: python main.py --nn densenet10 --dataset iSUN --gpu 1
  panes:
  - cd code
  - {{shell: top, shell_command: {LSUN}}}
"
    );
    let imported = import(&text).unwrap();
    assert_eq!(
        scored(&imported),
        ["densenet10 LSUN cuda:0", "densenet10 iSUN cuda:1"]
    );
    let lost = lost(&imported);
    assert_eq!(
        lost.iter().filter(|line| **line == LSUN).count(),
        1,
        "typed into top: {lost:?}"
    );
    assert!(lost.contains(&"./prepare.sh --all"), "{lost:?}");
    let told = imported
        .remarks
        .iter()
        .find(|remark| remark.line == "cd code")
        .unwrap();
    assert!(
        told.what.contains("typed into `python main.py") && !told.lost,
        "{told:?}"
    );
}

#[test]
fn windows_without_panes_run_what_stands_before_them() {
    let text = format!(
        "session_name: s
windows:
- window_name: a
  shell_command_before: [{LSUN}]
- window_name: b
  shell_command_before: {{shell_command: [{{cmd: cd code}}]}}
  panes: [python main.py --nn densenet10 --dataset iSUN --gpu 1]
- window_name: c
"
    );
    let imported = import(&text).unwrap();
    assert_eq!(
        jobs(&imported.session),
        [
            "a: densenet10 cuda:0 densenet10 LSUN 1 0",
            "b: densenet10 cuda:1 densenet10 iSUN 1000 0.0014"
        ]
    );
    assert!(lost(&imported).is_empty());
}

#[test]
fn merged_keys_and_environments_count() {
    let text = "
session_name: s
environment: {CUDA_VISIBLE_DEVICES: '5'}
base: &base
  layout: tiled
  environment: {CUDA_VISIBLE_DEVICES: '1', SET: ~/sets}
windows:
- <<: *base
  window_name: a
  panes:
  - python main.py --nn densenet10 --dataset LSUN --gpu 0
  - {environment: {X: y}, shell_command: python main.py --nn densenet10 --dataset iSUN --gpu 0}
  - python main.py --nn densenet10 --dataset $SET/x --gpu 0
";
    let imported = import(text).unwrap();
    assert_eq!(
        scored(&imported),
        [
            "densenet10 LSUN cuda:1",
            "densenet10 iSUN cuda:5",
            "densenet10 /home/ada/sets/x cuda:1"
        ],
        "a pane's environment stands in place of its window's"
    );
    let told: Vec<(&str, &str)> = imported
        .remarks
        .iter()
        .map(|r| (r.line.as_str(), r.what.as_str()))
        .collect();
    assert!(
        told.contains(&("base", "no key that tmuxp looks at there")),
        "{told:?}"
    );
}

#[test]
fn other_files_and_odd_names() {
    let error = import("name: odin\nroot: ~/odin\nwindows:\n- lsun: vim\n- isun: {panes: [vim]}\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("layout.yaml: no tmuxp file: this looks like tmuxinator; `tmuxp import tmuxinator"),
        "{error}"
    );
    let json = r#"{"session_name": "odin \ud83d\ude80", "windows": [{"window_name": "a\tb\u001b[31m", "panes": ["CMD", "CMD"]}, {"panes": [""]}]}"#;
    let imported = import(&json.replace("CMD", LSUN)).unwrap();
    assert_eq!(imported.session.name, "odin 🚀");
    let names: Vec<&str> = imported
        .session
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    assert_eq!(names, ["a b[31m: densenet10", "a b[31m: densenet10 2"]);
    let broken = import("{\"session_name\": \"x\",\n \"windows\": [}")
        .unwrap_err()
        .to_string();
    assert!(broken.contains("line 2, column 14: not JSON"), "{broken}");
    // A queue too long for a session is refused as a whole.
    let many =
        panes(&["for a in {1..150}; do for b in {1..100}; do python main.py --nn a --dataset b; done; done"]);
    assert!(many.unwrap_err().to_string().contains("more than 10000"));
}
