//! What is said of an image: a line of JSON.
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Serialize;

use super::rule::Rule;

#[derive(Debug, Serialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub image: Name,
    #[serde(flatten)]
    pub said: Said,
}

/// The name as it was given.
#[derive(Debug, Serialize)]
pub(super) struct Name {
    image: String,
    /// Its bytes, where it is not UTF-8 and `image` therefore not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_hex: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    Verdict(Box<Verdict>),
    Error { error: String },
}

#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    /// `ID` or `OOD`.
    pub verdict: &'static str,
    /// As sessions call it.
    pub detector: &'static str,
    /// By the detector: the higher, the more in-distribution.
    pub score: f64,
    /// None where all images are ID: so few in-distribution images choose none, or no image of the call stands out.
    pub threshold: Option<f64>,
    /// How it was found.
    pub rule: Rule,
    /// How unusual the score would be among in-distribution images; not where the threshold was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// That the score stands for, where it is log-odds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// At T = 1 and ε = 0.
    pub max_softmax: f64,
    pub class: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Height and width before it was brought to the network's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resized_from: Option<(u32, u32)>,
}

impl Name {
    pub(super) fn of(path: &Path) -> Self {
        let bytes = path.as_os_str().as_bytes();
        let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            image: path.to_string_lossy().into_owned(),
            image_hex: path.to_str().is_none().then(hex),
        }
    }
}

impl Line {
    /// One line of JSON that steers no terminal, whatever the image is called: control characters are escaped.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let text = serde_json::to_string(self)?;
        if !text.contains(char::is_control) {
            return Ok(text);
        }
        let escaped = text.chars().map(|c| match c.is_control() {
            true => format!("\\u{:04x}", u32::from(c)),
            false => c.to_string(),
        });
        Ok(escaped.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn every_name_comes_back_whole() {
        for name in [
            &b"a \"b\"/c.png"[..],
            b"caf\xe9.png",
            "naïve.png".as_bytes(),
            b"\x1b[31m\x07\x7f\n.png",
            "\u{9b}31m.png".as_bytes(),
        ] {
            let line = Line {
                image: Name::of(OsStr::from_bytes(name).as_ref()),
                said: Said::Error {
                    error: "why".to_owned(),
                },
            };
            let text = line.json().unwrap();
            assert!(!text.contains(char::is_control), "{text}");
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["error"], "why");
            match read["image_hex"].as_str() {
                None => assert_eq!(read["image"].as_str().unwrap().as_bytes(), name),
                Some(hex) => {
                    let digits = hex.as_bytes().chunks(2);
                    let bytes = digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16));
                    assert_eq!(bytes.map(Result::unwrap).collect::<Vec<_>>(), name);
                    assert_eq!(read["image"], "caf\u{fffd}.png");
                }
            }
        }
    }
}
