"""The stack of docker-compose.yml, built from this checkout and started once under a name of its own."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.stack import ROOT, Stack

BUILD_SECONDS = 2400


def answers(*command: str) -> bool:
    """Whether the command is there and ends well."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def find_compose() -> list[str]:
    """The compose command of this machine, the newer one first; skips the test where nothing would run."""
    if not answers("docker", "info"):
        pytest.skip("no Docker engine answers: `docker info` must work for this user")
    for command in (["docker", "compose"], ["docker-compose"]):
        if answers(*command, "version"):
            return command
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def compose_command() -> list[str]:
    return find_compose()


@pytest.fixture(scope="session")
def stack(compose_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running stack with one worker; everything of it but the images is removed at the end."""
    folder = tmp_path_factory.mktemp("compose")
    subprocess.run([ROOT / "docker" / "make-env", folder], check=True, capture_output=True)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NORMLAB_")},
        "NORMLAB_PORT": str(port),
        "NORMLAB_VERSION": "test",
    }
    with (folder / ".env").open("a") as settings:
        settings.write("NORMLAB_WORKER_PROCESSES=1\n")  # so that two jobs at once need two containers
    stack = Stack(
        compose=[*compose_command, "--env-file", str(folder / ".env")],
        project=f"normlab-test-{secrets.token_hex(4)}",
        environment=environment,
        base_url=f"http://127.0.0.1:{port}",
    )
    try:
        stack.run("build", "api", "worker", seconds=BUILD_SECONDS)
        stack.up()
        yield stack
    finally:
        stack.http.close()
        stack.run("down", "--volumes", "--remove-orphans")


@pytest.fixture(scope="session")
def trained_job(stack: Stack) -> dict[str, Any]:
    """A job of two epochs that the worker container has trained.

    On the real Fashion-MNIST where its files are on this machine, else on the digits that need no file.
    """
    dataset = "fashion_mnist" if Path("/usr/share/datasets/fashion-mnist").is_dir() else "digits"
    return stack.finished(
        stack.submit(architecture="baseline", dataset={"name": dataset}, training={"epochs": 2})
    )
