"""CSV of numbers and categories as people have them: what each column is taken for, and where something is wrong."""

import gzip
import re

import numpy as np
import pyarrow as pa
import pytest

from normlab.errors import DatasetError
from normlab.spec.columns import ColumnKind, Task
from normlab.spec.dataset_options import SampleKind
from normlab.training.datasets.readers.base import ReadingLimits, ReadingOptions, Split
from normlab.training.datasets.readers.detect import open_reader
from support.pictures import zipped
from support.table_files import read_table, write

ROWS = 40
MIXED = "size,colour,count,sold,y\n" + "".join(
    f"{row / 2},{('red', 'green', 'blue')[row % 3]},{row % 4},{row % 2 == 0},{('no', 'yes')[row % 2]}\n"
    for row in range(ROWS)
)
"""Numbers with fractions, texts, few whole numbers, booleans; a text to be predicted."""


def with_part(text: str) -> str:
    """The same with a column that says the part, so that the order of the file stays."""
    first, *rows = text.splitlines()
    parts = ["train"] * (len(rows) - 4) + ["val"] * 2 + ["test"] * 2
    return "\n".join([f"{first},split", *(f"{row},{part}" for row, part in zip(rows, parts, strict=True))])


def test_kinds_are_found_by_content(tmp_path):
    table = read_table(write(tmp_path, with_part(MIXED)))
    columns, assembled = table.columns, table.assembled
    assert list(columns) == ["size", "colour", "count", "sold"]
    assert columns["size"].kind is columns["count"].kind is ColumnKind.NUMBER
    assert columns["colour"].categories == ("blue", "green", "red")
    assert columns["sold"].categories == ("false", "true")
    assert not any(column.missing for column in columns.values())
    assert (assembled.classes, assembled.target, assembled.task) == (("no", "yes"), "y", None)
    assert (assembled.shape, assembled.pixel_max, assembled.format) == ((4,), 1, "csv")
    x = table.arrays.x_train
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[:4], [[18, 2, 0, 1], [18.5, 1, 1, 0], [0, 2, 0, 1], [0.5, 1, 1, 0]])
    assert table.arrays.y_train[:4].tolist() == [0, 1, 0, 1]
    assert assembled.default_validation_samples == 2


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "?", " ", "<NA>", "#N/A"])
def test_a_missing_value_is_nan_whatever_it_is_written_as(tmp_path, word):
    text = MIXED.replace("\n0.5,green,1", f"\n{word},{word},1")
    table = read_table(write(tmp_path, with_part(text)))
    assert np.isnan(table.arrays.x_train[3]).tolist() == [True, True, False, False]
    assert table.columns["size"].missing
    assert table.columns["colour"].missing
    assert table.columns["colour"].categories == ("blue", "green", "red")


def test_none_and_a_dash_are_categories(tmp_path):
    table = read_table(write(tmp_path, MIXED.replace("blue", "None").replace("green", "-")))
    assert table.columns["colour"].categories == ("-", "None", "red")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", ", "),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: re.sub(r"[A-Za-z]+", lambda word: f'"{word[0]}"', text),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.replace("red", '"red"').replace("\n3.0", "\n\n3.0"),
        lambda text: text.replace(",", ";").replace(".", ","),  # as Excel writes it in much of Europe
    ],
)
def test_however_it_is_written_the_values_are_the_same(tmp_path, change):
    expected = read_table(write(tmp_path, with_part(MIXED)))
    table = read_table(write(tmp_path, change(with_part(MIXED)), "other"))
    assert table.assembled.digest == expected.assembled.digest
    assert table.columns == expected.columns


def test_texts_may_hold_delimiters_and_new_lines(tmp_path):
    text = (
        MIXED.replace("red", '"red, or ""rosy"""')
        .replace("\n", ',"two\nlines"\n')
        .replace(',"two\nlines"', ",note", 1)
    )
    table = read_table(write(tmp_path, text), label_column="y", ignore_columns=("note",))
    assert table.columns["colour"].categories == ("blue", "green", 'red, or "rosy"')
    assert len(table.x) == ROWS


def test_columns_that_no_network_should_see_are_left_out_and_told(tmp_path):
    names = ",".join(["Unnamed: 0", "passenger_id", "name", "born", "empty", "note", "x", "label"])
    rows = "".join(
        f"{row + 100},{7919 * row},person {row},19{row:02}-05-01,,{'long' * 60},{row % 7},{row % 2}\n"
        for row in range(ROWS)
    )
    table = read_table(write(tmp_path, f"{names}\n{rows}"))
    assert list(table.columns) == ["x"]
    left_out = {code: notice.examples for code, notice in table.notices.items()}
    assert left_out["row_names"] == ("Unnamed: 0", "passenger_id", "name")
    assert left_out["date_column"] == ("born",)
    assert left_out["empty_column"] == ("empty",)
    assert left_out["long_texts"] == ("note",)


def test_codes_with_zeros_in_front_are_categories_and_so_is_what_the_options_say(tmp_path):
    text = "zip,x,grade,y\n" + "".join(f"0{row % 3}1,{row % 5},{row % 4},{row % 2}\n" for row in range(ROWS))
    table = read_table(write(tmp_path, text), category_columns=("grade",), ignore_columns=("x",))
    assert {name: column.categories for name, column in table.columns.items()} == {
        "zip": ("001", "011", "021"),
        "grade": ("0", "1", "2", "3"),
    }


@pytest.mark.parametrize(
    ("target", "task", "expected"),
    [
        (lambda row: row % 3, None, ("classification", ("0", "1", "2"))),
        (lambda row: row % 3 + 1, None, ("classification", ("1", "2", "3"))),
        (lambda row: f"{row % 3}.0", None, ("classification", ("0", "1", "2"))),
        (lambda row: row % 2 == 0, None, ("classification", ("False", "True"))),
        (lambda row: row / 7, None, ("regression", ())),
        (lambda row: row, Task.REGRESSION, ("regression", ())),
        (lambda row: row % 3, Task.REGRESSION, ("regression", ())),
        (lambda row: row % 30, Task.CLASSIFICATION, ("classification", tuple(map(str, range(30))))),
    ],
)
def test_what_is_predicted_is_found_out_or_said(tmp_path, target, task, expected):
    text = "x,y\n" + "".join(f"{row * 1.5},{target(row)}\n" for row in range(90))
    table = read_table(write(tmp_path, text), label_column="y", task=task)
    assembled = table.assembled
    assert (assembled.task or "classification", assembled.classes) == expected
    assert (table.arrays.y_train.dtype == np.float32) == (expected[0] == "regression")
    if expected[0] == "regression":
        wanted = sorted(np.float32(target(row)) for row in range(90))
        assert sorted([*table.arrays.y_train.tolist(), *table.arrays.y_test.tolist()]) == wanted
        assert assembled.made[Split.TEST] == "drawn"


def test_an_unclear_task_is_refused_with_both_ways(tmp_path):
    path = write(tmp_path, "x,y\n" + "".join(f"{row * 1.5},{row}\n" for row in range(ROWS)))
    with pytest.raises(
        DatasetError, match=r"40 different whole numbers \(0 to 39\).*classification.*regression"
    ):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "names", "target"),
    [
        ("a,b,y\n" + "1,x,0\n2,y,1\n" * 5, ["a", "b"], "y"),
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n" * 5, ["column_1", "column_2"], "column_3"),
        ("setosa,5.1,3.5\nvirginica,4.9,3.0\n" * 5, ["column_2", "column_3"], "column_1"),
        ("p,x,s\ne,x,y\n" * 5, ["column_2", "column_3"], "column_1"),
        ("0,1,2\n" + "5.1,3.5,a\n4.9,3.0,b\n" * 5, ["column_1", "column_2"], "column_3"),
        ("kind,colour\n" + "a,red\nb,blue\n" * 5, ["colour"], "kind"),
        ("year,2001,2002\n" + "AT,5,6\nDE,7,8\n" * 5, ["2001", "2002"], "year"),
    ],
)
def test_a_header_is_told_from_a_row(tmp_path, text, names, target):
    has_default = target in {"y", "column_1", "column_3"} and "p,x,s" not in text
    options = {} if has_default else {"label_column": "first"}
    if "year" in text:
        options["header"] = True  # its first row could be a sample
    table = read_table(write(tmp_path, text), **options)
    assert (list(table.columns), table.assembled.target) == (names, target)


def test_scikit_learns_files_say_their_counts_and_classes_in_the_first_row(tmp_path):
    rows = "".join(f"{row}.5,{row % 9},{row % 2}\n" for row in range(10))
    table = read_table(write(tmp_path, f"10,2,malignant,benign\n{rows}"))
    assert table.assembled.classes == ("malignant", "benign")  # in the publisher's order
    assert len(table.x) == 10


def test_parts_may_be_given_by_files_and_one_without_the_target_is_passed_over(tmp_path):
    first, *rows = MIXED.splitlines(keepends=True)
    unlabelled = "".join(line.rpartition(",")[0] + "\n" for line in (first, *rows))
    files = {
        "train.csv": first + "".join(rows[:30]),
        "val.csv": first + "".join(rows[30:]),
        "test.csv": unlabelled,
    }
    path = zipped(tmp_path / "data", {name: text.encode() for name, text in files.items()})
    table = read_table(path)
    assert table.assembled.default_validation_samples == 10
    assert table.notices["table_without_labels"].examples == ("test.csv",)


def test_a_column_called_like_a_part_is_one_where_its_values_are(tmp_path):
    used = read_table(write(tmp_path, with_part(MIXED).replace(",split", ",Usage")))
    assert "Usage" not in used.columns
    assert used.assembled.test_samples == 2
    other = read_table(write(tmp_path, MIXED.replace("count", "usage")))
    assert other.columns["usage"].kind is ColumnKind.NUMBER
    with pytest.raises(DatasetError, match="names no part"):
        read_table(write(tmp_path, MIXED), split_column="colour")


def test_groups_and_times_make_the_parts(tmp_path):
    text = "when,x,y\n" + "".join(f"2026-01-{row + 1:02},{row * 1.5},{row % 2}\n" for row in range(30))
    table = read_table(write(tmp_path, text), time_column="when")
    assert list(table.columns) == ["x"]
    assert table.arrays.x_test[:, 0].tolist() == [row * 1.5 for row in range(24, 30)]
    text = "who,x,y\n" + "".join(f"p{row // 3},{row * 1.5},{row % 2}\n" for row in range(30))
    table = read_table(write(tmp_path, text), group_column="who")
    tested = {round(value / 1.5) // 3 for value in table.arrays.x_test[:, 0].tolist()}
    assert len(tested) == len(table.arrays.x_test) / 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("\n3.0,red,2,True,no", "\n3.0,red,2,True"), "row 7 has 4 columns where 5"),
        (lambda text: text.replace("\n3.0,", "\n3.0,more,"), "row 7 has 6 columns where 5 are expected"),
        (lambda text: text.replace("\n3.0,", "\nthree,"), 'row 7, column size: "three" is no number'),
        (lambda text: text.replace("\n3.0,", "\ninf,"), "row 7, column size: inf"),
        (lambda text: text.replace("\n3.0,", "\n1e39,"), r"row 7, column size: 1e\+39"),
        (
            lambda text: text.replace("\n3.0,red,2,True,no", "\n3.0,red,2,True,"),
            "row 7, column y: the value is missing",
        ),
        (lambda text: text.replace("count", "size"), r'two columns with the name "size", 1 and 3'),
        (lambda text: text.replace("red", "r\x07d"), r"column colour: the category .* U\+0007"),
        (lambda text: text.encode().replace(b"green", b"gr\xfcn"), "row 2 is not UTF-8"),
        (lambda text: text.replace(",y\n", ",z\n"), 'which column is to be predicted.*"size", "colour"'),
        (lambda text: text.splitlines()[0] + "\n", "holds no rows"),
    ],
)
def test_what_is_wrong_is_told_with_its_row_and_column(tmp_path, change, said):
    with pytest.raises(DatasetError, match=said):
        read_table(write(tmp_path, change(MIXED)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label_column": "price"}, '"price", but "size", "colour"'),
        ({"category_columns": ("price",)}, "category_columns: .* no column 'price'"),
        ({"ignore_columns": ("price",)}, "ignore_columns: .* no column 'price'"),
        ({"ignore_columns": ("size", "colour", "count", "sold")}, "no column beside the target"),
        ({"label_column": "colour", "task": Task.REGRESSION}, 'row 1, column colour: "red" is no number'),
        ({"kind": SampleKind.PICTURES}, "no table of pixels|does not say which column"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, options, said):
    with pytest.raises(DatasetError, match=said):
        read_table(write(tmp_path, MIXED), **options)


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"max_samples": 39}, "more than 39 rows"), ({"max_decoded_bytes": 600}, "more than 600 bytes")],
)
def test_what_unpacks_to_too_much_is_stopped_in_the_first_pass(tmp_path, limits, said):
    reader = open_reader(
        write(tmp_path, gzip.compress(MIXED.encode())), ReadingOptions(limits=ReadingLimits(**limits))
    )
    with pytest.raises(DatasetError, match=said):
        next(iter(reader.chunks()))


def test_too_many_categories_are_refused_with_the_limit(tmp_path):
    text = "word,y\n" + "".join(f"w{row % 1001},{row % 2}\n" for row in range(3000))
    with pytest.raises(DatasetError, match=r"column word has more than 1000 categories \(MAX_CATEGORIES\)"):
        read_table(write(tmp_path, text))


def test_too_many_columns_are_refused_with_the_limit(tmp_path):
    count = 10_001
    text = ",".join([*(f"a{column}b" for column in range(count)), "y"]) + "\n"
    text += "".join(",".join([*["0.5"] * count, str(row)]) + "\n" for row in (0, 1))
    with pytest.raises(DatasetError, match=r"10001 columns, more than 10000 \(MAX_COLUMNS\)"):
        read_table(write(tmp_path, text))


@pytest.mark.parametrize(
    ("names", "values", "pictures"),
    [
        ([f"pixel{place}" for place in range(16)], "7", True),
        ([f"{place // 4}x{place % 4}" for place in range(16)], "7", True),
        ([f"x{place}" for place in range(64)], "7", True),
        ([f"x{place}" for place in range(63)], "7", False),
        ([f"x{place}" for place in range(64)], "7.5", False),
        ([f"x{place}" for place in range(64)], "256", False),
        ([f"{'ab'[place % 2]}{place}" for place in range(64)], "7", False),
        ([f"x{place}" for place in range(16)], "7", False),
        (["length", "width", "height", "weight"], "7", False),
    ],
)
def test_pictures_are_told_from_tables_by_a_rule_that_an_option_overrides(tmp_path, names, values, pictures):
    rows = "".join(
        ",".join([*[values] * (len(names) - 1), str(row), str(row % 2)]) + "\n" for row in range(12)
    )
    path = write(tmp_path, ",".join([*names, "label"]) + "\n" + rows)
    assert (read_table(path).assembled.columns is None) == pictures
    assert read_table(path, kind=SampleKind.TABLE).assembled.columns is not None


def test_categories_are_those_that_training_knows(tmp_path):
    rows = ["9,rare,no,test", "8,,yes,test", *["1,b,no,train", "2,a,yes,train"] * 5, "7,c,no,val"]
    table = read_table(write(tmp_path, "x,kind,y,split\n" + "\n".join(rows)))
    assert table.columns["kind"].categories == ("a", "b", "c")
    assert not table.columns["kind"].missing
    assert table.arrays.x_test[0, 1] == -1
    assert np.isnan(table.arrays.x_test[1, 1])
    assert table.arrays.x_train[:3, 1].tolist() == [2, 1, 0]
    assert table.notices["unknown_categories"].examples == ("kind: rare",)


def test_numbers_beyond_32_bits_are_told(tmp_path):
    text = "when,y\n" + "".join(f"{1_700_000_000 + row},{row % 2}\n" for row in range(ROWS))
    table = read_table(write(tmp_path, text), category_columns=())
    assert table.notices["rounded_numbers"].examples == ("when",)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    rows = "".join(f"{row % 977 / 7},word {row % 400},{row % 13},{row % 3}\n" for row in range(20_000))
    path = write(tmp_path, "size,word,count,y\n" + rows * 20)  # 10 MB
    assert path.stat().st_size > 8 << 20
    held = rows_at_once = read = 0
    for chunk in open_reader(path, ReadingOptions()).chunks():
        held = max(held, pa.total_allocated_bytes())
        rows_at_once = max(rows_at_once, len(chunk.y))
        read += len(chunk.y)
    assert read == 400_000
    assert held < 6 << 20
    assert rows_at_once < 60_000
