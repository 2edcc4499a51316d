"""How the API names a team, wherever one appears."""

from app.core.api import Id, Output


class TeamOutput(Output):
    """A team, by id and name."""

    id: Id
    name: str
