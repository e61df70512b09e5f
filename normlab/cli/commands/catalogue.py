"""``normlab architectures`` and ``normlab datasets``."""

from rich.markup import escape

from normlab.cli.display.output import JsonOption, UrlOption, out, table, write_json
from normlab.client import Client


def architectures(*, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the presets, which are architectures with a name."""
    with Client(url) as client:
        presets = client.architectures()
    if as_json:
        write_json(presets)
        return
    listing = table("preset", "layers", "parameters", "what it is", numbers=("layers", "parameters"))
    for preset in presets:
        listing.add_row(
            preset.name, str(len(preset.layers)), f"{preset.parameters:,}", escape(preset.description)
        )
    out.print(listing)


def datasets(*, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the datasets that a job can name."""
    with Client(url) as client:
        known = client.datasets()
    if as_json:
        write_json(known)
        return
    listing = table("dataset", "training", "test", "shape", "what it is", numbers=("training", "test"))
    for dataset in known:
        shape = " x ".join(map(str, dataset.shape))
        listing.add_row(
            dataset.name.value,
            f"{dataset.training_samples:,}",
            f"{dataset.test_samples:,}",
            shape,
            escape(dataset.description),
        )
    out.print(listing)
