"""Sizes such as `10MiB` and times such as `300s`, as people write them in `problem.yaml`."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from scoring.spec import spec_error

__all__ = ["Seconds", "Size", "parse_seconds", "parse_size"]

SIZES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
TIMES: Final = {"s": 1, "min": 60, "h": 3600}
_QUANTITY: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([A-Za-z]+)")


def _parse(text: str, units: dict[str, int]) -> float | None:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        return None
    return float(match[1]) * units[match[2]]


def parse_size(value: object) -> object:
    """Read `10MiB` (also B, KiB, GiB, TiB) as bytes; a plain integer is bytes already."""
    if not isinstance(value, str):
        return value
    size = _parse(value, SIZES)
    if size is None:
        raise spec_error(code="bad_size", allowed="10MiB, 512KiB, 2GiB")
    return int(size)


def parse_seconds(value: object) -> object:
    """Read `300s` (also min, h) as seconds; a plain integer is seconds already."""
    if not isinstance(value, str):
        return value
    seconds = _parse(value, TIMES)
    if seconds is None:
        raise spec_error(code="bad_time", allowed="300s, 10min, 1h")
    return int(seconds)


Size = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=int | str), Field(gt=0)]
Seconds = Annotated[
    int, BeforeValidator(parse_seconds, json_schema_input_type=int | str), Field(gt=0)
]
