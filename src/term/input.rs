//! What comes in from the terminal, as actions.
use crossterm::event::{self, Event, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use ratatui::layout::Rect;

use crate::app::{Action, Key, KeyCode};
use crate::ui::{HitMap, Target};

/// Remembers what the mouse holds between its press and its release.
#[derive(Debug, Default)]
pub(super) struct Input {
    held: Option<(Rect, Target)>,
}

impl Input {
    /// The actions of one event, given what lay where on the last frame.
    pub(super) fn actions(&mut self, event: &Event, hits: &HitMap) -> Vec<Action> {
        let mut actions = Vec::new();
        let is_drag = matches!(event, Event::Mouse(mouse) if matches!(mouse.kind, MouseEventKind::Drag(_)));
        // A release can get lost: whatever is no drag ends one.
        if !is_drag && self.held.take().is_some() {
            actions.push(Action::Release);
        }
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                actions.extend(translate(key).map(Action::Key));
            }
            Event::FocusGained => actions.push(Action::Focus(true)),
            Event::FocusLost => actions.push(Action::Focus(false)),
            Event::Paste(text) => actions.push(Action::Paste(text.clone())),
            Event::Mouse(mouse) => actions.extend(self.mouse(mouse, hits)),
            _ => {}
        }
        actions
    }

    fn mouse(&mut self, mouse: &event::MouseEvent, hits: &HitMap) -> Option<Action> {
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let (area, target) = hits.at(mouse.column, mouse.row)?;
                self.held = target.captures().then_some((area, target));
                target.press(area, mouse.column)
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                let (area, target) = self.held?;
                target.press(area, mouse.column)
            }
            MouseEventKind::ScrollDown => hits.at(mouse.column, mouse.row)?.1.wheel(1),
            MouseEventKind::ScrollUp => hits.at(mouse.column, mouse.row)?.1.wheel(-1),
            _ => None,
        }
    }
}

fn translate(key: &event::KeyEvent) -> Option<Key> {
    let code = match key.code {
        event::KeyCode::Char(c) => KeyCode::Char(c),
        event::KeyCode::F(n) => KeyCode::F(n),
        event::KeyCode::Enter => KeyCode::Enter,
        event::KeyCode::Esc => KeyCode::Esc,
        event::KeyCode::Tab => KeyCode::Tab,
        event::KeyCode::BackTab => KeyCode::BackTab,
        event::KeyCode::Backspace => KeyCode::Backspace,
        event::KeyCode::Delete => KeyCode::Delete,
        event::KeyCode::Left => KeyCode::Left,
        event::KeyCode::Right => KeyCode::Right,
        event::KeyCode::Up => KeyCode::Up,
        event::KeyCode::Down => KeyCode::Down,
        event::KeyCode::PageUp => KeyCode::PageUp,
        event::KeyCode::PageDown => KeyCode::PageDown,
        event::KeyCode::Home => KeyCode::Home,
        event::KeyCode::End => KeyCode::End,
        _ => return None,
    };
    // The shift of a character is in the character, that of Tab in its name.
    let shift =
        key.modifiers.contains(KeyModifiers::SHIFT) && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    Some(Key {
        code,
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
        alt: key.modifiers.contains(KeyModifiers::ALT),
        shift,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Slider;

    fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Event {
        Event::Mouse(event::MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    }

    #[test]
    fn a_slider_holds_the_mouse_until_it_is_let_go() {
        let mut hits = HitMap::default();
        hits.add(Rect::new(10, 5, 11, 1), Target::Slider(Slider::TEMPERATURE));
        hits.add(Rect::new(0, 0, 80, 1), Target::Job(2));
        let mut input = Input::default();
        let left = MouseButton::Left;
        let slide = |part| Action::SlideTo(Slider::TEMPERATURE, part);
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Drag(left), 12, 5), &hits),
            []
        );
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Down(left), 15, 5), &hits),
            [slide(0.5)]
        );
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Drag(left), 70, 0), &hits),
            [slide(1.0)],
            "off its row"
        );
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Up(left), 70, 0), &hits),
            [Action::Release]
        );
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Drag(left), 15, 5), &hits),
            [],
            "let go"
        );
        input.actions(&mouse(MouseEventKind::Down(left), 15, 5), &hits);
        let key = Event::Key(event::KeyEvent::new(event::KeyCode::Left, KeyModifiers::SHIFT));
        let shift_left = Action::Key("shift-left".parse().unwrap());
        assert_eq!(
            input.actions(&key, &hits),
            [Action::Release, shift_left],
            "a lost release"
        );
        assert_eq!(
            input.actions(&mouse(MouseEventKind::Down(left), 3, 0), &hits),
            [Action::SelectJob(2)]
        );
        let wheel = input.actions(&mouse(MouseEventKind::ScrollUp, 12, 5), &hits);
        assert_eq!(wheel, [Action::StepOf(Slider::TEMPERATURE, 1)]);
    }
}
