"""Read the data folders of `tests/sandbox_cases`: a new attack is a new folder."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.types import Limits

CASES = Path(__file__).parents[1] / "sandbox_cases"
DEFAULTS: dict[str, float | int] = {"wall_s": 20.0, "memory_bytes": 256 << 20, "processes": 128}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    folder: Path
    verdicts: frozenset[str]
    limits: Limits
    collect: tuple[str, ...] | None = None
    kept: tuple[str, ...] | None = None
    exit_code: int | None = None
    log_truncated: bool | None = None
    log_has: tuple[str, ...] = field(default=())
    log_lacks: tuple[str, ...] = field(default=())
    not_on: frozenset[str] = frozenset()


def read_case(folder: Path) -> Case:
    facts = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    return Case(
        name=folder.name,
        folder=folder,
        verdicts=frozenset(facts["verdict"]),
        limits=Limits(**{**DEFAULTS, **facts.get("limits", {})}),
        collect=tuple(facts["collect"]) if "collect" in facts else None,
        kept=tuple(facts["kept"]) if "kept" in facts else None,
        exit_code=facts.get("exit_code"),
        log_truncated=facts.get("log_truncated"),
        log_has=tuple(facts.get("log_has", ())),
        log_lacks=tuple(facts.get("log_lacks", ())),
        not_on=frozenset(facts.get("not_on", ())),
    )


def all_cases() -> list[Case]:
    return [read_case(path.parent) for path in sorted(CASES.glob("*/case.toml"))]
