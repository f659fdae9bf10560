//! The screens as text, and what the mouse finds on them.
mod explore;
mod overlays;
mod picture;
mod screens;

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::app::fake::{feed, model, started, wait};
use crate::app::{Action, Key, Model, Overlay, Slider, update};
use odin_core::session::Screen;

fn draw(model: &Model, look: &Look, width: u16, height: u16) -> (Buffer, HitMap) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut hits = HitMap::default();
    terminal.draw(|frame| hits = view(model, look, frame)).unwrap();
    (terminal.backend().buffer().clone(), hits)
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width);
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    rows.map(|cells| row(cells).trim_end().to_owned() + "\n")
        .collect()
}

/// The colours, a letter each, and a legend.
fn styles(buffer: &Buffer) -> String {
    let mut letters: BTreeMap<(String, String, String), char> = BTreeMap::new();
    let mut out = String::new();
    for cells in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut row = String::new();
        for cell in cells {
            let plain = cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty();
            let blank = cell.symbol() == " "
                && cell.bg == Color::Reset
                && !cell.modifier.contains(Modifier::REVERSED);
            let next = char::from(b'a' + (letters.len() % 26) as u8);
            row.push(match () {
                () if blank => ' ',
                () if plain => '.',
                () => *letters
                    .entry((
                        cell.fg.to_string(),
                        cell.bg.to_string(),
                        format!("{:?}", cell.modifier),
                    ))
                    .or_insert(next),
            });
        }
        out += row.trim_end();
        out.push('\n');
    }
    let mut legend: Vec<_> = letters.iter().map(|(style, letter)| (letter, style)).collect();
    legend.sort();
    for (letter, (fg, bg, modifier)) in legend {
        writeln!(out, "{letter}: {fg} on {bg} {modifier}").unwrap();
    }
    out
}

/// One job done, one under way, two waiting.
fn working() -> Model {
    let mut model = started();
    feed(&mut model, 0, 0, 2000, 2000);
    wait(&mut model, 3000);
    feed(&mut model, 1, 0, 650, 2000);
    wait(&mut model, 3000);
    model
}

fn colour() -> Look {
    Look::new(Colours::True, true)
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        })
    };
}
use snapshot;

#[test]
fn explore_at_three_sizes() {
    let mut model = working();
    let (buffer, _) = draw(&model, &colour(), 80, 24);
    snapshot!("explore_80x24", text(&buffer));
    snapshot!("explore_80x24_colours", styles(&buffer));
    snapshot!("explore_120x40", text(&draw(&model, &colour(), 120, 40).0));
    snapshot!("explore_200x60", text(&draw(&model, &colour(), 200, 60).0));
    snapshot!("explore_60x18", text(&draw(&model, &colour(), 60, 18).0));
    update(&mut model, Action::SelectJob(1));
    for action in [
        Action::ToggleLogCounts,
        Action::ToggleLogFpr,
        Action::ToggleAxis,
        Action::NextDetector,
    ] {
        update(&mut model, action);
    }
    snapshot!(
        "explore_80x24_running_baseline_log",
        text(&draw(&model, &colour(), 80, 24).0)
    );
}

#[test]
fn explore_without_colours_and_without_unicode() {
    let model = working();
    let mono = draw(&model, &Look::new(Colours::None, true), 80, 24).0;
    snapshot!("explore_80x24_mono", text(&mono));
    assert!(
        mono.content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 80, 24).0);
    snapshot!("explore_80x24_ascii", &ascii);
    assert!(ascii.is_ascii());
    let basic = draw(&model, &Look::new(Colours::Sixteen, true), 80, 24).0;
    let is_basic = |colour| !matches!(colour, Color::Rgb(..) | Color::Indexed(_));
    assert!(
        basic
            .content
            .iter()
            .all(|cell| is_basic(cell.fg) && is_basic(cell.bg))
    );
    assert_eq!(text(&basic), text(&draw(&model, &colour(), 80, 24).0));
}

#[test]
fn before_the_first_scores_the_panes_say_what_goes_on() {
    let mut model = model();
    snapshot!("starting_80x24", text(&draw(&model, &colour(), 80, 24).0));
    update(&mut model, Action::Start);
    assert!(text(&draw(&model, &colour(), 80, 24).0).contains("loading fashion-densenet"));
    update(
        &mut model,
        Action::EngineGone("libtorch_cpu.so is missing".into()),
    );
    let gone = text(&draw(&model, &colour(), 80, 24).0);
    assert!(
        gone.contains("no engine: libtorch_cpu.so is missing") && gone.contains("failed"),
        "{gone}"
    );
}

#[test]
fn a_change_leaves_the_old_picture_and_says_so() {
    let mut model = working();
    update(&mut model, Action::Key("l".parse().unwrap()));
    let text = text(&draw(&model, &colour(), 80, 24).0);
    assert!(
        text.contains("ODIN still at T 1000") && text.contains("(unsaved)") && text.contains("1200"),
        "{text}"
    );
}

#[test]
fn help_log_and_too_small() {
    let mut model = working();
    update(
        &mut model,
        Action::Native("[W] a library has something to say".into()),
    );
    for _ in 0..3 {
        update(&mut model, Action::Native("and says it again".into()));
    }
    update(&mut model, Action::Show(Screen::Log));
    snapshot!("log_80x24", text(&draw(&model, &colour(), 80, 24).0));
    update(&mut model, Action::ToggleHelp);
    snapshot!("help_log_80x24", text(&draw(&model, &colour(), 80, 24).0));
    model.view.screen = Screen::Explore;
    snapshot!("help_80x24", text(&draw(&model, &colour(), 80, 24).0));
    snapshot!("help_120x40", text(&draw(&model, &colour(), 120, 40).0));
    snapshot!("too_small_50x10", text(&draw(&model, &colour(), 50, 10).0));
}

#[test]
fn help_names_every_key_at_every_size() {
    let mut model = started();
    update(&mut model, Action::ToggleHelp);
    for (screen, (width, height)) in [(80, 24), (120, 40), (200, 60)]
        .into_iter()
        .flat_map(|size| Screen::ALL.map(|s| (s, size)))
    {
        model.view.screen = screen;
        let mut text = text(&draw(&model, &colour(), width, height).0);
        for page in 1..3 {
            model.overlay = Some(Overlay::Help(page));
            text += &super::tests::text(&draw(&model, &colour(), width, height).0);
        }
        model.overlay = Some(Overlay::Help(0));
        for binding in model
            .keymap
            .bindings()
            .iter()
            .filter(|binding| binding.context.holds_on(screen))
        {
            assert!(
                text.contains(binding.help),
                "{} at {width}x{height}\n{text}",
                binding.help
            );
        }
    }
}

#[test]
fn typing_and_its_errors_are_seen() {
    let mut model = working();
    for key in ["=", "-", "5"] {
        update(&mut model, Action::Key(key.parse().unwrap()));
    }
    assert!(
        text(&draw(&model, &colour(), 80, 24).0)
            .contains("temperature of the softmax, a finite number above 0: -5_")
    );
    update(&mut model, Action::Key(Key::plain(crate::app::KeyCode::Enter)));
    assert!(
        text(&draw(&model, &colour(), 80, 24).0)
            .contains("temperature must be a finite number above 0, not -5")
    );
}

#[test]
fn every_size_can_be_drawn() {
    let model = working();
    for width in (1..=130).step_by(3) {
        for height in (1..=50).step_by(2) {
            draw(&model, &colour(), width, height);
        }
    }
    draw(&model, &Look::new(Colours::None, false), 300, 100);
}

#[test]
fn the_mouse_finds_sliders_jobs_and_plots() {
    let mut model = working();
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    let rows: Vec<String> = text(&buffer).lines().map(str::to_owned).collect();
    let y = rows.iter().position(|row| row.contains("10000")).unwrap() as u16;
    let grip = rows[usize::from(y)].chars().position(|c| c == '●').unwrap() as u16;
    let (area, target) = hits.at(grip, y).unwrap();
    assert_eq!(target, Target::Slider(Slider::TEMPERATURE));
    update(&mut model, target.press(area, grip).unwrap());
    assert_eq!(
        model.selected().unwrap().spec.settings.temperature().get(),
        1000.0,
        "pressing the grip moves nothing"
    );
    assert_eq!(hits.at(5, 3).map(|hit| hit.1), Some(Target::Job(1)));
    assert!(matches!(hits.at(20, 10), Some((_, Target::Histogram { .. }))));
    assert!(matches!(hits.at(70, 10), Some((_, Target::Roc { lowest: None }))));
    let (area, target) = hits.at(30, 10).unwrap();
    update(&mut model, target.press(area, 30).unwrap());
    let (buffer, _) = draw(&model, &colour(), 80, 24);
    assert_eq!(
        buffer[(30, 10)].symbol(),
        "│",
        "the threshold is where the mouse is"
    );
}
