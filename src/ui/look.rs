//! How things look on this terminal: its colours, the theme, the glyphs.
use super::colour::Colours;
use super::glyphs::Glyphs;
use super::theme::Theme;
use crate::app::ThemeName;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub colours: Colours,
    pub theme: Theme,
    pub glyphs: Glyphs,
    /// Whether the terminal's background is light, as far as that is known.
    pub is_light: bool,
    /// Pixels of a cell (width, height), where the terminal shows pictures.
    pub cell: Option<(u16, u16)>,
}

impl Look {
    pub fn new(colours: Colours, unicode: bool) -> Self {
        Self::themed(ThemeName::Auto, colours, unicode)
    }

    pub fn themed(theme: ThemeName, colours: Colours, unicode: bool) -> Self {
        Self {
            colours,
            theme: Theme::new(theme, colours),
            glyphs: if unicode { Glyphs::UNICODE } else { Glyphs::ASCII },
            is_light: theme == ThemeName::Light,
            cell: None,
        }
    }
}
