"""CodaLab's `competition.yaml`, versions 1, 1.5 and 1.8: phases and columns are maps."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from problems.bundles.codabench import (
    PhaseFacts,
    make_entry,
    read_limits,
    read_page,
    read_task,
)
from problems.bundles.columns import MOST_COLUMNS, MOST_DECIMALS, Keys, settle
from problems.bundles.dates import BEIJING
from problems.bundles.model import (
    Competition,
    Counts,
    FileFormat,
    Page,
    PublicFolder,
    ScoreColumn,
)
from problems.bundles.nodes import Book, Node
from problems.bundles.notes import Level

if TYPE_CHECKING:
    from problems.document import Plain

__all__ = ["read_codalab"]

_WITHOUT_COUNTERPART: Final = (
    "has_registration",
    "allow_public_submissions",
    "allow_teams",
    "anonymous_leaderboard",
    "enable_detailed_results",
    "enable_forum",
    "enable_medical_image_viewer",
    "enable_per_submission_metadata",
    "enable_teams",
    "force_submission_to_leaderboard",
    "admin_names",
    "competition_docker_image_password",
    "reward",
    "competition_admins",
    "hide_chart",
    "hide_top_three",
    "show_datasets_from_yaml",
    "disallow_leaderboard_modifying",
    "require_team_approval",
    "original_yaml_file",
)
_PHASE_WITHOUT_COUNTERPART: Final = (
    "color",
    "is_scoring_only",
    "auto_migration",
    "is_migrated",
    "leaderboard_management_mode",
    "delete_submissions_except_best_and_last",
    "datasets",
    "force_best_submission_to_leaderboard",
    "default_docker_image",
    "disable_custom_docker_image",
    "scoring_program_docker_image",
    "ingestion_program_docker_image",
    "phase_never_ends",
)


def read_codalab(book: Book) -> Competition:
    """Read the whole description; what is wrong or left behind is in the book's notes."""
    root = book.root()
    root.take("version")
    for key in ("title", "html", "phases", "leaderboard"):
        root.require(key)
    title, description = root.text("title"), root.text("description")
    pages, terms = _pages(book, root)
    if root.has("image"):
        root.lost("image", "image_left", path=root.text("image"))
    if root.has("competition_docker_image"):
        value = root.text("competition_docker_image")
        root.lost("competition_docker_image", "docker_image", value=value)
    for key in _WITHOUT_COUNTERPART:
        root.lost(key)
    columns = _columns(book, root)
    phases = _phases(root)
    entries = []
    for facts, node in phases:
        task = read_task(book, _as_task(node))
        if task is not None:
            suffix = f"p{facts.number}"
            entries.append(make_entry(facts, task, columns, Counts.CHOSEN, None, suffix))
        node.finish()
    root.finish()
    return Competition(FileFormat.CODALAB, title, description, pages, terms, tuple(entries))


def _pages(book: Book, root: Node) -> tuple[tuple[Page, ...], str]:
    html = root.node("html")
    html.require("terms")
    terms = read_page(book, html, "terms")
    names = [key for key in html.keys() if key != "terms"]  # noqa: SIM118 — no dict
    pages = [Page(key.replace("_", " "), read_page(book, html, key)) for key in names]
    html.finish()
    return tuple(pages), terms


def _columns(book: Book, root: Node) -> tuple[ScoreColumn, ...]:
    board = root.node("leaderboard")
    names = board.node("leaderboards")
    for key in names.keys()[1:]:
        names.lost(key, "second_leaderboard", name=key)
    nodes = board.node("columns")
    keys, ranked = Keys(), []
    if not nodes.keys():
        board.error("columns", "no_columns")
    if len(nodes.keys()) > MOST_COLUMNS:
        board.error("columns", "too_many", limit=MOST_COLUMNS)
    for place, name in enumerate(nodes.keys()[:MOST_COLUMNS]):
        column = nodes.node(name)
        rank = column.whole("rank", place + 1)
        ranked.append((rank, _column(column, name, keys.make(name))))
        column.take("leaderboard")
        column.lost("computed")
        column.finish()
    board.lost("column_groups")
    board.finish()
    ordered = [column for _, column in sorted(ranked, key=lambda pair: pair[0])]
    return settle(book, ordered, ("leaderboard", "columns"))


def _column(node: Node, name: str, key: str) -> ScoreColumn:
    if key != name:
        node.book.note(Level.READ, node.place, "column_renamed", name=name, key=key)
    return ScoreColumn(
        name=name,
        key=key,
        title=node.text("label", name) or name,
        is_higher_better=node.choice("sort", ("desc", "asc"), "desc") == "desc",
        decimals=min(node.whole("numeric_format", 2), MOST_DECIMALS),
        is_hidden=node.flag("hidden", default=False),
    )


def _phases(root: Node) -> list[tuple[PhaseFacts, Node]]:
    """Return the phases in order of number; the parent of parallel ones is dropped."""
    nodes = root.node("phases")
    if not nodes.keys():
        root.error("phases", "empty_list")
    found = []
    for place, key in enumerate(nodes.keys(), start=1):
        node = nodes.node(key)
        number = node.whole("phasenumber", place)
        if node.flag("is_parallel_parent", default=False):
            nodes.lost(key, "parent_phase", name=node.text("label", key))
            continue
        node.take("parent_phasenumber")
        found.append((number, node))
    ordered = [node for _, node in sorted(found, key=lambda pair: pair[0])]
    facts = [_phase(node, number) for number, node in enumerate(ordered, start=1)]
    end = root.date("end_date")
    return list(zip(_with_ends(ordered, facts, end), ordered, strict=True))


def _phase(node: Node, number: int) -> PhaseFacts:
    node.require("start_date")
    for key in _PHASE_WITHOUT_COUNTERPART:
        node.lost_unless(key, (False,))
    limits = read_limits(node)
    public = tuple(
        PublicFolder(key, folder)
        for key in ("public_data", "starting_kit")
        if (folder := node.folder(key)) is not None
    )
    return PhaseFacts(
        number=number,
        name=node.text("label", f"Phase {number}"),
        description=node.text("description"),
        opens_at=node.date("start_date"),
        closes_at=node.date("end_date"),
        limits=limits,
        public=public,
        shows_errors=True,
    )


def _with_ends(
    nodes: list[Node], phases: list[PhaseFacts], end: datetime | None
) -> list[PhaseFacts]:
    """Give every phase an end: a day before the next one's start, the last one the contest's."""
    ended = []
    for place, facts in enumerate(phases):
        closes_at = facts.closes_at
        if closes_at is None and place + 1 < len(phases):
            after = phases[place + 1].opens_at
            closes_at = None if after is None else after - timedelta(days=1)
            if closes_at is not None and facts.opens_at and closes_at <= facts.opens_at:
                closes_at = after
            if closes_at is not None:
                beijing = f"{closes_at.astimezone(BEIJING):%F %T}"
                nodes[place].read("start_date", "phase_end", beijing=beijing)
        elif closes_at is None:
            closes_at = end
        ended.append(replace(facts, closes_at=closes_at))
    return ended


def _as_task(node: Node) -> Node:
    """Return the part of a phase that is a task of version 2."""
    data: dict[str, Plain] = {}
    for key in ("scoring_program", "ingestion_program", "reference_data", "input_data"):
        value = node.take(key)
        if value is not None:
            data[key] = value
    during = node.take("ingestion_program_only_during_scoring")
    if during is not None:
        data["ingestion_only_during_scoring"] = during
    return Node(node.book, node.place, data)
