//! The Compare screen: how its rows are sorted, which one is selected, and exporting the table.
use super::cycle::neighbour;
use super::{detector, jobs};
use crate::app::action::CompareAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::compare::{CompareColumn, ComparedNumber};
use crate::app::state::log::Level;
use odin_core::session::Detector;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn apply(model: &mut Model, action: &CompareAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let compare = &mut model.compare;
    match *action {
        CompareAction::Move(rows) => {
            let order = model.compared();
            let at = order.iter().position(|job| *job == model.view.job)? as i64;
            let to = (at + i64::from(rows)).clamp(0, order.len() as i64 - 1);
            let job = order.get(to as usize).expect("the row was clamped to the table");
            return jobs::select(model, *job, effects);
        }
        CompareAction::NextColumn(by) => {
            compare.column = neighbour(&CompareColumn::ALL, compare.column, by);
        }
        CompareAction::SortBy(column) => {
            // The same column again reverses the order.
            compare.is_descending = compare.column == column && !compare.is_descending;
            compare.column = column;
        }
        CompareAction::Reverse => compare.is_descending = !compare.is_descending,
        CompareAction::NextNumber if !matches!(compare.column, CompareColumn::Metric(_)) => {
            let text = "sort by a metric first: it has several numbers to sort by";
            model.say_quietly(Level::Info, text);
        }
        CompareAction::NextNumber => {
            compare.number = neighbour(&ComparedNumber::ALL, compare.number, 1);
        }
        CompareAction::NextDetector(by) => {
            let others = Detector::ALL.into_iter().filter(|d| *d != Detector::Baseline);
            let all: Vec<Detector> = others.collect();
            detector::show(model, neighbour(&all, model.beside(), by), effects);
        }
        CompareAction::ToggleDetails => compare.details = !compare.details,
        CompareAction::Export(kind) => {
            let table = model.comparison_table();
            if table.rows.iter().all(|row| row.baseline.is_none()) {
                model.say(Level::Info, "there are no numbers to export yet");
                return ANSWER;
            }
            let text = table.write(kind);
            // A session's name may hold what would make the file name a path.
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
