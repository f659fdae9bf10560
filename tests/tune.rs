//! `odin tune` as its user runs it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::home::TestHome;

fn tune(home: &TestHome, more: &[&str]) -> Value {
    let arguments = [&["tune", "--nn", "small", "--json"], more].concat();
    serde_json::from_str(&home.succeed(&arguments)).unwrap()
}

/// `odin score` of the images that chose nothing.
fn on_the_rest(home: &TestHome, dataset: &str, more: &[&str]) -> Value {
    let what = [
        "score",
        "--nn",
        "small",
        "--json",
        "--validation",
        "30",
        "--dataset",
        dataset,
    ];
    serde_json::from_str(&home.succeed(&[&what[..], more].concat())).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-12, "{got} {want}");
}

#[test]
fn one_knob_is_a_curve_chosen_on_some_images_and_reported_on_the_others() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    // Images to fit on that are not reported.
    home.write(
        "data/other.yaml",
        "title: noise\nsource: {format: gaussian, count: 60, size: [32, 32], seed: 9}\n",
    );
    let what = [
        "--dataset",
        "two",
        "--detector",
        "knn",
        "--knob",
        "k=1,3,500",
        "--fit-dataset",
        "other",
        "--metric",
        "auroc",
    ];
    let json = tune(&home, &what);
    assert_eq!(
        (&json["metric"], &json["validation_images"]),
        (&"auroc".into(), &30.into())
    );
    assert_eq!(json["fit"]["images"], 60);
    let choice = &json["chosen"][0];
    assert_eq!((&choice["on"], choice["passes"].is_null()), (&"two".into(), true));
    let cells = choice["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 3);
    let auroc = |cell: &Value| number(&cell["validation"]["auroc"]);
    let best = match auroc(&cells[1]) > auroc(&cells[0]) {
        true => &cells[1],
        false => &cells[0],
    };
    assert_eq!(
        (&choice["knobs"], &best["may_be_best"]),
        (&best["knobs"], &true.into())
    );
    assert_eq!(best["validation"]["n_out"], 30);
    assert!(
        number(&best["interval"]["low"]) <= auroc(best) && auroc(best) <= number(&best["interval"]["high"])
    );
    let missing = cells[2]["missing"].as_str().unwrap();
    assert!(missing.contains("500") && missing.contains("60"), "{missing}");

    let k = format!("k={}", choice["knobs"]["k"]);
    let scored = on_the_rest(
        &home,
        "two",
        &["--detectors", "knn", "--knob", &k, "--fit-dataset", "other"],
    );
    let reported = &json["reported"][0];
    assert_eq!(
        (&reported["n_in"], &reported["tuned"]["on"]),
        (&30.into(), &"validation".into())
    );
    for metric in ["fpr95", "auroc", "aupr_out"] {
        near(
            number(&reported[metric]),
            number(&scored["detectors"]["knn"][metric]),
        );
    }
    let text = home.succeed(&[&["tune", "--nn", "small"], &what[..]].concat());
    assert!(
        text.contains('◆') && text.contains("no scores: ") && text.contains("On the other images:"),
        "{text}"
    );
}

#[test]
fn a_transfer_table_is_what_scoring_each_choice_on_each_set_gives() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let sets = ["two", "three", "four"];
    for (set, seed, kind) in [("three", 3, "uniform"), ("four", 4, "gaussian")] {
        let card =
            format!("title: noise\nsource: {{format: {kind}, count: 60, size: [32, 32], seed: {seed}}}\n");
        home.write(&format!("data/{set}.yaml"), &card);
    }
    let what = [
        "--dataset",
        "two,three,four",
        "--detector",
        "odin",
        "--knob",
        "temperature=1,1000",
        "--knob",
        "magnitude=0,0.01",
    ];
    let json = tune(&home, &[&what[..], &["--metric", "auroc"]].concat());
    // Each chose the cell that is best on its own validation images.
    for (choice, set) in json["chosen"].as_array().unwrap().iter().zip(sets) {
        let cells = choice["cells"].as_array().unwrap();
        let auroc = |cell: &Value| number(&cell["validation"]["auroc"]);
        let best = cells.iter().map(auroc).fold(0.0, f64::max);
        let of_best = cells.iter().find(|cell| auroc(cell) == best).unwrap();
        assert_eq!(
            (&choice["on"], &choice["knobs"]),
            (&set.into(), &of_best["knobs"])
        );
        assert_eq!(
            (&choice["passes"]["needed"], &choice["passes"]["of_the_full_grid"]),
            (&120.into(), &120.into())
        );
    }
    // By hand: each choice on each set's other images.
    let mut known: BTreeMap<String, f64> = BTreeMap::new();
    let mut auroc = |knobs: &Value, set: &str| {
        *known.entry(format!("{knobs} {set}")).or_insert_with(|| {
            let (t, magnitude) = (knobs["temperature"].to_string(), knobs["magnitude"].to_string());
            let scored = on_the_rest(&home, set, &["--temperature", &t, "--magnitude", &magnitude]);
            number(&scored["odin"]["auroc"])
        })
    };
    let rows = json["transfer"]["rows"].as_array().unwrap();
    let own: Vec<f64> = rows
        .iter()
        .zip(sets)
        .map(|(row, set)| auroc(&row["knobs"], set))
        .collect();
    for (i, row) in rows.iter().enumerate() {
        let (mut value, mut loss) = (0.0, 0.0);
        for (j, set) in sets.iter().enumerate() {
            let landed = &row["on"][j];
            let here = auroc(&row["knobs"], set);
            near(number(&landed["value"]), here);
            near(number(&landed["loss"]["difference"]), own[j] - here);
            if i != j {
                value += here / 2.0;
                loss += (own[j] - here) / 2.0;
            }
        }
        near(number(&row["others"]["value"]), value);
        near(number(&row["others"]["loss"]["difference"]), loss);
    }
    let tuned = &json["reported"][1]["tuned"];
    assert_eq!((&tuned["on"], &tuned["dataset"]), (&"set".into(), &"two".into()));

    let print =
        |format: &str| home.succeed(&[&["tune", "--nn", "small", "--format", format], &what[..]].concat());
    let csv = print("csv");
    assert_eq!(csv.lines().count(), 10);
    assert!(
        csv.starts_with("chosen_on,dataset,magnitude,temperature,n_in,n_out,fpr95,"),
        "{csv}"
    );
    let table = print("md");
    let row = table.lines().find(|line| line.starts_with("| three |")).unwrap();
    assert_eq!(row.split('|').count(), 7, "{table}");
    let text = print("table");
    assert!(
        text.contains("chosen on the row, reported on the column"),
        "{text}"
    );
}

#[test]
fn without_ood_images_the_surest_magnitude_is_chosen() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let what = [
        "--dataset",
        "two",
        "--detector",
        "odin",
        "--by",
        "id",
        "--knob",
        "magnitude=0,0.002,0.01",
        "--knob",
        "temperature=10",
    ];
    let json = tune(&home, &what);
    let choice = &json["chosen"][0];
    let mean = |cell: &Value| number(&cell["mean_max_softmax"]);
    let cells = choice["cells"].as_array().unwrap();
    let best = cells.iter().map(mean).fold(0.0, f64::max);
    let of_best = cells.iter().find(|cell| mean(cell) == best).unwrap();
    assert_eq!(
        (&choice["on"], &choice["knobs"]),
        (&Value::Null, &of_best["knobs"])
    );
    assert_eq!(json["reported"][0]["tuned"]["on"], "id");
    // The validation images are those that are neither skipped nor reported.
    let sum = |more: &[&str]| {
        let what = [
            "score",
            "--nn",
            "small",
            "--dataset",
            "two",
            "--temperature",
            "10",
            "--magnitude",
            "0.01",
            "--save",
            "out",
        ];
        home.succeed(&[&what[..], more].concat());
        let mut npz = npyz::npz::NpzArchive::open(home.path().join("out/in.npz")).unwrap();
        npz.by_name("odin")
            .unwrap()
            .unwrap()
            .into_vec::<f64>()
            .unwrap()
            .iter()
            .sum::<f64>()
    };
    let by_hand = (sum(&[]) - sum(&["--validation", "30"])) / 30.0;
    assert!(
        (mean(&cells[2]) - by_hand).abs() < 1e-9,
        "{} {by_hand}",
        mean(&cells[2])
    );
}

#[test]
fn a_race_names_what_the_full_grid_names() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    for (set, kind) in [("one", "uniform"), ("two", "gaussian")] {
        let card = format!("title: noise\nsource: {{format: {kind}, count: 220, size: [32, 32], seed: 5}}\n");
        home.write(&format!("data/{set}.yaml"), &card);
    }
    let what = ["--dataset", "two", "--validation", "110", "--metric", "auroc"];
    let of_odin = [
        "--detector",
        "odin",
        "--knob",
        "temperature=1,1000",
        "--knob",
        "magnitude=0,0.01,0.3",
    ];
    let (race, full) = (
        tune(&home, &[&what[..], &of_odin].concat()),
        tune(&home, &[&what[..], &of_odin, &["--no-race"]].concat()),
    );
    let marked = |json: &Value| {
        let cells = json["chosen"][0]["cells"].as_array().unwrap().iter();
        cells
            .map(|cell| cell["may_be_best"].as_bool().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(marked(&race), marked(&full));
    assert_eq!(race["chosen"][0]["knobs"], full["chosen"][0]["knobs"]);
    let [of_race, of_full] = [&race, &full].map(|json| json["chosen"][0]["passes"].clone());
    assert_eq!(
        (&of_full["needed"], &of_full["of_the_full_grid"]),
        (&880.into(), &880.into())
    );
    assert!(of_race["needed"].as_u64() <= Some(880));
    // What the race has computed is known to the full grid.
    let computed = |of: &Value| of["computed"].as_u64().unwrap();
    assert_eq!(computed(&of_race) + computed(&of_full), 880);

    let sweep = |more: &[&str]| -> Value {
        let grid = [
            "sweep",
            "--nn",
            "small",
            "--json",
            "--temperatures",
            "1,1000",
            "--magnitudes",
            "0,0.01,0.3",
        ];
        serde_json::from_str(&home.succeed(&[&grid[..], &what, more].concat())).unwrap()
    };
    let (race, full) = (sweep(&["--race"]), sweep(&[]));
    assert!(full["passes"].is_null() && full["cells"][0]["may_be_best"].is_null());
    assert_eq!(race["passes"]["of_the_full_grid"], 880);
    for key in ["temperature", "magnitude", "odin", "n_out"] {
        assert_eq!(race["test"][key], full["test"][key], "{key}");
    }
}

#[test]
fn what_cannot_be_tuned_is_refused_before_anything_is_scored() {
    let home = TestHome::new();
    let refused = |more: &[&str]| home.refuse(&[&["tune", "--nn", "small"], more].concat());
    let two = |more: &[&str]| refused(&[&["--dataset", "two", "--detector"], more].concat());
    assert!(two(&["baseline"]).contains("has no knobs"));
    assert!(two(&["adascle-a"]).contains("did you mean adascale-a?"));
    assert!(two(&["scale", "--knob", "k=1,2"]).contains("its knobs are percentile"));
    assert!(two(&["scale", "--knob", "percentile=50:101:3"]).contains("between 0 and 99"));
    assert!(two(&["scale", "--by", "each"]).contains("names one alone"));
    assert!(two(&["scale", "--by", "set:twoo"]).contains("did you mean two?"));
    assert!(two(&["scale", "--by", "id"]).contains("odin and i-odin"));
    assert!(two(&["odin", "--by", "id", "--knob", "temperature=1,2"]).contains("not temperature"));
    assert!(two(&["odin", "--by", "ood"]).contains("id, set:NAME or each"));
    assert!(two(&["odin", "--validation", "0"]).contains("at least 1 image"));
    assert!(two(&["knn", "--fit-dataset", "none"]).contains("none"));
    assert!(refused(&["--dataset", "two,two", "--detector", "scale"]).contains("named twice"));
    assert!(refused(&["--dataset", "two,tree", "--detector", "scale"]).contains("tree"));
}

/// The dashboard's table of choices on the same images; `session` has three jobs, on two, three and four.
#[cfg(unix)]
fn table_on_screen(home: &TestHome, session: &str) -> String {
    home.write("sessions/test.yaml", session);
    let mut terminal = support::terminal::Terminal::open(home, 40, 160);
    terminal.wait_for("the grids' jobs to be open", |screen| screen.contains("of two"));
    terminal.send("T");
    terminal.wait_for("every set to be open", |screen| {
        screen.contains("fills the grids of these 3 sets")
    });
    terminal.send(" ");
    terminal.wait_for("the table", |screen| screen.contains("chosen on two, gives"));
    let text = terminal.text();
    terminal.send("qq");
    assert_eq!(terminal.end(), 0);
    text
}

#[cfg(unix)]
#[test]
fn the_dashboard_s_table_is_that_of_tune_by_each() {
    if support::engine().is_none() {
        return;
    }
    let home = TestHome::new();
    let sets = ["two", "three", "four"];
    for (set, seed, kind) in [("three", 3, "uniform"), ("four", 4, "gaussian")] {
        let card =
            format!("title: noise\nsource: {{format: {kind}, count: 60, size: [32, 32], seed: {seed}}}\n");
        home.write(&format!("data/{set}.yaml"), &card);
    }
    let of_odin = ["--knob", "temperature=1,1000", "--knob", "magnitude=0,0.01"];
    let sweep = ", sweep: {temperatures: [1, 1000], magnitudes: [0, 0.01]}";
    for (detector, knobs, sweep) in [("odin", &of_odin[..], sweep), ("energy", &[], "")] {
        let what = [
            "--dataset",
            "two,three,four",
            "--detector",
            detector,
            "--metric",
            "auroc",
        ];
        let json = tune(&home, &[&what[..], knobs].concat());
        let jobs: String = sets
            .iter()
            .map(|set| format!("      - {{network: small, dataset: {set}{sweep}}}\n"))
            .collect();
        let session = format!(
            "version: 2\nname: test\ndefaults: {{device: cpu}}\nqueues:\n  - name: q\n    jobs:\n{jobs}\
             view: {{screen: grid, job: 0, metric: auroc, detector: {detector}}}\n"
        );
        let screen = table_on_screen(&home, &session);
        for row in json["transfer"]["rows"].as_array().unwrap() {
            let set = row["chosen_on"].as_str().unwrap();
            let at_start = |line: &&str| line.trim_start_matches(['▸', ' ']).starts_with(set);
            let line = screen
                .lines()
                .find(at_start)
                .unwrap_or_else(|| panic!("{set}: {screen}"));
            let on = row["on"].as_array().unwrap().iter().chain([&row["others"]]);
            let on: Vec<&Value> = on.collect();
            // A value and its loss each, at the end of the line.
            let words: Vec<&str> = line.split_whitespace().collect();
            let cells = words[words.len() - 2 * on.len()..].chunks(2);
            for (landed, cell) in on.into_iter().zip(cells) {
                let percent = |value: &Value| format!("{:.2}", 100.0 * number(value).abs());
                assert_eq!(cell[0], percent(&landed["value"]), "{set}: {screen}");
                if cell[1] == "◆" {
                    continue;
                }
                let loss = &landed["loss"];
                assert!(
                    cell[1].ends_with(&percent(&loss["difference"])),
                    "{set}: {screen}"
                );
                let interval = &loss["interval"];
                let cannot_tell = (number(&interval["low"])..=number(&interval["high"])).contains(&0.0);
                assert_eq!(cell[1].starts_with('≈'), cannot_tell, "{set}: {screen}");
            }
            for value in row["knobs"].as_object().unwrap().values() {
                assert!(line.contains(&format!(" {}", number(value))), "{line}");
            }
        }
    }
}
