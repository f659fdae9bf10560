//! Figures as PDF: a backend of plotters that writes paths and text, so that what a figure says can be selected and searched.
//!
//! Our own, as the crates that turn SVG into PDF cost more than they bring: svg2pdf (41 more crates, and no longer
//! maintained) and krilla-svg (60 more) parse what plotters has just written, with a renderer of bitmaps beside; both gave
//! the same pictures.
use std::collections::BTreeSet;
use std::convert::Infallible;

use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::pdf_font::{FONT, FontRefs, UsedFont, deflate};

/// A page that is being drawn: `size` in plotters' pixels, which become `points` of a point each.
pub(super) struct Sheet {
    content: Content,
    size: (u32, u32),
    points: f32,
    /// Opacities in use, of 255.
    opacities: BTreeSet<u8>,
    font: UsedFont,
}

impl Sheet {
    /// `font` is the file of the font for every letter.
    pub(super) fn new(size: (u32, u32), points: f32, font: &'static [u8]) -> Self {
        let mut content = Content::new();
        // plotters counts from the top, PDF from the bottom.
        content.transform([points, 0.0, 0.0, -points, 0.0, points * size.1 as f32]);
        content
            .set_line_cap(LineCapStyle::ButtCap)
            .set_line_join(LineJoinStyle::RoundJoin);
        Self {
            content,
            size,
            points,
            opacities: BTreeSet::new(),
            font: UsedFont::new(font),
        }
    }

    /// The file.
    pub(super) fn finish(self) -> Vec<u8> {
        let (catalog, pages, page, stream) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
        let font = FontRefs {
            font: Ref::new(5),
            descendant: Ref::new(6),
            descriptor: Ref::new(7),
            file: Ref::new(8),
            cmap: Ref::new(9),
        };
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let (width, height) = (self.points * self.size.0 as f32, self.points * self.size.1 as f32);
        {
            let mut page = pdf.page(page);
            page.parent(pages)
                .media_box(Rect::new(0.0, 0.0, width, height))
                .contents(stream);
            let mut resources = page.resources();
            resources.fonts().pair(FONT, font.font);
            let mut states = resources.ext_g_states();
            for opacity in &self.opacities {
                let mut state = states.insert(Name(opacity_name(*opacity).as_bytes())).dict();
                let share = f32::from(*opacity) / 255.0;
                state.pair(Name(b"ca"), share).pair(Name(b"CA"), share);
            }
        }
        let content = deflate(self.content.finish().as_slice());
        pdf.stream(stream, &content).filter(Filter::FlateDecode);
        self.font.finish(&mut pdf, &font);
        pdf.finish()
    }

    fn opacity(&mut self, alpha: f64) {
        let opacity = (255.0 * alpha.clamp(0.0, 1.0)).round() as u8;
        self.opacities.insert(opacity);
        self.content
            .set_parameters(Name(opacity_name(opacity).as_bytes()));
    }

    fn fill_with(
        &mut self,
        BackendColor {
            alpha,
            rgb: (r, g, b),
        }: BackendColor,
    ) {
        self.opacity(alpha);
        let [r, g, b] = [r, g, b].map(|part| f32::from(part) / 255.0);
        self.content.set_fill_rgb(r, g, b);
    }

    fn stroke_with(
        &mut self,
        BackendColor {
            alpha,
            rgb: (r, g, b),
        }: BackendColor,
        width: u32,
    ) {
        self.opacity(alpha);
        let [r, g, b] = [r, g, b].map(|part| f32::from(part) / 255.0);
        self.content
            .set_stroke_rgb(r, g, b)
            .set_line_width(width.max(1) as f32);
    }

    /// False for a path without points.
    fn path(&mut self, points: impl IntoIterator<Item = BackendCoord>) -> bool {
        let mut any = false;
        for (x, y) in points {
            // To the middle of the pixel.
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            if any {
                self.content.line_to(x, y);
            } else {
                self.content.move_to(x, y);
            }
            any = true;
        }
        any
    }
}

fn opacity_name(opacity: u8) -> String {
    format!("A{opacity}")
}

/// Draws onto a sheet.
pub(super) struct PdfBackend<'a> {
    pub sheet: &'a mut Sheet,
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for PdfBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.sheet.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Done {
        self.sheet.fill_with(color);
        self.sheet
            .content
            .rect(x as f32, y as f32, 1.0, 1.0)
            .fill_nonzero();
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        let ((left, top), (right, bottom)) = (upper_left, bottom_right);
        if fill {
            self.sheet.fill_with(style.color());
            // The pixels on its edges belong to it.
            let (width, height) = ((right - left + 1) as f32, (bottom - top + 1) as f32);
            self.sheet
                .content
                .rect(left as f32, top as f32, width, height)
                .fill_nonzero();
        } else {
            self.sheet.stroke_with(style.color(), style.stroke_width());
            self.sheet
                .path([(left, top), (right, top), (right, bottom), (left, bottom)]);
            self.sheet.content.close_and_stroke();
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        self.sheet.stroke_with(style.color(), style.stroke_width());
        if self.sheet.path(path) {
            self.sheet.content.stroke();
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Done {
        self.sheet.fill_with(style.color());
        if self.sheet.path(vert) {
            self.sheet.content.close_path().fill_nonzero();
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Done {
        let ((left, top), (right, bottom)) = style
            .layout_box(text)
            .map_err(|error| DrawingErrorKind::FontError(Box::new(error)))?;
        let (width, height) = ((right - left) as f32, (bottom - top) as f32);
        let dx = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Right => -width,
            HPos::Center => -width / 2.0,
        };
        let dy = match style.anchor().v_pos {
            VPos::Top => 0.0,
            VPos::Center => -height / 2.0,
            VPos::Bottom => -height,
        };
        // The turn of the text, read off two points.
        let turn = style.transform();
        let (right, down) = (turn.transform(1, 0), turn.transform(0, 1));
        let [right, down] = [right, down].map(|(x, y)| (x as f32, y as f32));
        self.sheet.fill_with(style.color());
        let size = style.size() as f32;
        // Where plotters' own backends put the line on which letters stand.
        let below = dy + size / 2.0;
        let start = (
            x as f32 + dx * right.0 + below * down.0,
            y as f32 + dx * right.1 + below * down.1,
        );
        // Letters are taller upwards, plotters counts downwards.
        let matrix = [right.0, right.1, -down.0, -down.1, start.0, start.1];
        let Sheet { content, font, .. } = &mut *self.sheet;
        font.show(content, text, size, matrix);
        Ok(())
    }
}
