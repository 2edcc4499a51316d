"""The images a compose test needs: pulled where a registry answers, else made on this machine."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.docker import Engine
from sandbox.docker.bases import find_base, find_image

ROOT = Path(__file__).resolve().parents[2]
SERVICES = Path(__file__).parent / "services"
PUBLIC = {"POSTGRES_IMAGE": "postgres:16", "REDIS_IMAGE": "redis:7"}
APP_IMAGE = "baijing-test/app:latest"


def run(*command: str | Path, cwd: Path = ROOT, timeout: float = 300) -> str:
    """Run a command; return what it printed, or fail with what it complained about."""
    finished = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def find_images(scratch: Path) -> Mapping[str, str]:
    """Return the variables of docker-compose.yml that choose images."""
    engine = Engine()
    base = find_base(engine, None, scratch, print)
    return {"BASE_IMAGE": base, "BAIJING_IMAGE": APP_IMAGE, **_services(engine, base)}


def provide_wheels(base: str) -> None:
    """Download what the build installs, so that it needs no network; what is there is kept."""
    version = run("docker", "run", "--rm", "--network=none", base, "python3", "-V").split()[1]
    run(sys.executable, "deploy/download_wheels.py", version)


def provide_sandbox(scratch: Path) -> None:
    """Build the image submissions run in, unless this engine has it."""
    run(sys.executable, "-m", "sandbox", "image", "build", "python-cpu", timeout=600)
    scratch.mkdir(exist_ok=True)


def _services(engine: Engine, base: str) -> Mapping[str, str]:
    if all(find_image(engine, name) or _can_pull(name) for name in PUBLIC.values()):
        return PUBLIC
    recipe = b"".join(path.read_bytes() for path in sorted(SERVICES.iterdir()))
    identity = f"{find_image(engine, base)}".encode() + recipe
    tag = f"baijing-test/services:{hashlib.sha256(identity).hexdigest()[:16]}"
    if find_image(engine, tag) is None:
        _build_services(base, tag)
    return dict.fromkeys(PUBLIC, tag)


def _can_pull(name: str) -> bool:
    return not subprocess.run(
        ["docker", "pull", "--quiet", name], capture_output=True, check=False
    ).returncode


def _build_services(base: str, tag: str) -> None:
    """Build PostgreSQL and Redis from this machine's packages; the base is of the same release."""
    with tempfile.TemporaryDirectory() as name:
        context = Path(name) / "context"
        shutil.copytree(SERVICES, context)
        packages = context / "debs"
        (packages / "partial").mkdir(parents=True)
        container = run("docker", "create", base, "true").strip()
        try:
            run("docker", "cp", f"{container}:/var/lib/dpkg/status", Path(name) / "status")
        finally:
            run("docker", "rm", container)
        # what the base has is not downloaded again, and this machine's own packages are left alone
        run(
            *("apt-get", "-qq", "-y", "--download-only", "--no-install-recommends"),
            *("-o", f"Dir::State::status={name}/status", "-o", "Debug::NoLocking=1"),
            *("-o", f"Dir::Cache::archives={packages}", "-o", f"APT::Sandbox::User={_user()}"),
            *("install", "postgresql", "redis-server"),
        )
        shutil.rmtree(packages / "partial")
        build = ("docker", "build", "--network=none", f"--build-arg=BASE_IMAGE={base}")
        run(*build, f"--tag={tag}", str(context))


def _user() -> str:
    return "root" if os.geteuid() == 0 else ""
