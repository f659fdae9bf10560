//! The axes of a grid: which T and ε its cells have.
use super::place::Place;
use crate::app::state::parameters::Parameters;
use odin_core::units::{Magnitude, Temperature};

/// A larger grid is not shown: it is for `odin sweep`.
const MOST_CELLS: usize = 4096;
/// Why a number of a cell fits into 15 bits.
const _: () = assert!(MOST_CELLS <= 1 << 15);

/// The values of T and of ε, ascending and each once. Neither axis is empty.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    temperatures: Vec<Temperature>,
    magnitudes: Vec<Magnitude>,
}

impl Axes {
    /// `None` where there would be no cell, or more than [`MOST_CELLS`].
    pub(super) fn new(temperatures: &[Temperature], magnitudes: &[Magnitude]) -> Option<Self> {
        let axes = Self {
            temperatures: ascending(temperatures),
            magnitudes: ascending(magnitudes),
        };
        (1..=MOST_CELLS).contains(&axes.cells()).then_some(axes)
    }

    pub(super) fn temperatures(&self) -> &[Temperature] {
        &self.temperatures
    }

    pub(super) fn magnitudes(&self) -> &[Magnitude] {
        &self.magnitudes
    }

    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        self.temperatures.len().saturating_mul(self.magnitudes.len())
    }

    /// `None` for a place that is not on the grid.
    pub(super) fn parameters(&self, place: Place) -> Option<Parameters> {
        Some(Parameters {
            temperature: *self.temperatures.get(place.temperature)?,
            magnitude: *self.magnitudes.get(place.magnitude)?,
        })
    }

    /// The number of a cell, row by row; `None` for a place that is not on the grid.
    pub(super) fn number(&self, place: Place) -> Option<u16> {
        self.parameters(place)?;
        let number = place.temperature * self.magnitudes.len() + place.magnitude;
        Some(u16::try_from(number).expect("a grid has at most MOST_CELLS cells"))
    }

    /// The places of all cells, in the order of their numbers.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let columns = self.magnitudes.len();
        (0..self.cells()).map(move |number| Place {
            temperature: number / columns,
            magnitude: number % columns,
        })
    }

    /// The cell whose T (on a logarithmic scale) and ε are nearest.
    pub(super) fn nearest(&self, to: Parameters) -> Place {
        let log = |temperature: &Temperature| temperature.get().ln();
        let temperatures = self.temperatures.iter().map(log);
        let magnitudes = self.magnitudes.iter().map(|magnitude| magnitude.get());
        Place {
            temperature: nearest(temperatures, log(&to.temperature)),
            magnitude: nearest(magnitudes, to.magnitude.get()),
        }
    }
}

/// The place of the value nearest to one.
fn nearest(values: impl Iterator<Item = f64>, to: f64) -> usize {
    let off = |value: f64| (value - to).abs();
    let (place, _) = values
        .enumerate()
        .min_by(|a, b| off(a.1).total_cmp(&off(b.1)))
        .expect("neither axis is empty");
    place
}

/// The values in order, each once.
fn ascending<T: Copy + PartialOrd>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).expect("T and ε are never NaN"));
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_places_and_values_agree() {
        let t = |values: &[f64]| {
            values
                .iter()
                .map(|t| Temperature::new(*t).unwrap())
                .collect::<Vec<_>>()
        };
        let e = |values: &[f64]| {
            values
                .iter()
                .map(|e| Magnitude::new(*e).unwrap())
                .collect::<Vec<_>>()
        };
        let axes = Axes::new(&t(&[10.0, 1.0, 10.0, 1000.0]), &e(&[0.002, 0.0])).unwrap();
        assert_eq!((axes.temperatures().len(), axes.cells()), (3, 6));
        for (number, place) in axes.places().enumerate() {
            assert_eq!(axes.number(place).map(usize::from), Some(number));
            assert_eq!(axes.nearest(axes.parameters(place).unwrap()), place);
        }
        let off = Place {
            temperature: 0,
            magnitude: 2,
        };
        assert_eq!((axes.number(off), axes.parameters(off)), (None, None));
        assert!(Axes::new(&t(&[1.0]), &[]).is_none());
        let many: Vec<f64> = (1..=4097).map(f64::from).collect();
        assert!(Axes::new(&t(&many), &e(&[0.0])).is_none());
    }
}
