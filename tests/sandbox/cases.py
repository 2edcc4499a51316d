"""Read the data folders of `tests/sandbox_cases`: a new attack is a new folder.

A folder holds the program (`main.py`, or `run.sh`), perhaps `setup.py` (trusted: it is run on this
machine first, with the folders of the code and the input as arguments), and `case.toml`:

- `about`: what is tried, or what holds; `covers`: rows of the table of attacks.
- `verdict`: one or more; "none" is a clean end, "refused" a request that is not run at all.
- `limits`, `collect`: as of a `Run`; what is not said is small.
- `exit_code`, `log_has`, `log_lacks`, `log_truncated`: of the result.
- `kept`: exactly these files came out; `output_lacks`: texts that none of them contains.
- `wall_below_s`: it was over by then; `cpus_below`: processor seconds per second of the clock.
- `smoke`: also run in the short suite on the backends that the full one tries it on.
- `neighbour`: hoards what is shared, so another run at the same time must not notice.
- `[on.BACKEND]`: what is different there, and `why`. `[cannot_hold]`: backend = reason; production
  must refuse such a backend.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from sandbox.types import Limits, Verdict

CASES = Path(__file__).parents[1] / "sandbox_cases"
BACKENDS = frozenset({"docker", "runsc", "bubblewrap"})
VERDICTS = frozenset({"none", "refused", *Verdict})
DEFAULTS: dict[str, float | int] = {"wall_s": 20.0, "memory_bytes": 256 << 20, "processes": 128}
PLAIN = frozenset({"exit_code", "log_truncated", "wall_below_s", "cpus_below"})
LISTS = frozenset({"kept", "log_has", "log_lacks", "output_lacks"})
EXPECTED = PLAIN | LISTS | {"verdict"}
KEYS = EXPECTED | {
    "about",
    "covers",
    "limits",
    "collect",
    "smoke",
    "neighbour",
    "on",
    "cannot_hold",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a result must be like; None says nothing."""

    verdict: frozenset[str]
    exit_code: int | None = None
    log_truncated: bool | None = None
    wall_below_s: float | None = None
    cpus_below: float | None = None
    kept: tuple[str, ...] | None = None
    log_has: tuple[str, ...] = ()
    log_lacks: tuple[str, ...] = ()
    output_lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    folder: Path
    covers: tuple[str, ...]
    limits: Limits
    collect: tuple[str, ...] | None
    smoke: bool
    neighbour: bool
    expected: Expected
    differs: Mapping[str, Expected]
    cannot_hold: Mapping[str, str]

    @property
    def command(self) -> tuple[str, ...]:
        is_shell = (self.folder / "run.sh").is_file()
        return ("bash", "run.sh") if is_shell else ("python", "main.py")

    def expected_on(self, backend: str) -> Expected:
        return self.differs.get(backend, self.expected)


def read_case(folder: Path) -> Case:
    facts = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    unknown = set(facts) - KEYS
    assert not unknown, (folder.name, unknown)
    expected = _updated(Expected(verdict=frozenset()), facts)
    return Case(
        name=folder.name,
        folder=folder,
        covers=tuple(str(row) for row in facts.get("covers", ())),
        limits=Limits(**{**DEFAULTS, **facts.get("limits", {})}),
        collect=tuple(facts["collect"]) if "collect" in facts else None,
        smoke=facts.get("smoke", False),
        neighbour=facts.get("neighbour", False),
        expected=expected,
        differs=MappingProxyType(_differs(folder.name, facts.get("on", {}), expected)),
        cannot_hold=MappingProxyType(facts.get("cannot_hold", {})),
    )


def _differs(
    name: str, on: Mapping[str, Mapping[str, object]], expected: Expected
) -> dict[str, Expected]:
    for backend, facts in on.items():
        assert backend in BACKENDS, (name, backend)
        assert set(facts) <= EXPECTED | {"why"}, (name, backend)
        assert facts.get("why"), (name, backend, "says no why")
    return {backend: _updated(expected, facts) for backend, facts in on.items()}


def _updated(expected: Expected, facts: Mapping[str, object]) -> Expected:
    changes: dict[str, object] = {key: facts[key] for key in PLAIN & set(facts)}
    for key in LISTS & set(facts):
        changes[key] = tuple(_texts(facts[key]))
    if "verdict" in facts:
        verdict = frozenset(_texts(facts["verdict"]))
        assert verdict <= VERDICTS, verdict
        changes["verdict"] = verdict
    return replace(expected, **changes)  # type: ignore[arg-type]


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


def all_cases() -> list[Case]:
    return [read_case(path.parent) for path in sorted(CASES.glob("*/case.toml"))]
