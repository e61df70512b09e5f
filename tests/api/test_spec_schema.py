"""The OpenAPI document's schema of a job: as strict as the parser, as far as a schema can say it."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.app import create_app
from normlab.settings import Settings
from normlab.spec import PRESETS, parse_job_spec
from normlab.spec.blocks import BLOCKS
from normlab.spec.fields import SpecModel
from normlab.spec.layers import LAYERS
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.reference import options
from normlab.spec.schedules import SCHEDULES

ROOT = Path(__file__).parents[2]
MISTAKES = tomllib.loads((ROOT / "docs/reference/mistakes.toml").read_text("utf-8"))
MAX_BYTES = 600_000
"""Of the whole document as JSON; 570,000 with layers, optimizers and initializers written out, and with the answers of
sweeps, trials of claims, robustness and tables, each of which is there once."""


def subclasses(kind: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(create_app(Settings()).openapi()))
    return parsed


@pytest.fixture(scope="module")
def schema(document: dict[str, Any]) -> jsonschema_rs.Validator:
    reference = {"$ref": "#/components/schemas/JobSpec", "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(reference)


def test_the_document_is_openapi_3_1(document) -> None:
    assert document["openapi"].startswith("3.1")
    OPENAPI_31_VALIDATOR.validate(document)
    assert len(json.dumps(document)) < MAX_BYTES


def test_every_kind_is_told_apart_by_its_name_with_all_its_options(document) -> None:
    schemas = document["components"]["schemas"]
    unions = {
        "type": (schemas["Architecture"]["properties"]["layers"]["items"], {**LAYERS, **BLOCKS}),
        "optimizer": (schemas["TrainingSpec"]["properties"]["optimizer"]["anyOf"][1], OPTIMIZERS),
        "schedule": (schemas["TrainingSpec"]["properties"]["learning_rate_schedule"]["anyOf"][1], SCHEDULES),
    }
    for union, kinds in unions.values():
        assert union["discriminator"]["mapping"].keys() == kinds.keys()
        for name, reference in union["discriminator"]["mapping"].items():
            kind = schemas[reference.rpartition("/")[2]]
            assert kind["additionalProperties"] is False
            described = {option.name: option.meaning for option in options(kinds[name])}
            assert described.keys() == kind["properties"].keys() - {union["discriminator"]["propertyName"]}
            assert {key: kind["properties"][key].get("description", "") for key in described} == described


def test_no_two_parts_of_a_spec_share_a_name() -> None:
    names = [kind.__name__ for kind in subclasses(SpecModel) if kind.__module__.startswith("normlab.")]
    assert len(names) > 20
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_fit(schema, preset: str) -> None:
    for architecture in (preset, {"preset": preset}, {"layers": list(PRESETS[preset].layers)}):
        schema.validate({"architecture": architecture})
    schema.validate(parse_job_spec({"architecture": preset}).to_document())


def test_the_readmes_spec_fits(schema) -> None:
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        schema.validate(json.loads(block))
        parse_job_spec(json.loads(block))


BEYOND_A_SCHEMA = {
    '{"architecture": "baseline", "name": "  "}',
    '{"architecture": "baseline", "training": {"epochs": 3.0}}',
    '{"architecture": "baseline", "training": {"class_weight": {"10": 2.0}}}',
    '{"architecture": "baseline", "probes": [{"name": "update", "samples": 100}]}',
    '{"architecture": "baseline", "dataset": "Fashion-MNIST"}',
    '{"architecture": "baseline", "dataset": "cifar"}',
    '{"architecture": "baseline", "dataset": "cifar100"}',
}
"""A schema does not know which characters can be seen, which probes look at samples, which datasets were added or how
many classes there are; 3.0 is a whole number for it."""


@pytest.mark.parametrize(
    "row",
    [
        row
        for rows in MISTAKES.values()
        for row in rows
        if "at" in row and not re.search(r'NaN|"arms"', row["sent"])
    ],
    ids=lambda row: row["sent"],
)
def test_the_schema_finds_the_mistakes_too(schema, row: dict[str, str]) -> None:
    assert schema.is_valid(json.loads(row["sent"])) == (row["sent"] in BEYOND_A_SCHEMA)
