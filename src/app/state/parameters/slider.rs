//! The scales of knobs: where a value lies on its slider, and which value a step or a drag leads to.
use serde::{Deserialize, Serialize};

use odin_core::setting::{Knob, Scale};

/// The sliders; one of them has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Slider {
    /// A knob of the detector that the sliders are about, by its place among that detector's knobs.
    Knob(u8),
    Threshold,
}

impl Default for Slider {
    fn default() -> Self {
        Self::Knob(0)
    }
}

impl Slider {
    /// ODIN's sliders.
    pub const TEMPERATURE: Self = Self::Knob(0);
    pub const MAGNITUDE: Self = Self::Knob(1);

    /// The slider after this one, where there are so many knobs.
    pub fn next(self, knobs: usize) -> Self {
        match self {
            Self::Knob(place) if usize::from(place) + 1 < knobs => Self::Knob(place + 1),
            Self::Knob(_) => Self::Threshold,
            Self::Threshold if knobs == 0 => Self::Threshold,
            Self::Threshold => Self::Knob(0),
        }
    }

    pub fn previous(self, knobs: usize) -> Self {
        match self {
            Self::Knob(0) => Self::Threshold,
            Self::Knob(place) => Self::Knob(place - 1),
            Self::Threshold => match u8::try_from(knobs).unwrap_or(u8::MAX) {
                0 => Self::Threshold,
                count => Self::Knob(count - 1),
            },
        }
    }
}

/// The ends of a slider. They only ever move outwards, so that values do not move away from the mouse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
    knob: &'static Knob,
}

/// The round values of a decade: those of the paper's grid of T, and some between.
const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];

impl Span {
    pub fn of(knob: &'static Knob) -> Self {
        let (low, high) = knob.span;
        Self { low, high, knob }
    }

    /// Moves the ends outwards until they include the value: to whole decades on a logarithmic scale, else by doubling.
    pub fn reach(&mut self, value: f64) {
        match self.knob.scale {
            Scale::Linear { .. } => {
                while self.high < value && self.high < self.knob.most {
                    self.high = (self.high * 2.0).min(self.knob.most);
                }
                if value < self.low {
                    self.low = self.knob.least;
                }
            }
            Scale::Logarithmic | Scale::Count => {
                // The decade may lie beyond what a number can hold, or the knob may have; then that is the end.
                let decade = |exponent: f64| {
                    let power: f64 = format!("1e{exponent}")
                        .parse()
                        .expect("the logarithm of a number above 0 is a finite number");
                    power.is_normal().then_some(power)
                };
                let low = decade(value.log10().floor())
                    .unwrap_or(value)
                    .max(self.knob.least);
                let high = decade(value.log10().ceil()).unwrap_or(value).min(self.knob.most);
                self.low = self.low.min(low);
                self.high = self.high.max(high);
            }
        }
    }

    /// Where the value lies on the slider, from 0 to 1.
    pub fn fraction(&self, value: f64) -> f64 {
        let place = match self.knob.scale {
            Scale::Linear { .. } => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic | Scale::Count => {
                let (low, high) = (self.low.ln(), self.high.ln());
                (value.ln() - low) / (high - low)
            }
        };
        place.clamp(0.0, 1.0)
    }

    /// The round value nearest to a place on the slider; `None` where the fraction is not a finite number.
    pub fn at(&self, fraction: f64) -> Option<f64> {
        let fraction = unit(fraction)?;
        Some(match self.knob.scale {
            Scale::Linear { step } => {
                let wanted = self.low + (self.high - self.low) * fraction;
                self.within(on_steps((wanted / step).round(), step))
            }
            Scale::Logarithmic | Scale::Count => {
                let (low, high) = (self.low.ln(), self.high.ln());
                let wanted = low + (high - low) * fraction;
                let index = round_index(wanted.exp());
                let (below, above) = (self.round(index), self.round(index + 1));
                let off = |value: f64| (value.ln() - wanted).abs();
                self.within(if off(above) < off(below) { above } else { below })
            }
        })
    }

    /// The value so many steps further; from between two of them, the first step leads to the next one.
    pub fn step(&self, from: f64, steps: i32) -> f64 {
        match self.knob.scale {
            Scale::Linear { step } => {
                let here = from / step;
                let whole = if steps < 0 {
                    (here - 1e-6).ceil()
                } else {
                    (here + 1e-6).floor()
                };
                self.within(on_steps(whole + f64::from(steps), step))
            }
            Scale::Logarithmic => {
                let here = round_index(from);
                // Between two round values, the first step down leads to the lower one.
                let between = i32::from(steps < 0 && (round(here) / from - 1.0).abs() > 1e-9);
                self.within(round(here.saturating_add(steps.saturating_add(between))))
            }
            Scale::Count => {
                let mut value = from;
                // Several round values are one whole number: a step leads to another one.
                for _ in 0..steps.unsigned_abs().min(1000) {
                    let next = (0..=20)
                        .map(|n| self.round(round_index(value) + n * steps.signum()))
                        .find(|&next| (next > value) == (steps > 0) && next != value);
                    value = self.within(next.unwrap_or(value));
                }
                value
            }
        }
    }

    /// The n-th round value; a whole number where the knob's are.
    fn round(&self, n: i32) -> f64 {
        match self.knob.scale {
            Scale::Count => round(n).round(),
            _ => round(n),
        }
    }

    fn within(&self, value: f64) -> f64 {
        value.clamp(self.low, self.high)
    }
}

/// So many steps as a decimal number: 0.0015, not 0.0014999999999999998.
fn on_steps(count: f64, step: f64) -> f64 {
    let per_unit = (1.0 / step).round();
    match (per_unit * step - 1.0).abs() < 1e-9 {
        true => count / per_unit,
        false => count * step,
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
    use odin_core::session::Detector;

    fn span(detector: Detector, key: &str) -> Span {
        let mut knobs = detector.knobs().iter();
        Span::of(knobs.find(|knob| knob.key == key).unwrap())
    }

    fn temperature() -> Span {
        span(Detector::Odin, "temperature")
    }

    fn magnitude() -> Span {
        span(Detector::Odin, "magnitude")
    }

    #[test]
    fn steps_of_t_pass_through_the_papers_grid() {
        let span = temperature();
        let mut visited = vec![1.0];
        loop {
            let next = span.step(visited[visited.len() - 1], 1);
            if next == visited[visited.len() - 1] {
                break;
            }
            visited.push(next);
        }
        assert_eq!(visited.len(), 41);
        for grid in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 1e4] {
            assert!(visited.contains(&grid), "{grid}");
        }
        assert_eq!(span.step(1000.0, -10), 100.0);
        assert_eq!(span.step(7.0, 1), 8.0);
        assert_eq!(span.step(7.0, -1), 6.0);
        assert_eq!(span.step(1.0, -1), 1.0, "ends hold");
    }

    #[test]
    fn steps_of_epsilon_stay_decimal() {
        let span = magnitude();
        assert_eq!(span.step(0.0014, 1), 0.0015);
        assert_eq!(span.step(0.0014, -1), 0.0013);
        assert_eq!(span.step(0.00145, -1), 0.0014);
        assert_eq!(span.step(0.0014, 10), 0.0024);
        assert_eq!(span.step(0.0, -1), 0.0);
        assert_eq!(span.step(0.004, 10), 0.004);
    }

    #[test]
    fn steps_of_a_count_are_whole_and_miss_none_of_the_first() {
        let span = span(Detector::Gen, "classes");
        let up: Vec<f64> = (0..12)
            .scan(1.0, |value, _| {
                *value = span.step(*value, 1);
                Some(*value)
            })
            .collect();
        assert_eq!(
            up,
            [2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0]
        );
        assert_eq!(span.step(30.0, -12), 1.0);
        assert_eq!(span.step(7.0, -1), 6.0);
        assert_eq!(span.at(0.0), Some(1.0));
        assert!(span.at(0.37).is_some_and(|value| value.fract() == 0.0));
    }

    #[test]
    fn places_and_values_agree() {
        let span = temperature();
        for n in 0..=40 {
            assert_eq!(span.at(span.fraction(round(n))), Some(round(n)));
        }
        let span = magnitude();
        for n in 0..=40 {
            let value = f64::from(n) / 10_000.0;
            assert_eq!(span.at(span.fraction(value)), Some(value));
        }
        assert_eq!(span.at(f64::NAN), None);
        assert_eq!(span.at(7.0), Some(0.004));
    }

    #[test]
    fn spans_reach_out_to_typed_values() {
        let mut span = temperature();
        span.reach(0.5);
        span.reach(30_000.0);
        assert_eq!((span.low, span.high), (0.1, 1e5));
        for extreme in [f64::MIN_POSITIVE, f64::MAX] {
            span.reach(extreme);
            assert!(span.fraction(extreme).is_finite());
            assert!(span.step(extreme, 3) > 0.0 && span.at(0.5).is_some());
        }
        let mut span = magnitude();
        span.reach(0.01);
        assert_eq!(span.high, 0.016);
        span.reach(1.0);
        assert_eq!(span.high, 1.0);
    }

    #[test]
    fn the_focus_goes_round_all_sliders() {
        for knobs in [0, 1, 2, 7] {
            let mut slider = Slider::Threshold;
            for _ in 0..=knobs {
                slider = slider.next(knobs);
            }
            assert_eq!(slider, Slider::Threshold);
            assert_eq!(slider.next(knobs).previous(knobs), slider);
        }
    }
}
