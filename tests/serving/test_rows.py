"""Rows of a table in requests: by names or in order, and what is said about ones that cannot be read."""

import io
import json
from typing import Any

import numpy as np
import pytest

from normlab.errors import InstancesError
from normlab.serving import TableReader, decoded_rows, parse_npy
from normlab.spec.columns import Column, ColumnKind

COLUMNS = (
    Column(name="petal_length"),
    Column(name="colour", kind=ColumnKind.CATEGORY, categories=("1", "blue", "red")),
    Column(name="weight/kg", missing=True),
)
TABLE = TableReader(COLUMNS, "species")
NAN = float("nan")


def read(*instances: Any) -> Any:
    return TABLE.read(json.dumps({"instances": list(instances)}).encode(), 3)


@pytest.mark.parametrize(
    ("instance", "row"),
    [
        ({"petal_length": 1.4, "colour": "red"}, [1.4, 2, NAN]),
        ({"weight/kg": -3, "petal_length": None}, [NAN, NAN, -3]),
        ([5, "blue", 1e30], [5, 1, 1e30]),
        ([None, None, None], [NAN, NAN, NAN]),
        ({"colour": "pink"}, [NAN, -1, NAN]),
        ({"colour": 1}, [NAN, 0, NAN]),
        ({"colour": 1.0}, [NAN, 0, NAN]),
        ({"colour": "1.0"}, [NAN, 0, NAN]),
        ({"colour": "01"}, [NAN, -1, NAN]),
        ({"petal_length": " 1.5 ", "colour": " ", "weight/kg": ""}, [1.5, NAN, NAN]),
    ],
    ids=str,
)
def test_row_becomes_its_decoded_form(instance: Any, row: list[float]) -> None:
    batch = read(instance)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, np.array([row], np.float32))


def test_unknown_categories_are_told() -> None:
    batch = read({"colour": "pink"}, {"colour": "red"}, {"petal_length": 1})
    assert TABLE.unknown(batch) == [["colour"], [], []]


@pytest.mark.parametrize(
    ("instance", "pointer", "sentence"),
    [
        ({"petal_lenght": 1}, "/instances/0/petal_lenght", 'did you mean "petal_length"?'),
        ({"other/~": 1}, "/instances/0/other~1~0", "the columns are petal_length, colour and weight/kg"),
        ({"species": "setosa"}, "/instances/0/species", "is what is predicted: leave it out"),
        ({"petal_length": "long"}, "/instances/0/petal_length", 'not "long"'),
        ({"petal_length": "1_0"}, "/instances/0/petal_length", 'not "1_0"'),
        ({"petal_length": True}, "/instances/0/petal_length", "has numbers, not true"),
        ({"petal_length": 1e39}, "/instances/0/petal_length", "has numbers"),
        ({"weight/kg": "nan"}, "/instances/0/weight~1kg", "has numbers"),
        ({"weight/kg": [1]}, "/instances/0/weight~1kg", "has one value, not a list"),
        ([1, "red"], "/instances/0", "has 2 values instead of 3"),
        ({}, "/instances/0", 'such as {"petal_length": 1.5}'),
        (1.5, "/instances/0", "this is a number, and no row"),
    ],
    ids=str,
)
def test_row_that_cannot_be_read(instance: Any, pointer: str, sentence: str) -> None:
    with pytest.raises(InstancesError) as caught:
        read(instance)
    assert caught.value.problem.pointer == pointer
    assert sentence in str(caught.value)


@pytest.mark.parametrize("instances", [{}, [], "x", None], ids=str)
def test_no_rows(instances: Any) -> None:
    with pytest.raises(InstancesError, match="must be a list of rows") as caught:
        TABLE.read(json.dumps({"instances": instances}).encode(), 3)
    assert caught.value.problem.pointer == "/instances"


def test_too_many_rows() -> None:
    with pytest.raises(InstancesError, match="send at most 3"):
        read(*[{"petal_length": 1}] * 4)


def test_key_that_stands_twice() -> None:
    with pytest.raises(InstancesError, match="petal_length"):
        TABLE.read(b'{"instances": [{"petal_length": 1, "petal_length": 2}]}', 3)


def test_decoded_rows_are_taken_as_they_are() -> None:
    rows = decoded_rows([[-1.5, 2, None], [1e6, -1, 0]], columns=3, max_instances=3)
    np.testing.assert_array_equal(rows, np.array([[-1.5, 2, NAN], [1e6, -1, 0]], np.float32))
    wrong: list[tuple[list[Any], str]] = [
        ([[1, 2]], "a list of 3"),
        ([[1, "red", 2]], "a string"),
        ([], "or more"),
    ]
    for given, sentence in wrong:
        with pytest.raises(InstancesError, match=sentence):
            decoded_rows(given, columns=3, max_instances=3)
    with pytest.raises(InstancesError, match="too large"):
        decoded_rows([[1e39, 0, 0]], columns=3, max_instances=3)
    array = np.array([[-4.5, 2, NAN]])
    file = io.BytesIO()
    np.save(file, array)
    read_again = parse_npy(file.getvalue(), shape=(3,), pixel_max=None, max_instances=3)
    np.testing.assert_array_equal(read_again, array.astype(np.float32))
