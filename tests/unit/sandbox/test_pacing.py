"""A flood is read at a pace, and only a flood."""

from sandbox.pacing import BURST, RATE, Pace

PIECE = 32 << 10


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_most_programs_print_is_read_as_it_comes() -> None:
    pace = Pace(Clock())
    assert [pace.owed(PIECE) for _ in range(BURST // PIECE)] == [0.0] * (BURST // PIECE)


def test_a_flood_comes_at_the_rate() -> None:
    clock = Clock()
    pace, taken = Pace(clock), 0
    while clock.now < 110.0:
        clock.now += pace.owed(PIECE) + 1e-5
        taken += PIECE
    assert 10 * RATE <= taken <= 10 * RATE + BURST + PIECE


def test_no_rest_is_long_whatever_came_at_once() -> None:
    pace = Pace(Clock())
    assert pace.owed(1 << 40) == 0.02


def test_quiet_seconds_bring_the_burst_back_and_no_more() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.owed(3 * BURST)
    clock.now += 3600
    assert pace.owed(BURST) == 0.0
    assert round(pace.owed(RATE // 100), 6) == 0.01


def test_nobody_rests_once_the_end_is_awaited() -> None:
    pace = Pace()
    assert pace.keep(RATE)
    pace.drop()
    assert not pace.keep(RATE)
