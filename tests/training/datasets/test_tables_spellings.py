"""Cells of CSV tables as people and programs spell them: none may become another value without a word."""

import pytest

from normlab.errors import DatasetError
from normlab.spec.columns import Task
from support.table_files import read_table, write


@pytest.mark.parametrize("column", ["a", "y"])
def test_another_spelling_of_nan_is_no_number(tmp_path, column):
    rows = [f"{row % 7},{row * 0.37:.2f}" for row in range(60)]
    rows[10] = "NAN,3.1" if column == "a" else "3,NAN"
    with pytest.raises(DatasetError, match=f'row 11, column {column}: "NAN" is no number'):
        read_table(write(tmp_path, "a,y\n" + "\n".join(rows)), label_column="y", task=Task.REGRESSION)


@pytest.mark.parametrize("first", [True, False])
def test_a_code_with_a_zero_in_front_is_seen_wherever_it_stands(tmp_path, first):
    codes = [str(10_000 + row % 1_500) for row in range(6_000)]
    codes.insert(0 if first else len(codes), "01234")
    text = "zip,y\n" + "".join(f"{code},{'ab'[place % 2]}\n" for place, code in enumerate(codes))
    with pytest.raises(DatasetError, match="more than 1000 categories"):
        read_table(write(tmp_path, text))


def test_a_target_beyond_32_bits_is_told(tmp_path):
    text = "a,y\n" + "".join(f"{row % 7},{1_600_000_000 + row * 0.5}\n" for row in range(60))
    table = read_table(write(tmp_path, text), label_column="y", task=Task.REGRESSION)
    assert table.notices["rounded_numbers"].examples == ("y",)


@pytest.mark.parametrize(
    ("words", "classes"),
    [(("true", "True", "False", "FALSE"), ("false", "true")), (("True", "False"), ("False", "True"))],
)
def test_true_and_false_in_several_spellings_are_two_classes(tmp_path, words, classes):
    text = "a,label\n" + "".join(f"{row / 3:.2f},{words[row % len(words)]}\n" for row in range(60))
    assert read_table(write(tmp_path, text)).assembled.classes == classes


def test_a_delimiter_in_quotation_marks_is_none(tmp_path):
    text = '"Price, EUR";"Area, m2, net";label\n' + "".join(
        f"{row * 7 % 5};{row / 2};{'ab'[row % 2]}\n" for row in range(40)
    )
    assert list(read_table(write(tmp_path, text)).columns) == ["Price, EUR", "Area, m2, net"]


def test_a_separator_of_lines_within_a_text_ends_no_row(tmp_path):
    text = "t,x,label\n" + "".join(f"a\u2028b,{row / 2},{'ab'[row % 2]}\n" for row in range(40))
    assert list(read_table(write(tmp_path, text), ignore_columns=("t",)).columns) == ["x"]
