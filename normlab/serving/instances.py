"""The body ``{"instances": [...]}`` -> a batch of raw pixels.

Reading the numbers is what a prediction costs: 64 images of 28 by 28 take 0.8 ms in orjson, and the model
0.25 ms. So nothing here looks at one number after the other in Python unless something is wrong; then a
second, slow walk finds what it was and where, for the error's pointer. Large bodies do not even become
Python's numbers (:mod:`.numbers`).
"""

import math
import re
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from normlab.errors import InstancesError
from normlab.repeated_keys import RepeatedKeyError, load_json
from normlab.serving import numbers

_FIRST_KEY = len('{"instances":')
"""Nothing that fits into so few bytes is a boolean among numbers."""
_OTHER_VALUES = 100
"""Beside the images: names, shapes, parameters."""
_NOT_JSON_NUMBERS = re.compile(rb"(?<![\w\"])-?(?:NaN|Infinity)\b")


def parse_instances(
    body: bytes, *, shape: tuple[int, ...], pixel_max: int, max_instances: int
) -> npt.NDArray[np.float32]:
    """The images of a request's JSON body, float32 (n, *shape), in raw pixel values 0 to ``pixel_max``.

    Each instance is an image nested as ``shape`` or flat, a list of as many numbers as ``shape`` has; all of
    a request are written the same way. Raises :class:`InstancesError` with a pointer to what is wrong.
    """
    return images_of_lists(
        instances_of(body, max_values(shape, max_instances)),
        shape=shape,
        pixel_max=pixel_max,
        max_instances=max_instances,
        may_hold_booleans=may_hold_booleans(body),
    )


def may_hold_booleans(body: bytes) -> bool:
    """Whether ``true`` or ``false`` stands in a JSON body. Behind its first key a body of numbers has no ``e``, and
    a single letter is looked for ten times as fast as a word.
    """
    return body.find(b"e", _FIRST_KEY) >= 0 and (b"true" in body or b"false" in body)


def images_of_lists(
    instances: Any,
    *,
    shape: tuple[int, ...],
    pixel_max: int,
    max_instances: int,
    pointer: str = "/instances",
    may_hold_booleans: bool = True,
) -> npt.NDArray[np.float32]:
    """The same for a list that was read already, by :func:`read_json`; ``pointer`` says where it was.

    To know that there are no booleans in it saves a look at each number.
    """
    if isinstance(instances, np.ndarray):
        batch = _images_of_array(instances, shape, pixel_max, max_instances)
        if batch is not None:
            return batch
        instances = instances.tolist()
    name = pointer.rpartition("/")[2]
    if not isinstance(instances, list):
        raise InstancesError(f"{name} must be a list of images", pointer)
    if not instances:
        raise InstancesError(f"{name} is empty: send at least one image", pointer)
    # A single image without its outer brackets is a list of numbers, and gets a better sentence below.
    if isinstance(instances[0], list):
        refuse_too_many(len(instances), max_instances, pointer)
    flat_shape = (math.prod(shape),)
    nested = isinstance(instances[0], list) and bool(instances[0]) and isinstance(instances[0][0], list)
    sizes = shape if nested else flat_shape
    rows = instances
    for depth, size in enumerate(sizes):
        if depth > 0:
            rows = list(chain.from_iterable(rows))
        if set(map(type, rows)) != {list} or set(map(len, rows)) != {size}:
            raise _explain(instances, shape, sizes, pixel_max, pointer)
    pixels = _pixels(rows, pixel_max, may_hold_booleans=may_hold_booleans)
    if pixels is None:
        raise _explain(instances, shape, sizes, pixel_max, pointer)
    return pixels.reshape(len(instances), *shape)


def refuse_too_many(count: int, max_instances: int, pointer: str = "") -> None:
    """Raise :class:`InstancesError` for more images than one request may carry."""
    if count > max_instances:
        raise InstancesError(
            f"{count} instances are too many for one request: send at most {max_instances}", pointer
        )


def _images_of_array(
    array: npt.NDArray[np.uint8], shape: tuple[int, ...], pixel_max: int, max_instances: int
) -> npt.NDArray[np.float32] | None:
    """The images of an array (n, *shape) or (n, pixels); None if it is not that, or holds what it must not."""
    if array.shape[1:] not in (shape, (math.prod(shape),)) or len(array) > max_instances:
        return None
    if pixel_max < 255 and array.max() > pixel_max:
        return None
    return array.reshape(len(array), *shape).astype(np.float32)


@cache
def max_values(shape: tuple[int, ...], max_instances: int) -> int:
    """Twice the JSON values of the largest request: its numbers, and the lists and objects around them. Who sends a few
    images too many is then told so.
    """
    lists = sum(math.prod(shape[:depth]) for depth in range(len(shape)))
    return 2 * (max_instances * (math.prod(shape) + lists + 1) + _OTHER_VALUES)


def read_json(body: bytes, limit: int) -> Any:
    """The body as JSON, of at most ``limit`` values; raises :class:`InstancesError`, also for a key that stands twice.

    A large list of whole numbers from 0 to 255 is given as an array of uint8 in its place.
    """
    _refuse_too_many_values(body, limit)
    document = _read_json(body)
    if not _has_quotes_of_two_keys(body):
        return document
    with suppress(RecursionError):  # what is so deep holds no images
        # Each key has a colon. Where there are more, they stand in strings, or a key stands twice.
        if body.count(b":") != _count_keys(document):
            _refuse_repeated_keys(body)
    return document


def _has_quotes_of_two_keys(body: bytes) -> bool:
    """Whether there are more quotes than the two of one key; to look for the next is far quicker than to count all."""
    position = -1
    for _ in range(3):
        position = body.find(b'"', position + 1)
        if position < 0:
            return False
    return True


def _refuse_too_many_values(body: bytes, limit: int) -> None:
    """Before anything is parsed: a value takes two bytes to send and far more to keep."""
    if len(body) <= limit:
        return
    characters = np.frombuffer(body, np.uint8)
    count = sum(int(np.count_nonzero(characters == ord(mark))) for mark in ",[{")
    if count > limit:
        raise InstancesError(f"the body has {count} values, and the largest request needs {limit // 2}")


def _count_keys(document: Any) -> int:
    """The keys of all objects, but for those among the pixels, which are refused anyway."""
    if isinstance(document, dict):
        return len(document) + sum(map(_count_keys, document.values()))
    if isinstance(document, list) and set(map(type, document[:1])) == {dict} == set(map(type, document)):
        inner = chain.from_iterable(map(dict.values, document))
        return sum(map(len, document)) + sum(_count_keys(value) for value in inner if type(value) is dict)
    return 0


def _refuse_repeated_keys(body: bytes) -> None:
    try:
        load_json(body)
    except RepeatedKeyError as error:
        pointer = "".join(f"/{pointer_step(str(step))}" for step in error.path)
        raise InstancesError(f"the key {error.path[-1]!r} {error}", pointer) from None


def _read_json(body: bytes) -> Any:
    if len(body) >= numbers.MIN_BYTES and (cut := numbers.cut(body)) is not None:
        # The parser nests deeper than Python calls; what is so deep holds no images and is left to it.
        with suppress(orjson.JSONDecodeError, RecursionError):
            return cut.put_back(orjson.loads(cut.rest))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _NOT_JSON_NUMBERS.search(body):
            raise InstancesError("NaN and infinity are no pixel values, and no JSON either") from None
        raise InstancesError(f"the body is not valid JSON: {error}") from None


def instances_of(body: bytes, limit: int) -> Any:
    """What stands under ``instances``."""
    document = read_json(body, limit)
    if not isinstance(document, dict) or "instances" not in document:
        raise InstancesError('the body must be an object such as {"instances": [[0, 0, 255, ...]]}')
    unknown = sorted(document.keys() - {"instances"})
    if unknown:
        raise InstancesError("only `instances` is known here", "/" + pointer_step(unknown[0]))
    return document["instances"]


def _pixels(
    rows: list[list[Any]], pixel_max: int, *, may_hold_booleans: bool
) -> npt.NDArray[np.float32] | None:
    """All numbers as one float32 array, or None when one is no number or out of range."""
    if not may_hold_booleans:
        try:
            # Whole numbers from 0 to 255, the usual case: three times as fast as numpy's own conversion.
            # bytes() refuses everything else, but it takes booleans.
            pixels = np.frombuffer(b"".join(map(bytes, rows)), dtype=np.uint8)
        except (TypeError, ValueError):
            pass
        else:
            return pixels.astype(np.float32) if pixel_max >= 255 or pixels.max() <= pixel_max else None
    numbers = list(chain.from_iterable(rows))
    if not set(map(type, numbers)) <= {int, float}:
        return None
    values = np.array(numbers, dtype=np.float64)
    if not (values.min() >= 0 and values.max() <= pixel_max):
        return None
    return values.astype(np.float32)


def _explain(
    instances: list[Any], shape: tuple[int, ...], sizes: tuple[int, ...], pixel_max: int, pointer: str
) -> InstancesError:
    """What is wrong with instances that were refused, as the error to raise."""
    wanted = f"an image is {_nested(shape)} numbers, or one flat list of {math.prod(shape)}"
    if any(isinstance(instance, (int, float)) for instance in instances):
        return InstancesError(
            f"each instance must be a list: {wanted}; a single image needs one more pair of brackets",
            pointer,
        )
    for position, instance in enumerate(instances):
        error = _explain_level(instance, sizes, f"{pointer}/{position}", wanted, pixel_max)
        if error is not None:
            return error
    raise AssertionError("instances were refused and nothing is wrong with them")


def _explain_level(
    item: Any, sizes: tuple[int, ...], pointer: str, wanted: str, pixel_max: int
) -> InstancesError | None:
    """The first thing that is wrong at or below ``item``, which should be nested as ``sizes``."""
    if not sizes:
        return _explain_number(item, pointer, wanted, pixel_max)
    if not isinstance(item, list):
        return InstancesError(f"expected a list of {sizes[0]}, found {kind_of(item)}: {wanted}", pointer)
    if not item:
        return InstancesError(f"this list is empty: {wanted}", pointer)
    lengths = {len(each) if isinstance(each, list) else -1 for each in item}
    if len(lengths) > 1:
        return InstancesError(f"the rows of this list are not of one length: {wanted}", pointer)
    if len(item) != sizes[0]:
        return InstancesError(f"this list has {len(item)} entries instead of {sizes[0]}: {wanted}", pointer)
    if len(sizes) == 1 and _are_pixels(item, pixel_max):
        return None
    for position, each in enumerate(item):
        error = _explain_level(each, sizes[1:], f"{pointer}/{position}", wanted, pixel_max)
        if error is not None:
            return error
    return None


def _are_pixels(row: list[Any], pixel_max: int) -> bool:
    """Whether nothing is wrong with a row of numbers, without a look at each in Python."""
    return set(map(type, row)) <= {int, float} and min(row) >= 0 and max(row) <= pixel_max


def _explain_number(item: Any, pointer: str, wanted: str, pixel_max: int) -> InstancesError | None:
    if isinstance(item, list):
        return InstancesError(f"expected a number, found a list: {wanted}", pointer)
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        return InstancesError(f"a pixel must be a number, not {kind_of(item)}", pointer)
    if not np.isfinite(item):
        return InstancesError("a pixel must be a finite number", pointer)
    if not 0 <= item <= pixel_max:
        return InstancesError(f"{item:g} is not a raw pixel value of this dataset, 0 to {pixel_max}", pointer)
    return None


def kind_of(item: Any) -> str:
    """What a JSON value is called."""
    if item is None:
        return "null"
    names = {
        bool: "a boolean",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names[type(item)]


def _nested(shape: tuple[int, ...]) -> str:
    return " by ".join(map(str, shape))


def pointer_step(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
