"""A part of a dataset, which people know as a fraction, as the number of samples that a spec wants."""

from normlab.spec.datasets import DATASETS, DatasetName


def samples(fraction: float, body: object) -> str:
    """The key and the number for a fraction of the training samples of a body's dataset."""
    dataset = body.get("dataset") if isinstance(body, dict) else None
    name = dataset.get("name") if isinstance(dataset, dict) else dataset
    info = DATASETS[DatasetName(name) if name in list(DatasetName) else DatasetName.FASHION_MNIST]
    if not 0 < fraction < 1:
        return f'"dataset": {{"validation_samples": {info.default_validation_samples}}}'
    number = round(fraction * info.training_samples)
    return f'"dataset": {{"validation_samples": {number}}} is {100 * fraction:g} % of {info.name}'
