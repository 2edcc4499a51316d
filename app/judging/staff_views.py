"""The judges' desk: all boards, a problem's rows, an entry beside its code; and the sign-off."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import ForbiddenError, InvalidError
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.evaluations import queries as evaluations
from app.judging import operations, policy, queries
from app.judging.code import list_code, read_source
from app.judging.errors import CodeFileNotFoundError
from app.judging.forms import LiftForm, NoteForm, RecommendationForm, SignOffForm
from app.leaderboards.queries import View, find_view
from app.leaderboards.reading import Asked, reading_board
from app.problems.models import Board, Problem
from app.problems.queries import get_readable_problem
from app.reviews import operations as reviews
from app.reviews.models import NoteKind, Recommendation
from app.reviews.policy import can_write_note
from app.reviews.queries import list_notes, summarise
from app.similarity.queries import count_pairs, list_pairs_of
from app.submissions.models import Kind
from app.submissions.queries import get_submission
from problems.spec import ProblemSpec
from sandbox.archive import ArchiveError

blueprint = Blueprint("judging", __name__, template_folder="templates", url_prefix="/staff/review")

_ROWS_PER_PAGE = 50


@blueprint.get("")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """Show every board: how many teams, what is flagged, who has signed."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        desk = queries.list_desk(session)
    return render_template("judging/index.html", desk=desk, now=now)


@blueprint.get("/<slug>")
@access(Access.STAFF)
def show(slug: str) -> ResponseReturnValue:
    """Show one problem's teams on A and B side by side, and the signatures under its boards."""
    actor, now = get_actor(), platform().clock.now()
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=_ROWS_PER_PAGE)
    with reading_board(platform(), Asked(slug, Board.A), actor) as opened:
        session, problem = opened.session, opened.problem
        on_b = _view_of_b(session, problem)
        page = None if opened.view is None else queries.list_rows(session, opened.view, on_b, asked)
        signatures = queries.list_signatures(session, problem)
        rankings = {
            one.key: queries.digest_ranking(session, problem, one.key) for one in problem.stages
        }
        unfinished = queries.count_unfinished(session, [problem.id]).get(problem.id, 0)
        similar = count_pairs(session, [problem.id]).get(problem.id, 0)
    return render_template(
        "judging/show.html",
        problem=problem,
        scoring=opened.rules.scoring,
        page=page,
        has_b=on_b is not None,
        stages=problem.stages,
        signatures=signatures,
        rankings=rankings,
        unfinished=unfinished,
        similar=similar,
        sign_form=SignOffForm() if policy.can_sign_off(actor) else None,
        lift_form=LiftForm() if policy.can_lift_sign_off(actor) else None,
        now=now,
    )


@blueprint.post("/<slug>/sign-off/<board>")
@access(Access.STAFF)
def sign_off(slug: str, board: str) -> ResponseReturnValue:
    """Sign a board off as it was shown."""
    actor, port, form = get_actor(), platform(), SignOffForm()
    if not policy.can_sign_off(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        raise InvalidError
    with port.database.transaction() as session:
        problem = get_readable_problem(session, slug, actor)
        operations.sign_off(
            session, problem, _board(board), actor, form.ranking.data, now=port.clock.now()
        )
    flash(_("You have signed board %(board)s off.", board=board), "success")
    return redirect(url_for("judging.show", slug=slug), HTTPStatus.SEE_OTHER)


@blueprint.post("/<slug>/lift/<board>")
@access(Access.ORGANISER)
def lift(slug: str, board: str) -> ResponseReturnValue:
    """Lift the sign-off of a board, with a reason."""
    actor, port, form = get_actor(), platform(), LiftForm()
    if not policy.can_lift_sign_off(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        raise InvalidError
    with port.database.transaction() as session:
        problem = get_readable_problem(session, slug, actor)
        operations.lift_sign_off(
            session, problem, _board(board), actor, form.reason.data, now=port.clock.now()
        )
    flash(_("The sign-off of board %(board)s is lifted.", board=board), "success")
    return redirect(url_for("judging.show", slug=slug), HTTPStatus.SEE_OTHER)


@blueprint.get("/submissions/<int:submission_id>")
@access(Access.STAFF)
def entry(submission_id: int) -> ResponseReturnValue:
    """Show an entry: its scores and provenance, what was written about it, and its code."""
    return _entry_page(submission_id, "", NoteForm(), RecommendationForm())


@blueprint.get("/submissions/<int:submission_id>/code/<path:path>")
@access(Access.STAFF)
def code(submission_id: int, path: str) -> ResponseReturnValue:
    """Show an entry with one file of its code."""
    return _entry_page(submission_id, path, NoteForm(), RecommendationForm())


@blueprint.post("/submissions/<int:submission_id>/notes")
@access(Access.STAFF)
def note(submission_id: int) -> ResponseReturnValue:
    """Write a comment, a flag or a question."""
    actor, port, form = get_actor(), platform(), NoteForm()
    if not can_write_note(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        return _entry_page(submission_id, "", form, RecommendationForm()), HTTPStatus.BAD_REQUEST
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        kind = NoteKind(form.kind.data)
        reviews.write_note(session, submission, actor, kind, form.body.data, now=port.clock.now())
    return _to_entry(submission_id)


@blueprint.post("/submissions/<int:submission_id>/recommendation")
@access(Access.STAFF)
def recommend(submission_id: int) -> ResponseReturnValue:
    """Recommend what should become of an entry."""
    actor, port, form = get_actor(), platform(), RecommendationForm()
    if not can_write_note(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        return _entry_page(submission_id, "", NoteForm(), form), HTTPStatus.BAD_REQUEST
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        reviews.write_note(
            session,
            submission,
            actor,
            NoteKind.RECOMMENDATION,
            form.body.data or "",
            now=port.clock.now(),
            recommendation=Recommendation(form.recommendation.data),
        )
    return _to_entry(submission_id)


def _entry_page(
    submission_id: int, path: str, note_form: NoteForm, recommendation_form: RecommendationForm
) -> str:
    actor, blobs = get_actor(), platform().blobs
    with platform().database.reading() as session:
        submission = get_submission(session, submission_id, actor=actor)
        found = evaluations.list_evaluations(session, submission)
        notes = list_notes(session, submission, actor)
        similar = list_pairs_of(session, submission)
        truths = [(data.board, data.truth_blob) for data in submission.revision.boards]
    listing = source = None
    unreadable = False
    if submission.kind is Kind.CODE:
        try:
            listing = list_code(blobs, submission.blob)
            source = read_source(blobs, submission.blob, path) if path else None
        except ArchiveError:
            unreadable = True
    if path and source is None:
        raise CodeFileNotFoundError(path=path)
    current = [one for one in found if one.is_current]
    return render_template(
        "judging/entry.html",
        submission=submission,
        problem=submission.problem,
        spec=ProblemSpec.model_validate(submission.revision.spec),
        current=current,
        replaced=len(found) - len(current),
        scores=evaluations.visible_scores(current, submission.problem, actor),
        told=evaluations.map_ladder(current, submission.problem.rules),
        truths=truths,
        notes=notes,
        similar=similar,
        opinion=summarise(notes),
        listing=listing,
        source=source,
        unreadable=unreadable,
        note_form=note_form,
        recommendation_form=recommendation_form,
    )


def _view_of_b(session: Session, problem: Problem) -> View | None:
    if problem.stage(Board.B) is None:
        return None
    return find_view(session, problem, Board.B, now=platform().clock.now(), live=True)


def _board(text: str) -> Board:
    try:
        return Board(text)
    except ValueError as error:
        raise InvalidError from error


def _to_entry(submission_id: int) -> ResponseReturnValue:
    return redirect(url_for("judging.entry", submission_id=submission_id), HTTPStatus.SEE_OTHER)
