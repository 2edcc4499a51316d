from problems.document import MAX_DEPTH, dotted, parse_document


def parsed(text: str) -> object:
    document, issues = parse_document(text, "problem.yaml")
    assert issues == []
    assert document is not None
    return document.data


def codes(text: str) -> list[tuple[int, str]]:
    return [(issue.line, issue.code) for issue in parse_document(text, "problem.yaml")[1]]


def test_values_are_what_yaml_1_2_says() -> None:
    text = (
        "a: yes\nb: true\nc: 12\nd: 1.5\ne: null\nf: '5'\n"
        "g: 2025-01-31\nh: [1, x]\ni: {j: 1e3}\nk: 10MiB\n"
    )

    assert parsed(text) == {
        "a": "yes",
        "b": True,
        "c": 12,
        "d": 1.5,
        "e": None,
        "f": "5",
        "g": "2025-01-31",
        "h": [1, "x"],
        "i": {"j": 1000.0},
        "k": "10MiB",
    }


def test_what_only_yaml_takes_for_a_number_stays_text_or_is_read() -> None:
    assert parsed("a: 0x1F\nb: 1_000\n") == {"a": "0x1F", "b": 1000.0}


def test_lines_are_known_by_place() -> None:
    document, _ = parse_document("a:\n  - b: 1\n\n    c: 2\n", "problem.yaml")

    assert document is not None
    assert document.line_of(("a", 0, "c")) == 4
    assert document.line_of(("a", 0, "missing")) == 2
    assert document.line_of(("nowhere",)) == 1
    assert dotted(("a", 0, "c")) == "a[0].c"


def test_what_a_description_never_needs_is_refused() -> None:
    assert codes("a: &x [1]\nb: *x\n") == [(2, "yaml_alias")]
    assert codes("a: 1\na: 2\n") == [(2, "repeated_key")]
    assert codes("a: !!python/object:os.system x\n") == [(1, "yaml_tag")]
    assert codes("? {a: b}\n: 1\n") == [(1, "yaml_key")]
    assert codes("[1, 2]\n") == [(1, "not_a_mapping")]
    assert codes("") == [(1, "not_a_mapping")]
    assert codes("a: [1\nb: 2\n")[0][1] == "yaml"
    assert codes("a: \x07\n")[0][1] == "yaml"
    assert codes("a: 1\n---\nb: 2\n")[0][1] == "yaml"


def test_depth_and_size_are_bounded() -> None:
    deep = "a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5) + "\n"

    assert codes(deep)[0][1] == "yaml_too_big"
    assert codes("a: [" + "1," * 30_000 + "]\n")[0][1] == "yaml_too_big"
