# ruff: noqa: N802  the names are NVIDIA's
"""The part of NVIDIA's management library that is used here, and how to reach it.

The module `pynvml` (the package nvidia-ml-py) is one implementation of the protocol; the fake cards
of the tests are another. Units and error names are those of NVIDIA's NVML API reference.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast

from sandbox.types import SandboxUnavailableError


class GpuError(SandboxUnavailableError):
    """The driver of this host's GPUs does not answer as it should; the message has its reason."""


class Memory(Protocol):
    """Bytes of one device."""

    @property
    def total(self) -> int:
        """Return all there is."""

    @property
    def used(self) -> int:
        """Return what is taken, the driver's own share included."""


class Rates(Protocol):
    """Percent of the last sample period (a sixth of a second to one second)."""

    @property
    def gpu(self) -> int:
        """Return how much of it a kernel ran, from 0 to 100."""


class Process(Protocol):
    """One process with a compute context on a device."""

    @property
    def pid(self) -> int:
        """Return its number on the host."""


class Nvml(Protocol):
    """NVML in Python: calls raise `NVMLError`, of which the other three are kinds.

    A handle is opaque: a card or, where MIG is on, a slice of one.
    """

    @property
    def NVMLError(self) -> type[Exception]:
        """Return the class of every failure."""

    @property
    def NVMLError_LibraryNotFound(self) -> type[Exception]:
        """Return the failure of a host without NVIDIA's driver."""

    @property
    def NVMLError_NotSupported(self) -> type[Exception]:
        """Return the failure of a question that this device does not answer."""

    @property
    def NVMLError_FunctionNotFound(self) -> type[Exception]:
        """Return the failure of a question that this driver is too old for."""

    @property
    def NVMLError_NotFound(self) -> type[Exception]:
        """Return the failure of an index or id that is nobody's."""

    def nvmlInit(self) -> None:
        """Open the library; nests."""

    def nvmlShutdown(self) -> None:
        """Close what one `nvmlInit` opened."""

    def nvmlSystemGetDriverVersion(self) -> str:
        """Return the driver's version ("580.95.05")."""

    def nvmlDeviceGetCount(self) -> int:
        """Return how many cards there are."""

    def nvmlDeviceGetHandleByIndex(self, index: int, /) -> object:
        """Return a card."""

    def nvmlDeviceGetHandleByUUID(self, uuid: str, /) -> object:
        """Return a card or slice by its id."""

    def nvmlDeviceGetUUID(self, handle: object, /) -> str:
        """Return "GPU-…" or "MIG-…"."""

    def nvmlDeviceGetName(self, handle: object, /) -> str:
        """Return the model; of a slice with " MIG 1g.10gb" behind it."""

    def nvmlDeviceGetMemoryInfo(self, handle: object, /) -> Memory:
        """Return the memory of a card or slice."""

    def nvmlDeviceGetMigMode(self, handle: object, /) -> Sequence[int]:
        """Return whether MIG is on (1) now and after the next reset."""

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: object, /) -> int:
        """Return how many slices a card may have."""

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: object, index: int, /) -> object:
        """Return a slice; indexes may have holes."""

    def nvmlDeviceGetUtilizationRates(self, handle: object, /) -> Rates:
        """Return how busy a card is; slices do not say."""

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: object, /) -> int:
        """Return millijoules since the driver was loaded; slices and old cards do not say."""

    def nvmlDeviceGetPowerUsage(self, handle: object, /) -> int:
        """Return milliwatts."""

    def nvmlDeviceGetComputeRunningProcesses(self, handle: object, /) -> Sequence[Process]:
        """Return who computes on it."""


def find_nvml() -> Nvml:
    """Return NVIDIA's library; it is imported here, so that CPU hosts never load it."""
    import pynvml  # noqa: PLC0415

    return cast("Nvml", pynvml)


@contextmanager
def opened(nvml: Nvml) -> Iterator[None]:
    """Keep the library open inside the block; raise its `NVMLError` when it cannot be opened.

    Never for longer than one question or one run: an open library does not survive a fork.
    """
    nvml.nvmlInit()
    try:
        yield
    finally:
        nvml.nvmlShutdown()
