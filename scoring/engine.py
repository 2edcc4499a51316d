"""Score an answer with the built-in metrics: match rows by key, run each column's metric."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from scoring.encodings import ALL_ENCODINGS, Encoding, as_utf8
from scoring.errors import InvalidScores
from scoring.finite import finish_scores
from scoring.formats import ALL_FORMATS, Format
from scoring.keys import Keys, match_answer
from scoring.matching import KeyTexts
from scoring.messages import Message
from scoring.metrics import METRICS
from scoring.metrics.base import Memo, UndefinedMetricError
from scoring.mistakes import draw_mistakes
from scoring.program_result import MAX_CASES
from scoring.run_facts import RunFacts
from scoring.samples import build_sample, truth_columns
from scoring.spec import Partition, Scoring, SubmissionTable
from scoring.strata import read_strata
from scoring.tables import Table, read_answer, read_table
from scoring.truth import read_truth
from scoring.types import ItemLosses, ScoreResult

__all__ = ["score_answer", "validate_answer"]


def validate_answer(
    path: Path,
    table: SubmissionTable,
    keys: Keys | None,
    formats: Collection[Format] = ALL_FORMATS,
    encodings: Collection[Encoding] = ALL_ENCODINGS,
) -> tuple[Message, ...]:
    """Check an answer without its truth: the file, its cells, and its keys where they are known.

    `formats` and `encodings` are those it may be in. Returns what the team is to be told of a good
    answer: how it was read, where that is not as usual. Raises `InvalidSubmission`.
    """
    with as_utf8(path, encodings) as (file, notes):
        if keys is None:
            read_answer(file, table, formats)
        else:
            answer = read_table(file, table.columns, table.key, exact=True, formats=formats)
            match_answer(answer, keys)
    return notes


def score_answer(
    answer: Path,
    truth: Path,
    table: SubmissionTable,
    scoring: Scoring,
    facts: RunFacts | None = None,
) -> ScoreResult:
    """Score the answer file against one board's truth folder.

    `facts` are what the run that wrote it used, for columns that show that. Where the boards split
    rows, the rows of other boards are ignored here. Raises `InvalidSubmission` (the answer),
    `InvalidScores` (a score is undefined or not finite, or the run used too much), `TruthError`
    (the truth).
    """
    with as_utf8(answer) as (file, _):
        return _score_file(file, truth, table, scoring, facts)


def _score_file(
    answer: Path, truth: Path, table: SubmissionTable, scoring: Scoring, facts: RunFacts | None
) -> ScoreResult:
    given = read_table(answer, table.columns, table.key, exact=True)
    true = read_truth(truth, truth_columns(table, scoring), table.key, distinct=False)
    allow_extra = scoring.partition is Partition.ROWS
    rows = match_answer(given, true, allow_extra=allow_extra)
    found = _score_columns(given.pick(rows), true, table, scoring)
    return replace(found, scores=finish_scores(found.scores, scoring, facts, len(given)))


def _score_columns(
    given: Table, true: Table, table: SubmissionTable, scoring: Scoring
) -> ScoreResult:
    """Return what the metrics say, unfinished."""
    ids = KeyTexts(true.key_slice, len(true))
    strata = read_strata(true, scoring)
    scores: dict[str, float] = {}
    losses: dict[str, ItemLosses] = {}
    cases: dict[str, dict[str, object]] = {}
    memo = Memo()
    for column in scoring.measured:
        metric = METRICS[column.metric or ""]
        sample = replace(build_sample(metric, column, table, given, true, memo), ids=ids)
        try:
            with np.errstate(all="ignore"):  # what overflows is caught below, by name
                scores[column.key] = metric.score(sample)
                if metric.loss is not None:
                    losses[column.key] = ItemLosses(ids, metric.loss(sample), strata)
                if metric.cases is not None:
                    told = zip(ids[:MAX_CASES], metric.cases(sample), strict=False)
                    for name, case in told:
                        cases.setdefault(name, {"id": name}).update(case)
        except UndefinedMetricError as error:
            raise InvalidScores(Message(error.code, {"name": column.key})) from None
    picture = draw_mistakes(given, true, scoring)
    return ScoreResult(scores, tuple(cases.values()), losses, picture)
