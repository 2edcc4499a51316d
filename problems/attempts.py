"""The steps of the check that hand answers in: sample, hostile and perfect ones, a baseline."""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from problems.bundles.layout import run_layout
from problems.evaluation import board_keys, check_answer, score_output
from problems.pack import Pack, find_boards
from problems.report import Finding, Level
from problems.spec import Board
from problems.tools import CheckTools, ScriptResources, ScriptRun
from problems.trials import malformed_answers, write_perfect
from scoring.errors import InvalidScores, InvalidSubmission, ScorerError, TruthError
from scoring.metrics import METRICS
from scoring.metrics.base import Metric

__all__ = ["try_baseline", "try_malformed", "try_perfect", "try_sample"]

PERFECT_TOLERANCE: Final = 1e-9
LOG_TAIL: Final = 2000


def try_sample(pack: Pack, data: Path, tools: CheckTools) -> Iterator[Finding]:
    """Score the sample submission on every board it answers."""
    if _has_no_sample(pack, data):
        yield Finding(Level.WARNING, "no_sample")
        return
    sample = data / "public" / f"sample_{pack.spec.submission.file}"
    boards = find_boards(data) if pack.spec.is_split_by_rows else ("A",)
    with _answer(pack, sample.read_bytes()) as folder:
        for board in boards:
            yield _attempt(pack, Path(folder), data, board, tools)[1]


def try_malformed(pack: Pack, data: Path, tools: CheckTools) -> Iterator[Finding]:
    """Hand in hostile answers: each must be refused in words, none may crash the scorer.

    An imported scorer is held to the second alone: it is another platform's, and used as it is.
    """
    if _has_no_sample(pack, data):
        yield Finding(Level.WARNING, "no_sample")
        return
    sample = (data / "public" / f"sample_{pack.spec.submission.file}").read_bytes()
    is_table = pack.spec.submission.table is not None
    count = 0
    for name, content, must_refuse in malformed_answers(sample, is_table=is_table):
        with _answer(pack, content) as folder:
            scores, finding = _attempt(pack, Path(folder), data, "A", tools)
        count += 1
        if finding.code in {"scorer_error", "invalid_scores"}:
            yield Finding(Level.ERROR, "malformed_crash", {"name": name}, (finding,))
        elif scores is not None and must_refuse and pack.spec.bundle is None:
            yield Finding(Level.ERROR, "malformed_accepted", {"name": name})
    yield Finding(Level.NOTE, "malformed_refused", {"count": count})


def _has_no_sample(pack: Pack, data: Path) -> bool:
    """Say whether an imported pack brought no sample; the check refuses others without one."""
    sample = data / "public" / f"sample_{pack.spec.submission.file}"
    return pack.spec.bundle is not None and not sample.is_file()


def try_perfect(pack: Pack, data: Path, tools: CheckTools) -> Iterable[Finding]:
    """Hand in the truth itself: each built-in metric must give its best score."""
    table, scoring = pack.spec.submission.table, pack.spec.scoring
    if table is None or scoring.scorer is not None:
        yield Finding(Level.NOTE, "skipped_scorer")
        return
    boards = find_boards(data)
    for group in [boards] if pack.spec.is_split_by_rows else [(board,) for board in boards]:
        with _answer(pack, b"") as folder:
            path = Path(folder) / pack.spec.submission.file
            write_perfect(path, [data / board / "truth" for board in group], table, scoring)
            for board in group:
                scores, finding = _attempt(pack, Path(folder), data, board, tools)
                yield finding
                yield from _imperfections(pack, board, scores or {})


def try_baseline(pack: Pack, data: Path, tools: CheckTools) -> Iterator[Finding]:
    """Run the baseline as a team's code is run, and compare with its recorded scores."""
    if not pack.has_baseline:
        yield Finding(Level.WARNING, "no_baseline")
        return
    if not pack.spec.takes_code:
        yield Finding(Level.WARNING, "no_code")
        return
    if pack.spec.resources.gpus > tools.gpus:
        yield Finding(Level.WARNING, "needs_gpu", {"gpus": pack.spec.resources.gpus})
        return
    boards = find_boards(data)
    groups = (
        [(data / "input", boards)]
        if pack.spec.is_split_by_rows
        else [(data / board / "input", (board,)) for board in boards]
    )
    for source, group in groups:
        with TemporaryDirectory(prefix="baseline-") as folder:
            outcome = tools.runner(_baseline_run(pack, source, Path(folder), tools))
            if not outcome.is_ok:
                reason = f"{outcome.verdict}: {outcome.message}\n{outcome.log[-LOG_TAIL:]}".strip()
                params = {"board": ", ".join(group), "reason": reason}
                yield Finding(Level.ERROR, "baseline_failed", params)
                continue
            for board in group:
                scores, finding = _attempt(pack, Path(folder), data, board, tools)
                yield finding
                yield from _deviations(pack, board, scores or {})


def _baseline_run(pack: Pack, source: Path, output: Path, tools: CheckTools) -> ScriptRun:
    code = pack.directory / "baseline"
    resources, collect = ScriptResources.of(pack.spec.resources), (pack.spec.submission.file,)
    if pack.spec.bundle is None:
        command = tools.find_command(code)
        return ScriptRun(code, command, output, resources, input=source, collect=collect)
    layout = run_layout(pack.directory, code, source)
    return ScriptRun(
        code=pack.directory,
        command=layout.command,
        output=output,
        resources=resources,
        mounts={**layout.shared, **layout.own},
        output_at=layout.output_at,
        collect=collect,
    )


def _answer(pack: Pack, content: bytes) -> "TemporaryDirectory[str]":
    """Return a folder that holds the content under the answer's name."""
    folder = TemporaryDirectory(prefix="answer-")
    (Path(folder.name) / pack.spec.submission.file).write_bytes(content)
    return folder


def _attempt(
    pack: Pack, output: Path, data: Path, board: str, tools: CheckTools
) -> tuple[Mapping[str, float] | None, Finding]:
    """Validate and score one answer; return its scores, None where there are none, in words too."""
    try:
        check_answer(pack, output / pack.spec.submission.file, board_keys(pack, data, board))
        truth = data / board / "truth"
        scores = score_output(pack, output, truth, tools.runner, tools.unpack).scores
    except InvalidSubmission as error:
        return None, Finding(Level.ERROR, "refused", {}, error.messages)
    except InvalidScores as error:
        return None, Finding(Level.ERROR, "invalid_scores", {"board": board}, error.messages)
    except (ScorerError, TruthError) as error:
        return None, Finding(Level.ERROR, "scorer_error", {}, error.messages)
    shown = ", ".join(f"{name} {score:.6g}" for name, score in scores.items())
    return scores, Finding(Level.NOTE, "scored", {"board": board, "scores": shown})


def _is_known(metric: Metric) -> bool:
    """Whether the truth itself must score the best there is, and that is a number.

    A perfect interval has no width, so its coverage is not the level asked for.
    """
    return metric.reaches_best and math.isfinite(metric.best) and "level" not in metric.params


def _imperfections(pack: Pack, board: str, scores: Mapping[str, float]) -> Iterator[Finding]:
    for column in pack.spec.scoring.measured:
        metric = METRICS[column.metric or ""]
        if column.key not in scores or not _is_known(metric):
            continue
        score = scores[column.key]
        if abs(score - metric.best) > PERFECT_TOLERANCE:
            params = {
                "board": board,
                "column": column.key,
                "score": f"{score:.6g}",
                "best": f"{metric.best:.6g}",
            }
            yield Finding(Level.ERROR, "not_perfect", params)


def _deviations(pack: Pack, board: str, scores: Mapping[str, float]) -> Iterator[Finding]:
    baseline = pack.spec.baseline
    recorded = baseline.scores.get(Board(board), {}) if baseline else {}
    if baseline is None or not recorded:
        yield Finding(Level.WARNING, "not_recorded", {"board": board})
        return
    for name, expected in recorded.items():
        score = scores.get(name)
        if score is not None and abs(score - expected) > baseline.tolerance:
            params = {
                "board": board,
                "column": name,
                "score": f"{score:.6g}",
                "recorded": f"{expected:.6g}",
                "tolerance": f"{baseline.tolerance:g}",
            }
            yield Finding(Level.ERROR, "baseline_off", params)
