//! The picker: a network and a data set for a new job; those that are on this machine come first.
use ratatui::layout::Rect;

use crate::app::{Choice, Choices, Column, Model, Picker};
use crate::ui::areas::{self, indent};
use crate::ui::hit::Target;
use crate::ui::painter::Painter;
use crate::ui::widgets::panel;

const WIDTH: u16 = 110;
const ROWS: u16 = 18;

pub(crate) fn draw(model: &Model, picker: &Picker, area: Rect, painter: &mut Painter) {
    painter.target(area, Target::Overlay);
    let hint = "enter adds, tab other list, esc closes";
    let width = WIDTH.min(area.width.saturating_sub(2));
    let inner = panel::draw(area, width, ROWS, "New job", hint, painter);
    painter.target(inner, Target::Panel);
    let [left, right] = areas::beside(inner, inner.width / 2);
    let networks = List {
        column: Column::Networks,
        name: "network",
        choices: &picker.networks,
        all: &model.catalogue.networks,
    };
    let sets = List {
        column: Column::Sets,
        name: "OOD set",
        choices: &picker.sets,
        all: &model.catalogue.sets,
    };
    networks.draw(picker.column == Column::Networks, left, painter);
    sets.draw(picker.column == Column::Sets, right, painter);
}

/// One of the two lists.
struct List<'a> {
    column: Column,
    name: &'a str,
    choices: &'a Choices,
    all: &'a [Choice],
}

impl List<'_> {
    fn draw(&self, has_keyboard: bool, area: Rect, painter: &mut Painter) {
        let choices = self.choices;
        let [query, below] = areas::head(area);
        let label = format!("{}: ", self.name);
        if has_keyboard {
            panel::field(query, &label, choices.query.text(), painter);
        } else {
            let text = format!("{label}{}", choices.query.text());
            painter.text(indent(query, 1), &text, painter.theme().dim);
        }
        if choices.found.is_empty() {
            let instead = panel::Row {
                name: &self.instead(),
                about: "",
                is_chosen: choices.path().is_some(),
                is_dim: true,
            };
            return instead.draw(below, painter);
        }
        // The last two rows tell more about the chosen one.
        let [list, rule, about] = areas::stack(below, [below.height.saturating_sub(2), 1, 1]);
        let first = areas::first_in_sight(choices.selected, list.height);
        let shown = choices.found.iter().enumerate().skip(first);
        for ((place, &number), row) in shown.zip(list.rows()) {
            let Some(choice) = self.all.get(number) else {
                continue;
            };
            let entry = panel::Row {
                name: &choice.name,
                about: if choice.is_present { "" } else { "not here" },
                is_chosen: place == choices.selected,
                is_dim: !choice.is_present,
            };
            entry.draw(row, painter);
            painter.target(row, Target::Choice(self.column, place));
        }
        if let Some(choice) = choices.choice(self.all) {
            painter.rule(rule);
            let text = match choice.is_present {
                true => choice.title.clone(),
                false => format!("odin fetch {}: {}", choice.name, choice.title),
            };
            let entry = panel::Row {
                name: &text,
                about: "",
                is_chosen: false,
                is_dim: true,
            };
            entry.draw(about, painter);
        }
    }

    /// What is said where nothing matches.
    fn instead(&self) -> String {
        match self.choices.path() {
            Some(path) if self.column == Column::Sets => format!("the images at {path}"),
            _ if self.all.is_empty() => "none yet".to_owned(),
            _ if self.column == Column::Sets => "none; a path with a / is taken too".to_owned(),
            _ => "none".to_owned(),
        }
    }
}
