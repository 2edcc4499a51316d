"""Why a problem or a device cannot be served."""

from app.core.errors import NotFoundError, UnprocessableError
from app.core.i18n import N_


class NoSuchPoolError(UnprocessableError):
    """A problem is pinned to a pool that no worker belongs to."""

    code = "no_such_pool"
    message = N_(
        "The runs of this problem are to go to the pool “%(pool)s”, and no worker of that pool was "
        "heard of in the last day. Start one, or publish anyway: nothing will run until then."
    )


class PoolLacksError(UnprocessableError):
    """The pool a problem is pinned to, or every pool, lacks the GPUs it needs."""

    code = "pool_lacks"
    message = N_(
        "This problem needs %(needs)s on one machine. What there is: %(present)s. Start a worker "
        "that has it, or publish anyway: nothing will run until then."
    )


class NoGpuWorkerError(UnprocessableError):
    """A problem needs GPUs, and no worker that was heard of has any."""

    code = "no_gpu_worker"
    message = N_(
        "This problem needs %(needs)s, and no worker with a GPU was heard of in the last day. "
        "Start one, or publish anyway: nothing will run until then."
    )


class UnknownDeviceError(NotFoundError):
    """No worker ever reported such a device."""

    code = "unknown_device"
    message = N_("There is no GPU “%(uuid)s”.")
