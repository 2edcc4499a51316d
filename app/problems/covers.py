"""Covers: an uploaded SVG reduced to harmless shapes, or one drawn here."""

import re
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

from app.core.errors import UnprocessableError
from app.core.i18n import N_

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK_HREF: Final = "{http://www.w3.org/1999/xlink}href"
MAX_BYTES: Final = 200_000
_MOST_ELEMENTS: Final = 5_000
_DEEPEST: Final = 40
# no script, no style sheet, no foreign content, no animation, no image, no link
_ELEMENTS: Final = frozenset(
    re.findall(
        r"\S+",
        """
    svg g path rect circle ellipse line polyline polygon text tspan title desc defs symbol use
    linearGradient radialGradient stop clipPath mask pattern marker
        """,
    )
)
_ATTRIBUTES: Final = frozenset(
    re.findall(
        r"\S+",
        """
    id d x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy width height points viewBox transform
    preserveAspectRatio fill fill-opacity fill-rule stroke stroke-width stroke-opacity
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity
    clip-path clip-rule mask offset stop-color stop-opacity gradientUnits gradientTransform
    spreadMethod patternUnits patternContentUnits patternTransform clipPathUnits maskUnits
    maskContentUnits markerWidth markerHeight refX refY orient marker-start marker-mid
    marker-end font-family font-size font-weight text-anchor dominant-baseline letter-spacing
    textLength lengthAdjust color visibility vector-effect paint-order role aria-label lang
        """,
    )
)
_LOCAL_REFERENCE: Final = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")
_FORBIDDEN_VALUE: Final = re.compile(
    r"url\s*\(|image\s*\(|expression|@import|:/|&|\\|javascript:|data:", flags=re.IGNORECASE
)
_DOCTYPE: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", flags=re.IGNORECASE)
AREA_COLOURS: Final[Mapping[str, str]] = {
    "quality-inspection": "#00918c",
    "logistics": "#3a7cc4",
    "supply-chain": "#8467c4",
    "maintenance": "#a67a00",
    "design": "#3f8f3f",
}
COVER_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The content security policy a cover is served with, should somebody open it by itself."""


class CoverError(UnprocessableError):
    """The cover of a pack is no SVG that can be shown."""

    code = "bad_cover"
    message = N_("cover.svg cannot be used: %(reason)s.")


def clean_svg(source: bytes) -> bytes:
    """Return an SVG with nothing in it but shapes, text and local references.

    Whatever is not on the lists is dropped: scripts, handlers, styles, links, images, outside
    references.

    Raises:
        CoverError: it is not SVG, too large, too deep, or declares entities.
    """
    if len(source) > MAX_BYTES:
        raise CoverError(reason=f"> {MAX_BYTES} B")
    if _DOCTYPE.search(source) or b"\0" in source:
        raise CoverError(reason="DOCTYPE")
    try:
        root = ET.fromstring(source)  # noqa: S314 — without a DOCTYPE there are no entities to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        raise CoverError(reason=str(error)[:200]) from error
    if root.tag != f"{{{_SVG}}}svg":
        raise CoverError(reason="<svg>")
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise CoverError(reason=f"> {_MOST_ELEMENTS} elements")
    cleaned = _copy(root, 0)
    cleaned.set("xmlns", _SVG)
    return bytes(ET.tostring(cleaned, encoding="utf-8"))


def _copy(element: ET.Element, depth: int) -> ET.Element:
    if depth > _DEEPEST:
        raise CoverError(reason=f"> {_DEEPEST} levels")
    copied = ET.Element(_local(element.tag), _attributes(element))
    copied.text = element.text
    for child in element:
        if _is_allowed(child):
            kept = _copy(child, depth + 1)
            kept.tail = child.tail
            copied.append(kept)
    return copied


def _is_allowed(element: ET.Element) -> bool:
    # the parser leaves comments and processing instructions out, so every tag is a name
    return element.tag.startswith(f"{{{_SVG}}}") and _local(element.tag) in _ELEMENTS


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attributes(element: ET.Element) -> dict[str, str]:
    kept = {
        name: value
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and not _FORBIDDEN_VALUE.search(_LOCAL_REFERENCE.sub("", value))
    }
    href = element.get("href") or element.get(_XLINK_HREF) or ""
    if _local(element.tag) == "use" and re.fullmatch(r"#[\w.-]+", href):
        kept["href"] = href
    return kept


def draw_cover(area: str, slug: str) -> bytes:
    """Draw a cover for a problem without one: a window of its area, its bars set by its name."""
    hue = AREA_COLOURS[area]
    heights = [30 + ord(letter) * 37 % 100 for letter in slug[:8].ljust(8, "-")]
    bars = "".join(
        f'<rect x="{40 + 31 * place}" y="{180 - height}" width="20" height="{height}"/>'
        for place, height in enumerate(heights)
    )
    return (
        f'<svg xmlns="{_SVG}" viewBox="0 0 320 200">'
        f'<rect width="320" height="200" fill="#faf9f6"/>'
        f'<g fill="{hue}" fill-opacity=".35">{bars}</g>'
        f'<g fill="none" stroke="{hue}" stroke-width="2">'
        f'<rect x="20" y="20" width="280" height="160"/><path d="M160 20v160M20 100h280"/></g>'
        "</svg>"
    ).encode()
