import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.errors import InstancesError
from normlab.serving import parse_instances

GREY = (4, 3)
COLOUR = (2, 2, 3)


def parse(body: object, shape: tuple[int, ...] = GREY, pixel_max: int = 255, max_instances: int = 5):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_instances(data, shape=shape, pixel_max=pixel_max, max_instances=max_instances)


def image(value: object = 7) -> list[list[object]]:
    return [[value] * 3 for _ in range(4)]


@pytest.mark.parametrize("shape", [GREY, COLOUR])
@pytest.mark.parametrize("scale", [1, 0.5])
def test_nested_and_flat_instances_give_the_same_pixels(shape, scale):
    pixels = np.random.default_rng(1).integers(0, 256, (3, *shape)) * scale
    nested = parse({"instances": pixels.tolist()}, shape)
    flat = parse({"instances": pixels.reshape(3, -1).tolist()}, shape)
    assert nested.dtype == np.float32
    np.testing.assert_array_equal(nested, pixels.astype(np.float32))
    np.testing.assert_array_equal(flat, nested)


@given(
    st.lists(
        st.lists(st.floats(0, 255, width=32) | st.integers(0, 255), min_size=12, max_size=12),
        min_size=1,
        max_size=5,
    )
)
def test_every_mix_of_numbers_arrives_as_numpy_would_read_it(rows):
    np.testing.assert_array_equal(
        parse({"instances": rows}).reshape(len(rows), 12), np.array(rows, dtype=np.float64).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        (b"", "", "not valid JSON"),
        (b'{"instances": [', "", "not valid JSON"),
        (b"[[1]]", "", "must be an object such as"),
        ({}, "", "must be an object such as"),
        ({"instances": [image()], "a/b": 1}, "/a~1b", "only `instances` is known here"),
        ({"instances": {"0": image()}}, "/instances", "must be a list of images"),
        ({"instances": []}, "/instances", "send at least one image"),
        ({"instances": [image()] * 6}, "/instances", "6 instances are too many for one request"),
        ({"instances": [0] * 12}, "/instances", "a single image needs one more pair of brackets"),
        ({"instances": image()}, "/instances/0", "this list has 3 entries instead of 12: an image is 4 by 3"),
        ({"instances": [image()[:3]]}, "/instances/0", "this list has 3 entries instead of 4"),
        ({"instances": [image(), image()[:3]]}, "/instances/1", "this list has 3 entries instead of 4"),
        ({"instances": [[[1, 2, 3]] * 3 + [[1, 2]]]}, "/instances/0", "rows of this list are not of one"),
        ({"instances": [[[1, 2]] * 4]}, "/instances/0/0", "this list has 2 entries instead of 3"),
        ({"instances": [[]]}, "/instances/0", "this list is empty"),
        ({"instances": [[[]] * 4]}, "/instances/0/0", "this list is empty"),
        ({"instances": [image(), [0] * 12]}, "/instances/1", "this list has 12 entries instead of 4"),
        ({"instances": [[1] * 11 + [[1]]]}, "/instances/0", "rows of this list are not of one"),
        ({"instances": [[[[1]] * 3] * 4]}, "/instances/0/0/0", "expected a number, found a list"),
        ({"instances": ["shoe"]}, "/instances/0", "expected a list of 12, found a string"),
        ({"instances": [None]}, "/instances/0", "expected a list of 12, found null"),
        ({"instances": [image("7")]}, "/instances/0/0/0", "a pixel must be a number, not a string"),
        ({"instances": [[7] * 11 + ["7"]]}, "/instances/0/11", "a pixel must be a number, not a string"),
        ({"instances": [image(True)]}, "/instances/0/0/0", "a pixel must be a number, not a boolean"),
        ({"instances": [[7.5] * 11 + [False]]}, "/instances/0/11", "a pixel must be a number, not a boolean"),
        ({"instances": [image(None)]}, "/instances/0/0/0", "a pixel must be a number, not null"),
        ({"instances": [image({})]}, "/instances/0/0/0", "a pixel must be a number, not an object"),
        ({"instances": [image(256)]}, "/instances/0/0/0", "256 is not a raw pixel value"),
        ({"instances": [image(), image(-0.5)]}, "/instances/1/0/0", "-0.5 is not a raw pixel value"),
        ({"instances": [image(10**30)]}, "/instances/0/0/0", "1e+30 is not a raw pixel value"),
        ({"instances": [image(float("nan"))]}, "", "NaN and infinity are no pixel values"),
        ({"instances": [image(float("-inf"))]}, "", "NaN and infinity are no pixel values"),
        (b'{"instances": [[1e999]]}', "", "not valid JSON"),
        (b'{"instances": [["\xff"]]}', "", "not valid JSON"),
    ],
)  # fmt: skip
def test_bad_instances_say_what_is_wrong_and_where(body, pointer, sentence):
    with pytest.raises(InstancesError) as caught:
        parse(body)
    assert sentence in caught.value.problem.detail
    assert caught.value.problem.pointer == pointer


def test_pixel_values_are_those_of_the_dataset():
    assert parse({"instances": [image(16)]}, pixel_max=16).max() == 16
    with pytest.raises(InstancesError, match="17 is not a raw pixel value of this dataset, 0 to 16"):
        parse({"instances": [image(17)]}, pixel_max=16)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3), st.lists, max_leaves=30
    )
)
def test_whatever_is_sent_is_read_or_refused_with_a_sentence(anything):
    with contextlib.suppress(InstancesError):
        assert parse({"instances": anything}).shape[1:] == GREY


def test_a_deeply_nested_body_is_refused():
    with pytest.raises(InstancesError):
        parse(b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
