"""The one way from what somebody sent to a job spec that can be built."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from normlab.errors import MAX_PROBLEMS, Problem, SpecError
from normlab.spec.estimate import estimate
from normlab.spec.job import MAX_TAGS, JobSpec
from normlab.spec.kinds import closest, short
from normlab.spec.layers import WithKernel
from normlab.spec.limits import Limits
from normlab.spec.plan import UnbuildableError

_NO_LIMITS = Limits()
_FIELDS = 100
"""More than a spec has without its layers."""
_FIELDS_OF_LAYER = 20
"""More than any kind of layer has."""
_MAX_SHOWN = 60
_MAX_SHOWN_ITEMS = 8


def parse_job_spec(body: object, limits: Limits = _NO_LIMITS) -> JobSpec:
    """A job spec from plain JSON (``dict``), checked as a whole.

    Counts are checked before contents: what has too many layers, tags or fields is refused without a look at them.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    too_many = list(_count_problems(body, limits))
    if too_many:
        raise SpecError(too_many)
    try:
        spec = JobSpec.model_validate(body)
    except ValidationError as error:
        raise spec_error(error) from None
    problems = [*_data_problems(spec), *_size_problems(spec, limits)]
    if not problems:
        # Shapes are worked out only now, since sizes beyond the limits have been refused.
        problems = [*_build_problems(spec, limits)]
    if problems:
        raise SpecError(problems)
    return spec


def spec_error(error: ValidationError) -> SpecError:
    """What pydantic found wrong with a body, as the error to raise."""
    problems = validation_problems(error)
    return SpecError(problems, omitted=error.error_count() - len(problems))


def validation_problems(error: ValidationError) -> list[Problem]:
    """What pydantic found, as pointers and sentences, at most ``MAX_PROBLEMS``."""
    return [problem_of(detail) for detail in error.errors(include_url=False)[:MAX_PROBLEMS]]


def problem_of(detail: ErrorDetails) -> Problem:
    """One of pydantic's findings as a pointer and a sentence."""
    return Problem(_pointer(detail["loc"]), _sentence(detail))


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
    if has_more_values(body, limit):
        yield Problem("", f"is larger than any job spec: it has more than {limit} values")


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
    dataset, training = spec.dataset, spec.training
    total = dataset.info.training_samples
    if dataset.held_out >= total:
        yield Problem(
            "/dataset/validation_samples",
            f"{dataset.name} has {total} training samples: keep fewer than that for validation",
        )
    elif dataset.trained_on > total - dataset.held_out:
        yield Problem(
            "/dataset/training_samples",
            f"{total - dataset.held_out} training samples are left of {dataset.name} after validation: "
            "ask for no more",
        )
    if dataset.held_out == 0:
        if training.early_stopping is not None and training.early_stopping.monitor.startswith("val_"):
            yield Problem(
                "/training/early_stopping/monitor",
                "needs validation samples: monitor loss or accuracy instead",
            )
        if training.target_accuracy is not None:
            yield Problem(
                "/training/target_accuracy", "is a validation accuracy and needs validation samples"
            )


def _size_problems(spec: JobSpec, limits: Limits) -> Iterator[Problem]:
    def beyond(pointer: str, value: int, name: str) -> Iterator[Problem]:
        limit = getattr(limits, name)
        if value > limit:
            yield _beyond(pointer, value, limit, name)

    yield from beyond("/training/epochs", spec.training.epochs, "epochs")
    yield from beyond("/training/batch_size", spec.training.batch_size, "batch_size")
    yield from beyond("/architecture/layers", len(spec.architecture.layers), "layers")
    for index, layer in enumerate(spec.architecture.layers):
        if isinstance(layer, WithKernel) and layer.size_field is not None:
            pointer = f"/architecture/layers/{index}/{layer.size_field}"
            yield from beyond(pointer, getattr(layer, layer.size_field), "units")


def _beyond(pointer: str, value: int, limit: int, name: str) -> Problem:
    return Problem(
        pointer, f"should be at most {limit}, not {_shown(value)} (limit {name!r} of this service)"
    )


def _build_problems(spec: JobSpec, limits: Limits) -> Iterator[Problem]:
    layers = spec.architecture.layers
    try:
        size = estimate(spec)
    except UnbuildableError as error:
        pointer = (
            f"/architecture/layers/{error.index}" if error.index < len(layers) else "/architecture/layers"
        )
        yield Problem(pointer, str(error))
        return
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


def _pointer(location: tuple[int | str, ...]) -> str:
    """pydantic's location without the names of union members, which are not in the body."""
    parts = [
        short(str(part)).replace("~", "~0").replace("/", "~1")
        for index, part in enumerate(location)
        if not _names_union_member(location[:index])
    ]
    return "".join(f"/{part}" for part in parts)


def _names_union_member(before: tuple[int | str, ...]) -> bool:
    """Whether what follows ``before`` in a location is the tag of a layer, an optimizer or a schedule."""
    in_layer = len(before) >= 2 and before[-2] == "layers" and isinstance(before[-1], int)
    return in_layer or before[-1:] in (("optimizer",), ("learning_rate_schedule",))


_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a string",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
}


def _sentence(error: ErrorDetails) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind in _KINDS:
        return f"should be {_KINDS[kind]}, not {_shown(given)}"
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "is not known here: check its spelling, or leave it out"
    if kind == "union_tag_not_found":
        return f"should have the field {context['discriminator']}"
    if kind in ("union_tag_invalid", "enum", "literal_error"):
        expected = str(context.get("expected_tags") or context.get("expected"))
        name = short(str(context.get("tag", given)))
        names = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
        return f"{name!r} is not known here{closest(name, names)}; it should be one of {', '.join(names)}"
    if kind == "value_error":
        return str(context["error"])
    message = error["msg"].removeprefix("Input should be ").removeprefix("Value should ")
    if message != error["msg"]:
        return f"should be {message}, not {_shown(given)}"
    return message


def _shown(value: object) -> str:
    """A value as it was sent, shortened; long ones are cut before they are written out."""
    if isinstance(value, list | dict) and len(value) > _MAX_SHOWN_ITEMS:
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    text = repr(value[:_MAX_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}…"
