//! The scales of T, ε and the threshold: where a value lies on a slider, and which value a step or a drag leads to.
use serde::{Deserialize, Serialize};

use crate::units::{Magnitude, Temperature};

/// What can be moved; one of them has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Slider {
    #[default]
    Temperature,
    Magnitude,
    Threshold,
}

impl Slider {
    pub const ALL: [Self; 3] = [Self::Temperature, Self::Magnitude, Self::Threshold];

    pub fn next(self) -> Self {
        match self {
            Self::Temperature => Self::Magnitude,
            Self::Magnitude => Self::Threshold,
            Self::Threshold => Self::Temperature,
        }
    }

    pub fn previous(self) -> Self {
        self.next().next()
    }
}

/// Where the threshold δ stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Cursor {
    /// At the highest threshold with at least this TPR: holds while scores arrive and parameters change.
    Tpr(f64),
    /// At these log-odds of the detector that is shown.
    Score(f64),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::Tpr(0.95)
    }
}

/// The ends of a slider. They only ever move outwards, so that nothing slips from under the mouse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
}

/// Steps of T in a decade: those of the paper's grid, and some between.
const NICE: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
/// Steps of ε in a unit.
const STEPS_A_UNIT: f64 = 10_000.0;

impl Span {
    pub const TEMPERATURE: Self = Self { low: 1.0, high: 1e4 };
    pub const MAGNITUDE: Self = Self {
        low: 0.0,
        high: 0.004,
    };

    /// Reaches out to T by whole decades.
    pub fn reach_temperature(&mut self, temperature: Temperature) {
        let t = temperature.get();
        let decade = |exponent: f64| {
            format!("1e{exponent}")
                .parse::<f64>()
                .ok()
                .filter(|t| t.is_normal())
        };
        self.low = self.low.min(decade(t.log10().floor()).unwrap_or(t));
        self.high = self.high.max(decade(t.log10().ceil()).unwrap_or(t));
    }

    /// Reaches out to ε by doubling.
    pub fn reach_magnitude(&mut self, magnitude: Magnitude) {
        while self.high < magnitude.get() && self.high < 1.0 {
            self.high = (self.high * 2.0).min(1.0);
        }
    }

    /// Where T lies, from 0 to 1, on a logarithmic scale.
    pub fn temperature_fraction(&self, temperature: Temperature) -> f64 {
        let (low, high) = (self.low.ln(), self.high.ln());
        ((temperature.get().ln() - low) / (high - low)).clamp(0.0, 1.0)
    }

    pub fn magnitude_fraction(&self, magnitude: Magnitude) -> f64 {
        ((magnitude.get() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The nice T nearest to a place on the slider.
    pub fn temperature_at(&self, fraction: f64) -> Option<Temperature> {
        let (low, high) = (self.low.ln(), self.high.ln());
        let wanted = low + (high - low) * unit(fraction)?;
        let below = nice_index(wanted.exp());
        let off = |t: f64| (t.ln() - wanted).abs();
        let nearest = [nice(below), nice(below + 1)]
            .into_iter()
            .min_by(|a, b| off(*a).total_cmp(&off(*b)))?;
        Temperature::new(nearest.clamp(self.low, self.high)).ok()
    }

    /// The whole step of ε nearest to a place on the slider.
    pub fn magnitude_at(&self, fraction: f64) -> Option<Magnitude> {
        let wanted = self.low + (self.high - self.low) * unit(fraction)?;
        Magnitude::new(((wanted * STEPS_A_UNIT).round() / STEPS_A_UNIT).clamp(self.low, self.high)).ok()
    }

    /// T so many nice steps on; the first leads to the next nice value.
    pub fn step_temperature(&self, from: Temperature, steps: i32) -> Option<Temperature> {
        let here = nice_index(from.get());
        // Between two nice values, the first step down leads to the lower one.
        let between = i32::from(steps < 0 && (nice(here) / from.get() - 1.0).abs() > 1e-9);
        let target = nice(here.saturating_add(steps.saturating_add(between)));
        Temperature::new(target.clamp(self.low, self.high)).ok()
    }

    /// ε so many steps on.
    pub fn step_magnitude(&self, from: Magnitude, steps: i32) -> Option<Magnitude> {
        let here = from.get() * STEPS_A_UNIT;
        let whole = if steps < 0 {
            (here - 1e-6).ceil()
        } else {
            (here + 1e-6).floor()
        };
        let target = (whole + f64::from(steps)) / STEPS_A_UNIT;
        Magnitude::new(target.clamp(self.low, self.high)).ok()
    }
}

/// A fraction that came from outside.
fn unit(fraction: f64) -> Option<f64> {
    fraction.is_finite().then(|| fraction.clamp(0.0, 1.0))
}

/// The n-th nice value; nice(0) = 1.
fn nice(n: i32) -> f64 {
    let n = n.clamp(-3000, 3000);
    let digit = NICE.get(n.rem_euclid(10) as usize).copied().unwrap_or(1.0);
    // Read from decimal text: 0.12, not 0.12000000000000001.
    format!("{digit}e{}", n.div_euclid(10)).parse().unwrap_or(digit)
}

/// The greatest n with nice(n) ≤ t.
fn nice_index(t: f64) -> i32 {
    let decade = t.log10().floor().clamp(-300.0, 300.0) as i32;
    let mut candidates = ((decade - 1) * 10..(decade + 2) * 10).rev();
    candidates
        .find(|&n| nice(n) <= t * (1.0 + 1e-9))
        .unwrap_or(decade * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(value: f64) -> Temperature {
        Temperature::new(value).unwrap()
    }

    fn e(value: f64) -> Magnitude {
        Magnitude::new(value).unwrap()
    }

    #[test]
    fn steps_of_t_pass_through_the_papers_grid() {
        let span = Span::TEMPERATURE;
        let mut visited = vec![1.0];
        while let Some(next) = span.step_temperature(t(visited[visited.len() - 1]), 1) {
            if next.get() == visited[visited.len() - 1] {
                break;
            }
            visited.push(next.get());
        }
        assert_eq!(visited.len(), 41);
        for grid in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 1e4] {
            assert!(visited.contains(&grid), "{grid}");
        }
        assert_eq!(span.step_temperature(t(1000.0), -10), Some(t(100.0)));
        assert_eq!(span.step_temperature(t(7.0), 1), Some(t(8.0)));
        assert_eq!(span.step_temperature(t(7.0), -1), Some(t(6.0)));
        assert_eq!(span.step_temperature(t(1.0), -1), Some(t(1.0)), "ends hold");
    }

    #[test]
    fn steps_of_epsilon_stay_decimal() {
        let span = Span::MAGNITUDE;
        assert_eq!(span.step_magnitude(e(0.0014), 1), Some(e(0.0015)));
        assert_eq!(span.step_magnitude(e(0.0014), -1), Some(e(0.0013)));
        assert_eq!(span.step_magnitude(e(0.00145), -1), Some(e(0.0014)));
        assert_eq!(span.step_magnitude(e(0.0014), 10), Some(e(0.0024)));
        assert_eq!(span.step_magnitude(e(0.0), -1), Some(e(0.0)));
        assert_eq!(span.step_magnitude(e(0.004), 10), Some(e(0.004)));
    }

    #[test]
    fn places_and_values_agree() {
        let span = Span::TEMPERATURE;
        for n in 0..=40 {
            let value = t(nice(n));
            assert_eq!(span.temperature_at(span.temperature_fraction(value)), Some(value));
        }
        let span = Span::MAGNITUDE;
        for n in 0..=40 {
            let value = e(f64::from(n) / STEPS_A_UNIT);
            assert_eq!(span.magnitude_at(span.magnitude_fraction(value)), Some(value));
        }
        assert_eq!(span.magnitude_at(f64::NAN), None);
        assert_eq!(span.magnitude_at(7.0), Some(e(0.004)));
    }

    #[test]
    fn spans_reach_out_to_typed_values() {
        let mut span = Span::TEMPERATURE;
        span.reach_temperature(t(0.5));
        span.reach_temperature(t(30_000.0));
        assert_eq!(span, Span { low: 0.1, high: 1e5 });
        for extreme in [f64::MIN_POSITIVE, 5e-324, f64::MAX] {
            span.reach_temperature(t(extreme));
            assert!(span.temperature_fraction(t(extreme)).is_finite());
            assert!(span.step_temperature(t(extreme), 3).is_some() && span.temperature_at(0.5).is_some());
        }
        let mut span = Span::MAGNITUDE;
        span.reach_magnitude(e(0.01));
        assert_eq!(span.high, 0.016);
        span.reach_magnitude(e(1.0));
        assert_eq!(span.high, 1.0);
    }
}
