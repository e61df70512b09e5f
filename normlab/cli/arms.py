"""Arms that a command names: presets, and files with specs."""

from itertools import count
from pathlib import Path
from typing import Any

import typer

from normlab.cli.spec_files import read_spec, spec_of_keras
from normlab.cli.specs import architecture_named, put_dataset, put_inside
from normlab.client import Client
from normlab.keras_models import is_keras_model


def arms_of(
    client: Client,
    architectures: list[str],
    dataset: str | None,
    epochs: int | None,
    *,
    again: bool = False,
    hint: str,
    fewest: int = 2,
) -> dict[str, dict[str, Any]]:
    """A spec for each preset or file, by its name; one may be named ``again``. ``hint`` is what the command calls them.

    Raises ``BadParameter`` for fewer than ``fewest``, and for one that is named twice.
    """
    if len(architectures) < fewest:
        raise typer.BadParameter("name two architectures or more, jobs, or one comparison.", param_hint=hint)
    arms: dict[str, dict[str, Any]] = {}
    for architecture in architectures:
        path = Path(architecture)
        is_file = path.suffix == ".json" or path.is_file()
        spec = (
            read_spec(architecture, hint) if is_file else {"architecture": architecture_named(architecture)}
        )
        model, spec = (spec, {}) if is_keras_model(spec) else (None, spec)
        put_dataset(spec, dataset)
        put_inside(spec, "training", {"epochs": epochs})
        if model is not None:
            spec = spec_of_keras(model, spec, client.lookup)
        name = path.stem if is_file else architecture.replace(":", " ")
        if name in arms and not again:
            raise typer.BadParameter(
                f"{name} is named twice: with the same seeds both would give the same numbers. --own-seeds gives "
                "each its own.",
                param_hint=hint,
            )
        if name in arms:
            name = next(other for n in count(2) if (other := f"{name} ({n})") not in arms)
        arms[name] = spec
    return arms
