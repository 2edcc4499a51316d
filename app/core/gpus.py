"""What the platform asks of a host's GPUs, and the host that this process runs on."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from sandbox import gpu

_PATIENCE_S: Final = 10.0
_T = TypeVar("_T")


class Gpus(Protocol):
    """The devices of one host: which there are, and whether they are clean."""

    def list_devices(self) -> Sequence[gpu.Device]:
        """Return the devices that answer; raise `sandbox.gpu.GpuError` where the driver fails."""

    def look_at(self, uuids: Sequence[str]) -> Sequence[gpu.DeviceState]:
        """Return what is in use on each device now."""

    def check_free(self, before: gpu.DeviceState) -> gpu.Finding:
        """Return whether a device is what it was before a run; waits a moment for it to be."""


class HostGpus:
    """The GPUs of this host, through NVIDIA's library; a host without a driver has none.

    A driver that is wedged does not fail, it never returns: every question is asked by a thread of
    its own that is left behind after a while, and until it returns no other is asked.
    """

    def __init__(self, host: Gpus = gpu, patience_s: float = _PATIENCE_S) -> None:
        self._host = host
        self._patience_s = patience_s
        self._stuck: threading.Thread | None = None

    def list_devices(self) -> Sequence[gpu.Device]:
        """Return the devices that answer."""
        return self._ask(self._host.list_devices)

    def look_at(self, uuids: Sequence[str]) -> Sequence[gpu.DeviceState]:
        """Return what is in use on each device now."""
        try:
            return self._ask(lambda: self._host.look_at(uuids))
        except gpu.GpuError as error:
            return [gpu.DeviceState(uuid, error=str(error)) for uuid in uuids]

    def check_free(self, before: gpu.DeviceState) -> gpu.Finding:
        """Return whether a device is what it was before a run."""
        try:
            return self._ask(lambda: self._host.check_free(before))
        except gpu.GpuError as error:
            return gpu.Finding(before.uuid, gpu.Fault.NOT_ANSWERING, str(error))

    def _ask(self, question: Callable[[], _T]) -> _T:
        if self._stuck is not None and self._stuck.is_alive():
            message = "the GPU driver has not answered an earlier question yet"
            raise gpu.GpuError(message)
        answers: list[_T] = []
        errors: list[BaseException] = []

        def ask() -> None:
            try:
                answers.append(question())
            except BaseException as error:  # noqa: BLE001 — raised again by the one who asked
                errors.append(error)

        thread = threading.Thread(target=ask, name="gpus", daemon=True)
        thread.start()
        thread.join(self._patience_s)
        if thread.is_alive():
            self._stuck = thread
            message = f"the GPU driver does not answer within {self._patience_s:g} s"
            raise gpu.GpuError(message)
        if errors:
            raise errors[0]
        return answers[0]
