import json

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from normlab.errors import InstancesError
from normlab.serving import open_inference, parse_instances, read_json
from normlab.serving.instances import max_values
from normlab.serving.numbers import MIN_BYTES, cut, read_numbers

SEPARATORS = [(", ", ": "), (",", ":")]


def text_of(array: np.ndarray, separators: tuple[str, str]) -> bytes:
    return json.dumps(array.tolist(), separators=separators).encode()


@pytest.mark.parametrize("separators", SEPARATORS)
@pytest.mark.parametrize(
    "shape", [(784,), (3, 784), (1, 4), (5, 28, 28), (1, 28, 28), (2, 1, 9), (4, 3, 2, 3)]
)
def test_numbers_are_read_as_they_were_written(shape, separators):
    array = np.random.default_rng(len(shape)).integers(0, 256, shape, dtype=np.uint8)
    found = read_numbers(text_of(array, separators))
    assert found is not None
    np.testing.assert_array_equal(found, array)


def test_every_value_is_known():
    values = np.arange(256)
    np.testing.assert_array_equal(read_numbers(text_of(values, (",", ":"))), values)
    for value in (256, 260, 299, 300, 999, 1000, 2555):
        assert read_numbers(b"[1, 2, %d, 3]" % value) is None


@pytest.mark.parametrize(
    "text",
    [
        b"[]", b"[1]", b"[[1, 2], [3, 4]", b"[[1, 2], 3, 4]]", b"[[1, 2], [3]]", b"[[1, 2, 3], [4]]",
        b"[[[1, 2]], [[3, 4], [5, 6]]]", b"[[[1, 2], [3, 4]], [[5, 6]]]", b"[[1, 2], [3, 4], ]", b"[1, 2, , 3]",
        b"[1, 2, 3, ]", b"[, 1, 2, 3]", b"[1 2, 3, 4]", b"[01, 2, 3]", b"[1, 2, 007]", b"[1, 00, 2]", b"[-1, 2, 3]",
        b"[1.0, 2, 3]", b"[1e1, 2, 3]", b"[1, true, 3]", b'[1, "2", 3]', b"[1, null, 3]", b"[1, NaN, 3]",
        b"[[1, 2]], [[3, 4]]", b"[1, 2], [3, 4]", b"[[1, 2], [3, [4]]]", b"[[1, 2][3, 4]]", b"[1,\n2, 3]",
        b"[1, 2 , 3]", b"[[[[[1, 2]]]]]", b"[[1, 2] [3, 4]]", b"[[], [1, 2]]", b"[1:2, 3, 4]", b"[1, 2/3, 4]",
    ],
)  # fmt: skip
def test_what_is_something_else_is_left_to_the_parser(text):
    assert read_numbers(text) is None


@given(st.text("0123459[], ", max_size=40))
@example("[[1, 2], [3, 4]]")
def test_what_is_read_is_what_the_parser_reads(text):
    found = read_numbers(text.encode())
    if found is not None:
        assert found.tolist() == orjson.loads(text)


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_a_changed_character_is_noticed(rows, data):
    text = bytearray(json.dumps(rows).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from(b"0129[], .-"))
    found = read_numbers(bytes(text))
    if found is not None:
        assert found.tolist() == orjson.loads(bytes(text))


MOST = max_values((28, 28), 20)


def large(**changes: object) -> bytes:
    return json.dumps({"instances": np.full((20, 784), 200).tolist(), **changes}).encode()


def test_a_large_body_is_read_as_an_array():
    assert len(large()) > MIN_BYTES
    assert read_json(large(), MOST)["instances"].shape == (20, 784)
    batch = parse_instances(large(), shape=(28, 28), pixel_max=255, max_instances=20)
    np.testing.assert_array_equal(batch, np.full((20, 28, 28), 200, np.float32))


@pytest.mark.parametrize(
    ("changes", "pointer", "sentence"),
    [
        ({"instances": [[200] * 783] * 20}, "/instances/0", "this list has 783 entries instead of 784"),
        ({"instances": [[200] * 784] * 21}, "/instances", "21 instances are too many"),
        ({"instances": [[200] * 784] * 19 + [[200] * 783]}, "/instances/19", "this list has 783 entries"),
        ({"instances": [[200] * 784] * 19 + [[200] * 783 + [256]]}, "/instances/19/783", "256 is not a raw pixel"),
        ({"instances": [200] * 784 * 20}, "/instances", "one more pair of brackets"),
        ({"others": [[200] * 784] * 20}, "/others", "only `instances` is known"),
    ],
)  # fmt: skip
def test_mistakes_in_a_large_body_are_named(changes, pointer, sentence):
    with pytest.raises(InstancesError) as caught:
        parse_instances(large(**changes), shape=(28, 28), pixel_max=255, max_instances=20)
    assert sentence in caught.value.problem.detail
    assert caught.value.problem.pointer == pointer


def test_the_datasets_largest_value_holds_for_large_bodies():
    with pytest.raises(InstancesError, match="200 is not a raw pixel value of this dataset, 0 to 16"):
        parse_instances(large(), shape=(28, 28), pixel_max=16, max_instances=20)


def test_a_large_body_that_is_not_json_says_where():
    with pytest.raises(InstancesError, match="not valid JSON"):
        read_json(large()[:-1] + b"]", MOST)
    with pytest.raises(InstancesError, match="not valid JSON"):
        read_json(b"{" + large(), MOST)
    assert read_json(large()[:-1] + b" \t\r\n}", MOST)["instances"].shape == (20, 784)
    for no_space_of_json in (b"\v", b"\f"):
        with pytest.raises(InstancesError, match="not valid JSON"):
            read_json(large()[:-1] + no_space_of_json + b"}", MOST)


def test_what_is_nested_deeper_than_python_calls_is_refused_like_any_other_mistake():
    body = b'{"others": ' + b"[" * 1000 + b"]" * 1000 + b", " + large()[1:]
    assert cut(body) is not None
    with pytest.raises(InstancesError, match="only `instances` is known"):
        parse_instances(body, shape=(28, 28), pixel_max=255, max_instances=20)


def test_only_the_last_key_of_those_that_images_come_under_is_read():
    assert cut(large()) is not None
    assert cut(large(others=3)) is None
    assert cut(large(others=[1, 2, 3])) is None
    assert cut(b'{"instances": "[1, 2, 3]"}') is None
    assert cut(b'{"a": {"data": [1, 2, 3]}, "b": 1}') is None


@pytest.mark.parametrize("shape", [[20, 784], [20, 28, 28]])
@pytest.mark.parametrize("flat", [True, False])
def test_a_large_tensor_of_the_open_inference_protocol_is_read_as_an_array(shape, flat):
    pixels = np.random.default_rng(2).integers(0, 256, shape)
    data = (pixels.reshape(-1) if flat else pixels).tolist()
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": shape, "data": data}

    def parse(**changes: object) -> open_inference.InferenceRequest:
        body = json.dumps({"inputs": [{**tensor, **changes}]}).encode()
        assert cut(body) is not None
        return open_inference.parse_request(
            body,
            None,
            input_name="pixels",
            output_name="probabilities",
            shape=(28, 28),
            pixel_max=255,
            max_instances=20,
        )

    np.testing.assert_array_equal(parse().batch, pixels.reshape(20, 28, 28).astype(np.float32))
    with pytest.raises(InstancesError, match="but the shape says"):
        parse(shape=[19, *shape[1:]])
