//! Moving the threshold.
use crate::app::fake::{feed, started, wait};
use crate::app::testing::driver::press;
use crate::app::{Action, Cursor, Model, update};

#[test]
fn the_threshold_follows_keys_and_mouse() {
    let mut model = started();
    feed(&mut model, 0, 0, 300, 300);
    wait(&mut model, 200);
    let tpr = |model: &Model| model.shown().unwrap().at(model.cursor).tpr;
    assert!((0.95..0.96).contains(&tpr(&model)));
    press(&mut model, "] ]");
    assert_eq!(model.cursor, Cursor::Tpr(0.97));
    let there = model.shown().unwrap().at(Cursor::Tpr(0.5)).threshold;
    update(&mut model, Action::ThresholdToScore(there));
    assert!((0.5..0.51).contains(&tpr(&model)));
    press(&mut model, "[");
    assert!((0.49..0.5).contains(&tpr(&model)));
    update(&mut model, Action::ThresholdToFpr(0.1));
    assert!(model.shown().unwrap().at(model.cursor).fpr <= 0.1);
    press(&mut model, "b");
    assert!(
        matches!(model.cursor, Cursor::Tpr(_)),
        "another scale: the TPR holds"
    );
    press(&mut model, "p");
    update(&mut model, Action::ThresholdToScore(0.5));
    assert_eq!(model.cursor, Cursor::Score(0.0));
    press(&mut model, "t = 9 0 % enter");
    assert_eq!(model.cursor, Cursor::Tpr(0.9));
}
