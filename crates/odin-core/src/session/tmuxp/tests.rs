use std::path::Path;

use super::*;

fn import(text: &str) -> Result<Imported, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.yaml");
    std::fs::write(&path, text).unwrap();
    import_tmuxp(&path, &|network| {
        Some(format!(
            "cifar{}",
            network.trim_start_matches(|c: char| !c.is_ascii_digit())
        ))
    })
}

fn jobs(session: &Session) -> Vec<String> {
    let of = |(queue, devices, spec): (String, Devices, crate::protocol::JobSpec)| {
        format!(
            "{queue} {devices} {} {} {} {}",
            spec.network, spec.dataset, spec.temperature, spec.magnitude
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
    assert!(
        told.contains(&"`--foo 3` has no counterpart")
            && told.contains(&"--magnitude 0.0014, the script's own default")
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
