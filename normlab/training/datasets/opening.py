"""``open_dataset``: the data that a spec names, built in or uploaded."""

from pathlib import Path

from normlab.spec.dataset_spec import DatasetSpec
from normlab.spec.datasets import DatasetName
from normlab.training.datasets.loading import Dataset, load
from normlab.training.datasets.uploaded import Fetch, load_content


def open_dataset(spec: DatasetSpec, datasets_dir: Path, fetch: Fetch | None = None) -> Dataset:
    """Open it. ``fetch`` gets an uploaded dataset that this machine does not have.

    Raises ``DatasetError`` when the files are missing or damaged.
    """
    if spec.content is None:
        return load(DatasetName(spec.name), datasets_dir)
    return load_content(spec.label, spec.content, datasets_dir, fetch=fetch)
