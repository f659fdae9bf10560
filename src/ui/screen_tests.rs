//! Pictures of the screens Grid, Images and Compare, and what the mouse finds on them.
use super::tests::{colour, draw, snapshot, styles, text, working};
use super::*;
use crate::app::fake::answer_cell;
use crate::app::{Action, GridAction, Place, update};

/// The grid of the first job, filled as far as `cells`.
fn with_grid(cells: usize) -> Model {
    let mut model = working();
    update(&mut model, Action::Show(Screen::Grid));
    let mut asked: std::collections::VecDeque<_> =
        update(&mut model, Action::Grid(GridAction::FillOrPause)).into();
    while let Some(effect) = asked.pop_front() {
        if model.grid().unwrap().done() < cells || cells > 200 {
            asked.extend(answer_cell(&mut model, effect));
        }
    }
    update(&mut model, Action::Dismiss);
    model
}

#[test]
fn the_grid_at_three_sizes() {
    let mut model = with_grid(40);
    update(&mut model, Action::Grid(GridAction::Move(-3, 4)));
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    snapshot!("grid_80x24", text(&buffer));
    snapshot!("grid_80x24_colours", styles(&buffer));
    let cell = Place {
        temperature: 9,
        magnitude: 0,
    };
    assert_eq!(
        hits.at(8, 2).map(|hit| hit.1),
        Some(Target::Cell(cell)),
        "the largest T is on top"
    );
    let mut full = with_grid(210);
    snapshot!("grid_120x40", text(&draw(&full, &colour(), 120, 40).0));
    update(&mut full, Action::Grid(GridAction::ToBest));
    snapshot!("grid_200x60", text(&draw(&full, &colour(), 200, 60).0));
    snapshot!("grid_60x18", text(&draw(&full, &colour(), 60, 18).0));
    snapshot!(
        "grid_80x24_basic",
        styles(&draw(&full, &Look::new(Colours::Sixteen, true), 80, 24).0)
    );
    snapshot!(
        "grid_80x24_mono",
        text(&draw(&full, &Look::new(Colours::None, true), 80, 24).0)
    );
    let ascii = text(&draw(&full, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("grid_80x24_ascii", &ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    update(&mut model, Action::SelectJob(2));
    let waiting = text(&draw(&model, &colour(), 80, 24).0);
    assert!(waiting.contains("waiting until Uniform is opened"), "{waiting}");
    for width in (60..=130).step_by(14) {
        for height in (18..=50).step_by(3) {
            draw(&full, &colour(), width, height);
        }
    }
}
