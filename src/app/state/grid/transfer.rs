//! Whether what is chosen on one set serves on the others: the table, and what is computed for it in the background.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cell::{By, CellLists, CellScores, Missing};
use super::place::{GridId, Place};
use odin_core::session::Metric;
use odin_core::tuning;
use odin_metrics::{Conventions, MetricsError, Paired, Resampling};

/// Bootstrap replicates of each pair of sets: as many as `odin tune` draws.
const REPLICATES: usize = 1000;
/// Tables that are kept: one for each metric, and some by other conventions.
const MOST_KEPT: usize = 12;

/// The table that the Grid screen shows in place of the grid, where a person wants it.
#[derive(Debug, Clone, Default)]
pub struct Transfer {
    pub is_shown: bool,
    /// The cell under the cursor: the set that chose, and the one that reports.
    pub row: usize,
    pub column: usize,
    /// The grids that a person wants filled for the table, and then the choices scored on every set.
    pub(in crate::app) filling: Vec<GridId>,
    /// The newest last.
    known: Vec<(Basis, Result<tuning::Transfer, Missing>)>,
    in_flight: Option<(u64, Basis)>,
    requests: u64,
}

/// What a table is of.
#[derive(Debug, Clone)]
pub struct Basis {
    /// Set by set: rows and columns alike.
    pub grids: Vec<GridId>,
    /// What was chosen on each set.
    pub choices: Vec<Place>,
    pub metric: Metric,
    pub conventions: Conventions,
    /// Scores by the row's choice on the images of the column's set that chose nothing.
    pub scores: Vec<Vec<Arc<CellScores>>>,
    pub seed: u64,
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        let scores =
            |of: &Self| -> Vec<*const CellScores> { of.scores.iter().flatten().map(Arc::as_ptr).collect() };
        (&self.grids, &self.choices, self.metric, self.conventions)
            == (&other.grids, &other.choices, other.metric, other.conventions)
            && scores(self) == scores(other)
    }
}

/// A table to be computed in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferRequest {
    number: u64,
    basis: Basis,
    pub replicates: usize,
}

/// The answer to a [`TransferRequest`]: the table, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferReport {
    number: u64,
    pub table: Result<tuning::Transfer, Missing>,
}

impl Transfer {
    /// The table of these scores, or why there is none; `None` until it is computed.
    pub fn table(&self, basis: &Basis) -> Option<Result<&tuning::Transfer, &Missing>> {
        let (_, table) = self.known.iter().rev().find(|(known, _)| known == basis)?;
        Some(table.as_ref())
    }

    /// Whether the table of these scores is being computed, or another one.
    pub(in crate::app) fn is_computing(&self) -> bool {
        self.in_flight.is_some()
    }

    pub(in crate::app) fn request(&mut self, basis: Basis) -> TransferRequest {
        self.requests += 1;
        self.in_flight = Some((self.requests, basis.clone()));
        TransferRequest {
            number: self.requests,
            basis,
            replicates: REPLICATES,
        }
    }

    pub(in crate::app) fn take(&mut self, report: TransferReport) {
        if let Some((_, basis)) = self.in_flight.take_if(|(number, _)| *number == report.number) {
            self.known.push((basis, report.table));
            let surplus = self.known.len().saturating_sub(MOST_KEPT);
            self.known.drain(..surplus);
        }
    }
}

impl TransferRequest {
    pub(super) fn compute(&self) -> TransferReport {
        TransferReport {
            number: self.number,
            table: self.table().map_err(|error| Missing(error.to_string())),
        }
    }

    fn table(&self) -> Result<tuning::Transfer, MetricsError> {
        let Basis {
            metric,
            conventions,
            scores,
            ..
        } = &self.basis;
        // Of sets that chose alike, what is drawn once is the same for both.
        let mut drawn: Vec<(usize, *const CellScores, Paired)> = Vec::new();
        let mut paired = |(column, scores): (usize, &Arc<CellScores>)| -> Result<Paired, MetricsError> {
            let at = Arc::as_ptr(scores);
            if let Some((.., known)) = drawn.iter().find(|(set, one, _)| (*set, *one) == (column, at)) {
                return Ok(known.clone());
            }
            let CellLists {
                groups, ins, outs, ..
            } = scores.lists(By::Tuned);
            let resampling = Resampling {
                set: column as u64,
                ..groups.resampling(self.replicates, self.basis.seed)
            };
            let new = Paired::resampled(&ins, None, &outs, &resampling)?;
            drawn.push((column, at, new.clone()));
            Ok(new)
        };
        let reported = scores
            .iter()
            .map(|row| row.iter().enumerate().map(&mut paired).collect())
            .collect::<Result<Vec<Vec<Paired>>, MetricsError>>()?;
        tuning::Transfer::of(*metric, conventions, &reported)
    }
}
