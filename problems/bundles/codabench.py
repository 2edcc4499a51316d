"""Codabench's `competition.yaml`, version 2."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from problems.bundles.columns import read_columns
from problems.bundles.commands import read_command
from problems.bundles.model import (
    Board,
    Competition,
    Counts,
    Entry,
    FileFormat,
    Page,
    PublicFolder,
    ScoreColumn,
)
from problems.bundles.nodes import Book, Node
from problems.bundles.notes import Level
from problems.bundles.pages import demote, html_to_markdown
from problems.spec import BundleFormat

__all__ = ["Limits", "PhaseFacts", "Task", "make_entry", "read_codabench", "read_page", "read_task"]

SCORER_S: Final = 300
UNLIMITED: Final = 1000
_RULES: Final = {
    "Add": Counts.CHOSEN,
    "Add_And_Delete": Counts.CHOSEN,
    "Add_And_Delete_Multiple": Counts.CHOSEN,
    "Force_Last": Counts.LAST,
    "Force_Latest_Multiple": Counts.LAST,
    "Force_Best": Counts.BEST,
}
_WITHOUT_COUNTERPART: Final = (
    "registration_auto_approve",
    "enable_detailed_results",
    "show_detailed_results_in_submission_panel",
    "show_detailed_results_in_leaderboard",
    "auto_run_submissions",
    "can_participants_make_submissions_public",
    "make_programs_available",
    "make_input_data_available",
    "competition_type",
    "fact_sheet",
    "reward",
    "contact_email",
    "forum_enabled",
    "queue",
    "allow_robot_submissions",
)


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its programs and data."""

    name: str
    description: str
    programs: dict[str, Path]
    commands: dict[str, tuple[str, ...]]
    reference: Path | None
    input: Path | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a phase allows."""

    per_day: int
    time_s: int


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What a phase says for all its tasks."""

    number: int
    name: str
    description: str
    opens_at: datetime | None
    closes_at: datetime | None
    limits: Limits
    public: tuple[PublicFolder, ...]
    shows_errors: bool


def read_codabench(book: Book) -> Competition:
    """Read the whole description; what is wrong or left behind is in the book's notes."""
    root = book.root()
    root.take("version")
    for key in ("title", "image", "terms", "pages", "tasks", "phases", "leaderboards"):
        root.require(key)
    title, description = root.text("title"), root.text("description")
    terms = read_page(book, root, "terms")
    pages = _pages(book, root)
    _leave_behind(root)
    columns, counts, is_hidden = _board(book, root)
    tasks = _tasks(book, root)
    samples = _samples(root, tasks)
    entries = [
        make_entry(facts, tasks[key], columns, counts, samples.get(key), suffix)
        for facts, wanted in _phases(book, root)
        for key, suffix in _chosen(book, facts, wanted, tasks)
    ]
    hidden = tuple(replace(entry, is_board_hidden=is_hidden) for entry in entries)
    root.finish()
    return Competition(FileFormat.CODABENCH, title, description, pages, terms, hidden)


def _leave_behind(root: Node) -> None:
    if root.has("image"):
        root.lost("image", "image_left", path=root.text("image"))
    if root.has("docker_image"):
        root.lost("docker_image", "docker_image", value=root.text("docker_image"))
    for key in _WITHOUT_COUNTERPART:
        root.lost(key)


def _pages(book: Book, root: Node) -> tuple[Page, ...]:
    pages = []
    for node in root.nodes("pages"):
        node.require("file")
        title = node.text("title", "-")
        pages.append(Page(title, read_page(book, node, "file")))
        node.take("index")
        node.finish()
    return tuple(pages)


def read_page(book: Book, node: Node, key: str) -> str:
    """Return a page as Markdown; one without text is an error."""
    path = node.file(key)
    if path is None:
        return ""
    name, text = book.files.name(path), book.text_of(path)
    if path.suffix.lower() in {".html", ".htm"}:
        text, pictures = html_to_markdown(text)
        for picture in pictures:
            book.about(Level.LOST, name, "picture_left", page=name, path=picture)
    if not text.strip():
        node.error(key, "page_empty", path=name)
    return demote(text)


def _board(book: Book, root: Node) -> tuple[tuple[ScoreColumn, ...], Counts, bool]:
    boards = root.nodes("leaderboards")
    if not boards:
        root.error("leaderboards", "empty_list")
        return (), Counts.CHOSEN, False
    for other in boards[1:]:
        book.note(Level.LOST, other.place, "second_leaderboard", name=other.text("title", "-"))
    board = boards[0]
    for key in ("title", "key", "index"):
        board.take(key)
    is_hidden = board.flag("hidden", default=False)
    rule = board.choice("submission_rule", tuple(_RULES), "Add")
    counts = _RULES[rule]
    board.read("submission_rule", "submission_rule", value=rule, counts=counts.value)
    columns = read_columns(book, board, board.nodes("columns"))
    board.finish()
    return columns, counts, is_hidden


def _tasks(book: Book, root: Node) -> dict[str, Task | None]:
    """Return the tasks by index; None stands for one that cannot be imported."""
    found: dict[str, Task | None] = {}
    for node in root.nodes("tasks"):
        node.require("index")
        index = node.text("index")
        if index in found:
            node.error("index", "repeated", value=index)
        found[index] = read_task(book, node)
        node.finish()
    return found


def read_task(book: Book, node: Node) -> Task | None:
    """Read one task; None with a note where its files are elsewhere or it cannot be run safely."""
    if node.has("key"):
        node.lost("key", "task_key", value=node.text("key"))
        return None
    name = node.text("name", "-")
    if node.flag("ingestion_only_during_scoring", default=False):
        node.lost("ingestion_only_during_scoring", "ingestion_with_truth", name=name)
        for key in ("description", "scoring_program", "reference_data", "input_data"):
            node.take(key)
        node.take("ingestion_program")
        return None
    node.require("scoring_program")
    programs: dict[str, Path] = {}
    commands: dict[str, tuple[str, ...]] = {}
    for kind in ("scoring", "ingestion"):
        folder = node.folder(f"{kind}_program")
        if folder is not None:
            programs[kind] = folder
            commands[kind] = read_command(book, folder, is_scoring=kind == "scoring")
    node.take("is_public")
    return Task(
        name=name,
        description=node.text("description"),
        programs=programs,
        commands=commands,
        reference=node.folder("reference_data"),
        input=node.folder("input_data"),
    )


def _samples(root: Node, tasks: dict[str, Task | None]) -> dict[str, Path]:
    """Return the first solution of each task."""
    samples: dict[str, Path] = {}
    for node in root.nodes("solutions"):
        for key in ("index", "name", "description"):
            node.take(key)
        node.lost("key", "dataset_key", value=node.text("key"))
        folder = node.folder("path")
        for index in node.texts("tasks"):
            task = tasks.get(index)
            if index not in tasks:
                _unknown(node, "tasks", index, ("任务", "task"))
            elif folder is not None and task is not None and index in samples:
                node.lost("tasks", "solution_unused", name=task.name)
            elif folder is not None:
                samples[index] = folder
        node.finish()
    return samples


def _phases(book: Book, root: Node) -> list[tuple[PhaseFacts, list[str]]]:
    nodes = root.nodes("phases")
    if not nodes:
        root.error("phases", "empty_list")
    places = [(node.whole("index", 0), node) for node in nodes]
    ordered = [node for _, node in sorted(places, key=lambda pair: pair[0])]
    phases = []
    for number, node in enumerate(ordered, start=1):
        phases.append((_phase(node, number), node.texts("tasks")))
        if number < len(ordered):
            node.require("end")
        node.finish()
    _check_order(book, ordered, [facts for facts, _ in phases])
    return phases


def _phase(node: Node, number: int) -> PhaseFacts:
    node.require("name")
    node.require("start")
    node.require("tasks")
    facts = PhaseFacts(
        number=number,
        name=node.text("name", "-"),
        description=node.text("description"),
        opens_at=node.date("start"),
        closes_at=node.date("end"),
        limits=read_limits(node),
        public=tuple(
            PublicFolder(key, folder)
            for key in ("public_data", "starting_kit")
            if (folder := node.folder(key)) is not None
        ),
        shows_errors=not node.flag("hide_output", default=False),
    )
    node.lost_unless("auto_migrate_to_this_phase", (False,), "auto_migrate")
    for key in ("hide_prediction_output", "hide_score_output"):
        node.lost_unless(key, (False,))
    if facts.opens_at and facts.closes_at and facts.closes_at <= facts.opens_at:
        node.error("end", "date_order")
    return facts


def read_limits(node: Node) -> Limits:
    """Read what a phase allows; 0 is no limit there."""
    per_day = node.whole("max_submissions_per_day", 5)
    if per_day == 0:
        node.read("max_submissions_per_day", "limit_day_none")
    elif per_day > UNLIMITED:
        node.read("max_submissions_per_day", "limit_day_capped", value=per_day)
    total = node.whole("max_submissions", 100)
    if total:
        node.book.note(Level.LOST, node.at("max_submissions"), "limit_total", value=total)
    time_s = node.whole("execution_time_limit", 600, least=1)
    if time_s > SCORER_S:
        node.book.note(Level.READ, node.at("execution_time_limit"), "scoring_time", value=time_s)
    return Limits(min(per_day or UNLIMITED, UNLIMITED), time_s)


def _check_order(book: Book, nodes: Sequence[Node], phases: Sequence[PhaseFacts]) -> None:
    for before, node, after in zip(phases, nodes[1:], phases[1:], strict=False):
        if before.closes_at and after.opens_at and after.opens_at <= before.closes_at:
            book.note(Level.ERROR, node.at("start"), "phases_overlap", name=after.name)


def _chosen(
    book: Book, facts: PhaseFacts, wanted: Sequence[str], tasks: dict[str, Task | None]
) -> list[tuple[str, str]]:
    """Return the tasks of a phase with the suffixes of their problems."""
    place = ("phases", facts.number - 1, "tasks")
    known = [index for index in wanted if index in tasks]
    for index in wanted:
        if index not in tasks:
            words = {"what_zh": "任务", "what_en": "task"}
            book.note(Level.ERROR, place, "unknown_reference", value=index, **words)
    if len(known) > 1:
        book.note(Level.READ, place, "several_tasks", name=facts.name, count=len(known))
    return [
        (index, f"p{facts.number}" if len(known) == 1 else f"p{facts.number}-t{number}")
        for number, index in enumerate(known, start=1)
        if tasks[index] is not None
    ]


def _unknown(node: Node, key: str, value: str, what: tuple[str, str]) -> None:
    node.error(key, "unknown_reference", value=value, what_zh=what[0], what_en=what[1])


def make_entry(
    facts: PhaseFacts,
    task: Task | None,
    columns: tuple[ScoreColumn, ...],
    counts: Counts,
    sample: Path | None,
    suffix: str,
) -> Entry:
    """Put a phase and one of its tasks together."""
    if task is None:
        message = "a task that cannot be imported has no entry"
        raise ValueError(message)
    return Entry(
        suffix=suffix,
        name=facts.name if task.name == "-" else f"{facts.name} · {task.name}",
        description="\n\n".join(part for part in (facts.description, task.description) if part),
        format=BundleFormat.CODABENCH,
        columns=columns,
        programs=task.programs,
        commands=task.commands,
        boards={"A": Board({"": task.reference} if task.reference else {})},
        opens_at=facts.opens_at,
        closes_at=facts.closes_at,
        per_day=facts.limits.per_day,
        time_s=facts.limits.time_s,
        input=task.input if "ingestion" in task.programs else None,
        public=facts.public,
        sample=sample,
        counts=counts,
        shows_errors=facts.shows_errors,
    )
