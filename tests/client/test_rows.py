"""Rows of a table from files and frames, as they are sent."""

from pathlib import Path
from typing import Any

import pytest

from normlab.client.rows import rows_of_file, rows_of_frame
from normlab.errors import InstancesError


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        (
            "a.csv",
            "length,colour\n1.4,red\n?,blue\n\n",
            [{"length": "1.4", "colour": "red"}, {"colour": "blue"}],
        ),
        ("a.CSV", '\ufefflength;town\r\n1;"a, b"\r\n', [{"length": "1", "town": "a, b"}]),
        ("a.csv", 'note\tlength\n"two\nlines"\t3\n', [{"note": "two\nlines", "length": "3"}]),
        ("a.csv", 'x;"a, b, c"\n1,5;k\n', [{"x": "1.5", "a, b, c": "k"}]),
        ("a.json", '[{"length": 1.4}, [1, null]]', [{"length": 1.4}, [1, None]]),
        ("a.json", '{"instances": [{"length": 1}]}', [{"length": 1}]),
    ],
    ids=[
        "commas",
        "semicolons and a mark",
        "tabs and a line in quotes",
        "decimal commas",
        "a list",
        "a request",
    ],
)
def test_rows_of_files(name: str, text: str, rows: list[Any], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert rows_of_file(file) == rows


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"length,colour\n", "a.csv has no rows"),
        ("a.csv", b"length,colour\n1\n", "row 1 of a.csv has 1 values, and its first line 2 names"),
        ("a.csv", b"\xff\xfe\n", "no text in UTF-8"),
        ("a.json", b"[1", "a.json is no JSON"),
        ("a.json", b'{"rows": []}', "should be a list of rows"),
    ],
    ids=str,
)
def test_files_without_rows(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InstancesError, match=sentence):
        rows_of_file(tmp_path / name)
    with pytest.raises(InstancesError, match="cannot be read"):
        rows_of_file(tmp_path / f"missing-{name}")


def test_rows_of_a_frame() -> None:
    class Frame:
        """Of pandas what is asked for, which is not installed here."""

        def to_dict(self, orient: str) -> list[dict[Any, Any]]:
            assert orient == "records"
            return [{"length": float("nan"), "colour": "red", 3: 1, "flag": True, "none": None}]

    assert rows_of_frame(Frame()) == [{"length": None, "colour": "red", "3": 1, "flag": True, "none": None}]
