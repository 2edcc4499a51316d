"""`flask demo …`: the demo's accounts and problems, entered the way everybody else's are."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Final

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import schema
from app.accounts.models import Role, User
from app.accounts.operations import create_user
from app.core.audit import THE_CLOCK
from app.core.current import platform, settings
from app.core.errors import AppError
from app.core.platform import Platform
from app.evaluations.models import FINISHED, Evaluation, State
from app.problems.models import Problem
from app.problems.publishing import publish_directory
from app.run_all import DEMO_PASSWORD, CannotStartError, alone, children_of, one_line_errors
from app.settings import ROOT
from app.submissions.models import Submission
from app.supervisor import Patience, Supervisor
from problems.materialise import MaterialiseError
from problems.pack import PackError
from sandbox import SandboxError

commands = AppGroup("demo", help="A site to try things out on.")

PACKS: Final = ROOT / "problems"
DEMO_SEED: Final = 2025
_PEOPLE: Final = (
    ("team@demo.example.org", "示例队员", Role.PARTICIPANT),
    ("judge@demo.example.org", "示例评委", Role.JUDGE),
    ("organiser@demo.example.org", "示例组委会", Role.ORGANISER),
)


@commands.command("prepare")
def prepare() -> None:
    """Create the schema, the accounts and the problems that are not there yet."""
    with _one_line_errors():
        prepare_demo(platform())


@commands.command("once")
def once() -> None:
    """Prepare, run everything until every baseline has ended, print the scores, and leave.

    Scores go to standard output, everything else to standard error; after a failure the reason is
    the last line.
    """
    port, configured = platform(), settings()
    with _one_line_errors():
        _refuse_in_production()
        with alone(configured):
            prepare_demo(port)
            supervisor = Supervisor(children_of(configured), patience=Patience(failures=5))
            supervisor.run(until=lambda: _baselines_done(port))
    sys.exit(report(port))


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Let what is expected to go wrong end in one line and status 1."""
    with one_line_errors():
        try:
            yield
        except PackError as error:
            raise CannotStartError("; ".join(one.render("en") for one in error.issues)) from error
        except MaterialiseError as error:
            raise CannotStartError(" ".join(f"{error} {error.log}".split())) from error
        except (AppError, SandboxError) as error:
            raise CannotStartError(str(error)) from error


def _refuse_in_production() -> None:
    if settings().production:
        message = "the demo's accounts have published passwords: refused in production"
        raise CannotStartError(message)


def prepare_demo(port: Platform) -> None:
    """Bring an installation to where the demo starts; what is there is kept.

    Raises:
        CannotStartError: in production, where published passwords are refused.
    """
    _refuse_in_production()
    schema.upgrade(port.database)
    with port.database.transaction() as session:
        for email, name, role in _PEOPLE:
            _ensure_person(session, port, email, name, role)
    _ensure_problems(port, sorted(path.parent for path in PACKS.glob("*/problem.yaml")))


def _ensure_person(session: Session, port: Platform, email: str, name: str, role: Role) -> None:
    if session.scalar(select(User.id).where(User.email == email)) is None:
        user = create_user(
            session, email=email, name=name, role=role, password=DEMO_PASSWORD, now=port.clock.now()
        )
        user.is_demo = True


def _ensure_problems(port: Platform, folders: Sequence[Path]) -> None:
    """Publish what is not there, a pack per core at a time: their generators are most of it."""
    with port.database.reading() as session:
        known = set(session.scalars(select(Problem.slug)))
    missing = [folder for folder in folders if folder.name not in known]
    if not missing:
        return
    # Redis starts later: what is queued now is rung for by the sweep, as intended
    logging.getLogger("baijing.queue").setLevel(logging.ERROR)
    port.sandbox().prepare("python-cpu", _tell)
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        # each task gets a copy of this context, for the application is part of it
        tasks = [pool.submit(copy_context().run, _publish, port, folder) for folder in missing]
        for task in tasks:
            task.result()


def _publish(port: Platform, folder: Path) -> None:
    publish_directory(
        port,
        folder,
        seed=DEMO_SEED,
        contest_slug="demo",
        actor=THE_CLOCK,
        progress=lambda line: _tell(f"{folder.name}: {line}"),
    )


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _baseline_evaluations(session: Session) -> list[tuple[str, Evaluation]]:
    rows = session.execute(
        select(Problem.slug, Evaluation)
        .join(Submission, Submission.problem_id == Problem.id)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(Submission.is_baseline, Evaluation.is_current)
        .order_by(Problem.slug, Evaluation.board)
    )
    return [(slug, evaluation) for slug, evaluation in rows]


def _baselines_done(port: Platform) -> bool:
    with port.database.reading() as session:
        return all(one.state in FINISHED for _, one in _baseline_evaluations(session))


def report(port: Platform) -> int:
    """Print `slug⇥board⇥column⇥score` for every baseline; return the exit status."""
    with port.database.reading() as session:
        found = _baseline_evaluations(session)
        for slug, evaluation in found:
            for score in sorted(evaluation.scores, key=lambda one: (one.board, one.key)):
                if score.board == evaluation.board:
                    click.echo(f"{slug}\t{score.board}\t{score.key}\t{score.value!r}")
        failed = [_explain(slug, one) for slug, one in found if one.state is not State.SCORED]
    if not found:
        failed = ["no baseline was submitted"]
    for reason in failed:
        click.echo(reason, err=True)
    return 1 if failed else 0


def _explain(slug: str, evaluation: Evaluation) -> str:
    """Say in one line why a baseline has no score."""
    message = evaluation.messages[0]["en"] if evaluation.messages else ""
    words = (evaluation.state, evaluation.verdict or "", message, evaluation.staff_message)
    return " ".join(f"{slug} {evaluation.board}: {' '.join(words)}".split())
