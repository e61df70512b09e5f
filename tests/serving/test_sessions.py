import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from normlab.serving import ModelCache, OnnxModel, predict
from support.networks import linear_network, probabilities

SHAPE = (28, 28)


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [linear_network(SHAPE, 10, seed=seed)[0] for seed in range(4)]


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 64])
def test_a_model_gives_its_networks_probabilities(count):
    onnx, weights = linear_network(SHAPE, 10)
    batch = images(count)
    np.testing.assert_allclose(OnnxModel(onnx)(batch), probabilities(weights, batch), atol=1e-5)


def test_a_loaded_model_does_not_keep_its_file():
    onnx = bytes(bytearray(linear_network(SHAPE, 10)[0]))
    before = sys.getrefcount(onnx)
    model = OnnxModel(onnx)
    model(images(1))
    assert sys.getrefcount(onnx) == before


def test_the_session_runs_as_onnxruntimes_own_method_does():
    session = OnnxModel(linear_network(SHAPE, 10)[0])._session
    inner = getattr(getattr(session, "_sess", None), "run", None)
    moved = "the library moved: serving/sessions.py runs a network by InferenceSession._sess.run"
    assert inner is not None, f"{moved}, which is gone: use InferenceSession.run"
    feed = {session.get_inputs()[0].name: images(3)}
    np.testing.assert_array_equal(
        inner([session.get_outputs()[0].name], feed, None)[0], session.run(None, feed)[0], err_msg=moved
    )


def test_an_image_has_the_same_probabilities_in_every_batch():
    model = OnnxModel(linear_network(SHAPE, 10)[0])
    batch = images(16)
    alone = np.concatenate([model(batch[place : place + 1]) for place in range(16)])
    for count in (2, 5, 16):
        np.testing.assert_allclose(model(batch[:count]), alone[:count], atol=1e-6)


def test_a_prediction_names_the_most_probable_class():
    onnx, weights = linear_network((2,), 3)
    batch = np.array([[255, 0], [0, 255]], dtype=np.float32)
    expected = probabilities(weights, batch)
    classes = ("shoe", "bag", "coat")
    for row, prediction in zip(expected, predict(OnnxModel(onnx), batch, classes, top_k=2), strict=True):
        order = np.argsort(-row)
        assert prediction.label == order[0]
        assert prediction.class_name == classes[order[0]]
        assert prediction.probability == pytest.approx(row.max(), abs=1e-6)
        assert prediction.probabilities == pytest.approx(row, abs=1e-6)
        assert [score.label for score in prediction.top_k] == order[:2].tolist()
        assert [score.class_name for score in prediction.top_k] == [classes[label] for label in order[:2]]


def test_between_equals_the_lower_label_wins():
    def undecided(batch: np.ndarray) -> np.ndarray:
        return np.full((len(batch), 3), 1 / 3, dtype=np.float32)

    (prediction,) = predict(undecided, images(1), ("a", "b", "c"), top_k=3)
    assert prediction.label == 0
    assert [score.label for score in prediction.top_k] == [0, 1, 2]


def test_the_cache_holds_no_more_bytes_than_it_may(files):
    cache = ModelCache(max_bytes=2 * len(files[0]))
    first, second = (cache.get(str(index), lambda index=index: files[index]) for index in (0, 1))
    assert cache.get("0", pytest.fail) is first
    cache.get("2", lambda: files[2])  # the one that was not used for the longest time, the second, makes room
    assert cache.bytes_held == 2 * len(files[0])
    assert cache.get("0", pytest.fail) is first
    assert cache.get("1", lambda: files[1]) is not second
    assert len(cache) == 2


def test_a_model_larger_than_the_cache_is_not_kept(files):
    cache = ModelCache(max_bytes=len(files[0]) - 1)
    assert cache.get("0", lambda: files[0])(images(1)).shape == (1, 10)
    assert (len(cache), cache.bytes_held) == (0, 0)


def test_threads_that_want_the_same_model_load_it_once(files):
    cache = ModelCache(max_bytes=10**9)
    together = threading.Barrier(8)
    reads = []

    def read() -> bytes:
        reads.append(1)
        return files[0]

    def use(_: int) -> OnnxModel:
        together.wait()
        return cache.get("0", read)

    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(use, range(8)))
    assert len(reads) == 1
    assert len(set(map(id, models))) == 1


def test_a_file_that_cannot_be_read_is_asked_for_again_the_next_time(files):
    cache = ModelCache(max_bytes=10**9)
    with pytest.raises(OSError, match="gone"):
        cache.get("0", _gone)
    assert cache.get("0", lambda: files[0])(images(1)).shape == (1, 10)


def _gone() -> bytes:
    raise OSError("gone")


def test_threads_get_right_answers_while_models_come_and_go():
    networks = [linear_network(SHAPE, 10, seed=seed) for seed in range(4)]
    cache = ModelCache(max_bytes=2 * len(networks[0][0]))
    batch = images(3)
    expected = [probabilities(weights, batch) for _, weights in networks]

    def use(turn: int) -> None:
        index = turn * 7 % 4
        model = cache.get(str(index), lambda: networks[index][0])
        np.testing.assert_allclose(model(batch), expected[index], atol=1e-5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(200)))
    assert cache.bytes_held <= 2 * len(networks[0][0])
