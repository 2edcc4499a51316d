import io
import os
import tarfile
from pathlib import Path

import pytest

from sandbox.trees import (
    ChunkReader,
    remove_tree,
    tree_bytes,
    tree_digest,
    tree_fingerprint,
    walk_tree,
    write_tar,
)
from sandbox.types import SandboxError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "b").mkdir(parents=True)
    (root / "a.py").write_text("aa")
    (root / "b" / "run").write_text("b")
    (root / "b" / "run").chmod(0o700)
    return root


def test_walk(tree: Path) -> None:
    entries = walk_tree(tree)
    assert [entry.path for entry in entries] == ["a.py", "b", "b/run"]
    assert tree_bytes(entries) == 3


def test_links_and_gaps_are_our_fault(tree: Path, tmp_path: Path) -> None:
    (tree / "link").symlink_to("/etc/passwd")
    with pytest.raises(SandboxError, match="not a plain file"):
        walk_tree(tree)
    with pytest.raises(SandboxError, match="nowhere"):
        walk_tree(tmp_path / "nowhere")


def test_tar_is_readable_by_all_and_owned_by_root(tree: Path) -> None:
    sink = io.BytesIO()
    write_tar(tree, walk_tree(tree), sink)
    sink.seek(0)
    with tarfile.open(fileobj=sink) as tar:
        found = {info.name: (info.mode, info.uid, info.mtime) for info in tar}
        content = tar.extractfile("a.py")
        assert content is not None
        assert content.read() == b"aa"
    assert found == {"a.py": (0o644, 0, 0), "b": (0o755, 0, 0), "b/run": (0o755, 0, 0)}


def test_identity_is_of_names_and_contents(tree: Path) -> None:
    before = tree_digest(tree, walk_tree(tree))
    (tree / "a.py").touch()
    assert tree_digest(tree, walk_tree(tree)) == before
    (tree / "a.py").write_text("ab")
    changed = tree_digest(tree, walk_tree(tree))
    assert changed != before
    (tree / "a.py").rename(tree / "c.py")
    assert tree_digest(tree, walk_tree(tree)) not in {before, changed}


def test_fingerprint_changes_with_the_file(tree: Path) -> None:
    before = tree_fingerprint(tree, walk_tree(tree))
    assert tree_fingerprint(tree, walk_tree(tree)) == before
    (tree / "a.py").write_text("zz")
    assert tree_fingerprint(tree, walk_tree(tree)) != before


def test_chunk_reader() -> None:
    reader = ChunkReader(iter([b"abc", b"", b"defg", b"h"]))
    assert [reader.read(2), reader.read(5), reader.read(5), reader.read(5)] == [
        b"ab",
        b"cdefg",
        b"h",
        b"",
    ]


def test_remove_tree_however_deep_and_closed(tmp_path: Path) -> None:
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    (doomed / "link").symlink_to(tmp_path)
    here = os.open(doomed, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 100, dir_fd=here)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=below))
        os.chmod("d" * 100, 0, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(doomed)
    remove_tree(doomed)
    assert list(tmp_path.iterdir()) == []
