"""docker-compose.yml, run for real: `make test-containers`."""

import subprocess
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import pytest

from containers.stack import ROOT, Stack, docker

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

SERVICES = ("postgres", "redis", "migrate", "api", "worker")
RUNNING = ("postgres", "redis", "api", "worker")
OURS = ("migrate", "api", "worker")


def answer_to_a_blank_image(stack: Stack, job: dict[str, Any]) -> dict[str, Any]:
    model = stack.http.get(f"/jobs/{job['id']}/model").json()
    pixels = prod(model["input"]["shape"])
    answer = stack.http.post(f"/jobs/{job['id']}/predict", json={"instances": [[0] * pixels]})
    assert answer.status_code == 200, answer.text
    prediction: dict[str, Any] = answer.json()["predictions"][0]
    return prediction


def all_healthy(stack: Stack, services: Iterable[str]) -> bool:
    return all(
        container["State"]["Health"]["Status"] == "healthy"
        for service in services
        for container in stack.containers(service)
    )


def busy_hosts(stack: Stack) -> set[str]:
    return {name.split("/")[0] for name in stack.query("SELECT worker FROM jobs WHERE state = 'running'")}


def test_without_an_env_file_nothing_starts_and_the_command_that_makes_it_is_named(
    compose_command: list[str], stack: Stack, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    done = subprocess.run(
        [*compose_command, "--env-file", str(empty), "config"],
        cwd=ROOT, env=stack.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "there is no .env yet, docker/make-env makes it" in done.stderr


def test_the_worker_container_trains_and_the_metrics_are_in_postgres(
    stack: Stack, trained_job: dict[str, Any]
) -> None:
    job_id = trained_job["id"]
    stored = stack.query(f"SELECT epoch, val_accuracy FROM epochs WHERE job_id = '{job_id}' ORDER BY epoch")
    served = stack.http.get(f"/jobs/{job_id}/metrics").json()["epochs"]
    assert len(served) == 2
    assert [line.split("|")[0] for line in stored] == ["1", "2"]
    assert [float(line.split("|")[1]) for line in stored] == [epoch["val_accuracy"] for epoch in served]


def test_the_api_container_predicts_and_has_no_tensorflow(stack: Stack, trained_job: dict[str, Any]) -> None:
    prediction = answer_to_a_blank_image(stack, trained_job)
    assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert prediction["probability"] == max(prediction["probabilities"])
    for module in ("tensorflow", "keras"):
        tried = stack.inside("api", "python", "-c", f"import {module}")
        assert f"No module named '{module}'" in tried.stderr


def test_all_formats_of_the_model_are_downloaded_through_the_api(
    stack: Stack, trained_job: dict[str, Any]
) -> None:
    assert stack.files(trained_job["id"]).keys() == {"keras", "onnx", "saved_model", "litert"}


def test_two_worker_containers_train_two_jobs_at_once(stack: Stack, trained_job: dict[str, Any]) -> None:
    stack.up("--scale", "worker=2", "--no-recreate")
    stack.wait("both workers to be healthy", lambda: all_healthy(stack, ["worker"]), seconds=300)
    body = {"architecture": "baseline", "dataset": trained_job["spec"]["dataset"], "training": {"epochs": 10}}
    jobs = [stack.submit(**body, name=name) for name in ("one", "other")]
    hosts = {container["Config"]["Hostname"] for container in stack.containers("worker")}
    stack.wait("each worker to have a job", lambda: busy_hosts(stack) == hosts, seconds=60)
    assert len(hosts) == 2
    for job in jobs:
        stack.finished(job)


@pytest.mark.parametrize("service", SERVICES)
def test_each_container_has_no_rights_that_it_does_not_need(stack: Stack, service: str) -> None:
    for container in stack.containers(service):
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])


@pytest.mark.parametrize("service", RUNNING)
def test_each_process_runs_as_an_ordinary_user_who_cannot_write_to_the_image(
    stack: Stack, service: str
) -> None:
    assert stack.inside(service, "id", "-u").stdout.strip() not in {"", "0"}
    tried = stack.inside(service, "sh", "-c", "grep ' / ' /proc/mounts; touch /etc/passwd /usr/written")
    assert tried.returncode != 0
    assert tried.stdout.split()[3].split(",")[0] == "ro"
    listing = docker("top", stack.containers(service)[0]["Id"], "-eo", "pid,uid").splitlines()[1:]
    assert listing
    assert not [line for line in listing if line.split()[1] == "0"]


@pytest.mark.parametrize("service", OURS)
def test_the_image_has_the_fixed_user_and_says_what_it_is(stack: Stack, service: str) -> None:
    config = stack.containers(service)[0]["Config"]
    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_no_compiler_and_no_pip_in_the_environment_of_the_images(stack: Stack) -> None:
    for service in ("api", "worker"):
        found = stack.inside(service, "sh", "-c", "command -v gcc cc g++ clang; ls /opt/normlab/bin/pip*")
        assert found.stdout == ""


def test_only_the_api_is_published_and_only_on_this_machine(stack: Stack) -> None:
    for service in RUNNING:
        for container in stack.containers(service):
            bindings = [
                (port, binding["HostIp"], binding["HostPort"])
                for port, published in container["NetworkSettings"]["Ports"].items()
                for binding in published or []
            ]
            expected = (
                [("8000/tcp", "127.0.0.1", stack.environment["NORMLAB_PORT"])] if service == "api" else []
            )
            assert bindings == expected


def test_postgres_and_redis_are_only_in_the_network_that_has_no_way_out(stack: Stack) -> None:
    for service in ("postgres", "redis"):
        (name,) = stack.containers(service)[0]["NetworkSettings"]["Networks"]
        assert docker("network", "inspect", "--format", "{{.Internal}}", name).strip() == "true"


def test_redis_asks_for_the_password_and_forgets_nothing(stack: Stack) -> None:
    assert "NOAUTH" in stack.inside("redis", "redis-cli", "ping").stdout
    asked = stack.inside(
        "redis", "sh", "-c",
        "export REDISCLI_AUTH=$(cat /run/secrets/redis_password);"
        " redis-cli config get appendonly; redis-cli config get maxmemory-policy",
    )  # fmt: skip
    assert asked.stdout.split() == ["appendonly", "yes", "maxmemory-policy", "noeviction"]


def test_no_password_shows_in_what_docker_tells_about_the_containers(stack: Stack) -> None:
    folder = Path(stack.compose[-1]).parent / "secrets"
    passwords = [file.read_text() for file in folder.iterdir()]
    assert [len(password) for password in passwords] == [64, 64]
    for service in SERVICES:
        for container in stack.containers(service):
            told = docker("inspect", container["Id"]) + docker("logs", container["Id"])
            assert not any(password in told for password in passwords)


def test_every_container_becomes_healthy_and_the_migrations_have_ended_well(stack: Stack) -> None:
    stack.wait("all containers to be healthy", lambda: all_healthy(stack, RUNNING), seconds=300)
    assert stack.containers("migrate")[0]["State"]["ExitCode"] == 0


def test_down_and_up_lose_nothing(stack: Stack, trained_job: dict[str, Any]) -> None:
    job_id = trained_job["id"]
    metrics = stack.http.get(f"/jobs/{job_id}/metrics").json()
    prediction = answer_to_a_blank_image(stack, trained_job)
    stack.run("down")
    stack.up()
    assert stack.job(job_id) == trained_job
    assert stack.http.get(f"/jobs/{job_id}/metrics").json() == metrics
    assert answer_to_a_blank_image(stack, trained_job) == prediction


def test_a_worker_that_is_stopped_hands_its_job_back_and_it_goes_on_after_down_and_up(
    stack: Stack, trained_job: dict[str, Any]
) -> None:
    training = {"epochs": 20}
    job_id = stack.submit(architecture="baseline", dataset=trained_job["spec"]["dataset"], training=training)
    metrics = f"/jobs/{job_id}/metrics"
    stack.wait("an epoch", lambda: len(stack.http.get(metrics).json()["epochs"]) > 0, seconds=300)
    stack.run("stop", "worker")
    assert [container["State"]["ExitCode"] for container in stack.containers("worker")] == [0]
    assert stack.job(job_id)["state"] == "queued"
    before = stack.http.get(metrics).json()["epochs"]
    stack.run("down")
    stack.up()
    assert stack.finished(job_id)["attempt"] == 2
    after = stack.http.get(metrics).json()["epochs"]
    assert len(after) == 20
    assert after[: len(before)] == before
