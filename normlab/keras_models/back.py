"""A spec as a compiled Keras model: the way back. Keras is loaded here, and only when it is asked for."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from normlab.errors import KerasModelError, Refused, SetupError
from normlab.keras_models.training_back import compiled_with
from normlab.spec.graph import flow
from normlab.spec.job import JobSpec
from normlab.spec.kernels import BaseKernelNormalization, SpectralNormalization
from normlab.spec.layers import (
    ActivationLayer,
    BaseLayer,
    BatchRenormalization,
    InstanceNormalization,
    Merge,
    MultiHeadAttention,
    Preparation,
    WithActivation,
)
from normlab.spec.parse import parse_job_spec
from normlab.spec.plan import PlannedLayer, plan_job

Arguments = dict[str, Any]

_OURS = ("kernel_normalization", "virtual_batch_size")
"""Fields that no argument of Keras's layers is for."""


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
            made = _made(item, precision, keras)
        if isinstance(item.layer, MultiHeadAttention):
            return made(values[0], values[0])
        return made(list(values) if isinstance(item.layer, Merge) else values[0])

    outputs = flow(planned, scaled, through)
    model = keras.Model(inputs, outputs, **({"name": spec.name} if _is_a_name(spec.name) else {}))
    model.compile(**compiled_with(spec, keras))
    return model


def _is_a_name(name: str | None) -> bool:
    return name is not None and "/" not in name


def _unknown(layer: BaseLayer, keras: Any) -> str | None:
    """Why Keras has no such layer."""
    if isinstance(layer, Preparation):
        return (
            "prepares the rows of a table with figures of the rows that a job trains on, which no spec has: the .keras "
            "file of a job has the whole network"
        )
    if not hasattr(keras.layers, layer.keras_class):
        return "Keras has no such layer"
    for field in _OURS:
        value = getattr(layer, field, None)
        if value is not None and not isinstance(value, SpectralNormalization):
            name = value.name if isinstance(value, BaseKernelNormalization) else field
            return f"Keras's {layer.keras_class} has no {name}"
    return None


def _made(item: PlannedLayer, precision: str, keras: Any) -> Any:
    """Keras's layer of a planned one."""
    name, arguments = _class_and_arguments(item)
    made = getattr(keras.layers, name)
    normalization = getattr(item.layer, "kernel_normalization", None)
    if normalization is None:
        return made(**arguments, name=item.name, dtype=precision)
    inner = made(**arguments, dtype=precision)
    iterations = normalization.power_iterations
    return keras.layers.SpectralNormalization(inner, iterations, name=item.name, dtype=precision)


def _class_and_arguments(item: PlannedLayer) -> tuple[str, Arguments]:
    """What Keras's layer is made by."""
    layer = item.layer
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
            case "constraint" if isinstance(layer, WithActivation):
                (kernel, *_) = layer.kernels(item.input_shape)
                arguments[field] = _object(value | {"axis": getattr(layer, field).axes(len(kernel.shape))})
            case _:
                arguments[field] = tuple(value) if isinstance(value, list) else value
    if isinstance(layer, BatchRenormalization):
        bounds = {bound: arguments.pop(bound, None) for bound in ("rmax", "rmin", "dmax")}
        given = {bound: value for bound, value in bounds.items() if value is not None}
        arguments |= {"renorm": True, "renorm_clipping": given}
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
