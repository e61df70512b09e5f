"""Requests that come at once are one batch, and each gets its own rows."""

import asyncio

import numpy as np
import pytest

from normlab.predictions.batching import MicroBatcher


class Doubling:
    """In a network's place: gives back twice what it is given, and notes how much that was."""

    def __init__(self) -> None:
        self.runs: list[int] = []

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.runs.append(len(batch))
        if (batch < 0).any():
            raise RuntimeError("broken")
        return batch * 2


def images(*values: int) -> np.ndarray:
    return np.array(values, np.float32)[:, np.newaxis]


def gather(batcher: MicroBatcher, *asked: tuple[Doubling, np.ndarray]) -> list[object]:
    async def ask() -> list[object]:
        calls = [batcher.run(model, batch, len(batch)) for model, batch in asked]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(ask())


def test_what_is_asked_in_one_turn_is_one_run_and_everybody_gets_their_own_rows():
    model = Doubling()
    found = gather(MicroBatcher(100), (model, images(1)), (model, images(2, 3)), (model, images(4)))
    assert model.runs == [4]
    for rows, expected in zip(found, (images(2), images(4, 6), images(8)), strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_each_network_runs_for_itself():
    first, second = Doubling(), Doubling()
    batcher = MicroBatcher(100)
    found = gather(batcher, (first, images(1)), (second, images(2)), (first, images(3)))
    assert (first.runs, second.runs) == ([2], [1])
    assert [float(rows[0, 0]) for rows in found] == [2, 4, 6]


def test_one_run_is_bounded():
    model = Doubling()
    found = gather(MicroBatcher(3), *((model, images(value)) for value in range(7)))
    assert model.runs == [3, 3, 1]
    assert [float(rows[0, 0]) for rows in found] == [0, 2, 4, 6, 8, 10, 12]


def test_an_error_reaches_everybody_who_waits_for_that_run():
    model = Doubling()
    batcher = MicroBatcher(2)
    found = gather(batcher, (model, images(-1)), (model, images(1)), (model, images(2)))
    assert [isinstance(answer, RuntimeError) for answer in found] == [True, True, False]
    assert gather(batcher, (model, images(5)))[0] == pytest.approx(10)


def test_who_has_gone_does_not_hold_the_others_up():
    model, batcher = Doubling(), MicroBatcher(100)

    async def ask() -> np.ndarray:
        gone = asyncio.create_task(batcher.run(model, images(1), 1))
        stays = asyncio.create_task(batcher.run(model, images(2), 1))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    np.testing.assert_array_equal(asyncio.run(ask()), images(4))
