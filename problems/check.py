"""Try a pack's whole life before anybody else does: `check_pack` and its steps."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from problems.attempts import try_baseline, try_malformed, try_perfect, try_sample
from problems.leaks import find_leaks
from problems.materialise import MaterialiseError, fingerprint, materialise
from problems.pack import Pack, PackError, find_boards, load_pack
from problems.report import CheckReport, Finding, Level, StepReport
from problems.tools import CheckTools
from problems.visible import visible_files
from scoring.errors import TruthError
from scoring.keys import Keys
from scoring.matching import key_texts, match_rows

__all__ = ["CheckReport", "CheckTools", "check_pack"]

EXAMPLES: Final = 5
_OPINIONS: Final = frozenset({"leaks", "sample", "malformed", "baseline"})
"""Steps that try what a pack's author wrote: of an imported pack they are told and stop nothing."""
Progress = Callable[[StepReport], None]


def check_pack(
    directory: Path, tools: CheckTools, progress: Progress = lambda _step: None
) -> CheckReport:
    """Check the pack in a folder, step by step; `progress` gets each step as it ends.

    Never raises for what is wrong with the pack: that is in the report.
    """
    with TemporaryDirectory(prefix="check-") as scratch:
        check = _Check(directory, tools, Path(scratch), progress, [], [])
        pack = check.structure()
        if pack is not None and check.step("data", lambda: check.make_data(pack)):
            check.with_data(pack)
        return CheckReport(tuple(check.steps))


@dataclass(frozen=True, slots=True)
class _Check:
    """One run of the check: where it works and what it has found so far."""

    directory: Path
    tools: CheckTools
    scratch: Path
    progress: Progress
    steps: list[StepReport]
    packs: list[Pack]

    @property
    def is_imported(self) -> bool:
        """Whether the pack is another platform's competition, which is taken as it is."""
        return any(pack.spec.bundle is not None for pack in self.packs)

    @property
    def data(self) -> Path:
        return self.scratch / "data"

    def step(self, name: str, work: Callable[[], Iterable[Finding]]) -> bool:
        """Run one step, report it, and say whether it found no error."""
        started = time.perf_counter()
        try:
            findings = tuple(work())
        except TruthError as error:
            findings = (Finding(Level.ERROR, "truth_error", {}, error.messages),)
        if name in _OPINIONS and self.is_imported:
            findings = tuple(map(_as_warning, findings))
        report = StepReport(name, time.perf_counter() - started, findings)
        self.steps.append(report)
        self.progress(report)
        return report.is_ok

    def structure(self) -> Pack | None:
        """Load the pack; None where that fails."""

        def load() -> list[Finding]:
            try:
                self.packs.append(load_pack(self.directory))
            except PackError as error:
                return [Finding(Level.ERROR, "details", {"what": ""}, error.issues)]
            return []

        self.step("structure", load)
        return self.packs[0] if self.packs else None

    def make_data(self, pack: Pack) -> Iterable[Finding]:
        """Generate or copy the data, and see that everything is where it must be."""
        try:
            materialise(pack, _seed(pack), self.data, self.tools.runner)
        except MaterialiseError as error:
            params = {"reason": f"{error.verdict}: {error.reason}\n{error.log}".strip()}
            return [Finding(Level.ERROR, "generator_failed", params)]
        files = [path for path in self.data.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        made = Finding(Level.NOTE, "generated", {"files": len(files), "bytes": size})
        return [made, *_layout(pack, self.data)]

    def with_data(self, pack: Pack) -> None:
        """Run the steps that need data."""
        self.step("reproducible", lambda: self.make_again(pack))
        self.step("leaks", lambda: self.look_for_leaks(pack))
        self.step("sample", lambda: try_sample(pack, self.data, self.tools))
        self.step("malformed", lambda: try_malformed(pack, self.data, self.tools))
        self.step("perfect", lambda: try_perfect(pack, self.data, self.tools))
        self.step("baseline", lambda: try_baseline(pack, self.data, self.tools))

    def make_again(self, pack: Pack) -> Iterable[Finding]:
        """Generate once more with the same seed and compare every byte."""
        if not pack.has_generator:
            return [Finding(Level.NOTE, "shipped")]
        again = self.scratch / "again"
        try:
            materialise(pack, _seed(pack), again, self.tools.runner)
        except MaterialiseError as error:
            return [Finding(Level.ERROR, "generator_failed", {"reason": str(error)})]
        return _differences(fingerprint(self.data), fingerprint(again))

    def look_for_leaks(self, pack: Pack) -> Iterable[Finding]:
        """Look for the truth among visible files."""
        leaks = list(find_leaks(pack, self.data))
        count = len(visible_files(self.data))
        return leaks or [Finding(Level.NOTE, "no_leak", {"files": count})]


def _as_warning(finding: Finding) -> Finding:
    return replace(finding, level=Level.WARNING) if finding.level is Level.ERROR else finding


def _seed(pack: Pack) -> int:
    return pack.spec.baseline.seed if pack.spec.baseline else 0


def _differences(first: dict[str, str], second: dict[str, str]) -> Iterable[Finding]:
    for path in sorted(first.keys() | second.keys()):
        if path not in first or path not in second:
            yield Finding(Level.ERROR, "file_only_once", {"path": path})
        elif first[path] != second[path]:
            yield Finding(Level.ERROR, "bytes_differ", {"path": path})


def _layout(pack: Pack, data: Path) -> Iterable[Finding]:
    """Yield what the data folder lacks."""
    boards = find_boards(data)
    if "A" not in boards:
        yield Finding(Level.ERROR, "missing" if boards else "no_board", {"path": "data/A/truth"})
    sample = f"data/public/sample_{pack.spec.submission.file}"
    has_sample = (data / sample.removeprefix("data/")).is_file()
    if not has_sample and pack.spec.bundle is None:
        yield Finding(Level.ERROR, "missing_sample", {"path": sample})
    if pack.spec.takes_code:
        needed = ["input"] if pack.spec.is_split_by_rows else [f"{board}/input" for board in boards]
        for path in needed:
            if not (data / path).is_dir():
                yield Finding(Level.ERROR, "missing", {"path": f"data/{path}"})
    if boards == ("A", "B") and pack.spec.is_split_by_rows and pack.spec.scoring.scorer is None:
        yield from _shared_keys(pack, data)


def _shared_keys(pack: Pack, data: Path) -> Iterable[Finding]:
    table = pack.spec.submission.table
    if table is None:
        return
    a, b = (Keys.from_truths([data / board / "truth"], table) for board in ("A", "B"))
    columns = [a.columns[name] for name in table.key]
    shared = match_rows(columns, [b.columns[name] for name in table.key]).rows >= 0
    if shared.any():
        rows = shared.nonzero()[0]
        examples = ", ".join(key_texts(columns, rows[:EXAMPLES]))
        yield Finding(Level.ERROR, "shared_keys", {"count": len(rows), "examples": examples})
