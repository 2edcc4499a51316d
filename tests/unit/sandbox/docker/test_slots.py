"""Who gets a waiting container: one of any number, and what a crash leaves can be told."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from sandbox.docker.runclass import RunClass
from sandbox.docker.slots import LIFETIME_S, Made, Slot, Slots, State
from sandbox.processes import identity, is_running
from sandbox.types import Limits, Run

LIMITS = Limits(wall_s=1, memory_bytes=1 << 20)
RUNS = RunClass("image", "sha256:0", LIMITS, {}, (), ("/code",), {"SEED": "0"})


def ready(slots: Slots, container: str = "c", runs: RunClass = RUNS) -> Slot:
    slots.demand(runs)
    slot = slots.begin(runs.key())
    slots.publish(slot, Made(container, "1-2", 5))
    return slot


def test_a_slot_is_claimed_once_whoever_tries(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    for number in range(20):
        ready(slots, str(number))
    claimed: list[str] = []

    def claim() -> None:
        while (slot := Slots(tmp_path).claim(RUNS.key(), "here/7/1")) is not None:
            claimed.append(slot.made.container)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed, key=int) == [str(number) for number in range(20)]
    assert {slot.state for slot in slots.all()} == {State.TAKEN}


def test_processes_claim_from_each_other(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    for number in range(12):
        ready(slots, str(number))
    program = (
        "import sys; from pathlib import Path; from sandbox.docker.slots import Slots\n"
        f"slots = Slots(Path({str(tmp_path)!r}))\n"
        f"while (slot := slots.claim({RUNS.key()!r}, '')): print(slot.made.container)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    words = " ".join(process.communicate()[0] for process in processes).split()
    assert sorted(words, key=int) == [str(number) for number in range(12)]
    assert all(not is_running(slot.process) for slot in slots.all())


def test_a_taken_slot_says_whose_it_is(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    ready(slots)
    slots.claim(RUNS.key(), "installation/7~x/1")
    [slot] = slots.all()
    assert (slot.state, slot.owner) == (State.TAKEN, "installation/7~x/1")
    assert slot.process == identity()
    assert slot.made == Made("c", "1-2", 5)


def test_one_that_is_being_made_cannot_be_claimed(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.demand(RUNS)
    made = slots.begin(RUNS.key())
    assert slots.claim(RUNS.key(), "") is None
    slots.forget(made)
    assert list(slots.all()) == []


def test_one_that_is_dropped_is_nobodys(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    ready(slots)
    [waiting] = slots.of_class(RUNS.key())
    assert slots.move(waiting, State.DROPPED) is not None
    assert slots.move(waiting, State.DROPPED) is None
    assert slots.claim(RUNS.key(), "") is None


def test_one_that_is_too_old_is_not_claimed(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    ready(slots)
    [waiting] = slots.of_class(RUNS.key())
    text = waiting.path.read_text()
    old = text.replace(text.split('"made_at": ')[1], f"{time.time() - LIFETIME_S - 1}}}")
    waiting.path.write_text(old)
    assert slots.claim(RUNS.key(), "") is None


def test_classes_are_told_apart_by_any_difference(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    other = RunClass("image", "sha256:0", LIMITS, {}, (), ("/code", "/answer"), {"SEED": "0"})
    ready(slots)
    assert slots.claim(other.key(), "") is None
    slots.demand(other)
    slots.demand(other)
    assert slots.classes() == {RUNS.key(): RUNS, other.key(): other}
    assert slots.demanded(other.key())[0] == 2
    slots.forget_class(other.key())
    slots.forget_class(RUNS.key())  # it still has a slot, and may be asked for again
    assert slots.demanded(other.key()) == (0, 0.0)
    assert len(list(slots.all())) == 1


def test_damaged_files_are_passed_over(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    ready(slots)
    (tmp_path / RUNS.key() / "x~ready~1-1~").write_text("{")
    (tmp_path / RUNS.key() / "x~unknown~1-1~").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "class.json").write_text('{"image": 1}')
    assert len(list(slots.all())) == 1
    assert set(slots.classes()) == {RUNS.key()}


def test_one_that_changes_hands_is_held_and_one_of_the_dead_is_not(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    mine = ready(slots)
    folder = tmp_path / RUNS.key()
    (folder / f"moving~taken~{identity()}~").symlink_to("nowhere")  # listed, and gone when read
    (folder / "dead~taken~1-1~").touch()
    assert slots.held() == {mine.slot_id, "moving"}


def test_who_refills_is_woken(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.ring()  # nobody listens: nothing happens
    with slots.listening() as bell:
        slots.ring()
        started = time.monotonic()
        bell.wait(20)
        assert time.monotonic() - started < 10
        bell.wait(0)


def test_a_full_disk_costs_the_warmth_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    slots = Slots(tmp_path / "file")
    slots.demand(RUNS)
    assert slots.claim(RUNS.key(), "") is None


def test_the_class_of_a_run(tmp_path: Path) -> None:
    for name in ("code", "data"):
        (tmp_path / name).mkdir()
    run = Run(
        "i",
        ("python", "main.py"),
        tmp_path / "code",
        tmp_path,
        LIMITS,
        input=tmp_path / "data",
        env={"SEED": "7", "OMP_NUM_THREADS": "3"},
    )
    runs = RunClass.of(run, "sha256:0")
    assert runs.environment["SEED"] == "0"
    assert runs.environment["OMP_NUM_THREADS"] == "3"
    assert runs.shared == {"/input": str(tmp_path / "data")}
    assert RunClass.from_json(runs.to_json()) == runs
    (tmp_path / "data").rename(tmp_path / "before")
    (tmp_path / "data").mkdir()
    assert RunClass.of(run, "sha256:0").key() != runs.key()  # another folder of the same name


def test_processes_are_told_apart_from_later_ones_of_the_same_number() -> None:
    mine = identity()
    pid, _, started = mine.partition("-")
    assert pid == str(os.getpid())
    assert is_running(mine)
    assert not is_running(f"{pid}-{int(started) + 1}")
    assert not is_running("")
    assert identity(2**22 + 1) == ""
