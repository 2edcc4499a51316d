"""Who signs a claim: the worker `host:pid:pool`, and after a slash the process of the job.

The process can be looked for by its id on its own machine, so that a claim whose process is gone
is known for lost long before its lease runs out.
"""

_SEPARATOR = "/"


def owner_of(installation: str, name: int | str, attempt: int) -> str:
    """Return what marks the containers and the leases of one claim of an installation."""
    return _SEPARATOR.join((installation, str(name), str(attempt)))


def claimant(worker: str, pid: int) -> str:
    """Return what a job process of a worker signs with."""
    return f"{worker}{_SEPARATOR}{pid}"


def worker_of(claimant: str) -> str:
    """Return the worker a job process belongs to; of a worker, itself."""
    return claimant.partition(_SEPARATOR)[0]


def process_of(claimant: str) -> int | None:
    """Return the id of the process that signed; None where it was none of a worker's."""
    _, found, pid = claimant.partition(_SEPARATOR)
    return int(pid) if found and pid.isdecimal() else None


def prefix_of(worker: str) -> str:
    """Return how the signatures of a worker's job processes begin."""
    return f"{worker}{_SEPARATOR}"
