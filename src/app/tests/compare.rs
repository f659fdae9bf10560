//! The Compare screen: sorting, moving, exporting.
use crate::app::fake::{feed, started, wait};
use crate::app::testing::driver::press;
use crate::app::{
    Action, CompareAction, CompareColumn, ComparedNumber, Effect, Model, change, present, update,
};
use odin_core::report::TableKind;
use odin_core::session::{Detector, Metric, Screen};

/// Three of four jobs have scores; the Compare screen is open.
fn on_compare() -> Model {
    let mut model = started();
    for job in [0, 1, 3] {
        feed(&mut model, job, 0, 60 + 20 * job as u32, 60 + 20 * job);
    }
    press(&mut model, "4");
    wait(&mut model, 4000);
    model
}

#[test]
fn rows_are_sorted_by_any_column_and_what_has_no_number_comes_last() {
    let mut model = on_compare();
    assert_eq!(model.compared(), [0, 1, 2, 3]);
    let fpr = |model: &Model, job: usize| {
        present(&model.jobs[job], model.beside())
            .unwrap()
            .metric(Metric::Fpr95)
    };
    update(
        &mut model,
        Action::Compare(CompareAction::SortBy(CompareColumn::Metric(Metric::Fpr95))),
    );
    let order = model.compared();
    assert_eq!(order[3], 2, "no scores yet");
    assert!(order[..3].iter().map(|&job| fpr(&model, job)).is_sorted());
    press(&mut model, "~");
    let order = model.compared();
    assert_eq!(order[3], 2, "last either way");
    assert!(order[..3].iter().rev().map(|&job| fpr(&model, job)).is_sorted());
    press(&mut model, "N N");
    assert_eq!(model.compare.number, ComparedNumber::Change);
    let change = |job: &usize| change(&model.jobs[*job], model.beside(), Metric::Fpr95).unwrap();
    assert!(model.compared()[..3].iter().rev().map(change).is_sorted());
    for (column, order) in [
        (CompareColumn::Set, [3, 2, 0, 1]),
        (CompareColumn::Temperature, [3, 0, 1, 2]),
        (CompareColumn::Images, [2, 0, 1, 3]),
        (CompareColumn::Network, [0, 1, 2, 3]),
        (CompareColumn::Magnitude, [3, 0, 1, 2]),
        (CompareColumn::Session, [0, 1, 2, 3]),
    ] {
        update(&mut model, Action::Compare(CompareAction::SortBy(column)));
        assert_eq!(model.compared(), order, "{column:?}");
    }
    update(
        &mut model,
        Action::Compare(CompareAction::SortBy(CompareColumn::Session)),
    );
    assert_eq!(
        model.compared(),
        [3, 2, 1, 0],
        "the same column again turns it round"
    );
    press(&mut model, "h");
    assert_eq!(
        model.compare.column,
        CompareColumn::Metric(Metric::AuprOut),
        "round to the last"
    );
    press(&mut model, "l l");
    assert_eq!(model.compare.column, CompareColumn::Network);
}

#[test]
fn moving_follows_the_order_on_the_screen() {
    let mut model = on_compare();
    update(
        &mut model,
        Action::Compare(CompareAction::SortBy(CompareColumn::Set)),
    );
    press(&mut model, "pgup");
    assert_eq!(model.view.job, 3, "Gaussian comes first");
    press(&mut model, "j");
    assert_eq!(model.view.job, 2);
    press(&mut model, "pgdn j");
    assert_eq!(model.view.job, 1);
    press(&mut model, "enter");
    assert_eq!(model.view.screen, Screen::Explore);
}

#[test]
fn every_row_gets_its_intervals() {
    let model = on_compare();
    for job in [0, 1, 3] {
        for analysis in [&model.jobs[job].odin, &model.jobs[job].baseline] {
            assert!(
                analysis.as_ref().unwrap().interval(Metric::Fpr95).is_some(),
                "job {job}"
            );
        }
    }
    assert!(
        model.next_tick().is_none(),
        "and then there is nothing left to do"
    );
}

#[test]
fn the_table_is_exported_as_it_stands() {
    let mut model = started();
    press(&mut model, "4 alt-m");
    assert!(model.status.as_ref().unwrap().text.contains("no numbers"));
    let mut model = on_compare();
    model.session.name = "../my runs".to_owned();
    update(
        &mut model,
        Action::Compare(CompareAction::SortBy(CompareColumn::Set)),
    );
    for (key, kind) in [
        ("alt-m", TableKind::Markdown),
        ("alt-t", TableKind::Latex),
        ("alt-c", TableKind::Csv),
        ("alt-j", TableKind::Json),
    ] {
        let effects = press(&mut model, key);
        let found = effects.iter().find_map(|effect| match effect {
            Effect::WriteTable { stem, kind, text } => Some((stem.clone(), *kind, text.clone())),
            _ => None,
        });
        let (stem, found, text) = found.unwrap();
        assert_eq!((stem.as_str(), found), ("-my-runs-compare", kind));
        let (first, second) = (text.find("Gaussian").unwrap(), text.find("mnist-digits").unwrap());
        assert!(first < second && text.contains("photo-crops"), "{text}");
    }
    press(&mut model, "+");
    assert!(!model.compare.details);
}

#[test]
fn an_export_says_where_t_or_epsilon_was_moved_on_the_very_images_it_reports() {
    let exported = |model: &mut Model, key: &str| {
        let effects = press(model, key);
        let text = effects.into_iter().find_map(|effect| match effect {
            Effect::WriteTable { text, .. } => Some(text),
            _ => None,
        });
        text.unwrap()
    };
    let mut model = on_compare();
    assert!(!exported(&mut model, "alt-m").contains('‡'));
    press(&mut model, "1 l 4");
    assert!(model.jobs[model.view.job].is_tuned_here(Detector::Odin));
    let markdown = exported(&mut model, "alt-m");
    let marked = markdown.lines().filter(|line| line.contains(" ‡ |"));
    assert_eq!(marked.count(), 1, "{markdown}");
    assert!(markdown.contains("‡: T and ε were chosen"), "{markdown}");
    let csv = exported(&mut model, "alt-c");
    assert_eq!(
        csv.lines().filter(|line| line.contains(",reported,,")).count(),
        1,
        "{csv}"
    );
    // The maximum logit has neither T nor ε.
    press(&mut model, "b");
    assert!(!exported(&mut model, "alt-c").contains(",reported"));
}

#[test]
fn any_detector_can_stand_beside_the_baseline() {
    let mut model = on_compare();
    assert_eq!(model.beside(), Detector::Odin);
    press(&mut model, "b");
    assert_eq!(
        model.beside(),
        Detector::MaxLogit,
        "the baseline stands there already"
    );
    assert!(present(&model.jobs[1], Detector::MaxLogit).is_none());
    wait(&mut model, 6000);
    for job in [0, 1, 3] {
        let analysis = present(&model.jobs[job], Detector::MaxLogit).unwrap();
        assert!(analysis.interval(Metric::Fpr95).is_some(), "job {job}");
    }
    assert!(model.next_tick().is_none(), "nothing is left to do");
    // Rows are sorted by what is shown.
    update(
        &mut model,
        Action::Compare(CompareAction::SortBy(CompareColumn::Metric(Metric::Auroc))),
    );
    let auroc = |job: &usize| {
        let analysis = present(&model.jobs[*job], Detector::MaxLogit).unwrap();
        analysis.metric(Metric::Auroc)
    };
    assert!(model.compared()[..3].iter().map(auroc).is_sorted());
    let effects = press(&mut model, "alt-c");
    let (stem, text) = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::WriteTable { stem, text, .. } => Some((stem.clone(), text.clone())),
            _ => None,
        })
        .unwrap();
    assert!(stem.ends_with("-compare-max-logit"), "{stem}");
    assert!(
        text.contains(",max-logit,1,0,") && !text.contains(",odin,"),
        "{text}"
    );
    press(&mut model, "B B");
    assert_eq!(model.beside(), Detector::Pnml, "round to the last");
    model.view.detector = Detector::Baseline;
    assert_eq!(model.beside(), Detector::Odin);
    press(&mut model, "b");
    assert_eq!(model.beside(), Detector::MaxLogit);
}
