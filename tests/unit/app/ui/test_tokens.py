"""Design tokens: light and dark name the same, every use is defined, every text is legible."""

import re
from math import cos, radians, sin
from typing import Final

import pytest

from app.ui.static_files import FOLDER
from app.ui.styleguide import COLOURS, SIZES

PARTS: Final = FOLDER / "css/site"
TOKENS: Final = (PARTS / "10-tokens.css").read_text()
_BLOCK: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_DEFINED: Final = re.compile(r"(--[\w-]+)\s*:\s*([^;]+);")
_OKLCH: Final = re.compile(r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)")
# text, ground, contrast by WCAG: 7 for body text, 4.5 for the rest
PAIRS: Final = (
    ("--ink", "--paper", 7.0),
    ("--ink", "--surface", 7.0),
    ("--ink", "--paper-2", 7.0),
    ("--ink-2", "--paper", 4.5),
    ("--ink-2", "--paper-2", 4.5),
    ("--accent-ink", "--paper", 4.5),
    ("--accent-ink", "--accent-wash", 4.5),
    ("--good", "--paper", 4.5),
    ("--bad", "--paper", 4.5),
    ("--bad", "--bad-wash", 4.5),
    ("--warn", "--warn-wash", 4.5),
    ("--idle", "--paper", 4.5),
    ("--pane-ink", "--pane", 7.0),
)


def blocks() -> dict[str, dict[str, str]]:
    """The colours of each theme, by the selector that sets them."""
    found: dict[str, dict[str, str]] = {}
    for selector, body in _BLOCK.findall(TOKENS):
        tokens = dict(_DEFINED.findall(body))
        if "--paper" in tokens:
            name = selector.strip().rpartition("\n")[2].strip()
            found[name] = tokens
    return found


THEMES: Final = {
    "light": blocks()[":root"],
    "dark": blocks()[':root[data-theme="dark"]'],
    "auto": blocks()[':root[data-theme="auto"]'],
}


def luminance(colour: str) -> float:
    """Relative luminance of `oklch(L% C H)`, by way of Oklab and linear sRGB."""
    match = _OKLCH.fullmatch(colour)
    assert match is not None, colour
    light, chroma, hue = float(match[1]) / 100, float(match[2]), radians(float(match[3]))
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    shares = ((0.2126, red), (0.7152, green), (0.0722, blue))
    return sum(share * min(max(part, 0.0), 1.0) for share, part in shares)


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_the_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("oklch(100% 0 0)", "oklch(0% 0 0)") == pytest.approx(21, abs=0.01)


def test_both_ways_to_dark_are_the_same_and_leave_nothing_light() -> None:
    assert THEMES["dark"] == THEMES["auto"]
    set_by_both = set(THEMES["light"]) - {"--pane-ink", "--pane-2"}  # the log is dark in both
    assert set(THEMES["dark"]) == set_by_both


def test_every_token_that_is_used_is_defined() -> None:
    text = "".join(path.read_text() for path in sorted(PARTS.glob("*.css")))
    defined = {name for name, _value in _DEFINED.findall(text)}
    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert used <= defined | {"--hue"}


def test_colours_are_written_in_the_tokens_alone() -> None:
    for path in PARTS.glob("*.css"):
        if path.name in {"10-tokens.css", "90-print.css"}:
            continue
        raw = re.findall(r"oklch\((?!var)|#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl\(", path.read_text())
        assert not raw, path.name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_text_is_legible(theme: str, text: str, ground: str, least: float) -> None:
    colours = THEMES["light"] | THEMES[theme]
    assert contrast(colours[text], colours[ground]) >= least


def test_the_sheet_shows_every_colour_and_size() -> None:
    colours = {name for name in THEMES["light"] if name != "--area-ink"}
    assert {name for group in COLOURS for name in group} == colours
    assert set(SIZES) == set(re.findall(r"(--t-\d+):", TOKENS))
