"""Which images an engine keeps: those of present recipes, those in use, and a few of the last."""

import http.client
from collections.abc import Iterable
from dataclasses import dataclass

from docker.errors import APIError, ImageNotFound

from sandbox.docker.api import SLOW_CALL_TIMEOUT_S
from sandbox.docker.cache import ETC_VOLUME, ID_LENGTH, short_id
from sandbox.docker.engine import Engine, engine_errors, remove_volume
from sandbox.docker.images import STAGE, image_tag, libraries_tag
from sandbox.recipes import find_recipe, recipe_names
from sandbox.types import SandboxError

_REPOSITORY = "baijing/"


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What is kept of what no present recipe names: by age in days, and the newest of each name."""

    keep_days: float = 14.0
    keep_newest: int = 2

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that means nothing."""
        if self.keep_days < 0 or self.keep_newest < 0:
            message = "keep_days and keep_newest must not be negative"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One tag of ours in an engine. `created_s` is a Unix time, `bytes` count shared layers too."""

    tag: str
    id: str
    created_s: float
    bytes: int

    @property
    def name(self) -> str:
        """Return the recipe's name."""
        return self.tag.removeprefix(_REPOSITORY).partition(":")[0]

    @property
    def is_libraries(self) -> bool:
        """Tell whether this is only what another image is built on."""
        return self.tag.partition(":")[2].startswith("libs-")


@dataclass(frozen=True, slots=True)
class Collected:
    """What went, or what would go: tags of images and names of volumes."""

    images: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()


def list_images(engine: Engine) -> tuple[StoredImage, ...]:
    """Return the images of every recipe there was, newest first; raise SandboxError."""
    with engine_errors("listing images"):
        found = engine.client().api.images()
    images = [
        StoredImage(str(tag), str(entry["Id"]), float(entry["Created"]), int(entry["Size"]))
        for entry in found
        for tag in entry.get("RepoTags") or ()
        if _is_ours(str(tag))
    ]
    return tuple(sorted(images, key=lambda image: (-image.created_s, image.tag)))


def _is_ours(tag: str) -> bool:
    # `baijing/base` is a base, not a recipe's: building it again takes minutes and a mirror
    return tag.startswith(_REPOSITORY) and not tag.startswith(f"{_REPOSITORY}base:")


def needed_tags() -> frozenset[str]:
    """Return the tags that the present recipes make."""
    recipes = [find_recipe(name) for name in recipe_names()]
    return frozenset(tag for one in recipes for tag in (image_tag(one), libraries_tag(one)))


def choose_images(
    images: Iterable[StoredImage],
    *,
    needed: frozenset[str],
    used: frozenset[str],
    policy: RetentionPolicy,
    now_s: float,
) -> tuple[StoredImage, ...]:
    """Return the images that go. `used` are the ids of images that containers have.

    Kept: what a present recipe makes, what a container uses, what is younger than the policy says,
    and the newest few of each name, counted apart for the parts images are built on.
    """
    rank: dict[tuple[str, bool], int] = {}
    gone: list[StoredImage] = []
    for image in sorted(images, key=lambda one: (-one.created_s, one.tag)):
        if image.tag in needed:
            continue
        group = (image.name, image.is_libraries)
        rank[group] = rank.get(group, 0) + 1
        is_old = now_s - image.created_s > policy.keep_days * 86_400
        if is_old and rank[group] > policy.keep_newest and image.id not in used:
            gone.append(image)
    return tuple(gone)


def collect_images(
    engine: Engine,
    policy: RetentionPolicy,
    *,
    now_s: float,
    name: str | None = None,
    dry_run: bool = False,
) -> Collected:
    """Remove old images of ours, the volumes made from them, and what stages of builds left.

    Called by the worker's upkeep. `now_s` is a Unix time; `name` looks at one recipe's images
    alone. An image that a container has taken meanwhile stays. Raise SandboxError when the engine
    cannot be asked.
    """
    images = [image for image in list_images(engine) if name in {None, image.name}]
    with engine_errors("listing containers"):
        containers = engine.client().api.containers(all=True)
    used = frozenset(str(container["ImageID"]) for container in containers)
    chosen = choose_images(images, needed=needed_tags(), used=used, policy=policy, now_s=now_s)
    if dry_run:
        tags = tuple(image.tag for image in chosen)
        return Collected(tags, _stray_volumes(engine, frozenset(image.id for image in chosen)))
    removed = tuple(image.tag for image in chosen if _remove_image(engine, image.tag))
    # one that is younger may belong to a build under way
    finished = {"dangling": True, "label": STAGE, "until": "1h"}
    with engine_errors("removing the stages of builds"):
        engine.client(SLOW_CALL_TIMEOUT_S).images.prune(finished)
    stray = _stray_volumes(engine, frozenset())
    return Collected(removed, tuple(name for name in stray if _remove_volume(engine, name)))


def _remove_image(engine: Engine, tag: str) -> bool:
    with engine_errors(f"removing {tag}"):
        try:
            engine.client().api.remove_image(tag)
        except ImageNotFound:
            return False
        except APIError as error:
            if error.status_code != http.client.CONFLICT:
                raise
            return False
    return True


def _stray_volumes(engine: Engine, leaving: frozenset[str]) -> tuple[str, ...]:
    """Return the /etc volumes whose image is not here, or is among those `leaving`."""
    with engine_errors("listing volumes"):
        volumes = engine.client().api.volumes().get("Volumes") or []
        ids = {str(entry["Id"]) for entry in engine.client().api.images(all=True)}
    here = {short_id(image_id) for image_id in ids - leaving}
    names = (str(volume["Name"]) for volume in volumes)
    return tuple(sorted(name for name in names if _is_stray(name, here)))


def _is_stray(name: str, here: set[str]) -> bool:
    of_image = name.removeprefix(ETC_VOLUME)[:ID_LENGTH]
    return name.startswith(ETC_VOLUME) and len(of_image) == ID_LENGTH and of_image not in here


def _remove_volume(engine: Engine, name: str) -> bool:
    try:
        remove_volume(engine, name)
    except SandboxError:  # in use: next time
        return False
    return True


class ImageUpkeep:
    """Collects at most once an hour, whoever asks how often, and not as the first thing of all."""

    INTERVAL_S = 3600.0
    FIRST_AFTER_S = 600.0

    def __init__(self, engine: Engine, policy: RetentionPolicy | None = None) -> None:
        self._engine = engine
        self._policy = policy or RetentionPolicy()
        self._due_s: float | None = None

    def tend(self, now_s: float) -> Collected:
        """Collect if it is time (`now_s` is a Unix time); raise SandboxError."""
        if self._due_s is None:
            self._due_s = now_s + self.FIRST_AFTER_S
        if now_s < self._due_s:
            return Collected()
        self._due_s = now_s + self.INTERVAL_S
        return self.collect(now_s)

    def collect(self, now_s: float) -> Collected:
        """Collect now; raise SandboxError."""
        return collect_images(self._engine, self._policy, now_s=now_s)
