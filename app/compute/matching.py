"""Which GPUs satisfy which request: values and arithmetic, nothing stored."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from problems.spec import Resources
from sandbox.gpu import Device

_SHORT: Final = 16
"""A card counts as having a size when no more than a sixteenth of it is missing: the driver and
error correction keep that much (a T4 of 16 GiB reports 15)."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run wants of the GPUs it gets: how many, and what each of them must be."""

    gpus: int = 0
    memory_bytes: int = 0
    models: tuple[str, ...] = ()

    @classmethod
    def of(cls, resources: Resources) -> "Needs":
        """Return what a problem asks for."""
        return cls(resources.gpus, resources.gpu_memory or 0, resources.gpu_models)

    def admit(self, device: Device) -> bool:
        """Whether a device will do: its memory, and any of the models by a part of its name."""
        if device.memory_bytes < self.memory_bytes * (_SHORT - 1) // _SHORT:
            return False
        model = device.model.casefold()
        return not self.models or any(wanted.casefold() in model for wanted in self.models)

    def suited(self, devices: Iterable[Device]) -> list[Device]:
        """Return the devices that will do."""
        return [device for device in devices if self.admit(device)]

    def are_met(self, devices: Iterable[Device]) -> bool:
        """Whether there are enough devices that will do."""
        return len(self.suited(devices)) >= self.gpus

    def describe(self) -> str:
        """Say it without words of a language: `2 × GPU ≥ 40 GiB (A100, H200)`."""
        text = f"{self.gpus} × GPU"
        if self.memory_bytes:
            text += f" ≥ {_gib(self.memory_bytes)}"
        return f"{text} ({', '.join(self.models)})" if self.models else text


def choose(devices: Iterable[Device], needs: Needs) -> tuple[str, ...] | None:
    """Choose as many of the free devices as are needed, or None where there are too few.

    All of one model where that is possible, and the smallest that will do: the large ones stay for
    those who need them.
    """
    suited = sorted(needs.suited(devices), key=_by_model)
    if len(suited) < needs.gpus:
        return None
    alike = [list(group) for _, group in groupby(suited, key=lambda one: _by_model(one)[:2])]
    group = next((group for group in alike if len(group) >= needs.gpus), suited)
    return tuple(device.uuid for device in group[: needs.gpus])


def _by_model(device: Device) -> tuple[int, str, str]:
    return device.memory_bytes, device.model, device.uuid


@dataclass(frozen=True, slots=True)
class Pool:
    """What has been seen of a pool lately: the devices of each of its hosts."""

    name: str
    hosts: Mapping[str, tuple[Device, ...]]

    @property
    def devices(self) -> tuple[Device, ...]:
        """All devices of the pool; two workers may have told of one machine under two names."""
        found = {device.uuid: device for devices in self.hosts.values() for device in devices}
        return tuple(found.values())

    def can_serve(self, needs: Needs) -> bool:
        """Whether one of its hosts has all that a run needs."""
        return any(needs.are_met(devices) for devices in self.hosts.values())

    def describe(self) -> str:
        """Say what it has without words of a language: `gpu-a: 2 × RTX 4090, 24 GiB`."""
        return f"{self.name}: {describe_devices(self.devices)}"


def describe_devices(devices: Sequence[Device]) -> str:
    """Count devices by model and memory; `0 × GPU` where there is none."""
    kinds = sorted((device.model, device.memory_bytes) for device in devices)
    parts = [f"{len(list(same))} × {model}, {_gib(size)}" for (model, size), same in groupby(kinds)]
    return " + ".join(parts) or "0 × GPU"


def least_loaded(pools: Collection[Pool], needs: Needs, waiting: Mapping[str, int]) -> str | None:
    """Return the pool that can serve a request soonest, by runs in hand per device; None: none."""
    able = [pool for pool in pools if pool.can_serve(needs)]
    chosen = min(
        able,
        key=lambda pool: (waiting.get(pool.name, 0) / max(1, len(pool.devices)), pool.name),
        default=None,
    )
    return None if chosen is None else chosen.name


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.0f} GiB"
