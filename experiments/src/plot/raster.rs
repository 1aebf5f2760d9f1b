//! plotters' bitmap with text set as in its SVG.
//!
//! plotters draws bitmap text without side bearings and a little higher than an SVG viewer does;
//! this back end sets glyphs itself, at fractions of a dot and with kerning, and is the bitmap
//! otherwise. Text is always centred on its line: the base line lies half an x-height below it, as
//! `dy="0.5ex"` has it in the SVG.

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};
use plotters::backend::BitMapBackend;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle};
use plotters_backend::{DrawingBackend, DrawingErrorKind, FontStyle};

use super::ink;

/// Half the x-height of the fonts \[em\].
const HALF_X_HEIGHT_EM: f32 = 0.264;
/// plotters' font size of one em.
const SIZE_OF_EM: f32 = 1.24;

/// A bitmap whose text stands as in an SVG.
pub struct Raster<'a>(pub BitMapBackend<'a>);

type Drawn<'a> = Result<(), DrawingErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

impl<'a> DrawingBackend for Raster<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.0.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn<'a> {
        self.0.ensure_prepared()
    }

    fn present(&mut self) -> Drawn<'a> {
        self.0.present()
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn<'a> {
        self.0.draw_pixel(at, colour)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn<'a> {
        self.0.draw_rect(from, to, style, fill)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn<'a> {
        let font = ink::font(matches!(style.style(), FontStyle::Bold));
        let (glyphs, long) = set(&font, text, style.size() as f32);
        let begin = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -long / 2.0,
            HPos::Right => -long,
        };
        let base = HALF_X_HEIGHT_EM * style.size() as f32 / SIZE_OF_EM;
        let (turn, colour) = (style.transform(), style.color());
        let mut drawn = Ok(());
        for mut glyph in glyphs {
            glyph.position = point(glyph.position.x + begin, base);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|right, down, cover| {
                let dot = (corner.x as i32 + right as i32, corner.y as i32 + down as i32);
                let (right, down) = turn.transform(dot.0, dot.1);
                let alpha = colour.alpha * f64::from(cover.min(1.0));
                let ink = BackendColor { alpha, rgb: colour.rgb };
                if drawn.is_ok() {
                    drawn = self.0.draw_pixel((x + right, y + down), ink);
                }
            });
        }
        drawn
    }
}

/// The glyphs of a text along a line from zero, and the length of the line \[dots\].
fn set(font: &FontRef<'_>, text: &str, size: f32) -> (Vec<Glyph>, f32) {
    let scaled = font.as_scaled(size);
    let mut caret = 0.0;
    let mut glyphs: Vec<Glyph> = Vec::new();
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        if let Some(before) = glyphs.last() {
            caret += scaled.kern(before.id, id);
        }
        glyphs.push(id.with_scale_and_position(size, point(caret, 0.0)));
        caret += scaled.h_advance(id);
    }
    (glyphs, caret)
}
