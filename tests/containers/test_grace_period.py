"""Needs no Docker: whether whoever kills a worker that does not end waits longer than the worker itself takes."""

from pathlib import Path

import yaml

from normlab.local import service as local
from normlab.settings import Settings

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


def test_the_engine_waits_longer_than_a_worker_takes_to_end() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    grace = Settings.model_fields["shutdown_grace_seconds"].default
    for name in ("worker", "worker-gpu"):
        period = services[name]["stop_grace_period"]
        assert period.endswith("s")
        assert int(period[:-1]) >= grace + 10, name


def test_normlab_up_waits_longer_than_its_worker_takes_to_end(tmp_path: Path) -> None:
    with_grace = local.LocalService(tmp_path)._environment()["NORMLAB_SHUTDOWN_GRACE_SECONDS"]
    assert 5 <= float(with_grace) < local.GRACE_SECONDS
