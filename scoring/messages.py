"""What people are told about their file, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from scoring.catalogue import CATALOGUE

__all__ = ["CATALOGUE", "Message", "Params"]

Params = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Message:
    """One fact about a file: a code of the catalogue, its parameters, and where it is.

    `line` counts the file's physical lines from 1; `column` is the table's column name.
    """

    code: str
    params: Params = field(default_factory=dict)
    line: int | None = None
    column: str | None = None

    @classmethod
    def custom(cls, zh: str, en: str) -> Self:
        """Carry a text that is not in the catalogue."""
        return cls("custom", {"zh": zh, "en": en})

    def render(self, locale: str) -> str:
        """Say it in `zh-Hans` (any Chinese locale) or English, the line first where known."""
        chinese = locale.lower().startswith("zh")
        template = CATALOGUE[self.code][0 if chinese else 1]
        text = template.format_map({"column": self.column or "", **self.params})
        if self.line is None:
            return text
        return f"第 {self.line} 行：{text}" if chinese else f"line {self.line}: {text}"

    def as_dict(self) -> dict[str, object]:
        """Return a JSON-ready form, which `from_dict` reads back."""
        return {
            "code": self.code,
            "params": dict(self.params),
            "line": self.line,
            "column": self.column,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read what `as_dict` wrote; raise `ValueError` for anything else."""
        code, params = data.get("code"), data.get("params", {})
        line, column = data.get("line"), data.get("column")
        if not isinstance(code, str) or code not in CATALOGUE or not isinstance(params, Mapping):
            message = f"not a message: {data!r:.200}"
            raise ValueError(message)
        if not all(isinstance(value, str | int | float) for value in params.values()):
            message = f"not a message: {data!r:.200}"
            raise ValueError(message)
        found = cls(
            code,
            {str(name): value for name, value in params.items()},
            line if isinstance(line, int) else None,
            column if isinstance(column, str) else None,
        )
        try:
            found.render("en")
        except KeyError as error:
            message = f"not a message: {data!r:.200}"
            raise ValueError(message) from error
        return found
