"""Small tables, columns and files that several tests share."""

from pathlib import Path

from scoring import Message, Scoring, SubmissionTable
from scoring.errors import InvalidSubmission
from scoring.tables import Table, read_answer

LABELS = ("ok", "open", "short")
TABLE = SubmissionTable.model_validate(
    {
        "key": ("id",),
        "columns": {
            "id": {"type": "string"},
            "label": {"type": "category", "values": LABELS},
            "score": {"type": "number", "min": 0, "max": 1},
        },
    }
)
GOOD = "id,label,score\na,ok,0.5\nb,open,1\nc,short,0\n"


def table(key: str = "id", **columns: dict[str, object]) -> SubmissionTable:
    return SubmissionTable.model_validate({"key": (key,), "columns": columns})


def scoring(*columns: dict[str, object], partition: str = "rows") -> Scoring:
    full = [
        {"direction": "max", "primary": place == 0, "target": ("label",), **column}
        for place, column in enumerate(columns)
    ]
    return Scoring.model_validate({"partition": partition, "columns": tuple(full)})


def write(folder: Path, content: str | bytes, name: str = "answer.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, kind: SubmissionTable = TABLE) -> Table:
    return read_answer(write(folder, content), kind)


def complaints(
    folder: Path, content: str | bytes, kind: SubmissionTable = TABLE
) -> tuple[Message, ...]:
    """Return what is wrong with an answer, which must not be nothing."""
    try:
        read(folder, content, kind)
    except InvalidSubmission as error:
        return error.messages
    message = "the answer was accepted"
    raise AssertionError(message)


def codes(messages: tuple[Message, ...]) -> list[tuple[str, int | None]]:
    return [(message.code, message.line) for message in messages]
