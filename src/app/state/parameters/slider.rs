//! The scales of T and ε: where a value lies on its slider, and which value a step or a drag leads to.
use serde::{Deserialize, Serialize};

use crate::units::{Magnitude, Temperature};

/// The sliders; one of them has the focus.
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

/// The ends of a slider. They only ever move outwards, so that values do not move away from the mouse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
}

/// The round values of T in a decade: those of the paper's grid, and some between.
const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
/// Steps of ε in a unit.
const STEPS_A_UNIT: f64 = 10_000.0;

impl Span {
    pub const TEMPERATURE: Self = Self { low: 1.0, high: 1e4 };
    pub const MAGNITUDE: Self = Self {
        low: 0.0,
        high: 0.004,
    };

    /// Moves the ends to whole decades that include T.
    pub fn reach_temperature(&mut self, temperature: Temperature) {
        let t = temperature.get();
        // The decade may lie beyond what a number can hold; then T itself is the end.
        let decade = |exponent: f64| {
            let power: f64 = format!("1e{exponent}")
                .parse()
                .expect("the logarithm of T is a finite number");
            power.is_normal().then_some(power)
        };
        self.low = self.low.min(decade(t.log10().floor()).unwrap_or(t));
        self.high = self.high.max(decade(t.log10().ceil()).unwrap_or(t));
    }

    /// Doubles the upper end until it includes ε.
    pub fn reach_magnitude(&mut self, magnitude: Magnitude) {
        while self.high < magnitude.get() && self.high < 1.0 {
            self.high = (self.high * 2.0).min(1.0);
        }
    }

    /// Where T lies on a logarithmic scale, from 0 to 1.
    pub fn temperature_fraction(&self, temperature: Temperature) -> f64 {
        let (low, high) = (self.low.ln(), self.high.ln());
        ((temperature.get().ln() - low) / (high - low)).clamp(0.0, 1.0)
    }

    pub fn magnitude_fraction(&self, magnitude: Magnitude) -> f64 {
        ((magnitude.get() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The round T nearest to a place on the slider; `None` where the fraction is not a finite number.
    pub fn temperature_at(&self, fraction: f64) -> Option<Temperature> {
        let (low, high) = (self.low.ln(), self.high.ln());
        let wanted = low + (high - low) * unit(fraction)?;
        let index = round_index(wanted.exp());
        let (below, above) = (round(index), round(index + 1));
        let off = |t: f64| (t.ln() - wanted).abs();
        Some(self.temperature(if off(above) < off(below) { above } else { below }))
    }

    /// The T nearest to a value between the ends.
    fn temperature(&self, value: f64) -> Temperature {
        Temperature::new(value.clamp(self.low, self.high)).expect("both ends are finite and above 0")
    }

    fn magnitude(&self, value: f64) -> Magnitude {
        Magnitude::new(value.clamp(self.low, self.high)).expect("both ends lie between 0 and 1")
    }

    /// The whole step of ε nearest to a place on the slider; `None` where the fraction is not a finite number.
    pub fn magnitude_at(&self, fraction: f64) -> Option<Magnitude> {
        let wanted = self.low + (self.high - self.low) * unit(fraction)?;
        Some(self.magnitude((wanted * STEPS_A_UNIT).round() / STEPS_A_UNIT))
    }

    /// T so many round values further; from between two of them, the first step leads to the next one.
    pub fn step_temperature(&self, from: Temperature, steps: i32) -> Temperature {
        let here = round_index(from.get());
        // Between two round values, the first step down leads to the lower one.
        let between = i32::from(steps < 0 && (round(here) / from.get() - 1.0).abs() > 1e-9);
        self.temperature(round(here.saturating_add(steps.saturating_add(between))))
    }

    /// ε so many steps further.
    pub fn step_magnitude(&self, from: Magnitude, steps: i32) -> Magnitude {
        let here = from.get() * STEPS_A_UNIT;
        let whole = if steps < 0 {
            (here - 1e-6).ceil()
        } else {
            (here + 1e-6).floor()
        };
        self.magnitude((whole + f64::from(steps)) / STEPS_A_UNIT)
    }
}

/// A fraction from outside, clamped to [0, 1]; `None` where it is not finite.
fn unit(fraction: f64) -> Option<f64> {
    fraction.is_finite().then(|| fraction.clamp(0.0, 1.0))
}

/// The n-th round value; round(0) = 1.
fn round(n: i32) -> f64 {
    let n = n.clamp(-3000, 3000);
    let digit = ROUND
        .get(n.rem_euclid(10) as usize)
        .expect("there are ten round values in a decade");
    // Read from decimal text: 0.12, not 0.12000000000000001.
    let text = format!("{digit}e{}", n.div_euclid(10));
    text.parse().expect("a digit and an exponent are a number")
}

/// The greatest n with round(n) ≤ t, for t of at least 1e-300; that of 1e-300 below.
fn round_index(t: f64) -> i32 {
    let decade = t.log10().floor().clamp(-300.0, 300.0) as i32;
    let mut candidates = ((decade - 1) * 10..(decade + 2) * 10).rev();
    candidates
        .find(|&n| round(n) <= t * (1.0 + 1e-9))
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
        loop {
            let next = span.step_temperature(t(visited[visited.len() - 1]), 1);
            if next.get() == visited[visited.len() - 1] {
                break;
            }
            visited.push(next.get());
        }
        assert_eq!(visited.len(), 41);
        for grid in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 1e4] {
            assert!(visited.contains(&grid), "{grid}");
        }
        assert_eq!(span.step_temperature(t(1000.0), -10), t(100.0));
        assert_eq!(span.step_temperature(t(7.0), 1), t(8.0));
        assert_eq!(span.step_temperature(t(7.0), -1), t(6.0));
        assert_eq!(span.step_temperature(t(1.0), -1), t(1.0), "ends hold");
    }

    #[test]
    fn steps_of_epsilon_stay_decimal() {
        let span = Span::MAGNITUDE;
        assert_eq!(span.step_magnitude(e(0.0014), 1), e(0.0015));
        assert_eq!(span.step_magnitude(e(0.0014), -1), e(0.0013));
        assert_eq!(span.step_magnitude(e(0.00145), -1), e(0.0014));
        assert_eq!(span.step_magnitude(e(0.0014), 10), e(0.0024));
        assert_eq!(span.step_magnitude(e(0.0), -1), e(0.0));
        assert_eq!(span.step_magnitude(e(0.004), 10), e(0.004));
    }

    #[test]
    fn places_and_values_agree() {
        let span = Span::TEMPERATURE;
        for n in 0..=40 {
            let value = t(round(n));
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
            assert!(span.step_temperature(t(extreme), 3).get() > 0.0 && span.temperature_at(0.5).is_some());
        }
        let mut span = Span::MAGNITUDE;
        span.reach_magnitude(e(0.01));
        assert_eq!(span.high, 0.016);
        span.reach_magnitude(e(1.0));
        assert_eq!(span.high, 1.0);
    }
}
