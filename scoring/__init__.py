"""Turn an answer and a truth into numbers. Pure: no database, no network, no clock.

Names are loaded on first use: a pack's own scorer runs in a container that has only the numerical
libraries, and `from scoring import InvalidSubmission` there must not need the rest of the package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from scoring.engine import score_answer, validate_answer
    from scoring.errors import InvalidScores, InvalidSubmission, ScorerError, TruthError
    from scoring.keys import Keys
    from scoring.messages import Message
    from scoring.metrics import METRICS
    from scoring.metrics.base import Metric
    from scoring.program_result import read_program_result
    from scoring.ranking import Entry, Ranked, Ties, best_entries, rank
    from scoring.run_facts import RunFact, RunFacts
    from scoring.spec import (
        BoardColumn,
        ColumnKind,
        ColumnType,
        Direction,
        Localized,
        Partition,
        Scoring,
        SubmissionTable,
    )
    from scoring.tables import Table, read_answer
    from scoring.types import ItemLosses, ScoreResult

__all__ = [
    "METRICS",
    "BoardColumn",
    "ColumnKind",
    "ColumnType",
    "Direction",
    "Entry",
    "InvalidScores",
    "InvalidSubmission",
    "ItemLosses",
    "Keys",
    "Localized",
    "Message",
    "Metric",
    "Partition",
    "Ranked",
    "RunFact",
    "RunFacts",
    "ScoreResult",
    "ScorerError",
    "Scoring",
    "SubmissionTable",
    "Table",
    "Ties",
    "TruthError",
    "best_entries",
    "rank",
    "read_answer",
    "read_program_result",
    "score_answer",
    "validate_answer",
]

_HOMES: Final = {
    "METRICS": "metrics",
    "BoardColumn": "spec",
    "ColumnKind": "spec",
    "ColumnType": "spec",
    "Direction": "spec",
    "Entry": "ranking",
    "InvalidScores": "errors",
    "InvalidSubmission": "errors",
    "ItemLosses": "types",
    "Keys": "keys",
    "Localized": "spec",
    "Message": "messages",
    "Metric": "metrics.base",
    "Partition": "spec",
    "Ranked": "ranking",
    "RunFact": "run_facts",
    "RunFacts": "run_facts",
    "ScoreResult": "types",
    "ScorerError": "errors",
    "Scoring": "spec",
    "SubmissionTable": "spec",
    "Table": "tables",
    "Ties": "ranking",
    "TruthError": "errors",
    "best_entries": "ranking",
    "rank": "ranking",
    "read_answer": "tables",
    "read_program_result": "program_result",
    "score_answer": "engine",
    "validate_answer": "engine",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
