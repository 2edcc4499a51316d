"""What the scheduler does for re-scores: make the next shadows, see whether all are done.

Nothing is remembered between two rounds but what the database holds, so that a kill costs a round.
"""

import logging

from app.core.platform import Platform
from app.rescoring.ladder import prepare_ladder
from app.rescoring.models import Rescore, RescoreState
from app.rescoring.operations import feed, settle
from app.rescoring.queries import list_open_ids

logger = logging.getLogger("baijing.scheduler")


def tend_rescores(port: Platform) -> int:
    """Tend every re-score under way, each in a transaction of its own; return how many."""
    with port.database.reading() as session:
        found = list_open_ids(session)
    for number in found:
        try:
            tend_rescore(port, number)
        except Exception:  # one that cannot be tended must not keep the others
            logger.exception("re-score %s: trying again", number)
    return len(found)


def tend_rescore(port: Platform, number: int) -> None:
    """Make the next shadows of one re-score, or call it ready; the sweep rings for what waits."""
    now = port.clock.now()
    with port.database.transaction() as session:
        rescore = session.get(Rescore, number)
        if rescore is None or rescore.state is RescoreState.PUBLISHED:
            return  # discarded or published in this moment
        feed(session, rescore, now=now)
    prepare_ladder(port, number)
    with port.database.transaction() as session:
        rescore = session.get(Rescore, number)
        if rescore is not None and rescore.state is not RescoreState.PUBLISHED:
            settle(session, rescore, now=now)
