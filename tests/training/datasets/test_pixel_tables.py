"""CSV of pixels as people have them, and where in it something is wrong."""

import gzip

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.spec.dataset_options import SampleKind
from normlab.training.datasets.readers.base import CLASSES_AS_MET, ReadingLimits, ReadingOptions, Split
from normlab.training.datasets.readers.columns import part_of_name
from normlab.training.datasets.readers.csv_files import open_file
from normlab.training.datasets.readers.detect import open_reader
from support.pictures import random_pixels, tarred, zipped

X = random_pixels(1, (12, 16))
Y = [7, 0, 3] * 4


def table(header="", x=X, y=Y, *, last=False, delimiter=",", end="\n"):
    rows = [
        [*map(str, row), str(label)] if last else [str(label), *map(str, row)]
        for label, row in zip(y, x, strict=True)
    ]
    return (header + end if header else "") + "".join(delimiter.join(row) + end for row in rows)


def names(start=1, count=16, prefix="pixel"):
    return ",".join(f"{prefix}{number}" for number in range(start, start + count))


def write(tmp_path, text, name="data.bin"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path, **options):
    reader = open_reader(path, ReadingOptions(**options))
    chunks = list(reader.chunks())
    assert reader.extra() == {CLASSES_AS_MET: True}
    labels = [reader.classes()[label] for chunk in chunks for label in chunk.y]
    return np.concatenate([chunk.x for chunk in chunks]), labels, chunks, reader


@pytest.mark.parametrize(
    "text",
    [
        table("label," + names()),
        table("label," + names(0)),
        table(names() + ",class", last=True),
        table("Target," + ",".join(f"{row}x{column}" for row in range(1, 5) for column in range(1, 5))),
        table("what," + names(0, prefix="")),
        table("label;" + names().replace(",", ";"), delimiter=";"),
        table("label," + names(), end="\r\n"),
        "\ufeff" + table("label," + names()),
        table('"label",' + ",".join(f'"pixel{number}"' for number in range(16))),
        table("label," + names()).rstrip("\n"),
        table(),
        table(last=True),
        table(",".join(map(str, range(17)))),
        table("label," + names(), x=X.astype(float)),
    ],
)
def test_a_table_of_pixels_is_understood(tmp_path, text):
    told = "pixel" in text or "1x1" in text
    pixels, labels, chunks, reader = read(
        write(tmp_path, text),
        kind=None if told else SampleKind.PICTURES,  # 16 columns without names of pixels are a table
        label_column="last" if text == table(last=True) else None,
    )
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, X.reshape(12, 4, 4))
    assert labels == [str(label) for label in Y]
    assert chunks[0].origins[:2] == ["row 1", "row 2"]
    assert chunks[0].split is None
    assert reader.format == "csv"


def test_without_names_the_last_column_is_the_label_where_it_alone_looks_so(tmp_path):
    x = X | 128
    _, labels, _, reader = read(
        write(tmp_path, table(x=x, y=[0, 1, 2] * 4, last=True)), kind=SampleKind.PICTURES
    )
    assert labels == ["0", "1", "2"] * 4
    assert "last column" in next(notice.detail for notice in reader.notices if notice.code == "label_column")


def test_gzip_and_archives_are_read_and_files_are_parts(tmp_path):
    text = table("label," + names()).encode()
    pixels, _, _, _ = read(write(tmp_path, gzip.compress(text)))
    np.testing.assert_array_equal(pixels, X.reshape(12, 4, 4))
    second = table("label," + names(), x=X[::-1]).encode()
    for pack in (zipped, tarred):
        files = {
            "b/mnist_test.csv": second,
            "b/mnist_train.csv.gz": gzip.compress(text),
            "b/sample.csv": b"ImageId,Label\n1,0\n",
        }
        pixels, _, chunks, reader = read(pack(tmp_path / "a", files))
        np.testing.assert_array_equal(pixels, np.concatenate([X[::-1], X]).reshape(24, 4, 4))
        assert [chunk.split for chunk in chunks] == [Split.TEST, Split.TRAINING]
        assert chunks[1].origins[2] == "b/mnist_train.csv.gz, row 3"
        assert [notice.examples for notice in reader.notices if notice.code == "other_files"] == [
            ("b/sample.csv",)
        ]


def test_kaggles_test_set_without_labels_is_passed_over(tmp_path):
    files = {
        "train.csv": table("label," + names()).encode(),
        "test.csv": (names() + "\n" + "0," * 15 + "0\n").encode(),
    }
    _, labels, _, reader = read(zipped(tmp_path / "a", files))
    assert len(labels) == 12
    assert "table_without_labels" in {notice.code for notice in reader.notices}


def test_a_column_says_which_part_a_row_belongs_to(tmp_path):
    rows = table(names() + ",label", last=True).splitlines()
    parts = ["Training", "val", "TEST"] * 4
    text = "\n".join(
        [
            rows[0] + ",Usage,who,when",
            *(f"{r},{p},w{i % 2},{i}" for i, (r, p) in enumerate(zip(rows[1:], parts, strict=True))),
        ]
    )
    text += "\n"
    _, _, chunks, _ = read(write(tmp_path, text), group_column="who", time_column="when")
    assert [chunk.split for chunk in chunks] == [Split.TRAINING, Split.VALIDATION, Split.TEST]
    np.testing.assert_array_equal(chunks[1].x, X[1::3].reshape(4, 4, 4))
    assert chunks[1].groups == ["w1", "w0", "w1", "w0"]
    np.testing.assert_array_equal(chunks[1].times, [1, 4, 7, 10])
    assert chunks[1].origins[1] == "row 5"
    with pytest.raises(DatasetError, match="row 2: 'maybe' names no part"):
        read(write(tmp_path, text.replace(",val,", ",maybe,")), group_column="who", time_column="when")


def test_columns_are_brought_into_the_order_of_their_numbers(tmp_path):
    order = sorted(range(1, 17), key=str)  # 1, 10, 11 … 2
    text = table(
        "label," + ",".join(f"pixel{number}" for number in order), x=X[:, [number - 1 for number in order]]
    )
    pixels, _, _, reader = read(write(tmp_path, text))
    np.testing.assert_array_equal(pixels, X.reshape(12, 4, 4))
    assert "column_order" in {notice.code for notice in reader.notices}


def test_colours_lie_as_the_smoother_pictures_say(tmp_path):
    slope = np.arange(64).reshape(8, 8)
    pictures = np.stack(
        [np.stack([slope + 4 * n, slope * 2, 200 - slope], axis=-1) for n in range(4)]
    ).astype(np.uint8)
    for planes, x in ((True, pictures.transpose(0, 3, 1, 2)), (False, pictures)):
        text = table("label," + names(count=192), x=x.reshape(4, -1), y=[0, 1, 0, 1])
        pixels, _, _, reader = read(write(tmp_path, text))
        np.testing.assert_array_equal(pixels, pictures)
        detail = next(notice.detail for notice in reader.notices if notice.code == "colour_order")
        assert ("plane after plane" in detail) == planes


def test_several_blocks_give_what_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.training.datasets.readers.csv_blocks.BLOCK_BYTES", 1000)
    x = random_pixels(3, (100, 16))
    text = table("label," + names(), x=x, y=range(100))
    pixels, labels, chunks, _ = read(write(tmp_path, text))
    np.testing.assert_array_equal(pixels.reshape(100, 16), x)
    assert labels == [str(number) for number in range(100)]
    assert len(chunks) > 4
    assert [origin for chunk in chunks for origin in chunk.origins] == [f"row {n}" for n in range(1, 101)]
    lines = text.splitlines()
    lines[90] = lines[90][: lines[90].rindex(",")] + ",256"
    with pytest.raises(DatasetError, match="row 90, column pixel16: '256' is no pixel"):
        read(write(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("1,2,3", "row 3 has 3 columns where 17 are expected"),
        ("0" + ",9" * 17, "row 3 has 18 columns"),
        ("0,x" + ",9" * 15, "row 3, column pixel1: 'x' is no pixel"),
        ("0,9,256" + ",9" * 14, "row 3, column pixel2: '256'"),
        ("0,9,-1" + ",9" * 14, "row 3, column pixel2: '-1'"),
        ("0,9,NaN" + ",9" * 14, "row 3, column pixel2: 'NaN'"),
        ("0,9," + ",9" * 14, "row 3, column pixel2: ''"),
        ("0,9,0.5" + ",9" * 14, "row 3, column pixel2: '0.5'.*multiply values from 0 to 1 by 255"),
        (",9" + ",9" * 15, "row 3 has no label"),
        ("1.5,9" + ",9" * 15, "row 3: the label 1.5 is no whole number"),
        ("nan,9" + ",9" * 15, "row 3: the label nan"),
        ('"0,9' + ",9" * 15, "row"),
        (b"0,\xff" + b",9" * 15, "row 3 is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_column(tmp_path, wrong, says):
    lines = table("label," + names()).encode().splitlines()
    lines[3] = wrong if isinstance(wrong, bytes) else wrong.encode()
    with pytest.raises(DatasetError, match=says):
        read(write(tmp_path, b"\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        (table("a,b," + names(count=15)), {}, "which column is the label"),
        (table("label," + names()), {"label_column": "kind"}, "no column 'kind'"),
        (table(), {"label_column": "18"}, "first, last or a number up to 17"),
        (table("label," + names(count=15) + ",pixel17"), {}, "lacks the pixel 16"),
        (table("label," + names(count=15), x=X[:, :15]), {}, "15 pixels in a row, which is no square"),
        (table("label,length," + names(count=15)), {}, "'length'"),
        (names() + "\n" + "0," * 15 + "0\n", {}, "no column with the label"),
        (
            table("label," + names()),
            {"limits": ReadingLimits(max_classes=2)},
            "row 3: there are more than 2 classes",
        ),
        (
            table("label," + names()),
            {"limits": ReadingLimits(max_values_per_sample=15)},
            "16 pixels, more than 15",
        ),
    ],
)
def test_tables_that_are_not_understood_say_what_would_be_right(tmp_path, text, options, says):
    with pytest.raises(DatasetError, match=says):
        read(write(tmp_path, text), **options)


def test_labels_may_be_texts_or_whole_numbers_with_a_fraction(tmp_path):
    _, labels, _, _ = read(write(tmp_path, table("label," + names(), y=["cat", "dog", "cat"] * 4)))
    assert labels[:3] == ["cat", "dog", "cat"]
    _, labels, _, reader = read(write(tmp_path, table("label," + names(), y=["1.0", "3.0", "1"] * 4)))
    assert labels[:3] == ["1", "3", "1"]
    assert {notice.code for notice in reader.notices} == {"labels_with_fraction", "labels_not_from_zero"}


def test_a_gzip_that_is_cut_short_says_so(tmp_path):
    whole = gzip.compress(table("label," + names(count=784), x=random_pixels(1, (12, 784))).encode())
    with pytest.raises(DatasetError, match="damaged or cut short"):
        read(write(tmp_path, whole[: len(whole) // 2]))


@pytest.mark.parametrize(
    "content", [b"", b"\0\1,\2", b"hello", b"@relation x\n@data\n1,2\n", b'{"a": 1, "b": 2}\n']
)
def test_other_files_are_left_to_other_readers(tmp_path, content):
    assert open_file(write(tmp_path, content), ReadingOptions()) is None


def test_the_names_of_files_say_parts():
    assert [
        part_of_name(name) for name in ("a/test/x.csv", "fashion-mnist_train.csv", "val-00001-of-2.parquet")
    ] == [
        None,
        Split.TRAINING,
        Split.VALIDATION,
    ]


def test_a_table_that_is_too_wide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.training.datasets.readers.pixel_columns.MAX_COLUMNS", 16)
    with pytest.raises(DatasetError, match=r"17 columns, more than 16 \(MAX_COLUMNS\)"):
        read(write(tmp_path, table("label," + names())))
