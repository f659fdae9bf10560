//! Numbers and names as people read them.
use std::borrow::Cow;

use textwrap::{Options, WordSplitter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::glyphs::Glyphs;
use odin_core::setting::Setting;
use odin_core::units::{Magnitude, Temperature};
use odin_metrics::Interval;

/// A fraction in percent with two decimals: `34.70`.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.2}", fraction * 100.0)
}

/// A fraction in percent with two significant digits: `0.1`, `0.04`, `0.0014`.
pub(super) fn short_share(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let digits = (1 - percent.abs().max(1e-12).log10().floor() as i32).clamp(0, 8) as usize;
    trim(&format!("{percent:.digits$}")).to_owned()
}

/// A change of a fraction in percentage points, with its sign.
pub(super) fn points(change: f64, glyphs: &Glyphs) -> String {
    let points = change * 100.0;
    let sign = if points.abs() < 0.005 {
        ""
    } else if points < 0.0 {
        glyphs.minus
    } else {
        "+"
    };
    format!("{sign}{:.2}", points.abs())
}

/// (low, high) in percent: `3.9–4.8`, with two decimals where one would make the ends alike.
pub(super) fn interval((low, high): (f64, f64), glyphs: &Glyphs) -> String {
    let digits = if high - low < 0.002 { 2 } else { 1 };
    of_digits((low, high), digits, glyphs)
}

/// As [`interval`], with one decimal where two do not fit into `width` columns.
pub(super) fn interval_within(interval: (f64, f64), width: u16, glyphs: &Glyphs) -> String {
    let text = self::interval(interval, glyphs);
    if text.width() > usize::from(width) {
        of_digits(interval, 1, glyphs)
    } else {
        text
    }
}

fn of_digits((low, high): (f64, f64), digits: usize, glyphs: &Glyphs) -> String {
    format!("{:.digits$}{}{:.digits$}", low * 100.0, glyphs.to, high * 100.0)
}

/// The 95 % interval of a change, in percentage points with signs, in at most 11 columns: `−4.5…−1.8`; two decimals where one
/// would make the ends alike, or an end look like 0.
pub(super) fn change_interval(interval: Interval, glyphs: &Glyphs) -> String {
    let Interval { low, high } = interval;
    let with = |digits: usize| {
        let end = |end: f64| {
            let text = format!("{:.digits$}", (100.0 * end).abs());
            let sign = match text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
                true => "",
                false if end < 0.0 => glyphs.minus,
                false => "+",
            };
            format!("{sign}{text}")
        };
        format!("{}{}{}", end(low), glyphs.range, end(high))
    };
    let looks_like_0 = |end: f64| end != 0.0 && end.abs() < 5e-4;
    let fine = high - low < 0.002 || looks_like_0(low) || looks_like_0(high);
    Some(with(2))
        .filter(|text| fine && text.width() <= 11)
        .unwrap_or_else(|| with(1))
}

pub(super) fn temperature(temperature: Temperature) -> String {
    short(temperature.get())
}

pub(super) fn magnitude(magnitude: Magnitude) -> String {
    short(magnitude.get())
}

/// A knob's value.
pub(super) fn knob(value: f64) -> String {
    short(value)
}

/// A setting's knobs with their values, as in `T 1000, ε 0.0014`.
pub(super) fn knobs(setting: &Setting, glyphs: &Glyphs) -> String {
    let all: Vec<String> = setting
        .knobs()
        .map(|(of, value)| format!("{} {}", glyphs.knob(of), knob(value)))
        .collect();
    all.join(", ")
}

/// At most five significant digits, without trailing zeros.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) {
        return format!("{value:.2e}");
    }
    let digits = (4 - value.abs().max(1e-12).log10().floor() as i32).clamp(0, 6) as usize;
    trim(&format!("{value:.digits$}")).to_owned()
}

/// A score on an axis of length `range`, with enough digits to tell columns apart.
pub(super) fn score(value: f64, range: f64, glyphs: &Glyphs) -> String {
    if !value.is_finite() {
        return if value > 0.0 { "+inf" } else { "-inf" }.to_owned();
    }
    let digits = (2 - range.abs().max(1e-12).log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.contains(|c: char| c.is_ascii_digit() && c != '0') => {
            format!("{}{rest}", glyphs.minus)
        }
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn trim(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Images a second.
pub(super) fn rate(per_second: f64) -> String {
    if per_second < 10.0 {
        format!("{per_second:.1}")
    } else {
        format!("{per_second:.0}")
    }
}

/// `0:42`, `12:03`, `3h05`.
pub(super) fn duration(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 3.6e8).ceil() as u64;
    match seconds {
        0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..360_000 => format!("{}h{:02}", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The text, cut to at most `width` columns; a mark at the end shows that it was cut.
pub(super) fn fit(text: &str, width: usize, glyphs: &Glyphs) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(glyphs.more.width());
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    if width >= glyphs.more.width() {
        kept + glyphs.more
    } else {
        String::new()
    }
}

/// A name or path cut in its middle: paths differ at their ends, and what a name begins with says what it is.
pub(super) fn fit_name(name: &str, width: usize, glyphs: &Glyphs) -> String {
    let room = width.saturating_sub(glyphs.more.width());
    if name.width() <= width || room < 2 {
        return fit(name, width, glyphs);
    }
    let columns = |c: char| c.width().unwrap_or(0);
    let part = |characters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        let fits = |c: &char| {
            used += columns(*c);
            used <= room
        };
        characters.take_while(fits).collect()
    };
    let end = part(&mut name.chars().rev(), room.div_ceil(2));
    let end: String = end.into_iter().rev().collect();
    let start: String = part(&mut name.chars(), room - end.width()).into_iter().collect();
    format!("{start}{}{end}", glyphs.more)
}

/// The text in lines of at most `width` columns, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    // A name or a command must not be broken at its hyphens.
    let options = Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines.into_iter().map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_start_and_its_end() {
        let glyphs = &Glyphs::UNICODE;
        assert_eq!(fit_name("/data/Imagenet/test", 12, glyphs), "/data…t/test");
        assert_eq!(fit_name("short", 12, glyphs), "short");
        assert_eq!(fit_name("日本語の画像フォルダ", 9, glyphs).width(), 9);
        for width in 0..9 {
            assert!(fit_name("/data/Imagenet/test", width, glyphs).width() <= width);
        }
    }

    #[test]
    fn numbers_read_well() {
        let g = &Glyphs::UNICODE;
        let narrow = |width| interval_within((0.999, 1.0), width, g);
        assert_eq!([narrow(12), narrow(11)], ["99.90–100.00", "99.9–100.0"]);
        let t = |value| temperature(Temperature::new(value).unwrap());
        assert_eq!(
            [t(1000.0), t(1.2), t(25_000.0), t(0.5), t(1e9)],
            ["1000", "1.2", "25000", "0.5", "1.00e9"]
        );
        let m = |value| magnitude(Magnitude::new(value).unwrap());
        assert_eq!(
            [m(0.0), m(0.0014), m(0.00145), m(1.0), m(1e-9)],
            ["0", "0.0014", "0.00145", "1", "1.00e-9"]
        );
        assert_eq!(
            [points(-0.304, g), points(0.0, g), points(0.0123, g)],
            ["−30.40", "0.00", "+1.23"]
        );
        let change = |low, high| change_interval(Interval { low, high }, g);
        assert_eq!(
            [
                short_share(0.001),
                short_share(1.0 / 2500.0),
                short_share(0.1),
                short_share(1.0 / 70.0)
            ],
            ["0.1", "0.04", "10", "1.4"]
        );
        assert_eq!(
            [
                change(-0.045, -0.018),
                change(-0.0001, 0.073),
                change(0.0011, 0.0023)
            ],
            ["−4.5…−1.8", "−0.01…+7.30", "+0.11…+0.23"]
        );
        assert_eq!(
            [duration(41.2), duration(3599.5), duration(7500.0), duration(1e9)],
            ["0:42", "1h00", "2h05", "4166d"]
        );
        assert_eq!(
            [
                score(-2.1912, 0.01, g),
                score(-0.0, 8.0, g),
                score(f64::NEG_INFINITY, 1.0, g)
            ],
            ["−2.1912", "0.00", "-inf"]
        );
        assert_eq!(
            [fit("densenet", 8, g), fit("densenet10", 8, g), fit("ab", 0, g)],
            ["densenet", "densene…", ""]
        );
        assert_eq!(
            wrap("missing: odin fetch photo-crops", 12),
            ["missing:", "odin fetch", "photo-crops"]
        );
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
    }
}
