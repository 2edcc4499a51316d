"""EvalAI's `challenge_config.yaml`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from problems.bundles.codabench import UNLIMITED, read_page
from problems.bundles.columns import MOST_COLUMNS, MOST_DECIMALS, Keys
from problems.bundles.model import Board, Competition, Counts, Entry, FileFormat, Page, ScoreColumn
from problems.bundles.nodes import Book, Node
from problems.bundles.notes import Level
from problems.spec import BundleFormat

__all__ = ["read_evalai"]

HOST, OWNER, PUBLIC = 1, 2, 3
_SUBMISSION_S: Final = 300
_WITHOUT_COUNTERPART: Final = (
    "leaderboard_description",
    "published",
    "tags",
    "domain",
    "prizes",
    "sponsors",
    "evaluation_module_error",
    "allowed_email_domains",
    "blocked_email_domains",
    "banned_email_ids",
    "cli_version",
)
_PHASE_WITHOUT_COUNTERPART: Final = (
    "is_public",
    "is_submission_public",
    "is_partial_submission_evaluation_enabled",
    "max_concurrent_submissions_allowed",
    "allowed_email_ids",
    "submission_meta_attributes",
    "default_submission_meta_attributes",
    "environment_image",
    "disable_logs",
)
_REMOTE: Final = ("remote_evaluation", "is_docker_based", "is_static_dataset_code_upload")


@dataclass(frozen=True, slots=True)
class _Split:
    """One split of one phase: who sees its scores, and on which board."""

    codename: str
    visibility: int
    columns: tuple[ScoreColumn, ...]
    suffix: str


def read_evalai(book: Book) -> Competition:
    """Read the whole description; what is wrong or left behind is in the book's notes."""
    root = book.root()
    required = ("title", "description", "terms_and_conditions", "evaluation_script")
    for key in (*required, "leaderboard", "challenge_phases", "dataset_splits"):
        root.require(key)
    root.require("challenge_phase_splits")
    title, summary = root.text("title"), root.text("short_description")
    keys = ("description", "evaluation_details", "submission_guidelines")
    pages = tuple(Page(key.replace("_", " "), read_page(book, root, key)) for key in keys)
    terms = read_page(book, root, "terms_and_conditions")
    _leave_behind(root)
    script = _script(book, root)
    boards = _boards(root)
    splits = {node.text("id"): node.text("codename") for node in _all(root, "dataset_splits")}
    shown = _phase_splits(root, boards, splits)
    entries = [
        entry
        for number, phase in enumerate(root.nodes("challenge_phases"), start=1)
        for entry in _entries(book, phase, number, shown)
    ]
    made = tuple(replace(entry, programs=script) for entry in entries) if script else ()
    root.finish()
    return Competition(FileFormat.EVALAI, title, summary, pages, terms, made)


def _all(root: Node, key: str) -> list[Node]:
    nodes = root.nodes(key)
    for node in nodes:
        node.require("id")
        node.require("codename")
        node.take("name")
    return nodes


def _leave_behind(root: Node) -> None:
    if root.has("image"):
        root.lost("image", "image_left", path=root.text("image"))
    for key in _REMOTE:
        if root.flag(key, default=False):
            root.error(key, "not_imported_kind")
    for key in _WITHOUT_COUNTERPART:
        root.lost_unless(key, (False, []))
    root.date("start_date")
    root.date("end_date")


def _script(book: Book, root: Node) -> dict[str, Path]:
    folder = root.folder("evaluation_script")
    if folder is None:
        return {}
    name = book.files.name(folder)
    if not (folder / "__init__.py").is_file():
        inner = [path.parent for path in sorted(folder.glob("*/__init__.py"))]
        if len(inner) != 1:
            book.about(Level.ERROR, name, "no_evaluate", path=name)
            return {}
        folder = inner[0]
    wanted = folder / "requirements.txt"
    if wanted.is_file():
        lines = (line.partition("#")[0].strip() for line in book.text_of(wanted).splitlines())
        names = ", ".join(line for line in lines if line)
        if names:
            place = book.files.name(wanted)
            book.about(Level.LOST, place, "evaluation_requirements", names=names[:500])
    return {"evaluation": folder}


def _boards(root: Node) -> dict[str, tuple[tuple[ScoreColumn, ...], str]]:
    """Return the columns of each leaderboard by its id."""
    found = {}
    for node in root.nodes("leaderboard"):
        node.require("id")
        identity = node.text("id")
        schema = node.node("schema")
        labels = schema.texts("labels")
        if not labels:
            schema.error("labels", "no_columns")
        if len(labels) > MOST_COLUMNS:
            schema.error("labels", "too_many", limit=MOST_COLUMNS)
        order = schema.text("default_order_by")
        if order not in labels:
            shown = ", ".join(labels)[:200]
            schema.error("default_order_by", "default_order", value=order[:80], allowed=shown)
        columns = _columns(schema, labels, order)
        node.take("config")
        schema.finish()
        node.finish()
        found[identity] = columns, order
    return found


def _columns(schema: Node, labels: Sequence[str], order: str) -> tuple[ScoreColumn, ...]:
    keys, described = Keys(), schema.node("metadata")
    columns = []
    for label in labels[:MOST_COLUMNS]:
        key = keys.make(label)
        if key != label:
            schema.read("labels", "column_renamed", name=label, key=key)
        about = described.node(label)
        ascending = about.flag("sort_ascending", default=False)
        about.lost("description")
        about.finish()
        columns.append(ScoreColumn(label, key, label, not ascending, 2, is_primary=label == order))
    described.finish()
    return tuple(columns)


def _phase_splits(
    root: Node,
    boards: dict[str, tuple[tuple[ScoreColumn, ...], str]],
    splits: dict[str, str],
) -> dict[str, list[_Split]]:
    """Return the splits of each phase by its id."""
    found: dict[str, list[_Split]] = {}
    for node in root.nodes("challenge_phase_splits"):
        for key in ("challenge_phase_id", "leaderboard_id", "dataset_split_id"):
            node.require(key)
        board = boards.get(node.text("leaderboard_id"))
        codename = splits.get(node.text("dataset_split_id"))
        if board is None:
            _unknown(node, "leaderboard_id", ("排行榜", "leaderboard"))
        if codename is None:
            _unknown(node, "dataset_split_id", ("数据划分", "split"))
        visibility = node.whole("visibility", PUBLIC, least=HOST)
        columns = () if board is None else _decorated(node, board[0])
        node.lost_unless("show_execution_time", (False,))
        node.lost_unless("show_leaderboard_by_latest_submission", (False,))
        node.lost_unless("show_scores_on_leaderboard", (True,))
        phase = node.text("challenge_phase_id")
        suffix = re.sub(r"[^a-z0-9]+", "-", (codename or "").lower()).strip("-")
        listed = found.setdefault(phase, [])
        listed.append(_Split(codename or "", visibility, columns, suffix or f"s{len(listed) + 1}"))
        node.finish()
    return found


def _decorated(node: Node, columns: tuple[ScoreColumn, ...]) -> tuple[ScoreColumn, ...]:
    """Return the columns with what a phase's split says of them."""
    decimals = min(node.whole("leaderboard_decimal_precision", 2), MOST_DECIMALS)
    descending = node.flag("is_leaderboard_order_descending", default=True)
    return tuple(
        replace(
            column,
            decimals=decimals,
            is_higher_better=descending if column.is_primary else column.is_higher_better,
        )
        for column in columns
    )


def _unknown(node: Node, key: str, what: tuple[str, str]) -> None:
    value = node.text(key)
    node.error(key, "unknown_reference", value=value, what_zh=what[0], what_en=what[1])


def _entries(book: Book, phase: Node, number: int, shown: dict[str, list[_Split]]) -> list[Entry]:
    """Return the problems of a phase: one where its splits fit our two boards, else one each."""
    base = _phase(book, phase, number)
    splits = shown.get(phase.text("id"), [])
    base = replace(base, known_splits=tuple(dict.fromkeys(split.codename for split in splits)))
    for key in _PHASE_WITHOUT_COUNTERPART:
        phase.lost_unless(key, (False, True, []))
    truth = base.boards["A"].truth
    phase.finish()
    if not splits:
        book.note(Level.LOST, phase.place, "no_splits", name=base.name)
        return []
    seen = [split for split in splits if split.visibility == PUBLIC]
    secret = [split for split in splits if split.visibility != PUBLIC]
    if len(seen) == len(secret) == 1 and seen[0].columns == secret[0].columns:
        boards = {"A": Board(truth, seen[0].codename), "B": Board(truth, secret[0].codename)}
        _explain(book, phase, seen[0], "public")
        _explain(book, phase, secret[0], "hidden")
        return [replace(base, columns=seen[0].columns, boards=boards)]
    if len(splits) > 1:
        book.note(Level.READ, phase.place, "splits_apart", name=base.name, count=len(splits))
    return [_alone(book, phase, base, split, len(splits)) for split in splits]


def _alone(book: Book, phase: Node, base: Entry, split: _Split, count: int) -> Entry:
    is_shut = split.visibility == HOST
    if not is_shut:
        _explain(book, phase, split, "public" if split.visibility == PUBLIC else "own")
    else:
        book.note(Level.LOST, phase.place, "split_hidden_alone", split=split.codename)
    return replace(
        base,
        suffix=base.suffix if count == 1 else f"{base.suffix}-{split.suffix}",
        name=base.name if count == 1 else f"{base.name} · {split.codename}",
        columns=split.columns,
        boards={"A": Board(base.boards["A"].truth, split.codename)},
        is_board_hidden=split.visibility != PUBLIC or base.is_board_hidden,
        is_shut=is_shut,
    )


_SHOWN_HOW: Final = {
    "public": ("A 榜公开", "a public board A"),
    "own": ("仅各队自己可见", "scores that only their team sees"),
    "hidden": ("揭榜前隐藏的 B 榜", "board B, hidden until the reveal"),
}


def _explain(book: Book, phase: Node, split: _Split, how: str) -> None:
    chinese, english = _SHOWN_HOW[how]
    book.note(
        Level.READ,
        phase.place,
        "visibility",
        split=split.codename,
        value=split.visibility,
        how_zh=chinese,
        how_en=english,
    )


def _phase(book: Book, phase: Node, number: int) -> Entry:
    for key in ("id", "name", "codename", "start_date", "end_date", "test_annotation_file"):
        phase.require(key)
    annotation = phase.file("test_annotation_file")
    opens_at, closes_at = phase.date("start_date"), phase.date("end_date")
    if opens_at and closes_at and closes_at <= opens_at:
        phase.error("end_date", "date_order")
    codename = phase.text("codename")
    phase.lost("max_submissions", "limit_total", value=phase.text("max_submissions"))
    month = phase.text("max_submissions_per_month")
    phase.lost("max_submissions_per_month", "limit_month", value=month)
    chooses = phase.flag("is_restricted_to_select_one_submission", default=False)
    return Entry(
        suffix=re.sub(r"[^a-z0-9]+", "-", codename.lower()).strip("-")[:20] or f"p{number}",
        name=phase.text("name", "-"),
        description=read_page(book, phase, "description") if phase.has("description") else "",
        format=BundleFormat.EVALAI,
        columns=(),
        programs={},
        boards={"A": Board({} if annotation is None else {annotation.name: annotation})},
        opens_at=opens_at,
        closes_at=closes_at,
        per_day=min(max(1, phase.whole("max_submissions_per_day", 5)), UNLIMITED),
        time_s=_SUBMISSION_S,
        answer_file=_answer_file(phase),
        phase_codename=codename,
        counts=Counts.CHOSEN if chooses else Counts.BEST,
        is_board_hidden=not phase.flag("leaderboard_public", default=True),
    )


def _answer_file(phase: Node) -> str:
    given = phase.data.get("allowed_submission_file_types")
    types = re.findall(r"\.[a-z0-9]{1,8}", phase.text("allowed_submission_file_types").lower())
    name = f"submission{types[0] if types else '.json'}"
    if given is not None and len(types) > 1:
        shown = ", ".join(types)
        phase.read("allowed_submission_file_types", "file_types", name=name, value=shown)
    elif given is None:
        phase.read("allowed_submission_file_types", "file_types", name=name, value="-")
    return name
