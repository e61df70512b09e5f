"""Every mistake of docs/reference/mistakes.toml gets one sentence, which says what would be right."""

import json
import tomllib
from pathlib import Path

import pytest

from normlab.comparisons.parse import parse_comparison
from normlab.errors import SpecError
from normlab.json_syntax import syntax_problem
from normlab.spec import parse_job_spec

TABLE = tomllib.loads((Path(__file__).parents[2] / "docs/reference/mistakes.toml").read_text("utf-8"))
ROWS = [row for rows in TABLE.values() for row in rows]
SPECS = [row for row in ROWS if "at" in row]
FILES = [row for row in ROWS if "at" not in row]


def refusal_of(sent: str) -> SpecError:
    body = json.loads(sent)
    with pytest.raises(SpecError) as refused:
        parse_comparison(body) if "arms" in body else parse_job_spec(body)
    return refused.value


@pytest.mark.parametrize("row", SPECS, ids=lambda row: row["sent"])
def test_a_mistake_is_told_with_what_would_be_right(row: dict[str, str]) -> None:
    first, *more = refusal_of(row["sent"]).problems
    assert first.pointer == row["at"]
    assert row["has"] in first.detail
    assert not more or "arms" in row["sent"]


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["sent"])
def test_what_is_no_json_is_told_why(row: dict[str, str]) -> None:
    with pytest.raises(json.JSONDecodeError) as refused:
        json.loads(row["sent"])
    assert row["has"] in syntax_problem(row["sent"], refused.value)


def test_there_are_enough_and_none_is_there_twice() -> None:
    sent = [row["sent"] for row in ROWS]
    assert len(set(sent)) == len(sent) >= 90


def test_nothing_is_said_in_pythons_spelling() -> None:
    for row in SPECS:
        words = str(refusal_of(row["sent"])).replace('"True"', "")
        assert not {"True", "False", "None", "nan"} & set(
            words.replace(":", " ").replace(",", " ").split()
        ), words
