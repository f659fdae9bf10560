//! The log: searched, copied and written.
use crate::app::fake::started;
use crate::app::testing::driver::{press, type_in};
use crate::app::{Action, Effect, Level, LogFilter, update};

#[test]
fn the_log_is_searched_copied_and_written() {
    let mut model = started();
    for text in ["careful", "No such file", "careful again"] {
        update(&mut model, Action::Said(Level::Warning, text.to_owned()));
    }
    press(&mut model, "6 /");
    type_in(&mut model, "CAREFUL");
    assert_eq!(model.log.shown().count(), 2);
    press(&mut model, "enter");
    assert!(!model.log.is_searching && model.log.is_filtered());
    let effects = press(&mut model, "y");
    let Some(Effect::Copy(text)) = effects.iter().find(|effect| matches!(effect, Effect::Copy(_))) else {
        panic!("{effects:?}")
    };
    assert_eq!(text.lines().count(), 2);
    assert!(
        press(&mut model, "w")
            .iter()
            .any(|effect| matches!(effect, Effect::WriteLog(_)))
    );
    press(&mut model, "esc");
    assert!(!model.log.is_filtered(), "esc shows all again");
    press(&mut model, "/ x esc f f f f");
    assert_eq!(model.log.filter, LogFilter::All);
}
