//! Which key does what: the one table that input looks keys up in and that help is printed from.
use super::action::Action;
use super::key::{Key, KeyCode};
use super::slider::Slider;
use crate::session::Screen;

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    Everywhere,
    On(Screen),
}

/// The headings of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Parameters,
    Jobs,
    Threshold,
    Plots,
    Conventions,
    Log,
    Program,
}

impl Group {
    pub const ALL: [Self; 7] = [
        Self::Parameters,
        Self::Threshold,
        Self::Jobs,
        Self::Plots,
        Self::Conventions,
        Self::Log,
        Self::Program,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Parameters => "Temperature and magnitude",
            Self::Jobs => "Jobs",
            Self::Threshold => "Threshold",
            Self::Plots => "Plots",
            Self::Conventions => "Conventions",
            Self::Log => "On the log screen",
            Self::Program => "Program",
        }
    }
}

/// Keys that all do the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    pub context: Context,
    pub group: Group,
    pub keys: Vec<Key>,
    pub action: Action,
    pub help: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        use Action as A;
        use Group::{Conventions, Jobs, Parameters, Plots, Program, Threshold};
        const EVERYWHERE: Context = Context::Everywhere;
        const EXPLORE: Context = Context::On(Screen::Explore);
        const LOG: Context = Context::On(Screen::Log);
        type Row = (Context, Group, &'static [Key], Action, &'static str);
        let table: Vec<Row> = vec![
            (EXPLORE, Parameters, &[char('h'), LEFT], A::Step(-1), "a step down"),
            (EXPLORE, Parameters, &[char('l'), RIGHT], A::Step(1), "a step up"),
            (EXPLORE, Parameters, &[char('H'), shift(LEFT)], A::Step(-10), "ten steps down"),
            (EXPLORE, Parameters, &[char('L'), shift(RIGHT)], A::Step(10), "ten steps up"),
            (EXPLORE, Parameters, &[TAB], A::FocusNext, "next slider"),
            (EXPLORE, Parameters, &[BACKTAB], A::FocusPrevious, "slider before"),
            (EXPLORE, Parameters, &[char('='), ENTER], A::Edit, "type a value"),
            (EXPLORE, Parameters, &[char('a')], A::ApplyToAll, "same for all jobs"),
            (EXPLORE, Parameters, &[char('u')], A::Undo, "undo"),
            (EXPLORE, Parameters, &[ctrl('r')], A::Redo, "redo"),
            (EXPLORE, Threshold, &[char('[')], A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
            (EXPLORE, Threshold, &[char(']')], A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
            (EXPLORE, Threshold, &[char('t')], A::ThresholdReset, "back to TPR 95 %"),
            (EXPLORE, Jobs, &[char('j'), DOWN], A::NextJob, "next job"),
            (EXPLORE, Jobs, &[char('k'), UP], A::PreviousJob, "job before"),
            (EXPLORE, Jobs, &[char(' ')], A::PauseOrResume, "pause, go on, again"),
            (EXPLORE, Jobs, &[char('x')], A::CancelJob, "cancel"),
            (EXPLORE, Jobs, &[char('v')], A::NextMetric, "metric in the table"),
            (EXPLORE, Plots, &[char('b')], A::ToggleDetector, "ODIN or baseline"),
            (EXPLORE, Plots, &[char('p')], A::ToggleAxis, "log-odds, probability"),
            (EXPLORE, Plots, &[char('c')], A::ToggleLogCounts, "counts linear, log"),
            (EXPLORE, Plots, &[char('f')], A::ToggleLogFpr, "FPR axis linear, log"),
            (EXPLORE, Conventions, &[char('P')], A::TogglePositive, "positive: ID, OOD"),
            (EXPLORE, Conventions, &[char('E')], A::ToggleErrorConvention, "error: least, TPR 95"),
            (EXPLORE, Conventions, &[char('A')], A::ToggleAuprConvention, "AUPR: balanced, counts"),
            (LOG, Group::Log, &[char('j'), DOWN], A::Scroll(1), "down"),
            (LOG, Group::Log, &[char('k'), UP], A::Scroll(-1), "up"),
            (LOG, Group::Log, &[PAGE_DOWN], A::Scroll(10), "ten lines down"),
            (LOG, Group::Log, &[PAGE_UP], A::Scroll(-10), "ten lines up"),
            (LOG, Group::Log, &[char('g'), HOME], A::Scroll(i32::MIN), "to the first"),
            (LOG, Group::Log, &[char('G'), END], A::Scroll(i32::MAX), "to the last"),
            (EVERYWHERE, Program, &[char('1')], A::Show(Screen::Explore), "Explore"),
            (EVERYWHERE, Program, &[char('5')], A::Show(Screen::Log), "Log"),
            (EVERYWHERE, Program, &[char('s')], A::Save, "save the session"),
            (EVERYWHERE, Program, &[char('m')], A::ToggleMouse, "mouse on, off"),
            (EVERYWHERE, Program, &[char('?'), F1], A::ToggleHelp, "this help"),
            (EVERYWHERE, Program, &[ESC], A::Dismiss, "close"),
            (EVERYWHERE, Program, &[ctrl('z')], A::Suspend, "suspend (fg: back)"),
            (EVERYWHERE, Program, &[char('q'), ctrl('c')], A::Quit, "quit"),
        ];
        let binding = |(context, group, keys, action, help): Row| Binding {
            context,
            group,
            keys: keys.to_vec(),
            action,
            help,
        };
        Self { bindings: table.into_iter().map(binding).collect() }
    }
}

impl Keymap {
    /// What a key does on a screen; nothing where it is not bound.
    pub fn lookup(&self, screen: Screen, key: Key) -> Option<&Action> {
        let holds = |context: Context| context == Context::Everywhere || context == Context::On(screen);
        let mut bindings = self.bindings.iter();
        let found = bindings.find(|binding| holds(binding.context) && binding.keys.contains(&key))?;
        Some(&found.action)
    }

    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The first key that does this, for hints.
    pub fn key_for(&self, action: &Action) -> Option<Key> {
        self.bindings.iter().find(|binding| binding.action == *action)?.keys.first().copied()
    }
}

const fn named(code: KeyCode) -> Key {
    Key { code, ctrl: false, alt: false, shift: false }
}

const fn char(c: char) -> Key {
    named(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true, alt: false, shift: false }
}

const fn shift(key: Key) -> Key {
    Key { code: key.code, ctrl: false, alt: false, shift: true }
}

const LEFT: Key = named(KeyCode::Left);
const RIGHT: Key = named(KeyCode::Right);
const UP: Key = named(KeyCode::Up);
const DOWN: Key = named(KeyCode::Down);
const TAB: Key = named(KeyCode::Tab);
const BACKTAB: Key = named(KeyCode::BackTab);
const ENTER: Key = named(KeyCode::Enter);
const ESC: Key = named(KeyCode::Esc);
const PAGE_UP: Key = named(KeyCode::PageUp);
const PAGE_DOWN: Key = named(KeyCode::PageDown);
const HOME: Key = named(KeyCode::Home);
const END: Key = named(KeyCode::End);
const F1: Key = named(KeyCode::F(1));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_at_one_place() {
        let keymap = Keymap::default();
        for screen in Screen::ALL {
            for binding in keymap.bindings() {
                let here = binding.context == Context::Everywhere || binding.context == Context::On(screen);
                for &key in binding.keys.iter().filter(|_| here) {
                    assert_eq!(keymap.lookup(screen, key), Some(&binding.action), "{key} on {screen}");
                }
            }
        }
    }

    #[test]
    fn every_binding_has_help_and_every_group_has_bindings() {
        let keymap = Keymap::default();
        assert!(keymap.bindings().iter().all(|binding| !binding.help.is_empty() && !binding.keys.is_empty()));
        assert!(Group::ALL.iter().all(|&group| keymap.bindings().iter().any(|b| b.group == group)));
        for screen in Screen::ALL {
            assert_eq!(keymap.lookup(Screen::Log, Key::char(screen.digit())), Some(&Action::Show(screen)));
        }
    }
}
