"""Remove what dead workers left in the engine: containers first, then the volumes they held."""

from collections.abc import Callable, Mapping

from sandbox.docker import labels
from sandbox.docker.engine import Engine, engine_errors, remove_container, remove_volume


def reap(engine: Engine, installation: str, is_alive: Callable[[str], bool]) -> int:
    """Remove this installation's runs whose owner `is_alive` denies; return how many runs.

    Runs without an owner (of the command line) go when they have outlived any time limit.
    Nothing without this installation's label is looked at.
    """
    api = engine.client().api
    ours = {"label": f"{labels.INSTALLATION}={installation}"}
    with engine_errors("listing runs"):
        containers = api.containers(all=True, filters=ours)
        volumes = api.volumes(filters=ours).get("Volumes") or []
    judge = _Judge(is_alive)
    dead: set[str] = set()
    for container in containers:
        if judge.is_dead(container["Labels"]):
            remove_container(engine, container["Id"])
            dead.add(container["Labels"].get(labels.RUN, container["Id"]))
    for volume in volumes:
        marks = volume.get("Labels") or {}
        if judge.is_dead(marks):
            remove_volume(engine, volume["Name"])
            dead.add(marks.get(labels.RUN, volume["Name"]))
    return len(dead)


class _Judge:
    """Ask about each owner once: the answer may cost a query."""

    def __init__(self, is_alive: Callable[[str], bool]) -> None:
        self._is_alive = is_alive
        self._known: dict[str, bool] = {}

    def is_dead(self, values: Mapping[str, str]) -> bool:
        """Tell whether what carries these labels has nobody to remove it."""
        owner = values.get(labels.OWNER, "")
        if not owner:
            return labels.has_expired(values)
        if owner not in self._known:
            self._known[owner] = self._is_alive(owner)
        return not self._known[owner]
