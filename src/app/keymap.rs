//! Which key does what: the one table that input looks keys up in and that help is printed from.
use super::action::Action;
use super::key::Key;
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
            Self::Log => "Log",
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
        type Row = (Context, Group, &'static str, Action, &'static str);
        #[rustfmt::skip]
        let table: Vec<Row> = vec![
            (EXPLORE, Parameters, "h left", A::Step(-1), "a step down"),
            (EXPLORE, Parameters, "l right", A::Step(1), "a step up"),
            (EXPLORE, Parameters, "H shift-left", A::Step(-10), "ten steps down"),
            (EXPLORE, Parameters, "L shift-right", A::Step(10), "ten steps up"),
            (EXPLORE, Parameters, "tab", A::FocusNext, "next slider"),
            (EXPLORE, Parameters, "backtab", A::FocusPrevious, "slider before"),
            (EXPLORE, Parameters, "= enter", A::Edit, "type a value"),
            (EXPLORE, Parameters, "a", A::ApplyToAll, "same for all jobs"),
            (EXPLORE, Parameters, "u", A::Undo, "undo"),
            (EXPLORE, Parameters, "ctrl-r", A::Redo, "redo"),
            (EXPLORE, Threshold, "[", A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
            (EXPLORE, Threshold, "]", A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
            (EXPLORE, Threshold, "t", A::ThresholdReset, "back to TPR 95 %"),
            (EXPLORE, Jobs, "j down", A::NextJob, "next job"),
            (EXPLORE, Jobs, "k up", A::PreviousJob, "job before"),
            (EXPLORE, Jobs, "space", A::PauseOrResume, "pause, go on, again"),
            (EXPLORE, Jobs, "x", A::CancelJob, "cancel"),
            (EXPLORE, Jobs, "v", A::NextMetric, "metric in the table"),
            (EXPLORE, Plots, "b", A::ToggleDetector, "ODIN or baseline"),
            (EXPLORE, Plots, "p", A::ToggleAxis, "log-odds, probability"),
            (EXPLORE, Plots, "c", A::ToggleLogCounts, "counts linear, log"),
            (EXPLORE, Plots, "f", A::ToggleLogFpr, "FPR axis linear, log"),
            (EXPLORE, Conventions, "P", A::TogglePositive, "positive: ID, OOD"),
            (EXPLORE, Conventions, "E", A::ToggleErrorConvention, "error: least, TPR 95"),
            (EXPLORE, Conventions, "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
            (LOG, Group::Log, "j down", A::Scroll(1), "down"),
            (LOG, Group::Log, "k up", A::Scroll(-1), "up"),
            (LOG, Group::Log, "pgdn", A::Scroll(10), "ten lines down"),
            (LOG, Group::Log, "pgup", A::Scroll(-10), "ten lines up"),
            (LOG, Group::Log, "g home", A::Scroll(i32::MIN), "to the first"),
            (LOG, Group::Log, "G end", A::Scroll(i32::MAX), "to the last"),
            (EVERYWHERE, Program, "1", A::Show(Screen::Explore), "Explore"),
            (EVERYWHERE, Program, "5", A::Show(Screen::Log), "Log"),
            (EVERYWHERE, Program, "s", A::Save, "save the session"),
            (EVERYWHERE, Program, "m", A::ToggleMouse, "mouse on, off"),
            (EVERYWHERE, Program, "? f1", A::ToggleHelp, "this help"),
            (EVERYWHERE, Program, "esc", A::Dismiss, "close"),
            (EVERYWHERE, Program, "ctrl-z", A::Suspend, "suspend (fg: back)"),
            (EVERYWHERE, Program, "q ctrl-c", A::Quit, "quit"),
        ];
        let binding = |(context, group, keys, action, help): Row| Binding {
            context,
            group,
            // That each of them is a key, a test sees to.
            keys: keys.split(' ').filter_map(|key| key.parse().ok()).collect(),
            action,
            help,
        };
        Self {
            bindings: table.into_iter().map(binding).collect(),
        }
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
        self.bindings
            .iter()
            .find(|binding| binding.action == *action)?
            .keys
            .first()
            .copied()
    }
}

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
                    assert_eq!(
                        keymap.lookup(screen, key),
                        Some(&binding.action),
                        "{key} on {screen}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_binding_has_help_and_every_group_has_bindings() {
        let keymap = Keymap::default();
        assert!(
            keymap
                .bindings()
                .iter()
                .all(|binding| !binding.help.is_empty() && !binding.keys.is_empty())
        );
        assert!(
            Group::ALL
                .iter()
                .all(|&group| keymap.bindings().iter().any(|b| b.group == group))
        );
        for screen in Screen::ALL {
            assert_eq!(
                keymap.lookup(Screen::Log, Key::char(screen.digit())),
                Some(&Action::Show(screen))
            );
        }
    }
}
