"""A spec as a compiled Keras model: the way back. Keras is loaded here, and only when it is asked for."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from normlab.errors import KerasModelError, Refused, SetupError
from normlab.keras_models.training_back import compiled_with
from normlab.spec.graph import flow
from normlab.spec.job import JobSpec
from normlab.spec.layers import ActivationLayer, BaseLayer, BatchRenormalization, InstanceNormalization, Merge
from normlab.spec.parse import parse_job_spec
from normlab.spec.plan import PlannedLayer, plan_job

Arguments = dict[str, Any]

_OURS = (
    "kernel_normalization",
    "virtual_batch_size",
    "kernel_constraint",
    "depthwise_constraint",
    "pointwise_constraint",
)
"""Fields that ``to_keras`` has no argument of Keras's for."""


def to_keras(spec: JobSpec | Mapping[str, Any] | str) -> Any:
    """A spec's network as a compiled Keras model, which takes raw pixels: ``from_keras`` gives the spec back.

    Its weights are drawn by Keras, as its initializers say: not those of a run of Normlab, whose trained network a
    job's ``.keras`` file has.

    Args:
        spec: A job spec, as an object or a dictionary, or a preset's name.

    Raises:
        KerasModelError: Keras has no such layers; ``refused`` lists them.
        SetupError: Keras is not installed.
        SpecError: The spec is wrong.
    """
    if not isinstance(spec, JobSpec):
        spec = parse_job_spec({"architecture": spec} if isinstance(spec, str) else spec)
    try:
        keras = import_module("keras")  # not by a statement: whoever reads models does without it
    except ImportError as error:
        raise SetupError("to_keras needs Keras: pip install 'normlab[cpu]'") from error
    planned, dataset, precision = plan_job(spec), spec.dataset.info, str(spec.training.precision)
    reasons = [(item, _unknown(item.layer, keras)) for item in planned]
    if refused := [Refused(item.name, item.layer.type, why, "") for item, why in reasons if why is not None]:
        raise KerasModelError(refused)
    inputs = keras.Input(dataset.shape, name="pixels")
    scaled = keras.layers.Rescaling(1 / dataset.pixel_max, name="rescaling")(inputs)

    def through(item: PlannedLayer, values: Sequence[Any]) -> Any:
        if item is planned[-1]:
            made = keras.layers.Dense(
                item.output_shape[-1], activation="softmax", name=item.name, dtype="float32"
            )
        else:
            name, arguments = _class_and_arguments(item.layer)
            made = getattr(keras.layers, name)(**arguments, name=item.name, dtype=precision)
        return made(list(values) if isinstance(item.layer, Merge) else values[0])

    outputs = flow(planned, scaled, through)
    model = keras.Model(inputs, outputs, **({"name": spec.name} if _is_a_name(spec.name) else {}))
    model.compile(**compiled_with(spec, keras))
    return model


def _is_a_name(name: str | None) -> bool:
    return name is not None and "/" not in name


def _unknown(layer: BaseLayer, keras: Any) -> str | None:
    """Why Keras has no such layer."""
    if not hasattr(keras.layers, layer.keras_class) or isinstance(layer, BatchRenormalization):
        return "Keras has no such layer, or not by the same parameters"
    for field in _OURS:
        if getattr(layer, field, None) is not None:
            return f"Keras's {layer.keras_class} has no {field}"
    return None


def _class_and_arguments(layer: BaseLayer) -> tuple[str, Arguments]:
    """What Keras's layer is made by."""
    if isinstance(layer, ActivationLayer) and layer.negative_slope is not None:
        return "LeakyReLU", {"negative_slope": layer.negative_slope}
    arguments: Arguments = {"groups": -1} if isinstance(layer, InstanceNormalization) else {}
    for field, value in layer.model_dump(mode="json", exclude={"type", "negative_slope", *_OURS}).items():
        if value is None:
            continue
        match field.rpartition("_")[2]:
            case "initializer":
                arguments[field] = value if isinstance(value, str) else _object(value)
            case "regularizer":
                arguments[field] = _regularizer(value)
            case _:
                arguments[field] = tuple(value) if isinstance(value, list) else value
    return layer.keras_class, arguments


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    """One of Keras's objects by the name that a spec has for it."""
    config = {key: given for key, given in value.items() if key != "name"}
    return {"class_name": value["name"], "config": config}


def _regularizer(penalty: Mapping[str, Any]) -> dict[str, Any]:
    if "orthogonal" in penalty:
        config = {"factor": penalty["orthogonal"], "mode": penalty.get("mode", "rows")}
        return {"class_name": "OrthogonalRegularizer", "config": config}
    name = "L1L2" if len(penalty) > 1 else next(iter(penalty)).upper()
    return {"class_name": name, "config": dict(penalty)}
