import json
import re
from pathlib import Path
from typing import Any

from normlab.spec import parse_job_spec
from support.tables import mixed_table
from support.uploaded import Shelf

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")


def test_the_examples_of_the_networks_page_can_be_built(tmp_path: Path) -> None:
    table, whole, gate = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    on_a_table = parse_job_spec(table | {"dataset": "parts"}, datasets=Shelf(mixed_table(tmp_path)))
    assert len(on_a_table.architecture.layers) == 2
    assert len(parse_job_spec(whole).architecture.layers) == 4
    layers = whole["architecture"]["layers"]
    parse_job_spec(whole | {"architecture": {"layers": [*layers[:2], gate, *layers[2:]]}})


def test_the_tests_that_the_page_names_exist() -> None:
    named: list[Any] = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert all((Path(__file__).parents[2] / name).is_file() for name in named)
