//! Which grid, which of its cells, and on which images.
use serde::{Deserialize, Serialize};

use odin_core::protocol::JobId;
use odin_core::session::Detector;

/// A grid: the knobs of a detector, for one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GridId {
    pub job: JobId,
    pub detector: Detector,
}

/// A cell, by the places of its values on the axes. Where one knob is tuned, there is one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    /// Of the first of two knobs, such as T.
    pub row: usize,
    /// Of the last knob, such as ε.
    pub column: usize,
}

/// Which images a cell is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subset {
    /// The best cell is chosen on these.
    Validation,
    /// The others: the best cell is reported on these.
    Rest,
}

/// Cells that are computed on the rest of the images have this bit in their number for the engine.
const REST: u32 = 0x8000;
/// The detector's place in the table of detectors stands above it.
const DETECTOR: u32 = 16;

impl GridId {
    /// The id for the engine of the cell with this number, which is below 2¹⁵.
    pub(super) fn cell(self, number: u16, subset: Subset) -> JobId {
        let rest = match subset {
            Subset::Validation => 0,
            Subset::Rest => REST,
        };
        let detector = (0..)
            .zip(Detector::ALL)
            .find(|(_, known)| *known == self.detector);
        let (detector, _): (u32, _) = detector.expect("the table of detectors holds every detector");
        self.job.cell(u32::from(number) | rest | (detector << DETECTOR))
    }

    /// The grid that an id for the engine is of, with the number of its cell and the images; `None` for what is no cell.
    pub(in crate::app) fn of_cell(cell: JobId) -> Option<(Self, u16, Subset)> {
        let number = cell.cell_number()?;
        let detector = *Detector::ALL.get((number >> DETECTOR) as usize)?;
        let subset = match number & REST {
            0 => Subset::Validation,
            _ => Subset::Rest,
        };
        let grid = Self {
            job: cell.owner(),
            detector,
        };
        let within = number & (REST - 1);
        Some((
            grid,
            u16::try_from(within).expect("fifteen bits fit into sixteen"),
            subset,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_cells_are_told_apart_and_read_back() {
        let mut seen = std::collections::BTreeSet::new();
        for detector in Detector::ALL {
            for number in [0, 1, 4095] {
                for subset in [Subset::Validation, Subset::Rest] {
                    let job = JobId::Job(7);
                    let grid = GridId { job, detector };
                    let cell = grid.cell(number, subset);
                    assert_eq!(GridId::of_cell(cell), Some((grid, number, subset)));
                    assert!(seen.insert(cell));
                }
            }
        }
        assert_eq!(GridId::of_cell(JobId::Job(7)), None);
        assert_eq!(GridId::of_cell(JobId::Job(7).cell(u32::MAX)), None);
    }
}
