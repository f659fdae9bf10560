//! The figures' font within a PDF file: its letters as text, which a reader can select and search, and of the font only
//! the glyphs that are used.
use std::collections::BTreeMap;
use std::io::Write;

use ab_glyph::{Font, FontRef, GlyphId};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

/// What the resources of a page call the font.
pub(super) const FONT: Name<'static> = Name(b"F");
/// Six letters before the name say that it is a part of the font.
const NAME: Name<'static> = Name(b"FIGURE+Ubuntu-Light");
/// Character codes are the numbers of glyphs.
const CODES: Name<'static> = Name(b"Identity-H");
const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The objects of a font in a file.
pub(super) struct FontRefs {
    pub font: Ref,
    pub descendant: Ref,
    pub descriptor: Ref,
    pub file: Ref,
    pub cmap: Ref,
}

/// A font, and which of its glyphs a page uses.
pub(super) struct UsedFont {
    bytes: &'static [u8],
    font: FontRef<'static>,
    used: GlyphRemapper,
    letters: BTreeMap<u16, char>,
}

impl UsedFont {
    /// # Panics
    /// The bytes are no font.
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            font: FontRef::try_from_slice(bytes).expect("the bytes of a font are one"),
            used: GlyphRemapper::new(),
            letters: BTreeMap::new(),
        }
    }

    /// Shows the text, kerned, from the origin of `matrix`; `size` is the height of a line.
    pub(super) fn show(&mut self, content: &mut Content, text: &str, size: f32, matrix: [f32; 6]) {
        // PDF measures letters in thousandths of the em, ab_glyph in units of the font.
        let (em, thousandth) = (self.em(), 1000.0 / self.em());
        content
            .begin_text()
            .set_font(FONT, size * em / self.font.height_unscaled())
            .set_text_matrix(matrix);
        let mut positioned = content.show_positioned();
        let mut items = positioned.items();
        let mut before: Option<GlyphId> = None;
        for letter in text.chars() {
            let glyph = self.font.glyph_id(letter);
            let kern = before.map_or(0.0, |before| self.font.kern_unscaled(before, glyph));
            if kern != 0.0 {
                items.adjust(-kern * thousandth);
            }
            before = Some(glyph);
            let code = self.used.remap(glyph.0);
            // Glyph 0 stands for every letter that the font lacks.
            if code != 0 {
                self.letters.entry(code).or_insert(letter);
            }
            items.show(Str(&code.to_be_bytes()));
        }
        items.finish();
        positioned.finish();
        content.end_text();
    }

    /// Adds the font's objects to the file.
    pub(super) fn finish(&self, pdf: &mut Pdf, refs: &FontRefs) {
        let thousandth = 1000.0 / self.em();
        pdf.type0_font(refs.font)
            .base_font(NAME)
            .encoding_predefined(CODES)
            .descendant_font(refs.descendant)
            .to_unicode(refs.cmap);
        let mut descendant = pdf.cid_font(refs.descendant);
        descendant
            .subtype(CidFontType::Type2)
            .base_font(NAME)
            .system_info(SYSTEM)
            .font_descriptor(refs.descriptor)
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let widths = self
            .used
            .remapped_gids()
            .map(|glyph| thousandth * self.font.h_advance_unscaled(GlyphId(glyph)));
        descendant.widths().consecutive(0, widths);
        descendant.finish();
        let (ascent, descent) = (self.font.ascent_unscaled(), self.font.descent_unscaled());
        pdf.font_descriptor(refs.descriptor)
            .name(NAME)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(0.0, thousandth * descent, 1000.0, thousandth * ascent))
            .italic_angle(0.0)
            .ascent(thousandth * ascent)
            .descent(thousandth * descent)
            .cap_height(thousandth * ascent)
            // Of a light face.
            .stem_v(60.0)
            .font_file2(refs.file);
        let part = self.part();
        pdf.stream(refs.file, &deflate(&part))
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), part.len() as i32);
        let mut cmap = UnicodeCmap::new(Name(b"Letters"), SYSTEM);
        for (&code, &letter) in &self.letters {
            cmap.pair(code, letter);
        }
        let cmap = deflate(cmap.finish().as_slice());
        pdf.cmap(refs.cmap, &cmap).filter(Filter::FlateDecode);
    }

    /// The file of the font with the glyphs that are used, numbered anew.
    fn part(&self) -> Vec<u8> {
        subsetter::subset(self.bytes, 0, &self.used).expect("the font has no faults")
    }

    /// Units of the font in an em.
    fn em(&self) -> f32 {
        self.font.units_per_em().expect("a TrueType font has an em")
    }
}

/// For a stream with the filter `FlateDecode`.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.expect("memory takes every byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_the_font_has_the_letters_that_were_shown() {
        let bytes = epaint_default_fonts::UBUNTU_LIGHT;
        let mut font = UsedFont::new(bytes);
        let mut content = Content::new();
        font.show(
            &mut content,
            "AUROC ↑ ε = 0.1 字",
            29.0,
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        );
        let shown: String = font.letters.values().collect();
        assert_eq!(
            shown,
            "AUROC ε=0.1".chars().fold(String::new(), |mut all, letter| {
                if !all.contains(letter) {
                    all.push(letter);
                }
                all
            })
        );
        let part = font.part();
        assert!(part.len() < bytes.len() / 10, "{}", part.len());
        let (part, whole) = (FontRef::try_from_slice(&part).unwrap(), &font.font);
        for (&code, &letter) in &font.letters {
            let ours = part.outline(GlyphId(code)).map(|outline| outline.curves.len());
            let theirs = whole
                .outline(whole.glyph_id(letter))
                .map(|outline| outline.curves.len());
            assert_eq!(ours, theirs, "{letter}");
        }
    }
}
