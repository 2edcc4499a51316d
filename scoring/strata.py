"""Parts of a test set that every resample keeps at their size, as the pack declares them."""

from typing import Final

import numpy as np
import pandas as pd

from scoring.errors import TruthError
from scoring.messages import Message
from scoring.spec import Scoring
from scoring.tables import Table
from scoring.types import IntArray

__all__ = ["MOST_STRATA", "read_strata"]

MOST_STRATA: Final = 100


def read_strata(true: Table, scoring: Scoring) -> IntArray | None:
    """Number the stratum of each row of a truth from 0; None where the pack declares none.

    Raises `TruthError` where there are too many strata, or one is a single row: nothing could be
    drawn from it but itself, and every interval would be too narrow.
    """
    if scoring.stratum is None:
        return None
    codes, _ = pd.factorize(true.columns[scoring.stratum], use_na_sentinel=False)
    sizes = np.bincount(codes)
    if len(sizes) > MOST_STRATA:
        params: dict[str, str | int] = {"count": len(sizes), "limit": MOST_STRATA}
        raise TruthError(Message("truth_strata", params, None, scoring.stratum))
    if sizes.min() == 1:
        value = str(true.columns[scoring.stratum][int(np.flatnonzero(sizes[codes] == 1)[0])])
        raise TruthError(Message("truth_stratum", {"value": value[:60]}, None, scoring.stratum))
    return codes.astype(np.int64)
