//! The T × ε grid from the command line: every cell on the validation images, and which is best there.
use anyhow::bail;
use indicatif::ProgressBar;

use super::client::Client;
use crate::metrics::Conventions;
use crate::runs::Cell;
use crate::session::Metric;
use crate::units::{Devices, Magnitude, Temperature};
use odin_core::protocol::JobSpec;

/// What is searched, on what and for what.
pub struct Search<'a> {
    pub temperatures: &'a [Temperature],
    pub magnitudes: &'a [Magnitude],
    /// So many images of each set, the first after those skipped.
    pub validation: usize,
    pub metric: Metric,
}

/// What was found.
pub struct Searched {
    /// Temperature by temperature.
    pub cells: Vec<Cell>,
    /// Place of the best cell; of equally good ones the first.
    pub best: usize,
    /// The validation images, at the best cell.
    pub on: JobSpec,
    /// The images after them, at the best cell; `None` where none are left.
    pub rest: Option<JobSpec>,
}

impl Search<'_> {
    pub fn len(&self) -> usize {
        self.temperatures.len() * self.magnitudes.len()
    }

    /// Measures every cell; `measured` is called with how many have been, after each.
    pub fn run(
        &self,
        spec: &JobSpec,
        client: &Client,
        devices: &Devices,
        mut measured: impl FnMut(usize),
    ) -> anyhow::Result<Searched> {
        let hidden = ProgressBar::hidden();
        let on = JobSpec {
            limit: Some(self.validation.min(spec.limit.unwrap_or(usize::MAX))),
            ..spec.clone()
        };
        let mut cells = Vec::new();
        for &temperature in self.temperatures {
            for &magnitude in self.magnitudes {
                let cell = JobSpec {
                    temperature,
                    magnitude,
                    ..on.clone()
                };
                let scored = client.score(cell, devices, &hidden)?;
                cells.push(Cell {
                    temperature,
                    magnitude,
                    odin: scored.comparison(|s| s.odin)?.summary(&Conventions::default()),
                });
                measured(cells.len());
            }
        }
        let value = |cell: &Cell| self.metric.of(&cell.odin);
        let mut all = cells.iter().enumerate();
        let Some(first) = all.next() else {
            bail!("the grid is empty")
        };
        let (best, cell) = all.fold(first, |best, next| {
            if self.metric.is_better(value(next.1), value(best.1)) {
                next
            } else {
                best
            }
        });
        let at = |spec: JobSpec| JobSpec {
            temperature: cell.temperature,
            magnitude: cell.magnitude,
            ..spec
        };
        let rest = spec.limit.map(|limit| limit.saturating_sub(self.validation));
        let rest = (rest != Some(0)).then(|| JobSpec {
            skip: spec.skip + self.validation,
            limit: rest,
            ..spec.clone()
        });
        Ok(Searched {
            best,
            on: at(on),
            rest: rest.map(at),
            cells,
        })
    }
}
