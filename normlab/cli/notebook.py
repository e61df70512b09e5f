"""The demo's networks against what the notebook published of them."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from normlab.cli.display.output import out, seconds, table

TOLERANCE = 0.015
"""Other initial weights and another order of the data move the validation accuracy by about so much."""
FIRST_EPOCH = 3
"""Before it the curves are too steep to be compared."""


def check_against_notebook(
    curves: Mapping[str, Sequence[float]], run_seconds: Mapping[str, float | None]
) -> str | None:
    """Show validation accuracies beside the notebook's, and return what is wrong if they differ.

    Args:
        curves: For each of the notebook's networks the validation accuracy after each epoch.
        run_seconds: How long each whole run took.
    """
    published = json.loads(files("normlab.cli").joinpath("notebook_results.json").read_text(encoding="utf-8"))
    theirs = {name: published[name]["val_accuracy"] for name in curves}
    compared = min(map(len, [*curves.values(), *theirs.values()]))
    _show_curves(curves, theirs, compared)
    for name, here in run_seconds.items():
        there = published[name]["runtime_seconds"]
        out.print(f"{name}: {seconds(here)} here, {seconds(there)} in the notebook")
    differences = [
        abs(curves[name][index] - theirs[name][index])
        for name in curves
        for index in range(FIRST_EPOCH - 1, compared)
    ]
    if not differences:
        out.print(f"Too few epochs to compare the curves, which is done from epoch {FIRST_EPOCH} on.")
        return None
    largest = max(differences)
    if largest > TOLERANCE:
        return (
            f"From epoch {FIRST_EPOCH} on, a validation accuracy is {largest:.4f} away from the notebook's; "
            f"at most {TOLERANCE} was expected."
        )
    out.print(
        f"From epoch {FIRST_EPOCH} on they are within {largest:.4f} of each other (allowed: {TOLERANCE})."
    )
    return None


def _show_curves(
    ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]], epochs: int
) -> None:
    columns = [column for name in ours for column in (name, "notebook")]
    accuracies = table("epoch", *columns, numbers=("epoch", *columns))
    for index in range(epochs):
        pairs = [f"{curve[index]:.4f}" for name in ours for curve in (ours[name], theirs[name])]
        accuracies.add_row(str(index + 1), *pairs)
    out.print(accuracies)
