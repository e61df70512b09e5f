"""Plain digits in lines, many bytes at once: the same values as one by one, and nothing that is no such line."""

import numpy as np
import pytest

from normlab.training.datasets.readers import csv_digits
from normlab.training.datasets.readers.csv_digits import cells


def lines_of(values: np.ndarray, delimiter: str = ",", end: str = "\n") -> bytes:
    return "".join(delimiter.join(map(str, row)) + end for row in values.tolist()).encode()


@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), (";", "\r\n"), ("\t", "\n")])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 785), (700, 5), (2, 100_000)])
def test_values_are_those_of_the_cells(rows: int, columns: int, delimiter: str, end: str) -> None:
    """In several steps, in lines that are longer than one, with and without an end of the last line."""
    draws = np.random.default_rng(rows * columns)
    values = draws.choice([0, 1, 9, 10, 19, 99, 100, 199, 200, 249, 250, 255], (rows, columns))
    for lines in (
        lines_of(values, delimiter, end),
        lines_of(values, delimiter, end).removesuffix(end.encode()),
    ):
        found = cells(lines, delimiter, columns)
        assert found is not None
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, values)


def test_every_number_up_to_999() -> None:
    for value in range(1000):
        found = cells(f"7,{value},0\n".encode(), ",", 3)
        assert (None if found is None else found.tolist()) == ([[7, value, 0]] if value <= 255 else None)


@pytest.mark.parametrize(
    "lines",
    [
        "", "\n", "1,2,3\n\n", "\n1,2,3\n", "1,,3\n", ",2,3\n", "1,2,\n", "1,2\n", "1,2,3,4\n", "1,2,3\n1,2\n3\n",
        "1,02,3\n", "00,2,3\n", "1,2,003\n", "1,1000,3\n", "1,2,0255\n", "1,25500,3\n", "1,2.0,3\n", "1,+2,3\n",
        "1,-2,3\n", "1, 2,3\n", "1,2 ,3\n", '"1",2,3\n', "1,2;3\n", "1;2;3\n", "1,a,3\n", "1,:,3\n", "1,/,3\n",
        "1,2\r,3\n", "1,2,3\r", "1,é,3\n", "#1,2,3\n", "1\n2,3\n", "1,2,3\n1,2\n3,1,2,3\n",
    ],
)  # fmt: skip
def test_what_is_anything_else_is_left_to_others(lines: str) -> None:
    assert cells(lines.encode(), ",", 3) is None


def test_where_a_step_ends_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).integers(0, 256, (40, 7))
    lines = lines_of(values)
    for step in range(1, 60):
        monkeypatch.setattr(csv_digits, "STEP_BYTES", step)
        np.testing.assert_array_equal(cells(lines, ",", 7), values)
    monkeypatch.setattr(csv_digits, "STEP_BYTES", 50)
    assert cells(lines + b"1,2,3,4,5,6\n", ",", 7) is None
