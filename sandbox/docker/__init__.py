"""Run untrusted code in Docker. The only package that imports the `docker` SDK."""

from sandbox.docker.backend import DockerSandbox
from sandbox.docker.engine import Engine
from sandbox.docker.images import ImageStore

__all__ = ["DockerSandbox", "Engine", "ImageStore"]
