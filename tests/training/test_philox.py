"""The generator behind dropout, against its authors' known answers and by what random bits are like."""

import numpy as np
import pytest
import tensorflow as tf

from normlab.training.layers.noise import philox


def words(key: int, first: list[int], second: list[int]) -> list[int]:
    drawn = philox(*(tf.constant(value, tf.uint32) for value in (key, first, second)))
    return [int(word) for word in drawn.numpy()]


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        # The known answers for philox2x32 with 10 rounds that come with the Random123 library.
        (0x00000000, (0x00000000, 0x00000000), 0xFF1DAE59),
        (0xFFFFFFFF, (0xFFFFFFFF, 0xFFFFFFFF), 0x2C3F628B),
        (0x13198A2E, (0x243F6A88, 0x85A308D3), 0xDD7CE038),
    ],
)
def test_known_answers(key: int, counter: tuple[int, int], expected: int) -> None:
    assert words(key, [counter[0]], [counter[1]]) == [expected]


def test_bits_are_balanced_and_do_not_follow_each_other() -> None:
    places = np.arange(200_000)
    drawn = np.array(words(7, places.tolist(), (places * 0 + 3).tolist()), np.uint32)
    uniform = drawn / 2**32
    # Five standard deviations of each.
    assert uniform.mean() == pytest.approx(0.5, abs=5 * 0.289 / 447)
    assert np.corrcoef(uniform[:-1], uniform[1:])[0, 1] == pytest.approx(0, abs=5 / 447)
    shares = [((drawn >> bit) & 1).mean() for bit in range(32)]
    np.testing.assert_allclose(shares, 0.5, atol=5 * 0.5 / 447)


def test_neighbouring_keys_and_draws_are_unrelated() -> None:
    places = list(range(20_000))
    streams = [words(key, places, [draw] * 20_000) for key in (1, 2) for draw in (0, 1)]
    correlations = np.corrcoef(np.array(streams, float))
    np.testing.assert_allclose(correlations, np.eye(4), atol=5 / 141)
