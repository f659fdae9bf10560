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

impl Context {
    pub fn holds_on(self, screen: Screen) -> bool {
        self == Self::Everywhere || self == Self::On(screen)
    }

    /// Whether there is a place where both hold.
    pub fn overlaps(self, other: Self) -> bool {
        self == other || self == Self::Everywhere || other == Self::Everywhere
    }
}

/// The headings of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Parameters,
    Jobs,
    Threshold,
    Plots,
    Conventions,
    Grid,
    Images,
    Compare,
    Log,
    Program,
}

impl Group {
    pub const ALL: [Self; 10] = [
        Self::Parameters,
        Self::Threshold,
        Self::Jobs,
        Self::Plots,
        Self::Grid,
        Self::Images,
        Self::Compare,
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
            Self::Grid => "Grid",
            Self::Images => "Images",
            Self::Compare => "Compare",
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
    /// What the config file calls it; no two share one.
    pub name: &'static str,
    pub keys: Vec<Key>,
    pub action: Action,
    pub help: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// Where, heading, name in the config file, keys, what it does, and in words.
pub(super) type Row = (Context, Group, &'static str, &'static str, Action, &'static str);

impl Default for Keymap {
    fn default() -> Self {
        use Action as A;
        use Group::{Conventions, Jobs, Parameters, Plots, Program, Threshold};
        const EVERYWHERE: Context = Context::Everywhere;
        const EXPLORE: Context = Context::On(Screen::Explore);
        const LOG: Context = Context::On(Screen::Log);
        #[rustfmt::skip]
        let mut table: Vec<Row> = vec![
            (EXPLORE, Parameters, "step-down", "h left", A::Step(-1), "a step down"),
            (EXPLORE, Parameters, "step-up", "l right", A::Step(1), "a step up"),
            (EXPLORE, Parameters, "ten-steps-down", "H shift-left", A::Step(-10), "ten steps down"),
            (EXPLORE, Parameters, "ten-steps-up", "L shift-right", A::Step(10), "ten steps up"),
            (EXPLORE, Parameters, "next-slider", "tab", A::FocusNext, "next slider"),
            (EXPLORE, Parameters, "previous-slider", "backtab", A::FocusPrevious, "slider before"),
            (EXPLORE, Parameters, "type-value", "= enter", A::Edit, "type a value"),
            (EXPLORE, Parameters, "same-for-all", "a", A::ApplyToAll, "same for all jobs"),
            (EXPLORE, Parameters, "undo", "u", A::Undo, "undo"),
            (EXPLORE, Parameters, "redo", "ctrl-r", A::Redo, "redo"),
            (EXPLORE, Threshold, "tpr-down", "[", A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
            (EXPLORE, Threshold, "tpr-up", "]", A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
            (EXPLORE, Threshold, "tpr-95", "t", A::ThresholdReset, "back to TPR 95 %"),
            (EXPLORE, Jobs, "next-job", "j down", A::NextJob, "next job"),
            (EXPLORE, Jobs, "previous-job", "k up", A::PreviousJob, "job before"),
            (EXPLORE, Jobs, "pause", "space", A::PauseOrResume, "pause, go on, again"),
            (EXPLORE, Jobs, "cancel", "x", A::CancelJob, "cancel"),
            (EXPLORE, Jobs, "pause-queue", "w", A::PauseQueue, "queue: pause, go on"),
            (EXPLORE, Jobs, "cancel-queue", "X", A::CancelQueue, "queue: cancel"),
            (EXPLORE, Jobs, "add-job", "n", A::OpenPicker, "new job"),
            (EXPLORE, Jobs, "duplicate-job", "d", A::DuplicateJob, "duplicate"),
            (EXPLORE, Jobs, "remove-job", "D delete", A::RemoveJob, "remove"),
            (EXPLORE, Jobs, "job-down", "J shift-down", A::MoveJob(1), "move down"),
            (EXPLORE, Jobs, "job-up", "K shift-up", A::MoveJob(-1), "move up"),
            (EXPLORE, Jobs, "next-metric", "v", A::NextMetric, "metric in the table"),
            (EXPLORE, Plots, "detector", "b", A::NextDetector, "next detector"),
            (EXPLORE, Plots, "previous-detector", "B", A::PreviousDetector, "detector before"),
            (EXPLORE, Plots, "axis", "p", A::ToggleAxis, "log-odds, probability"),
            (EXPLORE, Plots, "log-counts", "c", A::ToggleLogCounts, "heights linear, log"),
            (EXPLORE, Plots, "counts", "C", A::ToggleCounts, "shares, counts"),
            (EXPLORE, Plots, "curve", "r", A::ToggleCurve, "ROC, CCR curve"),
            (EXPLORE, Plots, "log-fpr", "f", A::ToggleLogFpr, "FPR axis linear, log"),
            (EXPLORE, Plots, "marks", "o", A::ToggleMarks, "pixels, braille, blocks"),
            (EXPLORE, Plots, "pin", "i", A::PinOrUnpin, "pin this as A, unpin"),
            (EXPLORE, Plots, "swap", "I", A::SwapWithPin, "swap with A"),
            (EXPLORE, Conventions, "positive", "P", A::TogglePositive, "positive: ID, OOD"),
            (EXPLORE, Conventions, "error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
            (EXPLORE, Conventions, "aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
            (LOG, Group::Log, "log-down", "j down", A::Scroll(1), "down"),
            (LOG, Group::Log, "log-up", "k up", A::Scroll(-1), "up"),
            (LOG, Group::Log, "log-page-down", "pgdn", A::Scroll(10), "ten lines down"),
            (LOG, Group::Log, "log-page-up", "pgup", A::Scroll(-10), "ten lines up"),
            (LOG, Group::Log, "log-first", "g home", A::Scroll(i32::MIN), "to the first"),
            (LOG, Group::Log, "log-last", "G end", A::Scroll(i32::MAX), "to the last"),
            (LOG, Group::Log, "log-search", "/", A::SearchLog, "show lines with a text"),
            (LOG, Group::Log, "log-filter", "l", A::NextLogFilter, "show some levels"),
            (LOG, Group::Log, "log-copy", "y", A::CopyLog, "copy what is shown"),
            (LOG, Group::Log, "log-write", "w", A::WriteLog, "write it to a file"),
            (EVERYWHERE, Program, "show-explore", "1", A::Show(Screen::Explore), "Explore"),
            (EVERYWHERE, Program, "show-grid", "2", A::Show(Screen::Grid), "Grid"),
            (EVERYWHERE, Program, "show-images", "3", A::Show(Screen::Images), "Images"),
            (EVERYWHERE, Program, "show-compare", "4", A::Show(Screen::Compare), "Compare"),
            (EVERYWHERE, Program, "show-log", "5", A::Show(Screen::Log), "Log"),
            (EVERYWHERE, Program, "save", "s", A::Save, "save the session"),
            (EVERYWHERE, Program, "theme", "ctrl-t", A::NextTheme, "next theme"),
            (EVERYWHERE, Program, "mouse", "m", A::ToggleMouse, "mouse on, off"),
            (EVERYWHERE, Program, "help", "? f1", A::ToggleHelp, "this help"),
            (EVERYWHERE, Program, "palette", ": ctrl-p", A::OpenPalette, "all actions"),
            (EVERYWHERE, Program, "close", "esc", A::Dismiss, "close"),
            (EVERYWHERE, Program, "suspend", "ctrl-z", A::Suspend, "suspend (fg: back)"),
            (EVERYWHERE, Program, "restart-engine", "ctrl-e", A::RestartEngine, "start engine again"),
            (EVERYWHERE, Program, "quit", "q ctrl-c", A::Quit, "quit"),
        ];
        table.extend(super::bindings::of_screens());
        let binding = |(context, group, name, keys, action, help): Row| Binding {
            context,
            group,
            name,
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
        let mut bindings = self.bindings.iter();
        let found =
            bindings.find(|binding| binding.context.holds_on(screen) && binding.keys.contains(&key))?;
        Some(&found.action)
    }

    /// Gives an action other keys, which are taken from whatever else they did there.
    pub fn rebind(&mut self, name: &str, keys: &[Key]) {
        let Some(context) = self.bindings.iter().find(|b| b.name == name).map(|b| b.context) else {
            return;
        };
        for binding in &mut self.bindings {
            if binding.name == name {
                binding.keys = keys.to_vec();
            } else if binding.context.overlaps(context) {
                binding.keys.retain(|key| !keys.contains(key));
            }
        }
    }

    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The first key that does this anywhere, for hints.
    pub fn key_for(&self, action: &Action) -> Option<Key> {
        let mut bindings = self.bindings.iter();
        let found = bindings.find(|binding| binding.action == *action)?;
        found.keys.first().copied()
    }

    /// The first key that does this on a screen.
    pub fn key_on(&self, screen: Screen, action: &Action) -> Option<Key> {
        let mut bindings = self.bindings.iter();
        let found = bindings.find(|binding| binding.context.holds_on(screen) && binding.action == *action)?;
        found.keys.first().copied()
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
                let here = binding.context.holds_on(screen);
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
    fn names_are_unique_and_written_alike() {
        let keymap = Keymap::default();
        let mut names: Vec<_> = keymap.bindings().iter().map(|binding| binding.name).collect();
        assert!(names.iter().all(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), keymap.bindings().len());
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
