"""A part of a dataset, which people know as a fraction, as the number of samples that a spec wants."""

from normlab.spec.datasets import DATASETS, DatasetName


def samples(fraction: float, body: object) -> str:
    """The key and the number for a fraction of the training samples of a body's dataset."""
    name, total, default = _dataset(body.get("dataset") if isinstance(body, dict) else None)
    if total is None or not 0 < fraction < 1:
        return f'"dataset": {{"validation_samples": {default}}}'
    number = round(fraction * total)
    return f'"dataset": {{"validation_samples": {number}}} is {100 * fraction:g} % of {name}'


def _dataset(given: object) -> tuple[str, int | None, int]:
    """Its name, its training samples if they are known, and a number that is usual for validation."""
    spec = given if isinstance(given, dict) else {"name": given}
    content = spec.get("content")
    if isinstance(content, dict):
        total, default = content.get("training_samples"), content.get("default_validation_samples")
        if isinstance(total, int) and isinstance(default, int):
            return str(spec.get("name")), total, default
    name = str(spec.get("name") or DatasetName.FASHION_MNIST)
    is_built_in = name in list(DatasetName)
    info = DATASETS[DatasetName(name) if is_built_in else DatasetName.FASHION_MNIST]
    return name, info.training_samples if is_built_in else None, info.default_validation_samples
