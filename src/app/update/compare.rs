//! The Compare screen: how its rows are sorted, which is chosen, and the table on its way out.
use super::engine;
use crate::app::action::CompareAction;
use crate::app::compare::{CompareColumn, Number};
use crate::app::effect::{Effect, Redraw};
use crate::app::log::Level;
use crate::app::model::Model;
use crate::session::Detector;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub fn apply(model: &mut Model, action: &CompareAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let compare = &mut model.compare;
    match *action {
        CompareAction::Move(rows) => {
            let order = model.compared();
            let at = order.iter().position(|job| *job == model.view.job)? as i64;
            let to = (at + i64::from(rows)).clamp(0, order.len().saturating_sub(1) as i64);
            return engine::select(model, *order.get(to as usize)?, effects);
        }
        CompareAction::NextColumn(by) => {
            let all = CompareColumn::ALL;
            let at = all
                .iter()
                .position(|column| *column == compare.column)
                .unwrap_or_default();
            let next = (at as i64 + i64::from(by)).rem_euclid(all.len() as i64);
            compare.column = all.get(next as usize).copied().unwrap_or_default();
        }
        CompareAction::SortBy(column) => {
            // The same column again turns the order round.
            compare.is_descending = compare.column == column && !compare.is_descending;
            compare.column = column;
        }
        CompareAction::Reverse => compare.is_descending = !compare.is_descending,
        CompareAction::NextNumber => {
            let at = Number::ALL
                .iter()
                .position(|number| *number == compare.number)
                .unwrap_or_default();
            compare.number = Number::ALL
                .get((at + 1) % Number::ALL.len())
                .copied()
                .unwrap_or_default();
        }
        CompareAction::NextDetector(by) => {
            let others = Detector::ALL.into_iter().filter(|d| *d != Detector::Baseline);
            let all: Vec<Detector> = others.collect();
            let at = all
                .iter()
                .position(|detector| *detector == model.beside())
                .unwrap_or_default();
            let next = (at as i64 + i64::from(by)).rem_euclid(all.len() as i64);
            super::view::show_detector(model, all.get(next as usize).copied().unwrap_or_default());
        }
        CompareAction::ToggleDetails => compare.details = !compare.details,
        CompareAction::Export(kind) => {
            let table = model.comparison_table();
            if table.rows.iter().all(|row| row.baseline.is_none()) {
                model.say(Level::Info, "there are no numbers to export yet");
                return ANSWER;
            }
            let text = table.write(kind);
            // A name that is a path would lead elsewhere.
            let safe = |c: char| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            };
            let name: String = model.session.name.chars().map(safe).collect();
            effects.push(Effect::WriteTable {
                stem: match table.detector {
                    Detector::Odin => format!("{}-compare", name.trim_start_matches('.')),
                    other => format!("{}-compare-{}", name.trim_start_matches('.'), other.key()),
                },
                kind,
                text,
            });
        }
    }
    ANSWER
}
