"""A spec as a person would write it: without what a job has anyway."""

from collections.abc import Mapping
from typing import Any

from normlab.errors import SpecError
from normlab.spec.parse import parse_job_spec

_NOT_OF_THE_NETWORK = {"name", "tags", "priority", "max_runtime_seconds"}


def shortest_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The shortest spec of the same network, data and training, without a seed.

    ``parse_job_spec`` makes the same arm of it (``arm_digest``), for an uploaded dataset with the service that has it:
    the spec names its version. A spec that is none any more is given back as it is.

    >>> shortest_spec({"architecture": "baseline", "dataset": {"name": "digits"}, "training": {"seed": 1}})
    {'architecture': 'baseline', 'dataset': 'digits'}
    """
    try:
        parsed = parse_job_spec(dict(spec))
    except SpecError:
        return dict(spec)
    short = parsed.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_OF_THE_NETWORK)
    if parsed.architecture.preset is not None:
        chosen = parsed.architecture.normalization
        preset = parsed.architecture.preset
        short["architecture"] = (
            preset if chosen is None else {"preset": preset, "normalization": chosen.value}
        )
    dataset = short.get("dataset", {})
    dataset.pop("content", None)
    if set(dataset) == {"name"}:
        short["dataset"] = dataset["name"]
    training = short.get("training", {})
    training.pop("seed", None)
    if not training:
        short.pop("training", None)
    return short
