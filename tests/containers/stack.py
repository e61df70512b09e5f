"""One running copy of docker-compose.yml, and how to ask it and its containers."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAIN_SECONDS = 600
FINAL_STATES = {"succeeded", "failed", "cancelled"}


@dataclass
class Stack:
    """One running copy of docker-compose.yml.

    Containers are looked up at each call, so that a test may recreate them.
    """

    compose: list[str]
    project: str
    environment: dict[str, str]
    base_url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base_url, timeout=30)

    def run(self, *arguments: str, seconds: float = 180) -> str:
        """What docker-compose prints; fails the test with its errors when it fails."""
        command = [*self.compose, "--project-name", self.project, *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if done.returncode:
            said = f"{done.stdout}\n{done.stderr}"
            if arguments[0] == "up":
                said += self.run("logs", "--tail", "60")
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
        return done.stdout

    def up(self, *arguments: str) -> None:
        """Start what does not run yet, and wait until the API can work."""
        self.run("up", "--detach", "--no-build", *arguments, seconds=300)
        self.wait("the API to be ready", self._is_ready, seconds=90)

    def containers(self, service: str) -> list[dict[str, Any]]:
        """``docker inspect`` of the service's containers, the ended ones too."""
        ids = docker(
            "ps", "--all", "--quiet",
            "--filter", f"label=com.docker.compose.project={self.project}",
            "--filter", f"label=com.docker.compose.service={service}",
            "--filter", "label=com.docker.compose.oneoff=False",
        ).split()  # fmt: skip
        assert ids, f"there is no container of {service}"
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return found

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the service's first container."""
        container = self.containers(service)[0]["Id"]
        return subprocess.run(
            ["docker", "exec", container, *command], capture_output=True, text=True, check=False, timeout=120
        )

    def query(self, statement: str) -> list[str]:
        """Lines that Postgres answers, asked inside its container."""
        answer = self.inside(
            "postgres",
            "psql",
            "-U",
            "normlab",
            "-d",
            "normlab",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.splitlines()

    def submit(self, **body: Any) -> str:
        """The id of a new job."""
        answer = self.http.post("/jobs", json=body)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as the API gives it."""
        answer = self.http.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def finished(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended; fails the test unless it succeeded."""
        self.wait(
            f"{job_id} to end", lambda: self.job(job_id)["state"] in FINAL_STATES, seconds=TRAIN_SECONDS
        )
        job = self.job(job_id)
        assert job["state"] == "succeeded", job["error"]
        return job

    def files(self, job_id: str) -> dict[str, bytes]:
        """A model's file in each format, once a worker has made those that nobody has asked for before.

        Fails the test when a file is not as long as the API says.
        """
        listing = f"/jobs/{job_id}/model"
        formats = {entry["format"]: entry["url"] for entry in self.http.get(listing).json()["formats"]}
        for name, url in formats.items():
            self.wait(f"{name} of {job_id}", partial(self._is_there, url), seconds=300)
        files = {name: self.http.get(url).content for name, url in formats.items()}
        sizes = {entry["format"]: entry["bytes"] for entry in self.http.get(listing).json()["formats"]}
        assert {name: len(content) for name, content in files.items()} == sizes
        return files

    def wait(self, what: str, is_so: Callable[[], bool], *, seconds: float) -> None:
        """Ask until it is so; fails the test with the containers' logs when it takes too long."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                logs = self.run("logs", "--tail", "60")
                pytest.fail(f"waited {seconds:.0f} s for {what}\n{self.run('ps')}\n{logs}")
            time.sleep(0.5)

    def _is_there(self, url: str) -> bool:
        return self.http.get(url).status_code == 200

    def _is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


def docker(*arguments: str) -> str:
    """What the docker command prints."""
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=True
    ).stdout
