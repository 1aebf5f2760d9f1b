//! A picture as a value: marks at real coordinates, nothing drawn yet.
//!
//! Figures are pure functions from rows to a [`Picture`]; `paint` turns one picture into SVG and
//! PNG. A value can be looked at by a test: no two labels overlap, nothing leaves the page.
//!
//! Lengths are CSS pixels (1/96 inch), x to the right, y down.

use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor};

use super::ink;

/// A point \[px\].
pub type Point = (f64, f64);

/// Marks in drawing order on a white page.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Width of the page \[px\].
    pub width: f64,
    /// Height of the page \[px\].
    pub height: f64,
    /// What is on it; later marks cover earlier ones.
    pub marks: Vec<Mark>,
}

/// One thing on the page.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line through points.
    Stroke {
        /// Corners in order \[px\].
        points: Vec<Point>,
        /// Its ink.
        ink: RGBAColor,
        /// Its thickness \[px\].
        width: f64,
    },
    /// A filled area.
    Fill {
        /// Corners in order \[px\].
        points: Vec<Point>,
        /// Its ink.
        ink: RGBAColor,
    },
    /// A filled circle.
    Disc {
        /// Its middle \[px\].
        at: Point,
        /// Its radius \[px\].
        radius: f64,
        /// Its ink.
        ink: RGBAColor,
    },
    /// One line of text.
    Text {
        /// Where its middle line begins, is centred or ends \[px\].
        at: Point,
        /// What it says.
        text: String,
        /// How it looks.
        style: Style,
    },
}

/// Which part of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Font size, the em \[px\].
    pub size: f64,
    /// Bold or regular.
    pub bold: bool,
    /// Its ink.
    pub ink: RGBAColor,
    /// Which part of it stands at the point.
    pub anchor: Anchor,
    /// Whether it reads upwards, as the title of a vertical axis.
    pub upwards: bool,
}

impl Style {
    /// Regular dark text that begins at its point.
    pub const fn new(size: f64) -> Style {
        Style { size, bold: false, ink: ink::TEXT, anchor: Anchor::Start, upwards: false }
    }

    /// The same in bold.
    pub const fn bold(self) -> Style {
        Style { bold: true, ..self }
    }

    /// The same in another ink.
    pub const fn ink(self, ink: RGBAColor) -> Style {
        Style { ink, ..self }
    }

    /// The same with its middle at the point.
    pub const fn middle(self) -> Style {
        Style { anchor: Anchor::Middle, ..self }
    }

    /// The same with its end at the point.
    pub const fn end(self) -> Style {
        Style { anchor: Anchor::End, ..self }
    }

    /// The same reading upwards.
    pub const fn upwards(self) -> Style {
        Style { upwards: true, ..self }
    }

    /// The font at `scale` device units a pixel, in plotters' sizes (1.24 of them an em).
    pub(super) fn font(&self, scale: f64) -> FontDesc<'static> {
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        ink::register_fonts();
        FontDesc::new(FontFamily::Name(ink::FONT_STACK), self.size * scale * 1.24, style)
    }

    /// How long `text` is in this style \[px\].
    pub fn width(&self, text: &str) -> f64 {
        const FINE: f64 = 16.0;
        self.font(FINE).box_size(text).map_or(0.0, |(wide, _)| f64::from(wide) / FINE)
    }

    /// `text`, shortened at its end with `…` until it is no longer than `room` \[px\].
    pub fn fit(&self, text: &str, room: f64) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while !kept.is_empty() {
            kept.pop();
            let shorter: String = kept.iter().chain(['…'].iter()).collect();
            if self.width(&shorter) <= room {
                return shorter;
            }
        }
        String::new()
    }
}

impl Picture {
    /// An empty page.
    pub fn new(width: f64, height: f64) -> Picture {
        Picture { width, height, marks: Vec::new() }
    }

    /// A line through `points`.
    pub fn stroke(&mut self, points: &[Point], ink: RGBAColor, width: f64) {
        if points.len() > 1 {
            self.marks.push(Mark::Stroke { points: points.to_vec(), ink, width });
        }
    }

    /// A broken line through `points`: `dash` long pieces with `gap` between them \[px\]; the
    /// rhythm runs on around corners.
    pub fn dashes(&mut self, points: &[Point], ink: RGBAColor, width: f64, (dash, gap): Point) {
        let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
        let (mut drawing, mut left) = (true, dash);
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            loop {
                let span = libm::hypot(to.0 - from.0, to.1 - from.1);
                if span <= left {
                    left -= span;
                    piece.push(to);
                    break;
                }
                let part = left / span;
                from = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
                piece.push(from);
                if drawing {
                    self.stroke(&piece, ink, width);
                }
                piece = vec![from];
                drawing = !drawing;
                left = if drawing { dash } else { gap };
            }
        }
        if drawing {
            self.stroke(&piece, ink, width);
        }
    }

    /// A filled area with the corners `points`.
    pub fn fill(&mut self, points: &[Point], ink: RGBAColor) {
        self.marks.push(Mark::Fill { points: points.to_vec(), ink });
    }

    /// A filled rectangle between two corners.
    pub fn rectangle(&mut self, (x0, y0): Point, (x1, y1): Point, ink: RGBAColor) {
        self.fill(&[(x0, y0), (x1, y0), (x1, y1), (x0, y1)], ink);
    }

    /// The outline of a rectangle between two corners.
    pub fn outline(&mut self, (x0, y0): Point, (x1, y1): Point, ink: RGBAColor, width: f64) {
        // From the middle of an edge, so that every corner is a joint and none an end.
        let middle = ((x0 + x1) / 2.0, y0);
        self.stroke(&[middle, (x1, y0), (x1, y1), (x0, y1), (x0, y0), middle], ink, width);
    }

    /// A filled circle.
    pub fn disc(&mut self, at: Point, radius: f64, ink: RGBAColor) {
        self.marks.push(Mark::Disc { at, radius, ink });
    }

    /// A line of text.
    pub fn text(&mut self, at: Point, text: impl Into<String>, style: Style) {
        let text = text.into();
        if !text.is_empty() {
            self.marks.push(Mark::Text { at, text, style });
        }
    }

    /// Every text with its box: left, top, right, bottom \[px\].
    pub fn text_boxes(&self) -> Vec<(&str, [f64; 4])> {
        let boxed = |mark: &'_ Mark| {
            let Mark::Text { at: (x, y), text, style } = mark else { return None };
            let long = style.width(text);
            let before = match style.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => long / 2.0,
                Anchor::End => long,
            };
            let half = style.size * 0.5;
            Some(match style.upwards {
                false => [x - before, y - half, x - before + long, y + half],
                true => [x - half, y + before - long, x + half, y + before],
            })
        };
        let texts = self.marks.iter().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.zip(self.marks.iter().filter_map(boxed)).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Fails if a text leaves the page or two texts overlap by more than a hair.
    pub(crate) fn assert_readable(picture: &Picture) {
        let boxes = picture.text_boxes();
        for (at, (text, [left, top, right, bottom])) in boxes.iter().enumerate() {
            let inside =
                *left >= 0.0 && *top >= 0.0 && *right <= picture.width && *bottom <= picture.height;
            assert!(inside, "`{text}` leaves the page: {left} {top} {right} {bottom}");
            for (other, [l, t, r, b]) in &boxes[at + 1..] {
                let apart =
                    right.min(*r) - left.max(*l) < 0.5 || bottom.min(*b) - top.max(*t) < 1.0;
                assert!(apart, "`{text}` and `{other}` overlap near {left:.0},{top:.0}");
            }
        }
    }

    #[test]
    fn a_broken_line_keeps_its_rhythm_around_a_corner() {
        let mut picture = Picture::new(100.0, 100.0);
        picture.dashes(&[(0.0, 0.0), (5.0, 0.0), (5.0, 9.0)], ink::TEXT, 1.0, (4.0, 2.0));
        let pieces: Vec<Vec<Point>> = picture
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Stroke { points, .. } => points.clone(),
                _ => panic!("only strokes"),
            })
            .collect();
        // 14 px of line: drawn 0-4, not 4-6 (the corner is at 5), drawn 6-10, not 10-12, 12-14.
        let expected = [
            vec![(0.0, 0.0), (4.0, 0.0)],
            vec![(5.0, 1.0), (5.0, 5.0)],
            vec![(5.0, 7.0), (5.0, 9.0)],
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn text_is_measured_in_arial_widths() {
        // Arial's advance widths: "W" 0.944 em, "i" 0.222 em.
        let style = Style::new(100.0);
        assert!((style.width("W") - 94.4).abs() < 0.3, "{}", style.width("W"));
        assert!((style.width("iii") - 66.6).abs() < 0.4, "{}", style.width("iii"));
        assert!(style.width(&style.fit("calico-vpp-ipsec", 300.0)) <= 300.0);
        assert!(style.fit("calico-vpp-ipsec", 300.0).ends_with('…'));
        assert_eq!(style.fit("ab", 300.0), "ab");
    }
}
