"""Parquet of pixels as OpenML has it, and of image files as Hugging Face has it."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import ReadingLimits, Split
from support.dataset_files import read
from support.pictures import encoded, random_pixels, tarred, zipped

X = random_pixels(1, (7, 16))
Y = [7, 0, 3, 7, 0, 3, 0]
LABELS = [str(label) for label in Y]
NAMES = ["cat", "dog", "eel"]


def parquet(table: pa.Table, **options) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def pixels(dtype=None, y=LABELS, **more) -> pa.Table:
    columns = {
        f"pixel{number + 1}": pa.array(column.tolist(), dtype or pa.uint8())
        for number, column in enumerate(X.T)
    }
    return pa.table({**columns, "class": list(y), **more})


def images(files, labels, names=NAMES, **more) -> pa.Table:
    column = pa.array(
        [{"bytes": data, "path": f"{n}.png"} for n, data in enumerate(files)],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    table = pa.table({"image": column, "label": pa.array(labels, pa.int64()), **more})
    note = {
        "info": {"features": {"label": {"names": names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}}
    }
    return table.replace_schema_metadata({"huggingface": json.dumps(note)}) if names else table


def write(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "data").write_bytes(content)
    return tmp_path / "data"


FILES = [encoded(random_pixels(number)) for number in range(5)]


@pytest.mark.parametrize("dtype", [pa.uint8(), pa.int64(), pa.float64(), pa.float32()])
def test_columns_of_pixels(tmp_path, dtype):
    found = read(write(tmp_path, parquet(pixels(dtype), row_group_size=3)))
    np.testing.assert_array_equal(found.x[None], X.reshape(7, 4, 4))
    assert [found.classes[label] for label in found.y[None]] == LABELS
    assert found.origins[None][4] == "row 5"
    assert (found.format, found.codes) == ("parquet", ["labels_not_from_zero"])


@pytest.mark.parametrize("y", [Y, [float(label) for label in Y], ["a", "b", "c", "a", "b", "c", "b"]])
def test_labels_of_any_type(tmp_path, y):
    found = read(write(tmp_path, parquet(pixels(y=y))))
    assert [found.classes[label] for label in found.y[None]] == [str(label).removesuffix(".0") for label in y]
    table = pixels(y=y).append_column("kind", pa.array(["x"] * 7).dictionary_encode())
    assert read(write(tmp_path, parquet(table.drop_columns("class"))), label_column="kind").classes == ["x"]


@pytest.mark.parametrize(
    ("value", "dtype", "says"),
    [
        (256, pa.int64(), "row 2, column pixel3: '256' is no pixel"),
        (-1, pa.int64(), "row 2, column pixel3: '-1'"),
        (0.5, pa.float64(), r"row 2, column pixel3: '0\.5'.*by 255"),
        (float("nan"), pa.float64(), "row 2, column pixel3: 'nan'"),
        (None, pa.int64(), "row 2, column pixel3: 'nan'"),
    ],
)
def test_a_value_that_is_no_pixel_is_named(tmp_path, value, dtype, says):
    x = X.tolist()
    x[1][2] = value
    columns = {
        f"pixel{number + 1}": pa.array(list(column), dtype)
        for number, column in enumerate(zip(*x, strict=True))
    }
    with pytest.raises(DatasetError, match=says):
        read(write(tmp_path, parquet(pa.table({**columns, "class": Y}))))


def test_hugging_faces_image_files(tmp_path):
    found = read(write(tmp_path, parquet(images(FILES, [2, 0, 0, 1, 2]), row_group_size=2)))
    np.testing.assert_array_equal(found.x[None], [random_pixels(number) for number in range(5)])
    assert found.classes == NAMES
    assert found.y[None] == [2, 0, 0, 1, 2]
    assert (found.format, found.codes) == ("parquet", [])


def test_image_files_without_names_of_classes_or_as_plain_bytes(tmp_path):
    found = read(write(tmp_path, parquet(images(FILES, [2, 0, 0, 1, 2], names=None))))
    assert [found.classes[label] for label in found.y[None]] == ["2", "0", "0", "1", "2"]
    table = pa.table({"img": FILES, "fine_label": list("abcab")})
    assert read(write(tmp_path, parquet(table))).classes == ["a", "b", "c"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_shards_are_parts_by_their_names(tmp_path, pack):
    shards = {
        "data/test-00000-of-00001.parquet": parquet(images(FILES[4:], [1])),
        "data/train-00000-of-00002.parquet": parquet(images(FILES[:2], [0, 2])),
        "data/train-00001-of-00002.parquet": parquet(images(FILES[2:4], [1, 1])),
    }
    found = read(pack(tmp_path / "a", dict(reversed(shards.items()))))
    assert found.y == {Split.TEST: [1], Split.TRAINING: [0, 2, 1, 1]}
    np.testing.assert_array_equal(found.x[Split.TRAINING], [random_pixels(number) for number in range(4)])
    assert found.origins[Split.TRAINING][3] == "data/train-00001-of-00002.parquet, row 2"
    with pytest.raises(DatasetError, match=r"more\.parquet is called by no part"):
        read(pack(tmp_path / "a", shards | {"data/more.parquet": shards["data/test-00000-of-00001.parquet"]}))
    found = read(
        pack(tmp_path / "a", {"train.parquet": parquet(pixels()), "test.parquet": parquet(pixels())})
    )
    assert {split: len(labels) for split, labels in found.y.items()} == {Split.TEST: 7, Split.TRAINING: 7}


def test_rows_without_labels_and_files_that_cannot_be_read_are_left_out(tmp_path):
    table = images([FILES[0], b"hello", FILES[2], None, FILES[4]], [0, 1, -1, 1, 2], split=list("abcde"))
    found = read(write(tmp_path, parquet(table.drop_columns("split"))))
    np.testing.assert_array_equal(found.x[None], [random_pixels(0), random_pixels(4)])
    assert found.origins[None] == ["row 1", "row 5"]
    assert {notice.code: notice.examples for notice in found.notices} == {
        "unreadable_file": ("row 2", "row 4"),
        "unlabelled": ("row 3",),
    }
    with pytest.raises(DatasetError, match="max_unreadable"):
        read(write(tmp_path, parquet(table)), limits=ReadingLimits(max_unreadable=1))


def test_columns_say_parts_groups_and_times(tmp_path):
    parts = ["train", "test", "train", "valid", "train"]
    more = {"split": parts, "who": list("xyxyx"), "when": [1, 2, 3, 4, 5]}
    path = write(tmp_path, parquet(images(FILES, [2, 0, 0, 1, 2], **more)))
    found = read(path, group_column="who", time_column="when")
    assert found.y == {Split.TRAINING: [2, 0, 2], Split.TEST: [0], Split.VALIDATION: [1]}
    path = write(tmp_path, parquet(pixels(split=[*parts, "test", "test"], who=["x"] * 7)))
    found = read(path, group_column="who")
    assert {split: len(labels) for split, labels in found.y.items()} == {
        Split.TRAINING: 3,
        Split.TEST: 3,
        Split.VALIDATION: 1,
    }


@pytest.mark.parametrize(
    ("table", "options", "says"),
    [
        (images(FILES, [0, 1, 2, 3, 0]), {}, "row 4: the label 3 is none of the 3 classes"),
        (images(FILES, [0, None, 2, 1, 0]), {}, "row 2 has no value"),
        (images([FILES[0], encoded(random_pixels(1, (9, 5)))], [0, 1]), {}, "2 sizes .*row 2"),
        (images(FILES, [0] * 5).rename_columns(["image", "kind"]), {}, "None of the columns image, kind"),
        (images(FILES, [0] * 5), {"label_column": "kind"}, "no column 'kind'"),
        (images(FILES, [0] * 5), {"group_column": "who"}, "no column 'who'"),
        (pixels().slice(0, 0), {}, "holds no rows"),
        (pixels().append_column("name", pa.array(["a"] * 7)), {}, "column is called 'name'"),
        (pixels(), {"limits": ReadingLimits(max_samples=6)}, "7 rows, more than 6"),
        (pixels(), {"limits": ReadingLimits(max_values_per_sample=15)}, "16 pixels, more than 15"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, table, options, says):
    with pytest.raises(DatasetError, match=says):
        read(write(tmp_path, parquet(table)), **options)


@pytest.mark.parametrize("cut", [50, -50])
def test_a_file_that_is_cut_short_says_so(tmp_path, cut):
    with pytest.raises(DatasetError, match="damaged or cut short"):
        read(write(tmp_path, parquet(pixels())[:cut]))


def test_a_table_that_is_too_wide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.training.datasets.readers.pixel_columns.MAX_COLUMNS", 16)
    with pytest.raises(DatasetError, match=r"17 columns, more than 16 \(MAX_COLUMNS\)"):
        read(write(tmp_path, parquet(pixels())))
