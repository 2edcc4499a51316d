from collections.abc import Sequence

import pytest

from app.compute.errors import NoGpuWorkerError, NoSuchPoolError, PoolLacksError
from app.compute.matching import Needs, Pool, choose, least_loaded
from app.compute.policy import require_pool
from problems.spec import Resources
from sandbox.gpu import Device
from tests.fakes.gpus import GIB, card

A100 = [card(number) for number in range(2)]
RTX = [card(number, model="NVIDIA GeForce RTX 4090", gib=24) for number in range(2, 4)]


def pool(name: str, **hosts: Sequence[Device]) -> Pool:
    return Pool(name, {host: tuple(devices) for host, devices in hosts.items()})


def test_models_are_parts_of_names_in_any_case_and_any_of_them_will_do() -> None:
    assert Needs(1, models=("a100",)).suited([*A100, *RTX]) == A100
    assert Needs(1, models=("H200", "rtx 4090")).suited([*A100, *RTX]) == RTX
    assert Needs(1, models=("H200",)).suited([*A100, *RTX]) == []


def test_a_card_counts_as_what_it_is_sold_as() -> None:
    t4 = card(9, model="Tesla T4", gib=15)
    assert Needs(1, memory_bytes=16 * GIB).admit(t4)
    assert not Needs(1, memory_bytes=17 * GIB).admit(t4)


def test_the_smallest_that_will_do_are_chosen_and_all_of_one_model() -> None:
    assert choose([*A100, *RTX], Needs(2)) == (RTX[0].uuid, RTX[1].uuid)
    assert choose([*A100, RTX[0]], Needs(2)) == (A100[0].uuid, A100[1].uuid)
    assert choose([A100[0], RTX[0]], Needs(2)) == (RTX[0].uuid, A100[0].uuid)
    assert choose([A100[0]], Needs(2)) is None


def test_a_request_goes_where_there_is_least_to_do_per_card() -> None:
    pools = [pool("a", h=A100), pool("b", h=[*RTX, card(7), card(8)])]
    assert least_loaded(pools, Needs(1), {"a": 3, "b": 4}) == "b"
    assert least_loaded(pools, Needs(1), {"a": 1, "b": 4}) == "a"
    assert least_loaded(pools, Needs(1, memory_bytes=80 * GIB), {}) is None


def test_the_cards_of_two_hosts_do_not_make_one_machine() -> None:
    assert not pool("a", one=A100[:1], two=A100[1:]).can_serve(Needs(2))


def test_one_machine_known_by_two_names_is_counted_once() -> None:
    assert pool("a", one=A100, two=A100).describe() == "a: 2 × NVIDIA A100-SXM4-40GB, 40 GiB"


def test_what_some_pool_has_may_be_published() -> None:
    require_pool(Resources(gpus=2, gpu_memory=40 * GIB), [pool("gpu", h=A100)])
    require_pool(Resources(), [])
    require_pool(Resources(pool="slow"), [pool("slow", h=[])])


def test_what_no_pool_has_is_refused_with_what_there_is() -> None:
    wanted = Resources(gpus=2, gpu_memory=40 * GIB, gpu_models=("A100", "H200"))
    with pytest.raises(PoolLacksError) as caught:
        require_pool(wanted, [pool("cpu", h=[]), pool("gpu-a", h=RTX)])
    assert caught.value.params == {
        "needs": "2 × GPU ≥ 40 GiB (A100, H200)",
        "present": "gpu-a: 2 × NVIDIA GeForce RTX 4090, 24 GiB",
    }
    with pytest.raises(NoGpuWorkerError):
        require_pool(wanted, [pool("cpu", h=[])])
    with pytest.raises(NoSuchPoolError):
        require_pool(Resources(pool="gpu-b"), [pool("gpu-a", h=RTX)])
    with pytest.raises(PoolLacksError):
        require_pool(
            Resources(gpus=1, gpu_models=("A100",), pool="b"), [pool("a", h=A100), pool("b", h=RTX)]
        )
