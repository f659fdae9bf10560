//! Figures as PDF: a backend of plotters that writes paths. Letters are drawn as their outlines, so that no font goes
//! along and a figure looks the same everywhere.
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Write;

use ab_glyph::{Font, FontRef, OutlineCurve, Point, ScaleFont};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

/// A page that is being drawn: `size` in plotters' pixels, which become `points` of a point each.
pub struct Sheet {
    content: Content,
    size: (u32, u32),
    points: f32,
    /// Opacities in use, of 255.
    opacities: BTreeSet<u8>,
}

impl Sheet {
    pub fn new(size: (u32, u32), points: f32) -> Self {
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
        }
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        let (catalog, pages, page, stream) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
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
            let mut states = resources.ext_g_states();
            for opacity in &self.opacities {
                let mut state = states.insert(Name(opacity_name(*opacity).as_bytes())).dict();
                let share = f32::from(*opacity) / 255.0;
                state.pair(Name(b"ca"), share).pair(Name(b"CA"), share);
            }
        }
        let content = deflate(self.content.finish().as_slice());
        pdf.stream(stream, &content).filter(Filter::FlateDecode);
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

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn opacity_name(opacity: u8) -> String {
    format!("A{opacity}")
}

/// Draws onto a sheet, with this font for every letter.
pub struct PdfBackend<'a> {
    pub sheet: &'a mut Sheet,
    pub font: FontRef<'static>,
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
        let place = |along: f32, below: f32| {
            (
                x as f32 + along * right.0 as f32 + below * down.0 as f32,
                y as f32 + along * right.1 as f32 + below * down.1 as f32,
            )
        };
        self.sheet.fill_with(style.color());
        let size = style.size() as f32;
        // Where plotters' own backends put the line on which letters stand.
        self.letters(text, size, dx, dy + size / 2.0, &place);
        Ok(())
    }
}

impl PdfBackend<'_> {
    /// Fills the outlines of the letters; the first stands at (`along`, `below`) before `place` puts them on the page.
    fn letters(
        &mut self,
        text: &str,
        size: f32,
        mut along: f32,
        below: f32,
        place: &dyn Fn(f32, f32) -> (f32, f32),
    ) {
        let font = self.font.as_scaled(size);
        let (h, v) = (font.h_scale_factor(), font.v_scale_factor());
        let mut before = None;
        let content = &mut self.sheet.content;
        let mut drawn = false;
        for letter in text.chars() {
            let glyph = font.glyph_id(letter);
            along += before.map_or(0.0, |before| font.kern(before, glyph));
            before = Some(glyph);
            let at = |point: Point| place(along + point.x * h, below - point.y * v);
            let mut pen = None;
            for curve in self
                .font
                .outline(glyph)
                .map(|outline| outline.curves)
                .unwrap_or_default()
            {
                let (start, end) = match &curve {
                    OutlineCurve::Line(start, end)
                    | OutlineCurve::Quad(start, _, end)
                    | OutlineCurve::Cubic(start, _, _, end) => (*start, *end),
                };
                let (to, from) = (at(end), at(start));
                if pen != Some(start) {
                    content.move_to(from.0, from.1);
                }
                match curve {
                    OutlineCurve::Line(..) => {
                        content.line_to(to.0, to.1);
                    }
                    OutlineCurve::Quad(_, control, _) => {
                        let control = at(control);
                        let third = |end: f32, control: f32| end + 2.0 / 3.0 * (control - end);
                        let (a, b) = (
                            (third(from.0, control.0), third(from.1, control.1)),
                            (third(to.0, control.0), third(to.1, control.1)),
                        );
                        content.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1);
                    }
                    OutlineCurve::Cubic(_, a, b, _) => {
                        let (a, b) = (at(a), at(b));
                        content.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1);
                    }
                }
                pen = Some(end);
                drawn = true;
            }
            along += font.h_advance(glyph);
        }
        if drawn {
            content.fill_nonzero();
        }
    }
}
