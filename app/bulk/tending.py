"""What the scheduler does for acts on many submissions: weighs them and does the next piece."""

import logging
from typing import Final

from app.bulk.models import Bulk, BulkState
from app.bulk.operations import advance, weigh
from app.bulk.queries import list_busy_ids
from app.core.platform import Platform

PIECES: Final = 8
"""So many are done in a round: the scheduler has other things to look after."""
logger = logging.getLogger("baijing.scheduler")


def tend_bulks(port: Platform) -> int:
    """Tend every act under way, each piece in a transaction of its own; return how many acts."""
    with port.database.reading() as session:
        found = list_busy_ids(session)
    for number in found:
        try:
            for _ in range(PIECES):
                if not tend_bulk(port, number):
                    break
        except Exception:  # one that cannot be tended must not keep the others
            logger.exception("act on many submissions %s: trying again", number)
    return len(found)


def tend_bulk(port: Platform, number: int) -> int:
    """Weigh an act, or do its next piece; return how many submissions are left to do."""
    now = port.clock.now()
    with port.database.transaction() as session:
        bulk = session.get(Bulk, number)
        if bulk is None:
            return 0  # discarded in this moment
        if bulk.state is BulkState.WEIGHING:
            weigh(session, bulk, now=now)
            return 0
        return advance(session, port.queue, bulk, now=now)
