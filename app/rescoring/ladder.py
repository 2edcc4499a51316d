"""Has the shadows of a re-score climb the Ladder before it is looked at, so that it can be.

What board A would tell is kept with the shadows, where nobody sees it until they take the places of
what is in force: the publication itself reads no losses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.platform import Platform
from app.evaluations.climbing import climb
from app.evaluations.ladder import Chain, Rule, read_chain, rule_of, write_told
from app.problems.models import Board, Problem
from app.rescoring.models import Rescore, RescoreShadow, RescoreState
from app.rescoring.queries import get_progress
from app.standings.operations import hold_board
from app.standings.rules import Rules
from app.teams.models import Team
from scoring import Scoring


def prepare_ladder(port: Platform, number: int) -> None:
    """Work out what board A would tell by a re-score all of whose shadows have ended."""
    with port.database.reading() as session:
        rescore = session.get(Rescore, number)
        rule = None if rescore is None else _rule(session, rescore)
        if rescore is None or rule is None:
            return
        problem_id = rescore.problem_id
        shadows = {
            one.evaluation_id: one.shadow_id
            for one in session.scalars(
                select(RescoreShadow).where(RescoreShadow.rescore_id == number)
            )
        }
        teams = session.scalars(select(Team.id).where(Team.problem_id == problem_id)).all()
    for team_id in (*teams, None):
        _prepare(port, problem_id, rule, team_id, shadows)


def _rule(session: Session, rescore: Rescore) -> Rule | None:
    """Return the Ladder to climb by; None where there is none, or it is too early."""
    scoring = Scoring.model_validate(rescore.revision.spec["scoring"])
    rule = rule_of(Rules.of(rescore.problem, scoring))
    if rule is None or rescore.state is not RescoreState.SCORING:
        return None
    return None if get_progress(session, rescore).missing else rule


def _prepare(
    port: Platform, problem_id: int, rule: Rule, team_id: int | None, shadows: Mapping[int, int]
) -> None:
    with port.database.reading() as session:
        problem = session.get_one(Problem, problem_id)
        found = read_chain(session, problem, rule, team_id, shadows)
    chain = _only_shadows(found, list(shadows.values()))
    climbed = list(climb(port.blobs, chain))
    with port.database.transaction() as session:
        hold_board(session, session.get_one(Problem, problem_id), Board.A)
        write_told(session, chain, climbed)


def _only_shadows(chain: Chain, shadows: Sequence[int]) -> Chain:
    """Return the chain up to what was handed in meanwhile: that is told of when it is scored."""
    known = set(shadows)
    links = tuple(takewhile(lambda link: link.evaluation_id in known, chain.links))
    return replace(
        chain, links=links, told={one: row for one, row in chain.told.items() if one in known}
    )
