"""The service that is broken, its trainings, and the oracle that is asked after every test."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.oracle import assert_all_is_well
from support.plant import Plant

SECONDS_LONG: dict[str, Any] = {"training": {"epochs": 400, "batch_size": 16, "seed": 7}}
"""A training that lasts long enough to be broken."""
TINY: dict[str, Any] = {"architecture": {"layers": [{"type": "flatten"}]}, "training": {"epochs": 1}}
DIVERGING: dict[str, Any] = {"training": {"epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 1e9}}}
"""Ends in its first epoch, without an export, which takes a second."""


@pytest.fixture(scope="session")
def sqlite_plant() -> Iterator[Plant]:
    plant = Plant(postgres=False)
    yield plant
    plant.close()


@pytest.fixture(scope="session")
def postgres_plant() -> Iterator[Plant]:
    plant = Plant(postgres=True)
    yield plant
    plant.close()


class Accepted(list[str]):
    """Ids of jobs that were answered with 202."""


@pytest.fixture
def accepted() -> Accepted:
    """A test adds the jobs that it submits; all of them must have come to a good end when it is over."""
    return Accepted()


@pytest.fixture(params=["sqlite", "postgres"])
def plant(request: pytest.FixtureRequest, accepted: Accepted) -> Iterator[Plant]:
    """The service with either database."""
    yield from judged(request.getfixturevalue(f"{request.param}_plant"), accepted)


@pytest.fixture
def with_sqlite(sqlite_plant: Plant, accepted: Accepted) -> Iterator[Plant]:
    yield from judged(sqlite_plant, accepted)


@pytest.fixture
def with_postgres(postgres_plant: Plant, accepted: Accepted) -> Iterator[Plant]:
    yield from judged(postgres_plant, accepted)


def judged(plant: Plant, accepted: Accepted) -> Iterator[Plant]:
    """The service, with the oracle asked at the end."""
    plant.refused.clear()
    _ = plant.worker
    yield plant
    _ = plant.worker  # whoever was killed is replaced, as an operator's supervisor would do
    assert_all_is_well(plant, accepted)
