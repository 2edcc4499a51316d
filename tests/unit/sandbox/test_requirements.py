"""What a requirements.txt is answered, line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.manifest import Manifest, Package
from sandbox.requirements import LONGEST_BYTES, MOST_FINDINGS, FindingCode, check_requirements


def package(name: str, version: str, *imports: str, extras: tuple[str, ...] = ()) -> Package:
    return Package(name, version, "MIT", "", imports or (name,), extras)


MANIFEST = Manifest(
    "python-cpu",
    (
        package("numpy", "2.4.6"),
        package("pandas", "3.1.1", extras=("parquet",)),
        package("scikit-learn", "1.9.1", "sklearn"),
        package("opencv-python-headless", "5.0.0", "cv2"),
        package("pillow", "13.0.0", "PIL"),
        package("xgboost-cpu", "3.2.0", "xgboost"),
        package("python-dateutil", "4.0.0", "dateutil"),
    ),
)


def codes(text: str, *own: str) -> list[tuple[int, FindingCode]]:
    found = check_requirements(text.encode(), MANIFEST, frozenset(own))
    return [(finding.line, finding.code) for finding in found]


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "NumPy>=1.20,<3  # the newest",
        "pandas[parquet]>=3",
        "scikit_learn~=1.9",
        "Python.Dateutil",
        "opencv-python>=4.5",
        "xgboost==3.2.0",
        'torch; python_version < "3.9"',
        'pywin32; sys_platform == "win32"',
        'numpy==1.0; python_version < "3.12"',  # not every Python the image may have
        "numpy>=2 --hash=sha256:00",
        "numpy>=2,\\\n  <3",
        "\ufeffnumpy",
        "",
        "   # nothing",
    ],
)
def test_what_the_image_satisfies(line: str) -> None:
    assert codes(line + "\n") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("torch", FindingCode.UNAVAILABLE),
        ("numpy<2", FindingCode.OTHER_VERSION),
        ("pandas[excel]", FindingCode.LACKS_EXTRA),
        ("cv2", FindingCode.MISNAMED),
        ("sklearn", FindingCode.MISNAMED),
        ("PIL", FindingCode.MISNAMED),
        ("-r other.txt", FindingCode.OPTION),
        ("--index-url file:///srv", FindingCode.OPTION),
        ("-e .", FindingCode.OPTION),
        ("git+ssh://host/repository", FindingCode.LOCATION),
        ("torch @ file:///srv/torch.whl", FindingCode.LOCATION),
        ("./mine", FindingCode.LOCATION),
        ("mine-1.0-py3-none-any.whl", FindingCode.LOCATION),
        ("numpy 2", FindingCode.UNREADABLE),
        ("numpy=>2", FindingCode.UNREADABLE),
        ("数据", FindingCode.UNREADABLE),
    ],
)
def test_what_it_cannot(line: str, code: FindingCode) -> None:
    assert codes(f"numpy\n\n{line}\n") == [(3, code)]


def test_a_misnamed_package_is_named_with_its_version() -> None:
    (finding,) = check_requirements(b"cv2", MANIFEST)
    assert (finding.package, finding.version) == ("opencv-python-headless", "5.0.0")


def test_lines_are_counted_as_the_file_has_them() -> None:
    assert codes("numpy>=2,\\\n<3\ntorch\n# x\nnumpy<1") == [
        (3, FindingCode.UNAVAILABLE),
        (5, FindingCode.OTHER_VERSION),
    ]


def test_what_a_team_brings_itself_is_there() -> None:
    assert codes("my-solver>=1\ntorch", "my_solver", "main") == [(2, FindingCode.UNAVAILABLE)]


def test_what_is_no_requirements_file() -> None:
    (finding,) = check_requirements(b"numpy\n\xff\xfe\n", MANIFEST)
    assert (finding.line, finding.code) == (2, FindingCode.NOT_TEXT)
    (finding,) = check_requirements(b"#" * (LONGEST_BYTES + 1), MANIFEST)
    assert finding.code is FindingCode.TOO_LONG


def test_findings_end_somewhere() -> None:
    assert len(codes("torch\n" * 100)) == MOST_FINDINGS


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(content: bytes) -> None:
    for finding in check_requirements(content, MANIFEST):
        assert 1 <= finding.line <= content.count(b"\n") + content.count(b"\r") + 20
        assert len(finding.text) <= 200


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    assert len(check_requirements(text.encode(errors="replace"), MANIFEST)) <= MOST_FINDINGS


@pytest.mark.parametrize(
    "line",
    [
        "numpy; " + "(" * 5000 + 'python_version > "3"' + ")" * 5000,
        "numpy " + " " * 60_000 + "x",
    ],
)
def test_a_line_made_to_hold_the_reader_is_unreadable(line: str) -> None:
    assert codes(line) == [(1, FindingCode.UNREADABLE)]
