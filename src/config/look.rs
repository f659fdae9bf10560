//! Settings of how things look: colours, and what the terminal can show.
use std::fmt;

use ratatui::style::Color;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::ui::{Colours, Look, Role, ThemeName};

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColourDepth {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "16")]
    Sixteen,
    #[serde(rename = "256")]
    Indexed,
    #[serde(rename = "true")]
    True,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlyphSet {
    Unicode,
    Ascii,
}

/// Colours by role: `{ins: "#4a90e2", outs: 208, cursor: light-red}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnColours(Vec<(Role, Color)>);

impl<'de> Deserialize<'de> for OwnColours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = OwnColours;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("roles with their colours, like `ins: \"#4a90e2\"`")
            }
            fn visit_unit<E: Error>(self) -> Result<OwnColours, E> {
                Ok(OwnColours::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OwnColours, A::Error> {
                let mut colours = OwnColours::default();
                while let Some(role) = map.next_key::<Role>()? {
                    let Own(colour) = map.next_value()?;
                    colours.0.push((role, colour));
                }
                Ok(colours)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

struct Own(Color);

impl<'de> Deserialize<'de> for Own {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Own;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a colour: \"#rrggbb\", a number from 0 to 255, or a name like light-blue")
            }
            fn visit_u64<E: Error>(self, index: u64) -> Result<Own, E> {
                let index = u8::try_from(index);
                let index = index.map_err(|_| E::custom("a colour's number goes from 0 to 255"))?;
                Ok(Own(Color::Indexed(index)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Own, E> {
                let colour = text.parse().map(Own);
                colour.map_err(|_| {
                    E::custom(format!(
                        "`{text}` is no colour: write \"#rrggbb\", a number from 0 to 255, or a name like light-blue"
                    ))
                })
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// The settings about looks.
pub(super) struct LookSettings<'a> {
    pub depth: Option<ColourDepth>,
    pub glyphs: Option<GlyphSet>,
    pub colours: &'a OwnColours,
}

/// How things look in a theme. `colours` and `unicode` are what the terminal seems to show. NO_COLOR gives [`Colours::None`],
/// which the settings do not override.
pub(super) fn look(settings: &LookSettings, theme: ThemeName, colours: Colours, unicode: bool) -> Look {
    let colours = match settings.depth {
        Some(depth) if colours != Colours::None => match depth {
            ColourDepth::None => Colours::None,
            ColourDepth::Sixteen => Colours::Sixteen,
            ColourDepth::Indexed => Colours::Indexed,
            ColourDepth::True => Colours::True,
        },
        _ => colours,
    };
    let unicode = settings
        .glyphs
        .map_or(unicode, |glyphs| glyphs == GlyphSet::Unicode);
    let mut look = Look::themed(theme, colours, unicode);
    for &(role, colour) in &settings.colours.0 {
        look.theme.set(role, colour, colours);
    }
    look
}
