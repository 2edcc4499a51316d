"""What docker-compose.yml and deploy/worker.yml promise, read without an engine."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from ruamel.yaml import YAML

from app.settings import Settings
from tests.deployment.stack import compose_command

ROOT = Path(__file__).resolve().parents[2]
FILES = {"main": ROOT / "docker-compose.yml", "worker": ROOT / "deploy" / "worker.yml"}
EXAMPLE = ROOT / "deploy" / "env.example"
WORKERS = {"worker-cpu", "worker-gpu"}
ONE_SHOT = {"migrate"}
SECRETS = ("BAIJING_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "DOCKER_GID")
NOT_FOR_CONTAINERS = {"allow_embedded", "instance", "secure_cookies"}

Service = Mapping[str, object]


def services(name: str) -> Mapping[str, Service]:
    found = YAML(typ="safe").load(FILES[name])["services"]
    return cast("Mapping[str, Service]", found)


def environment(service: Service) -> Mapping[str, object]:
    return cast("Mapping[str, object]", service["environment"])


@pytest.mark.parametrize("file", FILES)
def test_only_workers_mount_the_engine(file: str) -> None:
    holders = {name for name, service in services(file).items() if "docker.sock" in str(service)}
    assert holders == WORKERS


@pytest.mark.parametrize("file", FILES)
def test_workers_share_no_instance_folder(file: str) -> None:
    for name in WORKERS:
        assert "/var/lib/baijing" in cast("list[str]", services(file)[name]["volumes"])


@pytest.mark.parametrize("file", FILES)
def test_everything_comes_back_and_keeps_its_log_small(file: str) -> None:
    for name, service in services(file).items():
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        assert "max-size" in str(service["logging"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_gpu_worker_is_asked_for() -> None:
    profiles = {name: service.get("profiles") for name, service in services("main").items()}
    assert {name for name, found in profiles.items() if found} == {"worker-gpu"}


@pytest.mark.parametrize("file", FILES)
def test_only_the_gpu_worker_sees_cards_and_cannot_compute_on_them(file: str) -> None:
    asking = {
        name: service["deploy"] for name, service in services(file).items() if "deploy" in service
    }
    devices = [{"count": "all", "capabilities": ["gpu", "utility"]}]
    assert asking == {"worker-gpu": {"resources": {"reservations": {"devices": devices}}}}


@pytest.mark.parametrize("file", FILES)
def test_every_process_of_ours_is_in_production(file: str) -> None:
    ours = [service for service in services(file).values() if "baijing" in str(service["image"])]
    assert len(ours) >= len(WORKERS)
    for service in ours:
        assert environment(service)["BAIJING_ENV"] == "production"
        assert environment(service)["BAIJING_SANDBOX"] == "docker"
        assert "BAIJING_ALLOW_EMBEDDED" not in environment(service)


def test_every_setting_can_be_set() -> None:
    passed = set().union(*(environment(service) for service in services("main").values()))
    wanted = {
        f"BAIJING_{name.upper()}"
        for name in Settings.model_fields
        if name not in NOT_FOR_CONTAINERS
    }
    assert wanted <= passed


@pytest.mark.parametrize("file", FILES)
def test_no_secret_has_a_default(file: str) -> None:
    text = FILES[file].read_text()
    for name in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*)\W", text):
        assert f"${{{name}:?" in text
        assert not re.search(rf"\$\{{{name}(?!:\?)", text), name


def test_every_variable_is_explained() -> None:
    used = set().union(*(re.findall(r"\$\{(\w+)", path.read_text()) for path in FILES.values()))
    explained = set(re.findall(r"^#? ?(\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert used <= explained


def test_the_example_holds_no_secret() -> None:
    set_here = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    assert set_here == [f"{name}=" for name in SECRETS]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("docker-compose") is None and shutil.which("docker") is None, reason="no compose"
)
class TestCompose:
    """Compose itself, without an engine."""

    def config(
        self, folder: Path, values: Mapping[str, str], file: str = "main"
    ) -> "subprocess.CompletedProcess[str]":
        variables = folder / "variables"
        variables.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return subprocess.run(
            [*compose_command(), "--env-file", str(variables), "-f", str(FILES[file]), "config"],
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_starts_with_all_secrets(self, tmp_path: Path) -> None:
        finished = self.config(tmp_path, dict.fromkeys(SECRETS, "42"))
        assert finished.returncode == 0, finished.stderr

    @pytest.mark.parametrize("missing", SECRETS)
    def test_refuses_without(self, missing: str, tmp_path: Path) -> None:
        finished = self.config(tmp_path, {name: "42" for name in SECRETS if name != missing})
        assert finished.returncode != 0
        assert f"{missing} is not set" in finished.stderr

    def test_a_worker_machine_needs_to_know_where_everything_is(self, tmp_path: Path) -> None:
        needed = ("DATABASE_URL", "REDIS_URL", "BLOBS_URL", "SECRET_KEY")
        values = {**{f"BAIJING_{name}": "42" for name in needed}, "DOCKER_GID": "42"}
        assert self.config(tmp_path, values, "worker").returncode == 0
        del values["BAIJING_BLOBS_URL"]
        assert "BAIJING_BLOBS_URL is not set" in self.config(tmp_path, values, "worker").stderr

    def test_refuses_an_empty_secret(self, tmp_path: Path) -> None:
        finished = self.config(tmp_path, {**dict.fromkeys(SECRETS, "42"), "REDIS_PASSWORD": ""})
        assert finished.returncode != 0
