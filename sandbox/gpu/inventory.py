"""Which GPUs this host has: whole cards, or the slices of those that are cut up (MIG)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.gpu.nvml import GpuError, Nvml, find_nvml, opened

_SLICE_MARK = " MIG "


@dataclass(frozen=True, slots=True)
class Device:
    """What one run at a time may have: a card, or a slice of one.

    `uuid` is what a lease, `Run.devices` and the engine name it by. `profile` ("1g.10gb") and
    `parent` (the card's uuid) are those of a slice, else empty. `driver` is the host's version.
    """

    uuid: str
    model: str
    memory_bytes: int
    driver: str
    profile: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The devices that answer, and a line for each card that does not."""

    devices: tuple[Device, ...] = ()
    broken: tuple[str, ...] = ()


def list_devices(nvml: Nvml | None = None) -> tuple[Device, ...]:
    """Return the devices of this host that answer, in the driver's order.

    None where there is no driver; raise GpuError where there is one and it fails, with its reason.
    """
    return take_inventory(nvml).devices


def take_inventory(nvml: Nvml | None = None) -> Inventory:
    """Return the devices and what is broken; raise GpuError when nothing at all answers."""
    library = nvml or find_nvml()
    try:
        with opened(library):
            return _look_around(library)
    except library.NVMLError_LibraryNotFound:
        return Inventory()
    except library.NVMLError as error:
        message = f"the GPU driver does not answer: {error}"
        raise GpuError(message) from error


def _look_around(nvml: Nvml) -> Inventory:
    driver = nvml.nvmlSystemGetDriverVersion()
    devices: list[Device] = []
    broken: list[str] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            devices += _devices_of(nvml, nvml.nvmlDeviceGetHandleByIndex(index), driver)
        except nvml.NVMLError as error:
            broken.append(f"GPU {index}: {error}")
    if broken and not devices:
        raise GpuError("; ".join(broken))
    return Inventory(tuple(devices), tuple(broken))


def _devices_of(nvml: Nvml, card: object, driver: str) -> list[Device]:
    """Return a card, or its slices where it is cut up: the card itself cannot be used then."""
    whole = _device(nvml, card, driver)
    if not _is_cut(nvml, card):
        return [whole]
    return [_device(nvml, part, driver, parent=whole.uuid) for part in _slices(nvml, card)]


def _is_cut(nvml: Nvml, card: object) -> bool:
    try:
        return nvml.nvmlDeviceGetMigMode(card)[0] == 1
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        return False


def _slices(nvml: Nvml, card: object) -> Iterator[object]:
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(card)):
        try:
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(card, index)
        except nvml.NVMLError_NotFound:
            continue


def _device(nvml: Nvml, handle: object, driver: str, *, parent: str = "") -> Device:
    model, _, profile = nvml.nvmlDeviceGetName(handle).partition(_SLICE_MARK)
    return Device(
        uuid=nvml.nvmlDeviceGetUUID(handle),
        model=model,
        memory_bytes=nvml.nvmlDeviceGetMemoryInfo(handle).total,
        driver=driver,
        profile=profile,
        parent=parent,
    )
