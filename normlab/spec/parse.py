"""The one way from what somebody sent to a job spec that can be built."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from normlab.errors import Problem, SpecError
from normlab.spec.blocks import MAX_DEPTH, block_beyond_depth, planned_count, written_layers
from normlab.spec.columns import MAX_ALL_CATEGORIES, MAX_COLUMNS, Column
from normlab.spec.dataset_content import MAX_CLASSES
from normlab.spec.dataset_lookup import Datasets, resolve_dataset
from normlab.spec.estimate import totals
from normlab.spec.fields import SpecModel
from normlab.spec.job import MAX_TAGS, JobSpec
from normlab.spec.kernels import SpectralNormalization
from normlab.spec.layers import WithKernelOptions
from normlab.spec.learning import erased_inputs
from normlab.spec.limits import Limits
from normlab.spec.muon import muon_problems
from normlab.spec.plan import PlannedLayer, UnbuildableError, plan_job
from normlab.spec.presets import PRESETS
from normlab.spec.probes.request import ProbeRequest, Probes
from normlab.spec.problems import spec_error
from normlab.spec.shown import listed, shown
from normlab.spec.training import Precision
from normlab.spec.training_checks import training_problems

_NO_LIMITS = Limits()
_FIELDS = 100
"""More than a spec has without its layers."""
_FIELDS_OF_LAYER = 20
"""More than any kind of layer has."""
_VALUES_OF_COLUMNS = MAX_COLUMNS * (1 + len(Column.model_fields)) + MAX_ALL_CATEGORIES
"""As many as the columns of a table have at most."""


def parse_job_spec(body: object, limits: Limits = _NO_LIMITS, datasets: Datasets | None = None) -> JobSpec:
    """A job spec from plain JSON (``dict``), checked as a whole.

    Counts are checked before contents: what has too many layers, tags or fields is refused without a look at them.

    Args:
        body: A request, or a stored document.
        limits: The largest job that is accepted.
        datasets: Where the dataset of a request is looked up; its version and content are written into the spec. None:
            only built-in datasets are known, and a stored document that carries the content of another is believed.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    too_many = list(_count_problems(body, limits))
    if too_many:
        raise SpecError(too_many)
    resolved, unresolved = resolve_dataset(body, datasets)
    try:
        spec = JobSpec.model_validate(resolved)
    except ValidationError as error:
        found = spec_error(error, JobSpec, body if unresolved else resolved)
        raise SpecError([*unresolved, *found.problems], omitted=found.omitted) from None
    if unresolved:
        raise SpecError(unresolved)
    if problems := [*_data_problems(spec), *training_problems(spec), *_size_problems(spec, limits)]:
        raise SpecError(problems)
    # Shapes are worked out only now, since sizes beyond the limits have been refused.
    planned = _plan(spec)
    if problems := [*_total_problems(spec, planned, limits)] or [
        *erased_inputs(spec, planned),
        *muon_problems(spec, planned),
    ]:
        raise SpecError(problems)
    return spec


def parse_probes(value: object) -> tuple[ProbeRequest, ...]:
    """The ``probes`` of a job spec by themselves.

    Raises ``SpecError`` as ``parse_job_spec`` does.
    """
    try:
        return _Asked.model_validate({"probes": value}).probes
    except ValidationError as error:
        raise spec_error(error, _Asked, {"probes": value}) from None


class _Asked(SpecModel):
    probes: Probes


def _count_problems(body: object, limits: Limits) -> Iterator[Problem]:
    """Lists and objects with more in them than any spec has."""
    if not isinstance(body, dict):
        return
    architecture = body.get("architecture")
    layers = architecture.get("layers") if isinstance(architecture, dict) else None
    if isinstance(layers, list) and len(layers) > limits.layers:
        yield _beyond("/architecture/layers", len(layers), limits.layers, "layers")
        return
    tags = body.get("tags")
    if isinstance(tags, list) and len(tags) > MAX_TAGS:
        yield Problem("/tags", f"should be at most {MAX_TAGS} tags, not {len(tags)}")
        return
    limit = _FIELDS + _FIELDS_OF_LAYER * limits.layers
    if has_more_values(_without_names(body), limit):
        yield Problem("", f"is larger than any job spec: it has more than {limit} values")
        return
    if too_deep := block_beyond_depth(layers):
        sentence = f"is too deep: at most {MAX_DEPTH} blocks may stand one in the other"
        yield Problem(f"/architecture{too_deep}", sentence)


def _without_names(body: dict[str, Any]) -> dict[str, Any]:
    """A spec without its dataset's classes and columns where these are no more than a dataset has: they are counted by
    themselves."""
    dataset = body.get("dataset")
    content = dataset.get("content") if isinstance(dataset, dict) else None
    if not isinstance(dataset, dict) or not isinstance(content, dict):
        return body
    counted = {
        key: None
        for key, limit in (("classes", MAX_CLASSES), ("columns", _VALUES_OF_COLUMNS))
        if isinstance(content.get(key), list) and not has_more_values(content[key], limit)
    }
    return {**body, "dataset": {**dataset, "content": {**content, **counted}}}


def has_more_values(body: object, limit: int) -> bool:
    """Whether there are more values in a document, at any depth."""
    waiting, count = [body], 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list):
            count += len(item)
            if count > limit:
                return True
            waiting += item.values() if isinstance(item, dict) else item
    return False


def _data_problems(spec: JobSpec) -> Iterator[Problem]:
    dataset = spec.dataset
    total = dataset.info.training_samples
    if dataset.held_out >= total:
        yield Problem(
            "/dataset/validation_samples",
            f"{dataset.label} has {total} training samples: keep fewer than that for validation",
        )
    elif dataset.trained_on > total - dataset.held_out:
        yield Problem(
            "/dataset/training_samples",
            f"{total - dataset.held_out} training samples are left of {dataset.label} after validation: "
            "ask for no more",
        )
    preset = spec.architecture.preset
    if dataset.columns is not None and preset is not None and PRESETS[preset].of_pictures:
        others = [name for name, other in PRESETS.items() if not other.of_pictures]
        yield Problem(
            "/architecture",
            f"{preset} is a preset of pictures, and {dataset.label} is a table: take {listed(others, 'or')}, or layers "
            "of your own",
        )
    if spec.training.precision is not Precision.FLOAT32:
        yield from _full_precision_problems(spec)


def _full_precision_problems(spec: JobSpec) -> Iterator[Problem]:
    """Spectral normalization writes the kernel that it has computed, in 16 bits if that is what is computed in."""
    for place, layer in written_layers(spec.architecture.layers):
        if isinstance(layer, WithKernelOptions) and isinstance(
            layer.kernel_normalization, SpectralNormalization
        ):
            yield Problem(
                f"/architecture{place}/kernel_normalization",
                "spectral_normalization rounds the kernel to 16 bits at every step where training computes in them: "
                'take "precision": "float32", or "weight_normalization"',
            )


def _size_problems(spec: JobSpec, limits: Limits) -> Iterator[Problem]:
    def beyond(pointer: str, value: int, name: str) -> Iterator[Problem]:
        limit = getattr(limits, name)
        if value > limit:
            yield _beyond(pointer, value, limit, name)

    yield from beyond("/training/epochs", spec.training.epochs, "epochs")
    yield from beyond("/training/batch_size", spec.training.batch_size, "batch_size")
    yield from beyond("/architecture/layers", planned_count(spec.architecture.layers), "layers")
    for place, layer in written_layers(spec.architecture.layers):
        for field in layer.limited_fields:
            yield from beyond(f"/architecture{place}/{field}", getattr(layer, field) or 0, "units")


def _beyond(pointer: str, value: int, limit: int, name: str) -> Problem:
    return Problem(pointer, f"should be at most {limit}, not {shown(value)} (limit {name!r} of this service)")


def _plan(spec: JobSpec) -> Sequence[PlannedLayer]:
    try:
        return plan_job(spec)
    except UnbuildableError as error:
        table = (
            ""
            if spec.dataset.columns is None
            else f" ({spec.dataset.label} is a table: dense layers suit its rows)"
        )
        raise SpecError([Problem(f"/architecture{error.pointer}", f"{error}{table}")]) from None


def _total_problems(spec: JobSpec, planned: Sequence[PlannedLayer], limits: Limits) -> Iterator[Problem]:
    size = totals(spec, planned)
    for name, what in (
        ("parameters", "parameters"),
        ("training_bytes", "bytes of memory in training"),
        ("multiplications_per_sample", "multiplications for one sample"),
    ):
        value, limit = getattr(size, name), getattr(limits, name)
        if value > limit:
            yield Problem(
                "/architecture",
                f"needs {value:,} {what}, and this service allows {limit:,} (limit {name!r}): "
                "make layers or the batch smaller",
            )
