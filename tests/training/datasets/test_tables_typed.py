"""Tables whose file says the types of its columns: Parquet and ARFF."""

import io
import json
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from normlab.errors import DatasetError
from normlab.spec.columns import ColumnKind, Task
from support.pictures import zipped
from support.table_files import read_table, write

ROWS = 40
Y = ["no", "yes"] * (ROWS // 2)
SPLIT = ["train"] * (ROWS - 4) + ["val"] * 2 + ["test"] * 2


def parquet(columns) -> bytes:
    described = [
        {"name": name, "pandas_type": "categorical"}
        for name, values in columns.items()
        if isinstance(values, pa.DictionaryArray)
    ]
    pandas = json.dumps({"columns": described}).encode()
    target = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata({b"pandas": pandas}), target)
    return target.getvalue()


def test_parquets_types_decide(tmp_path):
    number = np.arange(ROWS) % 5
    columns = {
        "float": pa.array([None, float("nan"), *(number[2:] / 4)]),
        "int": pa.array(number, pa.int8()),
        "decimal": pa.array(number).cast(pa.decimal128(22, 2)),
        "dictionary": pa.array([f"k{value}" for value in number]).dictionary_encode(),
        "codes": pa.array(number * 10).dictionary_encode(),
        "bool": pa.array([None, *(number[1:] > 2)]),
        "text": pa.array([None, "", *(f"t{value}" for value in number[2:])]),
        "large": pa.array([f"t{value}" for value in number], pa.large_string()),
        "date": pa.array([date(2026, 1, 1) + timedelta(int(value)) for value in number]),
        "split": SPLIT,
        "y": Y,
    }
    table = read_table(write(tmp_path, parquet(columns)))
    kinds = {name: column.categories or column.kind for name, column in table.columns.items()}
    texts = ("t0", "t1", "t2", "t3", "t4")
    assert kinds == {
        "float": ColumnKind.NUMBER,
        "int": ColumnKind.NUMBER,
        "decimal": ColumnKind.NUMBER,
        "dictionary": ("k0", "k1", "k2", "k3", "k4"),
        "codes": ("0", "10", "20", "30", "40"),
        "bool": ("false", "true"),
        "text": texts,
        "large": texts,
    }
    assert [name for name, column in table.columns.items() if column.missing] == ["float", "bool", "text"]
    nan = np.nan
    np.testing.assert_array_equal(
        table.arrays.x_train[2:5],
        [
            [nan, 0, 0, 0, 0, nan, nan, 0],
            [nan, 1, 1, 1, 1, 0, nan, 1],
            [0.5, 2, 2, 2, 2, 0, 2, 2],
        ],
    )
    assert table.notices["date_column"].examples == ("date",)
    assert table.assembled.format == "parquet"


def test_the_index_of_a_pandas_frame_is_left_out(tmp_path):
    columns = {"x": np.arange(ROWS) / 2, "y": Y, "__index_level_0__": np.arange(ROWS)[::-1]}
    table = read_table(write(tmp_path, parquet(columns)))
    assert list(table.columns) == ["x"]


def test_shards_are_parts_by_their_names(tmp_path):
    def part(start, stop):
        return parquet({"x": np.arange(start, stop) / 2, "y": Y[start:stop]})

    files = {"train-00000-of-00001.parquet": part(0, 30), "test-00000-of-00001.parquet": part(30, 40)}
    table = read_table(zipped(tmp_path / "data", files))
    assert table.arrays.x_test[:, 0].tolist() == [value / 2 for value in range(30, 40)]


def test_a_number_is_predicted_of_parquet(tmp_path):
    columns = {"x": np.arange(ROWS) / 2, "z": np.arange(ROWS) * 1.5, "price": np.arange(ROWS)}
    table = read_table(write(tmp_path, parquet(columns)), label_column="price", task=Task.REGRESSION)
    np.testing.assert_array_equal(table.arrays.x_test[:, 0] * 2, table.arrays.y_test)


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"x": [[1.0]] * ROWS, "y": Y}, {}, '"x" holds list<'),
        ({"x": [b"a"] * ROWS, "y": Y}, {}, '"x" holds binary'),
        ({"x": [1.0] * (ROWS - 1) + [np.inf], "y": Y}, {}, "row 40, column x: inf"),
        ({"x": [1.0] * ROWS, "y": [*Y[:-1], None]}, {}, "row 40, column y: the value is missing"),
        ({"x": [1.0] * ROWS, "z": Y}, {}, 'which column is to be predicted.*"x", "z"'),
        ({"x": [1.0] * ROWS, "y": Y}, {"label_column": "w"}, 'no column "w"'),
    ],
)
def test_what_is_wrong_with_parquet_is_told(tmp_path, columns, options, said):
    with pytest.raises(DatasetError, match=said):
        read_table(write(tmp_path, parquet(columns)), **options)


def arff(rows: str, *, target="{no, yes}", more="") -> str:
    return (
        "% a comment\n@RELATION 'people and things'\n\n"
        f"@ATTRIBUTE age NUMERIC\n@attribute 'favourite food' {{fish,'hot soup',NA}}\n@attribute size integer\n{more}"
        f"@attribute class {target}\n@DATA\n{rows}"
    )


def test_arffs_header_decides(tmp_path):
    rows = "% more\n1.5,'hot soup',3,yes\n?, fish ,4,no\n2.5,?,?,yes\n0.5,NA,3,no\n" * 5
    table = read_table(write(tmp_path, arff(rows)))
    columns = table.columns
    assert columns["age"].kind is columns["size"].kind is ColumnKind.NUMBER
    assert columns["favourite food"].categories == ("NA", "fish", "hot soup")
    assert all(column.missing for column in columns.values())
    assert (table.assembled.classes, table.assembled.target) == (("no", "yes"), "class")
    assert len(table.x) == 20
    both = table.x[~np.isnan(table.x).any(axis=1)]
    assert {tuple(row) for row in both.tolist()} == {(1.5, 2.0, 3.0), (0.5, 0.0, 3.0)}


def test_the_last_attribute_is_predicted_unless_another_is_named(tmp_path):
    text = "".join(f"{row}.5,fish,{row % 7},{row * 3}.25\n" for row in range(ROWS))
    table = read_table(write(tmp_path, arff(text, target="real").replace("class", "weight")))
    assert (table.assembled.target, table.assembled.task) == ("weight", Task.REGRESSION)
    table = read_table(write(tmp_path, arff(text, target="real")), label_column="size")
    assert (table.assembled.target, table.assembled.task) == ("size", None)


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        ("old,fish,3,yes\n" * 9, "", 'row 1, column age: "old" is no number'),
        ("1,fish,3,yes\n" * 9 + "1,fish,3,perhaps\n", "", "row 10: the label 'perhaps' is none of those"),
        ("1,fish,3,yes\n" * 9 + "1,fish,3,?\n", "", "row 10, column class: the value is missing"),
        ("1,fish,3,yes\n" * 9 + "1,fish,yes\n", "", "row 10 has 3 columns where 4"),
        ("{0 1}\n", "", "sparse rows"),
        ("1,fish,3,x,yes\n", "@attribute bag relational\n", '"bag" is of type relational'),
    ],
)
def test_what_is_wrong_with_arff_is_told(tmp_path, rows, more, said):
    with pytest.raises(DatasetError, match=said):
        read_table(write(tmp_path, arff(rows, more=more)))
