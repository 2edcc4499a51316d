# ruff: noqa: N802  the names are NVIDIA's
"""NVIDIA's management library with cards that are not there: cut up, leaking, lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

GIB = 1 << 30
NOT_FOUND, NOT_SUPPORTED, LOST = "Not Found", "Not Supported", "GPU is lost"


class FakeNvmlError(Exception):
    pass


class LibraryNotFoundError(FakeNvmlError):
    pass


class NotSupportedError(FakeNvmlError):
    pass


class FunctionNotFoundError(FakeNvmlError):
    pass


class NotFoundError(FakeNvmlError):
    pass


@dataclass
class FakeMemory:
    total: int
    used: int


@dataclass
class FakeRates:
    gpu: int


@dataclass
class FakeProcess:
    pid: int


@dataclass
class FakeCard:
    """One card or slice. `load` and `unload` are a run on it; a leaking one keeps a part."""

    uuid: str
    name: str = "NVIDIA L40S"
    total: int = 48 * GIB
    used: int = 512 << 20
    utilisation: int | None = 80
    energy_mj: int | None = 1_000_000
    power_mw: int | None = 300_000
    pids: Sequence[int] = ()
    slices: Sequence["FakeCard | None"] = ()
    """Those of a card where MIG is on; None: an index nobody has."""
    leaks: int = 0
    lost: bool = False
    """Fallen off the bus: every question fails."""
    energy_step_mj: int = 5_000
    """By how much the counter grows from one look to the next."""

    def load(self, bytes_: int, *pids: int) -> None:
        self.used += bytes_
        self.pids = pids

    def unload(self, bytes_: int) -> None:
        self.used -= bytes_ - self.leaks
        self.pids = ()


@dataclass
class FakeNvml:
    """The protocol `sandbox.gpu.Nvml` over a list of cards."""

    cards: list[FakeCard] = field(default_factory=list)
    driver: str = "580.95.05"
    init_error: FakeNvmlError | None = None
    mig_error: FakeNvmlError = field(default_factory=lambda: NotSupportedError(NOT_SUPPORTED))
    opened: int = 0
    calls: int = 0

    NVMLError: type[Exception] = FakeNvmlError
    NVMLError_LibraryNotFound: type[Exception] = LibraryNotFoundError
    NVMLError_NotSupported: type[Exception] = NotSupportedError
    NVMLError_FunctionNotFound: type[Exception] = FunctionNotFoundError
    NVMLError_NotFound: type[Exception] = NotFoundError

    def nvmlInit(self) -> None:
        if self.init_error is not None:
            raise self.init_error
        self.opened += 1

    def nvmlShutdown(self) -> None:
        assert self.opened > 0
        self.opened -= 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return self.driver

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> object:
        return self._card(self.cards[index])

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> object:
        parts = [part for card in self.cards for part in card.slices if part is not None]
        for card in (*self.cards, *parts):
            if card.uuid == uuid:
                return self._card(card)
        raise NotFoundError(NOT_FOUND)

    def nvmlDeviceGetUUID(self, handle: object) -> str:
        return self._card(handle).uuid

    def nvmlDeviceGetName(self, handle: object) -> str:
        return self._card(handle).name

    def nvmlDeviceGetMemoryInfo(self, handle: object) -> FakeMemory:
        card = self._card(handle)
        return FakeMemory(card.total, card.used)

    def nvmlDeviceGetMigMode(self, handle: object) -> Sequence[int]:
        if not self._card(handle).slices:
            raise self.mig_error
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: object) -> int:
        return len(self._card(handle).slices)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: object, index: int) -> object:
        found = self._card(handle).slices[index]
        if found is None:
            raise NotFoundError(NOT_FOUND)
        return found

    def nvmlDeviceGetUtilizationRates(self, handle: object) -> FakeRates:
        return FakeRates(_supported(self._card(handle).utilisation))

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: object) -> int:
        card = self._card(handle)
        total = _supported(card.energy_mj)
        card.energy_mj = total + card.energy_step_mj
        return total

    def nvmlDeviceGetPowerUsage(self, handle: object) -> int:
        return _supported(self._card(handle).power_mw)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: object) -> Sequence[FakeProcess]:
        return [FakeProcess(pid) for pid in self._card(handle).pids]

    def _card(self, handle: object) -> FakeCard:
        assert self.opened > 0, "the library is not open"
        assert isinstance(handle, FakeCard)
        self.calls += 1
        if handle.lost:
            raise FakeNvmlError(LOST)
        return handle


def _supported(value: int | None) -> int:
    if value is None:
        raise NotSupportedError(NOT_SUPPORTED)
    return value


def cards(count: int, **fields: object) -> FakeNvml:
    """A host with `count` equal cards."""
    plain = FakeCard(uuid="")
    made = [replace(plain, uuid=f"GPU-{index:04d}") for index in range(count)]
    for card in made:
        for name, value in fields.items():
            setattr(card, name, value)
    return FakeNvml(made)


def cut_card() -> FakeNvml:
    """A host with one whole card and one cut into two slices, with a hole between them."""
    name = "NVIDIA A100-SXM4-80GB MIG 1g.10gb"
    parts = [_slice("MIG-a", name), None, _slice("MIG-b", name)]
    whole = FakeCard("GPU-whole", "NVIDIA A100-SXM4-80GB", 80 * GIB)
    return FakeNvml([whole, replace(whole, uuid="GPU-cut", slices=parts)])


def _slice(uuid: str, name: str) -> FakeCard:
    return FakeCard(uuid, name, 10 * GIB, 0, utilisation=None, energy_mj=None, power_mw=None)
