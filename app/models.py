"""Every feature's tables in one import, for migrations and for creating a schema in tests."""

from types import ModuleType
from typing import Final

import app.accounts.models
import app.bulk.models
import app.compute.models
import app.contests.models
import app.core.audit
import app.discussions.models
import app.evaluations.models
import app.insights.models
import app.judging.models
import app.notifications.models
import app.overall.models
import app.problems.models
import app.rescoring.models
import app.reviews.models
import app.similarity.models
import app.standings.models
import app.statistics.models
import app.submissions.models
import app.teams.models
import app.uploads.models

MODELS: Final[tuple[ModuleType, ...]] = (
    app.core.audit,
    app.accounts.models,
    app.notifications.models,
    app.contests.models,
    app.problems.models,
    app.discussions.models,
    app.teams.models,
    app.compute.models,
    app.submissions.models,
    app.uploads.models,
    app.standings.models,
    app.reviews.models,
    app.evaluations.models,
    app.statistics.models,
    app.overall.models,
    app.similarity.models,
    app.judging.models,
    app.rescoring.models,
    app.bulk.models,
    app.insights.models,
)
