//! What a settings file may say, and what is said about one that is wrong.
use std::path::Path;

use ratatui::style::Color;

use super::*;
use crate::app::{Action, Key};
use crate::ui::{Colours, Look};
use odin_core::session::Screen;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("config.yaml")).map_err(|error| error.to_string())
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

#[test]
fn keys_are_given_taken_and_left_out() {
    let config = parse("keys:\n  undo: [U, ctrl-u]\n  next-slider: l\n  mouse: []\n  show-log: 7\n").unwrap();
    let keymap = config.keymap();
    let does = |text: &str| keymap.lookup(Screen::Explore, key(text)).cloned();
    assert_eq!(
        (does("U"), does("ctrl-u"), does("u")),
        (Some(Action::Undo), Some(Action::Undo), None)
    );
    assert_eq!(does("l"), Some(Action::FocusNext), "taken from the step up");
    assert_eq!(does("right"), Some(Action::Step(1)), "which keeps its other key");
    assert_eq!((does("m"), does("6")), (None, None));
    assert_eq!(does("7"), Some(Action::Show(Screen::Log)));
    assert_eq!(does("ctrl-c"), Some(Action::Quit));
}

#[test]
fn a_key_may_mean_one_thing_on_each_screen() {
    let keymap = parse("keys: {log-down: d, next-job: d}").unwrap().keymap();
    assert_eq!(keymap.lookup(Screen::Log, key("d")), Some(&Action::Scroll(1)));
    assert_eq!(keymap.lookup(Screen::Explore, key("d")), Some(&Action::NextJob));
}

#[test]
fn errors_have_their_place() {
    for (text, place, expected) in [
        (
            "theme: blue\n",
            "config.yaml:1:8: ",
            "unknown variant `blue`, expected one of `auto`",
        ),
        ("thema: dark\n", "config.yaml:1:1: ", "unknown field `thema`"),
        ("mouse: perhaps\n", "config.yaml:1:8: ", "expected a boolean"),
        (
            "keys:\n  undoo: U\n",
            "config.yaml:2:3: ",
            "no action is called `undoo`; did you mean undo",
        ),
        (
            "keys:\n  undo: [U, hyper-x]\n",
            "config.yaml:2:13: ",
            "`hyper-x` is no key",
        ),
        (
            "keys:\n  undo: U\n  redo: [r, U]\n",
            "config.yaml:3:13: ",
            "`U` is the key of `undo` already",
        ),
        (
            "keys:\n  quit: Q\n  undo: Q\n",
            "config.yaml:3:9: ",
            "`Q` is the key of `quit` already",
        ),
        ("keys: 7\n", "config.yaml:1:7: ", "actions with their keys"),
        (
            "colours: {ins: \"#12345\"}\n",
            "config.yaml:1:16: ",
            "`#12345` is no colour",
        ),
        (
            "colours: {inn: red}\n",
            "config.yaml:1:11: ",
            "unknown variant `inn`",
        ),
        ("colours: {ins: 256}\n", "config.yaml:1:16: ", "from 0 to 255"),
        ("colour-depth: 24\n", "config.yaml:1:15: ", "unknown variant `24`"),
        ("theme: [\n", "config.yaml:", ""),
    ] {
        let error = parse(text).unwrap_err();
        assert!(
            error.starts_with(place) && error.contains(expected),
            "{text}{error}"
        );
        assert!(!error.contains(" at line "), "{error}");
    }
    let twice = parse("keys:\n  undo: U\n  undo: V\n").unwrap_err();
    assert!(twice.contains("undo"), "{twice}");
}

#[test]
fn a_file_may_be_missing_empty_or_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Config::load(&folder.path().join("config.yaml")).unwrap();
    assert_eq!(missing, Config::default());
    assert_eq!(parse("# nothing\n").unwrap(), Config::default());
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(parse("keys:\ncolours:\n").unwrap(), Config::default());
    assert!(
        Config::load(folder.path())
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
}

#[test]
fn the_template_is_a_settings_file_that_changes_nothing() {
    let text = template();
    assert_eq!(parse(&text).unwrap(), Config::default());
    // Everything that is commented out can be put in.
    let whole: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(": ") || rest.starts_with("keys:") || rest.starts_with("  ") => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .filter(|line| {
            !line.starts_with("Colours that") && !line.starts_with("Roles:") && !line.starts_with("Keys:")
        })
        .collect();
    let config = parse(&whole).unwrap_or_else(|error| panic!("{error}\n{whole}"));
    assert_eq!(config.keymap(), Keymap::default());
}

#[test]
fn colours_of_ones_own_go_over_the_theme_as_far_as_the_terminal_can_show_them() {
    let config =
        parse("theme: light\ncolours: {ins: \"#ff0000\", background: 231}\nglyphs: ascii\n").unwrap();
    let look = |colours| config.look(config.theme, colours, true);
    assert_eq!(look(Colours::True).theme.ins.fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(look(Colours::Indexed).theme.ins.fg, Some(Color::Indexed(196)));
    assert_eq!(look(Colours::Sixteen).theme.ins.fg, Some(Color::LightRed));
    assert_eq!(
        look(Colours::Indexed).theme.background.bg,
        Some(Color::Indexed(231))
    );
    assert!(!look(Colours::True).glyphs.unicode);
    let mono = look(Colours::None);
    assert_eq!(
        mono.theme,
        Look::themed(ThemeName::Light, Colours::None, false).theme
    );
    assert_ne!(
        look(Colours::True).theme.outs,
        config.look(ThemeName::Dark, Colours::True, true).theme.outs
    );
    let deep = parse("colour-depth: 16\n").unwrap();
    assert_eq!(
        deep.look(ThemeName::Auto, Colours::True, true),
        Look::themed(ThemeName::Auto, Colours::Sixteen, true)
    );
    assert!(
        !deep.look(ThemeName::Auto, Colours::None, true).theme.has_colour,
        "NO_COLOR holds"
    );
}
