"""``normlab layers``, ``optimizers``, ``schedules``, ``losses`` and ``augmentations``: what a spec can be made of.

They ask no service.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from normlab.cli.display.output import JsonOption, out, table, write_json
from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.blocks import BLOCKS
from normlab.spec.fields import SpecModel
from normlab.spec.kinds import description_of
from normlab.spec.layers import LAYERS
from normlab.spec.losses import LOSSES
from normlab.spec.mistakes.names import not_known
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.reference import Option, options
from normlab.spec.schedules import SCHEDULES

_Kinds = Mapping[str, type[SpecModel]]
Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Show all options of this one.", show_default=False)
]


def layers(name: Name = None, *, as_json: JsonOption = False) -> None:
    """List the layers and blocks of layers that an architecture is made of, or the options of one."""
    _show({**LAYERS, **BLOCKS}, name, "layer", "layers", "type", as_json=as_json)


def optimizers(name: Name = None, *, as_json: JsonOption = False) -> None:
    """List the optimizers, or the options of one."""
    _show(OPTIMIZERS, name, "optimizer", "optimizer", "name", as_json=as_json)


def schedules(name: Name = None, *, as_json: JsonOption = False) -> None:
    """List the learning-rate schedules, or the options of one."""
    _show(SCHEDULES, name, "schedule", "learning_rate_schedule", "name", as_json=as_json)


def losses(name: Name = None, *, as_json: JsonOption = False) -> None:
    """List the losses that training can make smaller, or the options of one."""
    _show(LOSSES, name, "loss", "loss", "name", as_json=as_json)


def augmentations(name: Name = None, *, as_json: JsonOption = False) -> None:
    """List the ways in which training pictures can be changed, or the options of one."""
    _show(AUGMENTATIONS, name, "augmentation", "augmentation", "name", as_json=as_json)


def _show(kinds: _Kinds, name: str | None, heading: str, key: str, tag: str, *, as_json: bool) -> None:
    """``key`` is what stands before such a kind in a spec, ``tag`` the key of its name."""
    if name is not None and name not in kinds:
        raise typer.BadParameter(f"{not_known(name, list(kinds), key)}.", param_hint="NAME")
    if as_json:
        write_json(
            [_document(*item) for item in kinds.items()] if name is None else _document(name, kinds[name])
        )
    elif name is None:
        _list(kinds, heading)
    else:
        _show_one(name, kinds[name], tag)


def _list(kinds: _Kinds, heading: str) -> None:
    listing = table(heading, "what it is", "options")
    for name, kind in kinds.items():
        listing.add_row(
            name, escape(_plain(description_of(kind))), ", ".join(option.name for option in options(kind))
        )
    out.print(listing)


def _show_one(name: str, kind: type[SpecModel], tag: str) -> None:
    described = options(kind)
    needed = "".join(f", {json.dumps(option.name)}: …" for option in described if option.default is None)
    for line in (_plain(description_of(kind)), f"{{{json.dumps(tag)}: {json.dumps(name)}{needed}}}"):
        out.print(line, markup=False, highlight=False)
    if not described:
        return
    listing = table("option", "values", "default", "what it is")
    for option in described:
        cells = (option.values, option.default or "required", _plain(option.meaning))
        listing.add_row(option.name, *map(escape, cells))
    out.print()
    out.print(listing)


def _document(name: str, kind: type[SpecModel]) -> dict[str, Any]:
    return {
        "name": name,
        "description": _plain(description_of(kind)),
        "options": [_option(option) for option in options(kind)],
    }


def _option(option: Option) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": option.name,
        "values": option.values,
        "required": option.default is None,
    }
    if option.default is not None:
        document["default"] = json.loads(option.default)
    return {**document, "description": _plain(option.meaning)}


def _plain(text: str) -> str:
    """A docstring's text without its marks for code."""
    return text.replace("`", "")
