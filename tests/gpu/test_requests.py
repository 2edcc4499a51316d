"""GPU requests as the engine's hook sees them: two hosts' worth of cards, none of them real."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.gpu import check_free, list_devices, look_at, pick_free
from sandbox.types import Run, RunResult, SandboxError
from tests.fakes.nvml import GIB, FakeNvml
from tests.gpu.conftest import HookedEngine

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CAPABILITIES = "compute,utility"


def with_devices(run: Run, *devices: str) -> Run:
    return replace(run, devices=devices, limits=replace(run.limits, gpus=len(devices)))


def said(result: RunResult) -> dict[str, object]:
    assert result.verdict is None, (result.message, result.log)
    found: dict[str, object] = json.loads(result.log)
    return found


@pytest.mark.parametrize("nvml", [2, 8], indirect=True)
def test_runs_at_once_get_devices_of_their_own(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run, tmp_path: Path
) -> None:
    hooked_engine.have(nvml)
    uuids = [device.uuid for device in list_devices()]
    before = look_at(uuids)
    all_hold = threading.Barrier(len(uuids))

    def execute(index: int) -> tuple[str, RunResult]:
        output = tmp_path / f"output-{index}"
        output.mkdir()
        with pick_free(1, tmp_path / "locks") as devices:
            all_hold.wait(60)
            run = replace(with_devices(gpu_run, *devices), output=output)
            return devices[0], hooked_engine.sandbox.execute(run)

    with ThreadPoolExecutor(len(uuids)) as pool:
        done = dict(pool.map(execute, range(len(uuids))))
    assert sorted(done) == uuids
    for uuid, result in done.items():
        assert said(result) == {
            "NVIDIA_VISIBLE_DEVICES": uuid,
            "NVIDIA_DRIVER_CAPABILITIES": CAPABILITIES,
            "GPUS": "1",
            "nodes": [f"/dev/nvidia{uuids.index(uuid)}"],
            "linker": True,
            "localhost": "127.0.0.1",
            "etc": False,
        }
        (use,) = result.gpus
        assert (use.uuid, use.model, use.utilisation) == (uuid, "NVIDIA L40S", 0.8)
        assert use.energy_j > 0
    calls = hooked_engine.calls()
    assert sorted(call["devices"] for call in calls) == uuids
    assert {(call["stage"], call["capabilities"]) for call in calls} == {("prestart", CAPABILITIES)}
    assert all(check_free(state).is_clean for state in before)
    assert (hooked_engine.containers(), hooked_engine.volumes()) == ([], [])


def test_several_devices_for_one_run(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run
) -> None:
    hooked_engine.have(nvml)
    uuids = [device.uuid for device in list_devices()]
    wanted = tuple(reversed(uuids[-2:]))
    result = hooked_engine.sandbox.execute(with_devices(gpu_run, *wanted))
    assert said(result)["NVIDIA_VISIBLE_DEVICES"] == ",".join(wanted)
    assert said(result)["nodes"] == [f"/dev/nvidia{len(uuids) - 2}", f"/dev/nvidia{len(uuids) - 1}"]
    assert [use.uuid for use in result.gpus] == list(wanted)
    assert [call["devices"] for call in hooked_engine.calls()] == [",".join(wanted)]


def test_a_cpu_run_sees_no_device(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run
) -> None:
    hooked_engine.have(nvml)
    run = replace(gpu_run, env={"NVIDIA_VISIBLE_DEVICES": "all"})
    result = hooked_engine.sandbox.execute(run)
    seen = said(result)
    assert (seen["nodes"], seen["NVIDIA_VISIBLE_DEVICES"], seen["GPUS"]) == ([], "void", "0")
    assert seen["NVIDIA_DRIVER_CAPABILITIES"] is None
    assert (hooked_engine.calls(), result.gpus, nvml.calls) == ([], (), 0)


def test_a_program_cannot_ask_for_more_than_it_leased(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run
) -> None:
    hooked_engine.have(nvml)
    run = replace(with_devices(gpu_run, "GPU-0001"), env={"NVIDIA_VISIBLE_DEVICES": "all"})
    seen = said(hooked_engine.sandbox.execute(run))
    assert (seen["NVIDIA_VISIBLE_DEVICES"], seen["nodes"]) == ("GPU-0001", ["/dev/nvidia1"])


def test_an_id_no_card_has_is_our_failure(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run
) -> None:
    hooked_engine.have(nvml)
    with pytest.raises(SandboxError, match=r"starting the container: .*GPU-9999: unknown device"):
        hooked_engine.sandbox.execute(with_devices(gpu_run, "GPU-9999"))
    assert (hooked_engine.containers(), hooked_engine.volumes()) == ([], [])
    assert said(hooked_engine.sandbox.execute(with_devices(gpu_run, "GPU-0000")))


def test_gpus_that_nobody_leased_are_refused(
    hooked_engine: HookedEngine, nvml: FakeNvml, gpu_run: Run
) -> None:
    hooked_engine.have(nvml)
    run = replace(gpu_run, limits=replace(gpu_run.limits, gpus=1))
    with pytest.raises(SandboxError, match="GPUs must be leased: 1 wanted, leased: none"):
        hooked_engine.sandbox.execute(run)
    with pytest.raises(SandboxError, match="GPUs must be leased: 0 wanted, leased: GPU-0000"):
        hooked_engine.sandbox.execute(replace(gpu_run, devices=("GPU-0000",)))
    assert hooked_engine.calls() == []


def test_the_command_line_takes_the_first_free_ones(
    hooked_engine: HookedEngine,
    nvml: FakeNvml,
    gpu_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hooked_engine.have(nvml)
    nvml.cards[0].load(GIB, 4711)
    monkeypatch.setenv("DOCKER_HOST", hooked_engine.own.url)
    where = ["--code", str(gpu_run.code), "--output", str(tmp_path / "answers")]
    where += ["--state-dir", str(tmp_path / "state"), "--backend", "docker", "--memory", "128MiB"]
    assert main(["run", *where, "--gpus", "1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(document["log_tail"])["NVIDIA_VISIBLE_DEVICES"] == "GPU-0001"
    assert [use["uuid"] for use in document["gpus"]] == ["GPU-0001"]
    assert main(["run", *where, "--gpus", "8"]) == 2
    assert "8 GPUs wanted; free: " in capsys.readouterr().err
