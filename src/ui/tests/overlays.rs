//! What lies over the screens, and the themes.
use ratatui::style::Color;

use super::{colour, draw, snapshot, styles, text, working};
use crate::app::{Action, Catalogue, Choice, Column, Key, Level, Model, Restore, update};
use crate::ui::{Colours, Look, Role, Target, ThemeName};

fn press(model: &mut Model, keys: &str) {
    for key in keys.split(' ') {
        let key: Key = key.parse().unwrap();
        update(model, Action::Key(key));
    }
}

fn stocked() -> Model {
    let mut model = working();
    let choice = |name: &str, title: &str, is_present| Choice {
        name: name.to_owned(),
        title: title.to_owned(),
        is_present,
    };
    let catalogue = Catalogue {
        networks: vec![
            choice("fashion-densenet", "DenseNet-BC-40-12, Fashion-MNIST", true),
            choice(
                "densenet10",
                "DenseNet-BC-100-12 of the ODIN paper, CIFAR-10",
                false,
            ),
        ],
        sets: vec![
            choice("mnist-digits", "5,000 MNIST digits", true),
            choice("photo-crops", "Crops of photographs", true),
            choice("Uniform", "Uniform noise", true),
            choice("LSUN_resize", "LSUN, resized", false),
        ],
        ..Catalogue::default()
    };
    update(&mut model, Action::Catalogue(Box::new(catalogue)));
    model
}

#[test]
fn palette_picker_and_restore() {
    let mut model = stocked();
    press(&mut model, ": l o g");
    snapshot!("palette_80x24", text(&draw(&model, &colour(), 80, 24).0));
    snapshot!("palette_200x60", text(&draw(&model, &colour(), 200, 60).0));
    press(&mut model, "esc n down");
    snapshot!("picker_80x24", text(&draw(&model, &colour(), 80, 24).0));
    snapshot!("picker_120x40", text(&draw(&model, &colour(), 120, 40).0));
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 80, 24).0);
    assert!(ascii.is_ascii(), "{ascii}");
    press(&mut model, "/ t m p / x");
    assert!(text(&draw(&model, &colour(), 80, 24).0).contains("the images at /tmp/x"));
    press(&mut model, "esc");
    press(&mut model, "d l l");
    let restore = Restore::new(
        &model.session,
        model.to_session(),
        "3 minutes ago".to_owned(),
        true,
    );
    model.offer(restore);
    snapshot!("restore_80x24", text(&draw(&model, &colour(), 80, 24).0));
    press(&mut model, "d");
    let asked = text(&draw(&model, &colour(), 80, 24).0);
    assert!(
        asked.contains("Throw them away? They cannot be brought back."),
        "{asked}"
    );
}

#[test]
fn the_log_shows_a_part() {
    let mut model = working();
    for (level, words) in [
        (Level::Warning, "one"),
        (Level::Error, "two"),
        (Level::Warning, "three"),
    ] {
        update(&mut model, Action::Said(level, words.to_owned()));
    }
    press(&mut model, "5 f / t");
    snapshot!("log_filtered_80x24", text(&draw(&model, &colour(), 80, 24).0));
}

#[test]
fn themes_differ_in_colours_alone() {
    let model = working();
    let of = |theme, colours| draw(&model, &Look::themed(theme, colours, true), 80, 24).0;
    let auto = of(ThemeName::Auto, Colours::True);
    for theme in [ThemeName::Dark, ThemeName::Light] {
        for colours in [Colours::True, Colours::Indexed, Colours::Sixteen] {
            let buffer = of(theme, colours);
            assert_eq!(text(&buffer), text(&auto));
            assert!(buffer.content.iter().any(|cell| cell.fg != Color::Reset));
        }
        assert_ne!(styles(&of(theme, Colours::True)), styles(&auto));
    }
    snapshot!(
        "explore_80x24_light_colours",
        styles(&of(ThemeName::Light, Colours::Indexed))
    );
    snapshot!(
        "explore_80x24_basic_colours",
        styles(&of(ThemeName::Auto, Colours::Sixteen))
    );
    let mono = of(ThemeName::Mono, Colours::True);
    assert!(mono.content.iter().all(|cell| cell.fg == Color::Reset));
}

#[test]
fn a_background_of_ones_own_is_under_everything() {
    let mut look = colour();
    look.theme
        .set(Role::Background, Color::Rgb(1, 2, 3), Colours::True);
    let mut model = stocked();
    for keys in ["esc", "?", "esc", ":", "esc", "n"] {
        press(&mut model, keys);
        let (buffer, _) = draw(&model, &look, 80, 24);
        let bare = buffer
            .content
            .iter()
            .filter(|cell| cell.bg == Color::Reset)
            .count();
        assert_eq!(bare, 0, "after {keys}\n{}", text(&buffer));
    }
}

#[test]
fn the_mouse_finds_rows_and_closes_what_lies_on_top() {
    let mut model = stocked();
    press(&mut model, "n");
    let (buffer, hits) = draw(&model, &colour(), 80, 24);
    let rows: Vec<String> = text(&buffer).lines().map(str::to_owned).collect();
    let y = rows.iter().position(|row| row.contains("LSUN_resize")).unwrap();
    let x = rows[y].chars().collect::<String>().find("LSUN_resize").unwrap();
    let x = rows[y][..x].chars().count() as u16;
    let (_, target) = hits.at(x, y as u16).unwrap();
    assert_eq!(target, Target::Choice(Column::Sets, 3));
    assert_eq!(hits.at(0, 0).map(|hit| hit.1), Some(Target::Overlay));
    assert_eq!(target.wheel(1), Some(Action::Choose(1)));
}

#[test]
fn another_name_and_a_filter_of_jobs_are_typed_in_sight() {
    let mut model = stocked();
    press(&mut model, "S m i n e");
    snapshot!("save_as_80x24", text(&draw(&model, &colour(), 80, 24).0));
    press(&mut model, "esc / u n i");
    let picture = text(&draw(&model, &colour(), 80, 24).0);
    assert!(
        picture.contains(" jobs with: uni_") && picture.contains("1 of 4: uni"),
        "{picture}"
    );
    assert!(!picture.contains("photo-crops"), "{picture}");
    press(&mut model, "x x");
    let picture = text(&draw(&model, &colour(), 80, 24).0);
    assert!(picture.contains("no job matches; esc shows all"), "{picture}");
}
