import pytest
from pydantic import TypeAdapter, ValidationError

from problems.quantities import Seconds, Size

SIZE, SECONDS = TypeAdapter[int](Size), TypeAdapter[int](Seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10MiB", 10 << 20),
        ("512KiB", 512 << 10),
        ("2 GiB", 2 << 30),
        ("1.5KiB", 1536),
        ("7B", 7),
        (7, 7),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert SIZE.validate_python(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("300s", 300), ("10min", 600), ("1h", 3600), (9, 9)])
def test_times(text: object, seconds: int) -> None:
    assert SECONDS.validate_python(text) == seconds


@pytest.mark.parametrize("text", ["10MB", "10", "MiB", "-1MiB", "1e3B", "", "0B", 0, -1, "10MiB "])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValidationError):
        SIZE.validate_python(text)


@pytest.mark.parametrize("text", ["5m", "5", "s", "-5s", "0s", "1d"])
def test_what_is_no_time(text: object) -> None:
    with pytest.raises(ValidationError):
        SECONDS.validate_python(text)
