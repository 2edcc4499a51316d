"""What may be published: a problem whose runs some pool can run."""

from collections.abc import Sequence

from app.compute.errors import NoGpuWorkerError, NoSuchPoolError, PoolLacksError
from app.compute.matching import Needs, Pool
from problems.spec import Resources


def require_pool(resources: Resources, pools: Sequence[Pool]) -> None:
    """Refuse what no known pool has.

    Raises:
        NoSuchPoolError: it is pinned to a pool that is not known.
        NoGpuWorkerError: it needs GPUs and nobody has any.
        PoolLacksError: there are GPUs, but not those.
    """
    needs = Needs.of(resources)
    if resources.pool is not None:
        pools = [pool for pool in pools if pool.name == resources.pool]
        if not pools:
            raise NoSuchPoolError(pool=resources.pool)
    if not needs.gpus or any(pool.can_serve(needs) for pool in pools):
        return
    equipped = [pool for pool in pools if pool.devices]
    if not equipped:
        raise NoGpuWorkerError(needs=needs.describe())
    present = "; ".join(pool.describe() for pool in equipped)
    raise PoolLacksError(needs=needs.describe(), present=present)
