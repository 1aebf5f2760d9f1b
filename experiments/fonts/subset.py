"""Makes the two font files of this folder from Liberation Sans 2 (Debian: fonts-liberation2).

    python3 subset.py REGULAR.ttf BOLD.ttf        (needs fonttools)

Liberation Sans has the widths of Arial and Helvetica, so a label that was measured here also fits
where an SVG is shown in one of those. The subset is renamed, as the licence (OFL.txt) asks of
modified versions, and its line height is set to 1.24 em: plotters takes a font size to be the line
height in bitmaps, and 1.24 em in SVG.
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180)]
DASHES_AND_QUOTES = [*range(0x2010, 0x2016), 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2030]
SYMBOLS = [ord(symbol) for symbol in "←↑→↓↔∆∑−∞≈≠≤≥αβμσΔΣΩ"]
LINE_HEIGHT_EM = 1.24


def make(source, style):
    options = subset.Options(hinting=False, layout_features=["kern"], legacy_kern=True)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["FFTM"]
    options.notdef_outline = True
    options.recalc_timestamp = False
    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LATIN + DASHES_AND_QUOTES + SYMBOLS)
    subsetter.subset(font)
    names = {1: "Podpath Sans", 4: f"Podpath Sans {style}", 6: f"PodpathSans-{style}"}
    names[3] = names[4]
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    descent = font["hhea"].descent
    ascent = round(LINE_HEIGHT_EM * font["head"].unitsPerEm) + descent
    font["hhea"].ascent = font["OS/2"].sTypoAscender = ascent
    font["OS/2"].sTypoDescender = descent
    font["hhea"].lineGap = font["OS/2"].sTypoLineGap = 0
    font.save(f"PodpathSans-{style}.ttf")


make(sys.argv[1], "Regular")
make(sys.argv[2], "Bold")
