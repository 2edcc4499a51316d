"""Images on a real engine: the same bytes twice, pinned, checked, and old ones removed."""

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.images import Image

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.docker.images import BASE_DIGEST, BASE_NAME, PYTHON, RECIPE, TITLE, image_tag
from sandbox.docker.retention import RetentionPolicy, collect_images, list_images
from sandbox.image_check import check_image
from sandbox.recipes import EXTRA_PACKAGES, MANIFEST, find_recipe
from sandbox.types import Run, SandboxError
from tests.sandbox.conftest import FULL, IMAGE, STATE

pytestmark = pytest.mark.docker
NOTHING = RetentionPolicy(keep_days=0, keep_newest=0)
PAST = "test-of-the-past"


@pytest.fixture
def store(engine: Engine) -> ImageStore:
    store = ImageStore(engine, STATE)
    store.ensure(IMAGE, print)
    return store


def members(engine: Engine, image_id: str, folder: str) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder of an image: mode, time and content by name."""
    container = engine.client().containers.create(image_id, ["true"], network_disabled=True)
    try:
        chunks, _ = container.get_archive(folder)
        found = {}
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                content = file.read() if file else b""
                found[member.name] = (member.mode, int(member.mtime), content)
        # the folder's own time is the engine's doing
        found.pop(Path(folder).name)
        return found
    finally:
        container.remove(force=True)


def test_the_upper_layer_is_the_same_bytes_twice(store: ImageStore, engine: Engine) -> None:
    recipe = find_recipe(IMAGE)
    first = members(engine, store.find(IMAGE), EXTRA_PACKAGES)
    present = store.find(IMAGE)
    try:
        store._build_scoring(recipe, print, fresh=True)  # noqa: SLF001
        again = engine.client().images.get(image_tag(recipe))
        second = members(engine, str(again.id), EXTRA_PACKAGES)
    finally:
        engine.client().images.get(present).tag(image_tag(recipe))
    assert first == second
    assert any(name.endswith(".pyc") for name in first)


def test_an_image_says_what_it_is_made_of(store: ImageStore, engine: Engine) -> None:
    labels = engine.client().images.get(store.find(IMAGE)).labels
    assert labels[RECIPE] == find_recipe(IMAGE).digest()
    assert labels[TITLE] == f"baijing/{IMAGE}"
    assert labels[BASE_DIGEST].startswith("sha256:")
    assert labels[BASE_NAME]
    assert labels[PYTHON] in {"3.11", "3.12"}
    (content,) = (
        content
        for name, (_, _, content) in members(engine, store.find(IMAGE), EXTRA_PACKAGES).items()
        if name == MANIFEST.removeprefix("/opt/")
    )
    document = json.loads(content)
    assert document["python"].startswith(labels[PYTHON])
    assert {"numpy", "matplotlib"} <= {package["name"] for package in document["packages"]}


def test_an_image_is_found_by_its_digest(store: ImageStore, run: Run, installation: str) -> None:
    digest = store.find(IMAGE)
    own = f"factory/own@{digest}"
    assert store.find(own) == digest
    assert store.ensure(own, print) == digest
    sandbox = DockerSandbox(installation, runtime=None, images=store)
    try:
        result = sandbox.execute(
            Run(own, run.command, run.code, run.output, run.limits, input=run.input)
        )
    finally:
        sandbox.close()
    assert (result.verdict, result.image_digest) == (None, digest)


def test_a_digest_that_is_nowhere_is_an_error(store: ImageStore) -> None:
    nowhere = f"127.0.0.1:9/own@sha256:{'0' * 64}"
    with pytest.raises(SandboxError, match="is not here"):
        store.find(nowhere)
    with pytest.raises(SandboxError, match="cannot be pulled"):
        store.ensure(nowhere, print)


@pytest.fixture
def old_image(store: ImageStore, engine: Engine) -> Iterator[Image]:
    """An image that a recipe of the past has made, with its /etc volume."""
    source = f"FROM {store.find(IMAGE)}\nLABEL org.baijing.test={time.time_ns()}\n"
    built, _ = engine.client().images.build(fileobj=io.BytesIO(source.encode()), rm=True)
    built.tag(f"baijing/{PAST}", "1")
    engine.client().volumes.create(volume_of(built))
    yield built
    collect_images(engine, NOTHING, now_s=time.time() + 60, name=PAST)


def volume_of(image: Image) -> str:
    return f"baijing-etc-{str(image.id).removeprefix('sha256:')[:40]}"


def names(engine: Engine) -> tuple[set[str], set[str]]:
    volumes = {volume.name for volume in engine.client().volumes.list()}
    return {image.tag for image in list_images(engine)}, volumes


def test_what_nobody_needs_goes(engine: Engine, old_image: Image) -> None:
    tag, volume, later = f"baijing/{PAST}:1", volume_of(old_image), time.time() + 60
    young = collect_images(engine, RetentionPolicy(), now_s=later, name=PAST)
    said = collect_images(engine, NOTHING, now_s=later, name=PAST, dry_run=True)
    assert young.images == ()
    assert said.images == (tag,)
    assert volume in said.volumes
    assert tag in names(engine)[0]
    gone = collect_images(engine, NOTHING, now_s=later, name=PAST)
    assert gone.images == (tag,)
    tags, volumes = names(engine)
    assert tag not in tags
    assert volume not in volumes


def test_what_a_container_has_stays(engine: Engine, old_image: Image) -> None:
    container = engine.client().containers.create(str(old_image.id), ["true"])
    try:
        gone = collect_images(engine, NOTHING, now_s=time.time() + 60, name=PAST)
    finally:
        container.remove(force=True)
    assert gone.images == ()
    assert volume_of(old_image) in names(engine)[1]


@pytest.mark.skipif(not FULL, reason="half a minute of imports")
def test_the_image_passes_its_own_check(store: ImageStore, installation: str) -> None:
    sandbox = DockerSandbox(installation, runtime=None, images=store)
    try:
        report = check_image(sandbox, find_recipe(IMAGE))
    finally:
        sandbox.close()
    assert report.faults == ()
    assert report.imports_ms["sklearn"] > report.imports_ms["tqdm"]
    assert len(report.content) == 64
