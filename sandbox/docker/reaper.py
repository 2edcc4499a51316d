"""Remove what dead workers left in the engine: containers first, then the volumes they held."""

from collections.abc import Callable, Mapping

from sandbox.docker import labels
from sandbox.docker.engine import Engine, engine_errors, remove_container, remove_volume
from sandbox.types import SandboxError, SandboxUnavailableError

Remover = Callable[[Engine, str], None]


def reap(engine: Engine, installation: str, is_alive: Callable[[str], bool]) -> int:
    """Remove this installation's runs whose owner `is_alive` denies; return how many runs.

    What has no owner (runs of the command line, probes, helpers) goes with the process that made
    it, or, where that cannot be seen from here, when it has outlived any time limit.
    Nothing without this installation's label is looked at. What cannot be removed keeps nothing
    else from it: raise SandboxError at the end; SandboxUnavailableError at once.
    """
    api = engine.client().api
    ours = {"label": f"{labels.INSTALLATION}={installation}"}
    with engine_errors("listing runs"):
        containers = api.containers(all=True, filters=ours)
        volumes = api.volumes(filters=ours).get("Volumes") or []
    judge = _Judge(is_alive)
    dead: set[str] = set()
    failures: list[SandboxError] = []
    found: list[tuple[Mapping[str, str], str, Remover]] = [
        (one["Labels"] or {}, one["Id"], remove_container) for one in containers
    ]
    found += [(one.get("Labels") or {}, one["Name"], remove_volume) for one in volumes]
    for marks, name, remove in found:
        if not judge.is_dead(marks):
            continue
        try:
            remove(engine, name)
        except SandboxUnavailableError:
            raise
        except SandboxError as error:
            failures.append(error)
            continue
        dead.add(marks.get(labels.RUN, name))
    if failures:
        raise failures[0]
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
            return labels.is_deserted(values)
        if owner not in self._known:
            self._known[owner] = self._is_alive(owner)
        return not self._known[owner]
