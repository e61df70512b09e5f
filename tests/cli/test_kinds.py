"""``normlab layers``, ``optimizers``, ``schedules``: what a spec can be made of, without a service."""

import json

import pytest
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.blocks import BLOCKS
from normlab.spec.layers import LAYERS
from normlab.spec.losses import LOSSES
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.schedules import SCHEDULES

KINDS = {
    "layers": {**LAYERS, **BLOCKS},
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "losses": LOSSES,
    "augmentations": AUGMENTATIONS,
}


def run(*arguments: str) -> Result:
    return CliRunner(env={"NORMLAB_URL": "http://127.0.0.1:1"}).invoke(app, arguments)


@pytest.mark.parametrize("command", KINDS)
def test_all_kinds_are_listed(command: str) -> None:
    result = run(command)
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines()[1:] if line[0] != " "] == list(
        KINDS[command]
    )
    as_json = json.loads(run(command, "--json").stdout)
    assert [kind["name"] for kind in as_json] == list(KINDS[command])


@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command, kinds in KINDS.items() for name in kinds]
)
def test_every_option_of_a_kind_is_shown_with_its_meaning(command: str, name: str) -> None:
    shown = run(command, name).stdout
    document = json.loads(run(command, name, "--json").stdout)
    fields = KINDS[command][name].model_fields.keys() - {"type" if command == "layers" else "name"}
    assert {option["name"] for option in document["options"]} == fields
    for option in document["options"]:
        assert option["description"], f"{name}.{option['name']} has no meaning"
        assert f"\n{option['name']} " in shown


def test_a_kind_is_shown_as_a_spec_writes_it() -> None:
    lines = run("layers", "conv2d").stdout.splitlines()
    assert lines[1] == '{"type": "conv2d", "filters": …, "kernel_size": …}'
    assert lines[4].split()[:2] == ["filters", "whole"]


@pytest.mark.parametrize(
    ("command", "name", "phrase"),
    [
        ("layers", "Conv2D", '"conv2d"'),
        ("layers", "Linear", 'is called "dense" here'),
        ("layers", "relu", "is an activation"),
        ("layers", "LSTM", "is not supported"),
        ("optimizers", "adm", 'did you mean "adam"?'),
        ("losses", "CrossEntropyLoss", 'is called "cross_entropy" here'),
        ("schedules", "StepLR", 'is called "step" here'),
    ],
)
def test_a_name_from_elsewhere_is_told_as_in_a_spec(command: str, name: str, phrase: str) -> None:
    result = run(command, name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert phrase in " ".join(result.stderr.replace("│", " ").split())
