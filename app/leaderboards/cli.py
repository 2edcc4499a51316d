"""`flask leaderboard …`: boards as files, and proof that they are what the scores say."""

import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
from flask.cli import AppGroup

from app.core.api import translate
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import Locale
from app.core.tables import Cell, TableFormat, write_table
from app.evaluations.standings import audit_board, ensure_fresh, rebuild
from app.leaderboards.combining import Names, combined_cells, rank_by_captain
from app.leaderboards.exports import (
    HEADINGS,
    TAIL,
    column_titles,
    list_cells,
)
from app.leaderboards.queries import find_view
from app.problems.models import Board
from app.problems.queries import get_problem, list_all_problems
from scoring.aggregate import Method, combine

_FORMATS: Final = [one.value for one in TableFormat]

commands = AppGroup("leaderboard", help="Boards: export, rebuild.")


@commands.command("export")
@click.argument("slug")
@click.option("--board", type=click.Choice([board.value for board in Board]), default="A")
@click.option("--division", default="", help="Only teams of this division.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="csv")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="The file to write; without it, standard output.",
)
@click.option(
    "--before-reveal", is_flag=True, help="Write board B although it is not revealed yet."
)
@click.option(
    "--raw",
    is_flag=True,
    help="On a board A that answers by the Ladder, add what was found: not for teams.",
)
@click.option(
    "--lang",
    type=click.Choice([locale.value for locale in Locale]),
    default=Locale.ZH_HANS.value,
    show_default=True,
    help="Language of the headings.",
)
def export(  # noqa: PLR0913 — the options of a command
    *,
    slug: str,
    board: str,
    division: str,
    kind: str,
    output: Path,
    before_reveal: bool,
    raw: bool,
    lang: str,
) -> None:
    """Write a board as it is now: CSV with a byte-order mark, which Excel opens, or XLSX."""
    content = _export(
        Board(board), slug, division, kind, lang, before_reveal=before_reveal, raw=raw
    )
    if str(output) == "-":
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)


def _export(  # noqa: PLR0913 — the options of a command
    board: Board,
    slug: str,
    division: str,
    kind: str,
    lang: str,
    *,
    before_reveal: bool,
    raw: bool,
) -> bytes:
    now = platform().clock.now()
    try:
        with platform().database.transaction() as session:
            problem = get_problem(session, slug)
            ensure_fresh(session, problem, now=now)
            if problem.stage(board) is None:
                message = f"{slug} has no board {board.value}"
                raise click.ClickException(message)
            if board is Board.B and problem.b_revealed_at is None and not before_reveal:
                message = "Board B is not revealed; --before-reveal writes it all the same."
                raise click.ClickException(message)
            if division and division not in problem.rules.divisions:
                message = f"{slug} has no division {division}"
                raise click.ClickException(message)
            view = find_view(session, problem, board, now=now, division=division, live=True)
            assert view is not None  # noqa: S101 — made anew above
            view = replace(view, is_raw=raw)
            named = [translate(text, lang, {}) for text in (*HEADINGS, *TAIL)]
            split = len(HEADINGS)
            heading = [*named[:split], *column_titles(view, lang), *named[split:]]
            return _pack(kind, heading, list_cells(session, view))
    except AppError as error:
        raise click.ClickException(str(error)) from error


@commands.command("combine")
@click.argument("method", type=click.Choice([method.value for method in Method]))
@click.argument("slugs", nargs=-1, required=True)
@click.option("--board", type=click.Choice([board.value for board in Board]), default="A")
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="csv")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="The file to write; without it, standard output.",
)
def combine_(method: str, slugs: tuple[str, ...], board: str, kind: str, output: Path) -> None:
    """Write one board over several problems; board B only after its reveal.

    Teams are of one problem each: those of one captain are one competitor, named after its first
    team. Whoever is missing from a board counts as worse than its last.
    """
    content = _combine(Method(method), slugs, Board(board), kind)
    if str(output) == "-":
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)


def _combine(method: Method, slugs: tuple[str, ...], board: Board, kind: str) -> bytes:
    now = platform().clock.now()
    names = Names()
    boards = []
    try:
        with platform().database.transaction() as session:
            for slug in slugs:
                problem = get_problem(session, slug)
                if board is Board.B and problem.b_revealed_at is None:
                    message = f"board B of {slug} is not revealed"
                    raise click.ClickException(message)
                ensure_fresh(session, problem, now=now)
                view = find_view(session, problem, board, now=now)
                if problem.stage(board) is None or view is None:
                    message = f"{slug} has no board {board.value}"
                    raise click.ClickException(message)
                boards.append(rank_by_captain(session, view, names))
    except AppError as error:
        raise click.ClickException(str(error)) from error
    rows = combined_cells(combine(boards, method), names)
    return _pack(kind, ["rank", "team", method.value, *slugs], rows)


@commands.command("rebuild")
@click.argument("slug", required=False)
@click.option("--check", is_flag=True, help="Only compare; exit 1 where anything is wrong.")
def rebuild_(slug: str | None, *, check: bool) -> None:
    """Compare boards with the scores they are made of, and make them anew.

    Prints a line for each board: slug, board, rows, how many are wrong (`stale` where the rules
    changed since and nobody has looked).
    """
    wrong = 0
    with platform().database.reading() as session:
        slugs = [one.slug for one in list_all_problems(session)] if slug is None else [slug]
    for one in slugs:
        wrong += _rebuild(one, check=check)
    if check and wrong:
        sys.exit(1)


def _pack(kind: str, heading: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> bytes:
    packed = io.BytesIO()
    write_table(packed, TableFormat(kind), heading, rows)
    return packed.getvalue()


def _rebuild(slug: str, *, check: bool) -> int:
    now, wrong = platform().clock.now(), 0
    try:
        with platform().database.transaction() as session:
            problem = get_problem(session, slug)
            for stage in sorted(problem.stages, key=lambda stage: stage.key):
                found = audit_board(session, problem, stage.key, now=now)
                told = str(found.wrong) if found.is_fresh else "stale"
                click.echo(f"{slug}\t{found.board.value}\t{found.rows}\t{told}")
                wrong += found.wrong
            if not check:
                rebuild(session, problem, now=now)
    except AppError as error:
        raise click.ClickException(str(error)) from error
    return wrong
