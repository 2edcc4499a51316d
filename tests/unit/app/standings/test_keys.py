import math

from hypothesis import given
from hypothesis import strategies as st

from app.standings.keys import WIDTH, place_key, score_key
from scoring import BoardColumn, Direction
from tests.factories.accounts import CREATED

UP = BoardColumn(key="f1", direction=Direction.MAX, primary=True)
DOWN = BoardColumn(key="loss", direction=Direction.MIN)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def key(*values: float) -> bytes:
    found = score_key(dict(zip(("f1", "loss"), values, strict=True)), (UP, DOWN))
    assert found is not None
    return found


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_keys_order_as_the_numbers_do(a: float, b: float, x: float, y: float) -> None:
    one, other = (-a, x), (-b, y)
    assert (key(a, x) < key(b, y)) == (one < other)
    assert (key(a, x) == key(b, y)) == (one == other)


def test_no_number_has_no_key_and_a_missing_tie_column_is_worst() -> None:
    for value in (math.nan, math.inf, -math.inf):
        assert score_key({"f1": value, "loss": 0.0}, (UP, DOWN)) is None
    assert score_key({"loss": 0.0}, (UP, DOWN)) is None
    missing = score_key({"f1": 0.5}, (UP, DOWN))
    assert missing is not None
    assert key(0.5, 1e308) < missing < key(0.4, 0.0)
    assert score_key({"f1": 0.5, "loss": math.nan}, (UP, DOWN)) == missing


def test_the_earlier_and_then_the_smaller_number_is_first() -> None:
    early = place_key(b"", CREATED, 2)
    assert place_key(b"", CREATED, 1) < early < place_key(b"", CREATED.replace(year=2030), 1)
    assert len(early) == 2 * WIDTH
