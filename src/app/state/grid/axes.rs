//! The axes of a grid: which knobs its cells differ in, and by which values.
use super::place::Place;
use odin_core::session::{Detector, Sweep};
use odin_core::setting::{Knob, Setting};
use odin_core::tuning::{self, Axis};

/// A larger grid is not shown: it is for `odin sweep`.
const MOST_CELLS: usize = 4096;
/// Why a number of a cell fits into 15 bits.
const _: () = assert!(MOST_CELLS <= 1 << 15);

/// One or two knobs of a detector with their values, ascending and each once. Neither axis is empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axes {
    /// What the knobs that are not on an axis have.
    base: Setting,
    /// The first of two knobs.
    rows: Option<Axis>,
    columns: Axis,
}

impl Axes {
    /// ODIN's have the values of a sweep; those of another detector are its first two knobs over what their sliders show, as
    /// `odin tune` has them, and its other knobs as they are now. `None` where the detector has no knobs, and where there would
    /// be no cell, or more than [`MOST_CELLS`].
    pub(super) fn of(now: &Setting, sweep: &Sweep) -> Option<Self> {
        let axes = match now.detector() {
            Detector::Odin => Self::of_odin(sweep)?,
            detector => {
                let others = now.knobs().skip(2);
                let others: Vec<_> = others
                    .map(|(knob, value)| (knob.key.to_owned(), vec![value]))
                    .collect();
                let grid = tuning::Grid::new(detector, &others).ok()?;
                let mut axes = grid.axes().iter().map(ascending);
                let (first, second) = (axes.next()?, axes.next());
                let (rows, columns) = match second {
                    Some(second) => (Some(first), second),
                    None => (None, first),
                };
                Self {
                    base: *grid.base(),
                    rows,
                    columns,
                }
            }
        };
        (1..=MOST_CELLS).contains(&axes.cells()).then_some(axes)
    }

    fn of_odin(sweep: &Sweep) -> Option<Self> {
        let [temperature, magnitude] = Detector::Odin.knobs() else {
            return None;
        };
        // A temperature that is next to nothing is one to a session, and none to the knob.
        let axis = |knob: &'static Knob, mut values: Vec<f64>| {
            values.retain(|value| knob.check(*value).is_ok());
            ascending(&Axis { knob, values })
        };
        let temperatures = sweep.temperatures.0.iter().map(|t| t.get()).collect();
        let magnitudes = sweep
            .magnitudes
            .0
            .iter()
            .map(|magnitude| magnitude.get())
            .collect();
        Some(Self {
            base: Setting::new(Detector::Odin),
            rows: Some(axis(temperature, temperatures)),
            columns: axis(magnitude, magnitudes),
        })
    }

    /// What the knobs that are not on an axis have.
    pub(super) fn base(&self) -> &Setting {
        &self.base
    }

    /// The first of two knobs; `None` where one is tuned.
    pub(super) fn rows(&self) -> Option<&Axis> {
        self.rows.as_ref()
    }

    /// The last knob.
    pub(super) fn columns(&self) -> &Axis {
        &self.columns
    }

    fn row_count(&self) -> usize {
        self.rows.as_ref().map_or(1, |rows| rows.values.len())
    }

    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        self.row_count().saturating_mul(self.columns.values.len())
    }

    /// `None` for a place that is not on the grid.
    pub(super) fn setting(&self, place: Place) -> Option<Setting> {
        let column = *self.columns.values.get(place.column)?;
        let setting = match &self.rows {
            Some(rows) => {
                let row = *rows.values.get(place.row)?;
                self.base.with(rows.knob.key, row).ok()?
            }
            None if place.row == 0 => self.base,
            None => return None,
        };
        setting.with(self.columns.knob.key, column).ok()
    }

    /// The number of a cell, row by row; `None` for a place that is not on the grid.
    pub(super) fn number(&self, place: Place) -> Option<u16> {
        let columns = self.columns.values.len();
        let is_on = place.row < self.row_count() && place.column < columns;
        is_on.then(|| {
            let number = place.row * columns + place.column;
            u16::try_from(number).expect("a grid has at most MOST_CELLS cells")
        })
    }

    /// The places of all cells, in the order of their numbers.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let columns = self.columns.values.len();
        (0..self.cells()).map(move |number| Place {
            row: number / columns,
            column: number % columns,
        })
    }

    /// The place so many rows and columns from another one, as far as the axes go.
    pub(super) fn moved(&self, from: Place, rows: i32, columns: i32) -> Place {
        let to = |from: usize, steps: i32, count: usize| {
            let to = (from as i64).saturating_add(i64::from(steps));
            to.clamp(0, count as i64 - 1) as usize
        };
        Place {
            row: to(from.row, rows, self.row_count()),
            column: to(from.column, columns, self.columns.values.len()),
        }
    }

    /// The cell whose values are nearest, on the scales of their knobs.
    pub(super) fn nearest(&self, to: &Setting) -> Place {
        let on = |axis: &Axis| to.get(axis.knob.key).map_or(0, |value| nearest(axis, value));
        Place {
            row: self.rows.as_ref().map_or(0, on),
            column: on(&self.columns),
        }
    }
}

/// The place of the value nearest to one.
fn nearest(axis: &Axis, to: f64) -> usize {
    let off = |value: f64| (axis.on_scale(value) - axis.on_scale(to)).abs();
    let (place, _) = axis
        .values
        .iter()
        .enumerate()
        .min_by(|a, b| off(*a.1).total_cmp(&off(*b.1)))
        .expect("neither axis is empty");
    place
}

/// The values in order, each once.
fn ascending(axis: &Axis) -> Axis {
    let mut values = axis.values.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    Axis {
        knob: axis.knob,
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_core::units::{Magnitude, Temperature};

    fn sweep(temperatures: &[f64], magnitudes: &[f64]) -> Sweep {
        let mut sweep = Sweep::default();
        sweep.temperatures.0 = temperatures
            .iter()
            .map(|t| Temperature::new(*t).unwrap())
            .collect();
        sweep.magnitudes.0 = magnitudes.iter().map(|e| Magnitude::new(*e).unwrap()).collect();
        sweep
    }

    fn check(axes: &Axes) {
        for (number, place) in axes.places().enumerate() {
            assert_eq!(axes.number(place).map(usize::from), Some(number));
            assert_eq!(axes.nearest(&axes.setting(place).unwrap()), place);
        }
    }

    #[test]
    fn numbers_places_and_values_agree() {
        let odin = Setting::new(Detector::Odin);
        let axes = Axes::of(&odin, &sweep(&[10.0, 1.0, 10.0, 1000.0], &[0.002, 0.0])).unwrap();
        assert_eq!((axes.rows().unwrap().values.len(), axes.cells()), (3, 6));
        check(&axes);
        let off = Place { row: 0, column: 2 };
        assert_eq!((axes.number(off), axes.setting(off)), (None, None));
        assert!(Axes::of(&odin, &sweep(&[1.0], &[])).is_none());
        let many: Vec<f64> = (1..=4097).map(f64::from).collect();
        assert!(Axes::of(&odin, &sweep(&many, &[0.0])).is_none());
    }

    #[test]
    fn every_detector_with_knobs_has_the_axes_of_tune() {
        for detector in Detector::ALL {
            let Some(axes) = Axes::of(&Setting::new(detector), &Sweep::default()) else {
                assert!(detector.knobs().is_empty(), "{detector}");
                continue;
            };
            check(&axes);
            let grid = tuning::Grid::new(detector, &[]).unwrap();
            let settings: Vec<_> = axes.places().map(|place| axes.setting(place).unwrap()).collect();
            assert_eq!(settings, grid.settings(), "{detector}");
            assert_eq!(axes.rows().is_some(), detector.knobs().len() > 1, "{detector}");
        }
    }

    #[test]
    fn knobs_that_are_not_on_an_axis_stay_as_they_are() {
        let now = Setting::new(Detector::AdascaleA).with("lambda", 20.0).unwrap();
        let axes = Axes::of(&now, &Sweep::default()).unwrap();
        let all = axes.places().map(|place| axes.setting(place).unwrap());
        assert!(all.into_iter().all(|setting| setting.get("lambda") == Some(20.0)));
        assert_eq!(axes.moved(Place::default(), -1, i32::MAX).row, 0);
    }
}
