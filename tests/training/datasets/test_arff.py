"""ARFF of pixels, as OpenML has it."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import ReadingLimits
from support.dataset_files import read
from support.pictures import random_pixels

X = random_pixels(1, (6, 16))
Y = ["7", "0", "3", "7", "0", "3"]


def arff(*, kind="real", label="{0,3,7}", rows=None, name="class") -> str:
    attributes = "".join(f"@ATTRIBUTE pixel{number} {kind}\n" for number in range(1, 17))
    rows = rows or [",".join([*map(str, x), y]) for x, y in zip(X, Y, strict=True)]
    head = (
        f"% Fashion, by OpenML\n\n@RELATION 'mnist 784'\n\n{attributes}@ATTRIBUTE {name} {label}\n\n@DATA\n"
    )
    return head + "".join(f"{row}\n" for row in rows)


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "data").write_bytes(text.encode())
    return tmp_path / "data"


@pytest.mark.parametrize(
    "text",
    [
        arff(),
        arff(kind="INTEGER", label="{7, 0, 3}"),
        arff(label="{'7','0','3'}"),
        arff().lower(),
        arff().replace("\n", "\r\n"),
        arff(name="'the class'"),
        arff().replace("@DATA\n", "@DATA\n% rows\n"),
        arff(rows=[",".join([*map(str, x.astype(float)), y]) for x, y in zip(X, Y, strict=True)]),
        arff(label="numeric"),
        arff(label="string"),
    ],
)
def test_attributes_of_pixels(tmp_path, text):
    found = read(write(tmp_path, text))
    np.testing.assert_array_equal(found.x[None], X.reshape(6, 4, 4))
    assert [found.classes[label] for label in found.y[None]] == Y
    assert found.format == "arff"
    assert found.origins[None][1] == "row 2"


def test_classes_are_those_that_the_header_lists(tmp_path):
    rows = [
        ",".join([*map(str, x), y]) for x, y in zip(X, ["'a b'", "c", "c", "c", "'a b'", "c"], strict=True)
    ]
    found = read(write(tmp_path, arff(label="{d, c, 'a b'}", rows=rows)))
    assert found.classes == ["d", "c", "a b"]
    assert found.y[None] == [2, 1, 1, 1, 2, 1]


def test_gzip_is_read(tmp_path):
    (tmp_path / "data").write_bytes(gzip.compress(arff().encode()))
    np.testing.assert_array_equal(read(tmp_path / "data").x[None], X.reshape(6, 4, 4))


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        (arff(rows=["{0 1, 16 7}"]), {}, "sparse rows"),
        (arff(rows=["1," * 16 + "7", "1," * 15 + "?,7"]), {}, r"row 2, column pixel16: '\?' is no pixel"),
        (arff(rows=["1," * 16 + "7", "1," * 16 + "8"]), {}, "row 2: the label '8' is none of those"),
        (arff(rows=["1," * 16 + "7", "1,2"]), {}, "row 2 has 2 columns where 17"),
        (arff().split("@DATA", maxsplit=1)[0], {}, "no @data"),
        (arff(), {"limits": ReadingLimits(max_classes=2)}, "lists 3 classes, more than 2"),
        (arff(), {"limits": ReadingLimits(max_values_per_sample=15)}, "16 pixels, more than 15"),
        (arff(), {"label_column": "kind"}, "no column 'kind'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, options, says):
    with pytest.raises(DatasetError, match=says):
        read(write(tmp_path, text), **options)


def test_a_table_that_is_too_wide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.training.datasets.readers.pixel_columns.MAX_COLUMNS", 16)
    with pytest.raises(DatasetError, match=r"17 columns, more than 16 \(MAX_COLUMNS\)"):
        read(write(tmp_path, arff()))
