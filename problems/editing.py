"""Changes a few texts of `problem.yaml` and leaves everything else, comments too, as it is."""

import io
from collections.abc import Mapping

from ruamel.yaml import YAML

from problems.document import Place

__all__ = ["change_description"]

_NO_FOLDING = 1 << 16


def change_description(text: str, changes: Mapping[Place, str]) -> str:
    """Return the description with other texts at some places, all of which must be there."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _NO_FOLDING
    data = yaml.load(text)
    for place, value in changes.items():
        node = data
        for part in place[:-1]:
            node = node[part]
        if node[place[-1]] != value:
            node[place[-1]] = value
    written = io.StringIO()
    yaml.dump(data, written)
    return written.getvalue()
