//! From a [`Picture`] to SVG and PNG: one drawing routine over plotters' back ends.
//!
//! Both are drawn at `UNITS` device units a pixel. In the SVG these are its user units, so that
//! plotters' whole numbers are fine enough; the bitmap is averaged down to `DENSITY` dots a
//! pixel, which smooths edges.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, ShapeStyle, TextStyle};

use super::picture::{Anchor, Mark, Picture, Point, Style};
use super::raster::Raster;
use super::{PlotError, ink};

/// Device units a pixel while drawing.
const UNITS: f64 = 4.0;
/// Dots a pixel in the PNG: sharp on dense screens and on paper.
const DENSITY: u32 = 2;

type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Draws every mark of a picture.
pub fn paint<B: DrawingBackend>(picture: &Picture, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    area.fill(&ink::PAPER)?;
    for mark in &picture.marks {
        match mark {
            Mark::Stroke { points, ink, width } => {
                let thickness = (width * UNITS).round().max(1.0) as u32;
                let style = ShapeStyle { color: *ink, filled: false, stroke_width: thickness };
                area.draw(&PathElement::new(points.iter().map(device).collect::<Vec<_>>(), style))?;
            }
            Mark::Fill { points, ink } => {
                area.draw(&Polygon::new(points.iter().map(device).collect::<Vec<_>>(), ink))?;
            }
            Mark::Disc { at, radius, ink } => {
                area.draw(&Circle::new(device(at), radius * UNITS, ink.filled()))?;
            }
            Mark::Text { at, text, style } => {
                area.draw(&Text::new(
                    printable(text).replace(['\n', '\t'], " "),
                    device(at),
                    text_style(style),
                ))?;
            }
        }
    }
    area.present()
}

fn device((x, y): &Point) -> (i32, i32) {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn text_style(style: &Style) -> TextStyle<'static> {
    let along = match style.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let turn = if style.upwards { FontTransform::Rotate270 } else { FontTransform::None };
    let font = style.font(UNITS).transform(turn);
    TextStyle { font, color: style.ink.to_backend_color(), pos: Pos::new(along, VPos::Center) }
}

/// XML 1.0 has no control characters, not even escaped, but line breaks and tabs.
fn printable(text: &str) -> String {
    let plain = |letter: char| !letter.is_control() || letter == '\n' || letter == '\t';
    text.chars().map(|letter| if plain(letter) { letter } else { '\u{fffd}' }).collect()
}

/// The picture as an SVG document that names itself to screen readers.
///
/// # Errors
/// If plotters cannot draw it.
pub fn svg(picture: &Picture, title: &str, description: &str) -> Result<String, PlotError> {
    let (wide, high) = device(&(picture.width, picture.height));
    let mut drawn = String::new();
    {
        let backend = SVGBackend::with_string(&mut drawn, (wide as u32, high as u32));
        paint(picture, &backend.into_drawing_area()).map_err(PlotError::drawing)?;
    }
    let body = drawn.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = (picture.width, picture.height);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {wide} {high}\" role=\"img\" stroke-linejoin=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>{body}",
        escape(title),
        escape(description)
    ))
}

/// Text that stands for itself in XML and HTML.
pub fn escape(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The picture as a PNG file.
///
/// # Errors
/// If plotters cannot draw it.
pub fn png(picture: &Picture) -> Result<Vec<u8>, PlotError> {
    // Whole dots after averaging.
    let fine = UNITS as u32 / DENSITY;
    let (wide, high) = device(&(picture.width.ceil(), picture.height.ceil()));
    let (wide, high) = (wide as u32, high as u32);
    let mut dots = vec![255; wide as usize * high as usize * 3];
    {
        let backend = Raster(BitMapBackend::with_buffer(&mut dots, (wide, high)));
        paint(picture, &backend.into_drawing_area()).map_err(PlotError::drawing)?;
    }
    let (wide, high, dots) = average(&dots, wide, high, fine);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, wide, high);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Ten times as fast as the default. It is good at zeros: what is alike from line to line.
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::FilterType::Up);
    let mut writer = encoder.write_header().map_err(PlotError::drawing)?;
    writer.write_image_data(&dots).map_err(PlotError::drawing)?;
    writer.finish().map_err(PlotError::drawing)?;
    Ok(file)
}

/// Averages squares of `fine` × `fine` dots into one.
fn average(dots: &[u8], wide: u32, high: u32, fine: u32) -> (u32, u32, Vec<u8>) {
    let (columns, rows) = (wide / fine, high / fine);
    let (fine, line) = (fine as usize, wide as usize * 3);
    let square = (fine * fine) as u32;
    let mut averaged = Vec::with_capacity((columns * rows * 3) as usize);
    let mut column = vec![0u16; line];
    for rows in dots.chunks_exact(line * fine).take(rows as usize) {
        column.fill(0);
        for row in rows.chunks_exact(line) {
            column.iter_mut().zip(row).for_each(|(sum, dot)| *sum += u16::from(*dot));
        }
        for dots in column.chunks_exact(3 * fine) {
            for channel in 0..3 {
                let sum: u32 = dots[channel..].iter().step_by(3).map(|dot| u32::from(*dot)).sum();
                averaged.push(((sum + square / 2) / square) as u8);
            }
        }
    }
    (columns, rows, averaged)
}
