//! Every format against the same rows.
use super::row::tests::{estimates, table};
use super::*;
use crate::session::Detector;
use odin_datasets::Choice;
use odin_metrics::Interval;

const FOR_PEOPLE: [TableKind; 4] = [
    TableKind::Text,
    TableKind::Markdown,
    TableKind::Latex,
    TableKind::Html,
];

#[test]
fn every_format_holds_the_same_numbers() {
    let write = |kind| table(Detector::Odin).write(kind);
    let markdown = write(TableKind::Markdown);
    assert!(
        markdown.contains(
            "| densenet10 | Imagenet | 1000 | 0.0014 | 9000 + 9000 | 1000 | 34.70 (33.7–35.7) / **4.30** (3.9–4.8) |"
        ),
        "{markdown}"
    );
    assert!(
        markdown.contains("| *published* | 1000 | 0.0014 | | | 34.7 / 4.3 |"),
        "{markdown}"
    );
    assert!(
        markdown.contains("a\\|b_c, \"d\" * |") && markdown.contains("/ — |"),
        "{markdown}"
    );
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<usize> = markdown.lines().take(5).map(columns).collect();
    assert_eq!(lines, [12; 5], "{markdown}");
    let latex = write(TableKind::Latex);
    assert!(
        latex.contains("densenet10 & Imagenet & 34.7 / \\textbf{4.3}"),
        "{latex}"
    );
    assert!(latex.contains("a|b\\_c, \"d\" * & 34.7 / --"), "{latex}");
    let csv = write(TableKind::Csv);
    let fields: Vec<usize> = csv.lines().take(3).map(|line| line.split(',').count()).collect();
    assert_eq!(fields, [35; 3], "{csv}");
    assert!(
        csv.contains("densenet10,,Imagenet,odin,1000,0.0014,9000,9000,true,0.043,0.039,0.048,0.043"),
        "{csv}"
    );
    assert!(
        csv.contains("\"a|b_c, \"\"d\"\"\",odin,1000,0.0014,9000,9000,false,,,,,"),
        "{csv}"
    );
    let json: serde_json::Value = serde_json::from_str(&write(TableKind::Json)).unwrap();
    assert_eq!(json["rows"][0]["odin"][0]["interval"][1], 0.048);
    assert_eq!(json["rows"][1]["odin"], serde_json::Value::Null);
    assert_eq!(json["conventions"]["positive"], "in-distribution");
    let html = write(TableKind::Html);
    assert!(
        html.contains("34.70 / <b>4.30</b>") && html.contains("a|b_c, &quot;d&quot; *"),
        "{html}"
    );
    let text = write(TableKind::Text);
    assert!(
        text.contains("34.7/  4.3") && text.contains("33.7–35.7"),
        "{text}"
    );
}

#[test]
fn another_detector_goes_by_its_own_name_and_has_nothing_published() {
    let write = |detector, kind| table(detector).write(kind);
    let markdown = write(Detector::MaxLogit, TableKind::Markdown);
    assert!(markdown.contains("Baseline / max logit, %"), "{markdown}");
    assert!(
        markdown.contains("| densenet10 | Imagenet | 1 | 0 | 9000"),
        "{markdown}"
    );
    assert!(
        markdown.contains("| *published* |  |  | | | 34.7 / — |"),
        "{markdown}"
    );
    assert!(write(Detector::Energy, TableKind::Markdown).contains("| Imagenet | 1 | 0 |"));
    let latex = write(Detector::Gen, TableKind::Latex);
    assert!(
        latex.contains("\\textit{34.7 / --}") && latex.contains("Baseline / GEN"),
        "{latex}"
    );
    let csv = write(Detector::Gen, TableKind::Csv);
    assert!(
        csv.contains("Imagenet,gen,1,0,9000,9000,true,0.043,0.039,0.048,,"),
        "{csv}"
    );
    assert!(
        csv.contains("Imagenet,baseline,1,0,9000,9000,true,0.347,0.337,0.357,0.347"),
        "{csv}"
    );
    let json: serde_json::Value = serde_json::from_str(&write(Detector::MaxLogit, TableKind::Json)).unwrap();
    assert_eq!(json["detector"], "max-logit");
    let row = &json["rows"][0];
    assert_eq!(row["max-logit"][0]["value"], 0.043);
    assert!(row["odin"].is_null() && row["published"]["odin"].is_null());
    assert_eq!(row["published"]["baseline"]["fpr95"], 0.347);
}

#[test]
fn bold_is_the_better_number_and_neither_of_two_that_chance_may_have_ordered() {
    let bold = |text: &str| {
        (text.matches("**").count() + text.matches("<b>").count() + text.matches("textbf").count()) > 0
    };
    for kind in [TableKind::Markdown, TableKind::Latex, TableKind::Html] {
        let mut table = table(Detector::Odin);
        table.rows.truncate(1);
        let row = &mut table.rows[0];
        row.published = None;
        // A worse detector: the baseline's number stands out.
        row.beside = estimates(0.4, 0.3, 0.5);
        let text = table.write(kind);
        let baseline = ["**34.70**", "\\textbf{34.7}", "<b>34.70</b>"];
        assert!(baseline.iter().any(|bold| text.contains(bold)), "{text}");
        let worse = ["**40.00**", "<b>40.00</b>"];
        assert!(text.contains("FPR95"));
        // By the metrics of which more is better, the same number is the better one.
        assert!(
            kind == TableKind::Latex || worse.iter().any(|bold| text.contains(bold)),
            "{text}"
        );
        table.rows[0].difference = Some([Interval { low: -0.1, high: 0.2 }; 5]);
        assert!(!bold(&table.write(kind)), "{kind:?}");
        table.rows[0].difference = None;
        table.rows[0].beside = table.rows[0].baseline;
        assert!(!bold(&table.write(kind)), "a tie, {kind:?}");
    }
}

#[test]
fn every_format_says_how_the_numbers_were_measured() {
    let table = table(Detector::Odin);
    for kind in FOR_PEOPLE {
        let text = table.write(kind);
        for part in ["1000", "0.0014", "9000 + 9000", "Published: a paper"] {
            assert!(text.contains(part), "{kind:?}, {part}: {text}");
        }
        let skip = match kind {
            TableKind::Markdown => "| 1000 | 34.70",
            _ => "skip 1000",
        };
        assert!(text.contains(skip), "{kind:?}: {text}");
    }
    let csv = table.write(TableKind::Csv);
    let mut lines = csv.lines().map(|line| line.rsplit(',').nth(5));
    assert_eq!(
        (lines.next(), lines.next()),
        (Some(Some("skip")), Some(Some("1000")))
    );
    let json: serde_json::Value = serde_json::from_str(&table.write(TableKind::Json)).unwrap();
    assert_eq!(json["rows"][0]["skip"], 1000);
}

#[test]
fn a_choice_of_t_and_epsilon_is_told_with_the_images_it_was_made_on() {
    for (tuned, mark, key, sentence) in [
        (
            Tuned::OnValidation {
                images: Some([500; 2]),
                dataset: None,
            },
            "†",
            "validation",
            "chosen on 500 validation images",
        ),
        (
            Tuned::OnReported,
            "‡",
            "reported",
            "chosen on images that are reported here",
        ),
        (Tuned::OnId, "§", "id", "chosen on in-distribution images alone"),
        (
            Tuned::OnSet("iSUN".to_owned()),
            "¶",
            "set",
            "chosen on iSUN, another",
        ),
    ] {
        let mut table = table(Detector::Odin);
        for kind in FOR_PEOPLE {
            assert!(!table.write(kind).contains("chosen on"), "{kind:?}");
        }
        table.rows[0].tuned = Some(tuned.clone());
        for kind in FOR_PEOPLE {
            let text = table.write(kind);
            let mark = match (kind, &tuned) {
                (TableKind::Latex, Tuned::OnReported) => "Imagenet $\\ddagger$",
                (TableKind::Latex, Tuned::OnId) => "Imagenet \\S{}",
                (TableKind::Latex, Tuned::OnSet(_)) => "Imagenet \\P{}",
                (TableKind::Latex, _) => "Imagenet $\\dagger$",
                _ => &format!("Imagenet {mark}"),
            };
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(mark) && text.contains(sentence), "{kind:?}: {text}");
        }
        let csv = table.write(TableKind::Csv);
        let column: Vec<_> = csv.lines().filter_map(|line| line.rsplit(',').nth(4)).collect();
        assert_eq!(
            column,
            ["tuned_on", "", key, "", ""],
            "the baseline has no T and ε to choose"
        );
        let json: serde_json::Value = serde_json::from_str(&table.write(TableKind::Json)).unwrap();
        assert_eq!(json["rows"][0]["tuned_on"], key);
        let set = tuned.dataset();
        assert_eq!(json["rows"][0]["tuned_dataset"].as_str(), set);
        assert_eq!(
            csv.lines().nth(2).unwrap().rsplit(',').next(),
            Some(set.unwrap_or_default())
        );
    }
}

#[test]
fn a_sample_is_told_with_its_seed() {
    let mut table = table(Detector::Odin);
    let choice = Choice::sample(9000, 7);
    let row = &mut table.rows[0];
    (row.skip, row.chosen) = (None, Some(choice));
    for kind in FOR_PEOPLE {
        let text = table.write(kind);
        assert!(text.contains("sample, seed 7"), "{kind:?}: {text}");
        assert!(text.contains("sample: a seeded sample"), "{kind:?}: {text}");
    }
    let csv = table.write(TableKind::Csv);
    let columns = |line: &str| line.rsplit(',').skip(1).take(2).collect::<Vec<_>>().join(" ");
    let columns: Vec<_> = csv.lines().take(3).map(columns).collect();
    assert_eq!(columns, ["seed order", "7 sample", "7 sample"]);
    let json: serde_json::Value = serde_json::from_str(&table.write(TableKind::Json)).unwrap();
    assert_eq!(
        (
            &json["rows"][0]["chosen"]["order"],
            &json["rows"][0]["chosen"]["seed"]
        ),
        (&"sample".into(), &7.into())
    );
    // All of a set is no sample, whatever the order would be.
    table.rows[0].chosen = Some(Choice {
        limit: None,
        ..choice
    });
    table.rows[0].skip = Some(0);
    for kind in FOR_PEOPLE {
        assert!(!table.write(kind).contains("sample"), "{kind:?}");
    }
}
