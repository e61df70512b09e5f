"""Keras's own format (``.keras``): a zip file of the network's layers, as JSON, and its weights."""

from pathlib import Path

from normlab.training.export.serving_function import TrainedNetwork


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file."""
    trained.network.save(path)
