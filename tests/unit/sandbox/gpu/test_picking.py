from pathlib import Path

import pytest

from sandbox.gpu import pick_free
from sandbox.types import SandboxError
from tests.fakes.nvml import FakeNvml, LibraryNotFoundError, cards


def test_the_first_free_ones_are_held(tmp_path: Path) -> None:
    nvml = cards(8)
    nvml.cards[0].load(1, 4711)
    nvml.cards[2].lost = True
    with pick_free(2, tmp_path, nvml) as first, pick_free(3, tmp_path, nvml) as second:
        assert first == ("GPU-0001", "GPU-0003")
        assert second == ("GPU-0004", "GPU-0005", "GPU-0006")
        with (
            pytest.raises(SandboxError, match="2 GPUs wanted; free: 1 of 7"),
            pick_free(2, tmp_path, nvml),
        ):
            pytest.fail("there is one left")
    with pick_free(1, tmp_path, nvml) as again:
        assert again == ("GPU-0001",)


def test_a_cpu_run_asks_no_driver(tmp_path: Path) -> None:
    nvml = cards(1)
    with pick_free(0, tmp_path / "locks", nvml) as none:
        assert none == ()
    assert nvml.calls == 0
    assert not (tmp_path / "locks").exists()


def test_a_host_without_gpus_says_so(tmp_path: Path) -> None:
    nvml = FakeNvml(init_error=LibraryNotFoundError("NVML Shared Library Not Found"))
    with (
        pytest.raises(SandboxError, match="1 GPUs wanted; free: 0 of 0"),
        pick_free(1, tmp_path, nvml),
    ):
        pytest.fail("there is none")
