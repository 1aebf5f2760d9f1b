//! Colours and fonts.
//!
//! The palette is that of Okabe and Ito ("Color Universal Design", 2008), which people with any
//! kind of colour blindness can tell apart; its yellow is left out, as it is faint on white paper.

use std::sync::Once;

use ab_glyph::FontRef;
use plotters::style::{FontStyle, RGBAColor, register_font};

/// The fonts of an SVG in order of preference: all have the widths that texts are measured with.
pub const FONT_STACK: &str = "Podpath Sans, Liberation Sans, Arial, Helvetica, sans-serif";

/// Body text, titles.
pub const TEXT: RGBAColor = RGBAColor(0x22, 0x26, 0x2b, 1.0);
/// Labels of axes, notes.
pub const MUTED: RGBAColor = RGBAColor(0x5b, 0x64, 0x6e, 1.0);
/// The base line of an axis.
pub const AXIS: RGBAColor = RGBAColor(0x8a, 0x93, 0x9c, 1.0);
/// Grid lines.
pub const GRID: RGBAColor = RGBAColor(0xe3, 0xe7, 0xea, 1.0);
/// The ground of a panel or box.
pub const GROUND: RGBAColor = RGBAColor(0xf5, 0xf7, 0xf8, 1.0);
/// The page.
pub const PAPER: RGBAColor = RGBAColor(0xff, 0xff, 0xff, 1.0);

/// Blue.
pub const BLUE: RGBAColor = RGBAColor(0x00, 0x72, 0xb2, 1.0);
/// Vermillion.
pub const VERMILLION: RGBAColor = RGBAColor(0xd5, 0x5e, 0x00, 1.0);
/// Bluish green.
pub const GREEN: RGBAColor = RGBAColor(0x00, 0x9e, 0x73, 1.0);
/// Orange.
pub const ORANGE: RGBAColor = RGBAColor(0xe6, 0x9f, 0x00, 1.0);
/// Sky blue.
pub const SKY: RGBAColor = RGBAColor(0x56, 0xb4, 0xe9, 1.0);
/// Reddish purple.
pub const PURPLE: RGBAColor = RGBAColor(0xcc, 0x79, 0xa7, 1.0);
/// Black, softened.
pub const BLACK: RGBAColor = RGBAColor(0x33, 0x33, 0x33, 1.0);

/// The palette, most distinct neighbours first.
pub const PALETTE: [RGBAColor; 7] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK];

/// The colour of the `at`th thing; after seven they come again, and dashes tell them apart.
pub fn colour(at: usize) -> RGBAColor {
    PALETTE[at % PALETTE.len()]
}

/// Dash and gap of the `at`th line \[px\]; the first seven are whole.
pub fn dash(at: usize) -> Option<(f64, f64)> {
    [None, Some((6.0, 3.0)), Some((2.0, 2.0)), Some((10.0, 3.0))][at / PALETTE.len() % 4]
}

/// `ink` mixed with white: 0 leaves it as it is, 1 is white.
pub fn tint(ink: RGBAColor, white: f64) -> RGBAColor {
    let mix = |part: u8| (f64::from(part) + (255.0 - f64::from(part)) * white).round() as u8;
    RGBAColor(mix(ink.0), mix(ink.1), mix(ink.2), ink.3)
}

/// `ink` that lets what is under it show: 0 is invisible, 1 covers.
pub fn sheer(ink: RGBAColor, opacity: f64) -> RGBAColor {
    RGBAColor(ink.0, ink.1, ink.2, opacity)
}

const REGULAR: &[u8] = include_bytes!("../../fonts/PodpathSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/PodpathSans-Bold.ttf");

/// The font that bitmaps are set in.
///
/// # Panics
/// If a font file of this crate is broken.
pub fn font(bold: bool) -> FontRef<'static> {
    let bytes = if bold { BOLD } else { REGULAR };
    FontRef::try_from_slice(bytes).expect("the fonts of this crate are whole")
}

/// Gives plotters the same fonts to measure with, so that no figure depends on the machine's own.
pub fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            let registered = register_font(FONT_STACK, style, bytes);
            assert!(registered.is_ok(), "the fonts of this crate are whole");
        }
    });
}
