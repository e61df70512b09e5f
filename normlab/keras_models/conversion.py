"""A Keras model as a job spec, or everything that is in the way of it."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from normlab.errors import KerasModelError, SpecError, some_of
from normlab.keras_models.arguments import note_policy
from normlab.keras_models.augmentation import take_augmentation
from normlab.keras_models.blocks import documents_of
from normlab.keras_models.ends import (
    Output,
    check_sizes,
    entering_shape,
    fitting_dataset,
    take_output,
    take_scaling,
)
from normlab.keras_models.network import read_network
from normlab.keras_models.objects import unsaid_of
from normlab.keras_models.precision import precision_of
from normlab.keras_models.reading import configuration_of
from normlab.keras_models.report import KerasRemark, Node, Report
from normlab.keras_models.schedules import Run, steps_of
from normlab.keras_models.structure import chain_of
from normlab.keras_models.training import training_of
from normlab.spec.dataset_lookup import Datasets, resolve_dataset
from normlab.spec.dataset_spec import DatasetSpec
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.spec.job import MAX_NAME_LENGTH, JobSpec
from normlab.spec.layers.base import Shape
from normlab.spec.limits import Limits
from normlab.spec.parse import parse_job_spec
from normlab.spec.plan import OUTPUT_LAYER, plan_job
from normlab.spec.text import one_line
from normlab.spec.training import TrainingSpec

_NAMES_OF_KERAS = re.compile(r"(sequential|functional|model)(_\d+)?")
_NO_LIMITS = Limits(
    layers=10**6,
    units=10**9,
    parameters=10**12,
    epochs=10**9,
    batch_size=10**9,
    training_bytes=10**15,
    multiplications_per_sample=10**15,
)
"""A service has limits of its own, and says so."""


@dataclass(frozen=True)
class Conversion:
    """A Keras model as a job spec."""

    body: dict[str, Any]
    """The spec as a request would say it: what is left out has Normlab's default."""
    spec: JobSpec
    """All of it."""
    remarks: tuple[str, ...]
    """What is otherwise than in Keras, or was chosen, in sentences."""
    names: Mapping[str, str]
    """Keras's name of each layer by Normlab's, as in ``{"dense_1": "hidden"}``."""


def from_keras(model: object, *, datasets: Datasets | None = None, **fields: Any) -> JobSpec:
    """A Keras model as a job spec: the same network, loss, optimizer and schedule.

    Only the model's configuration is read, and no code in it is run; JSON needs no Keras and no TensorFlow.

    Args:
        model: A ``Sequential`` or functional model, or its ``to_json()``, as text or as a dictionary.
        datasets: Where a ``dataset`` is looked up that is not built in.
        **fields: Fields of the spec beside the architecture, over what the model says: ``dataset``,
            ``training={"epochs": 3}``, ``name``, ….

    Raises:
        KerasModelError: It cannot be had; ``refused`` lists each layer that is in the way with its name, its class
            and the reason.
        SpecError: A field is wrong.

    Warns:
        KerasRemark: For what was chosen, or is otherwise than in Keras without changing a number of the network.

    Example:
        >>> from normlab import from_keras
        >>> dense = {"units": 10, "activation": "softmax", "name": "classes"}
        >>> model = {"class_name": "Sequential", "config": {"layers": [
        ...     {"module": "keras.layers", "class_name": "Flatten", "config": {}},
        ...     {"module": "keras.layers", "class_name": "Dense", "config": dense}]}}
        >>> from_keras(model, dataset="digits").architecture.layers
        (Flatten(type='flatten'),)
    """
    converted = convert(model, fields, datasets)
    for remark in converted.remarks:
        warnings.warn(remark, KerasRemark, stacklevel=2)
    return converted.spec


def convert(model: object, fields: Mapping[str, Any], datasets: Datasets | None = None) -> Conversion:
    """``from_keras`` whose remarks are part of the answer.

    Raises:
        KerasModelError: The model cannot be had.
        SpecError: A field is wrong.
    """
    report = Report()
    unsaid_of(model, report)
    written = configuration_of(model)
    network = read_network(written, report)
    entry = next((node for node in network.nodes.values() if node.class_name == "InputLayer"), None)
    shape = _input_shape(entry, report)
    chain, output = take_output(chain_of(network, report), report)
    dataset = _dataset(_resolved(fields.get("dataset"), datasets), shape, output, entry, report)
    chosen = dataset or DatasetSpec()
    given = dict(fields.get("training") or {})
    chain, changes = take_augmentation(chain, shape, chosen, report, asked="augmentation" not in given)
    chain = take_scaling(chain, chosen, report)
    entering = entering_shape(chain, shape, chosen.info)
    documents, places = documents_of(chain, report, first=len(entering))
    run = Run(_steps(chosen, given), given.get("epochs"))
    training = training_of(written.get("compile_config") or {}, output, run, report, given)
    if output is not None:
        note_policy(output.node, output.node.config.get("dtype"), report)
    training |= precision_of(report, output.node if output is not None else None)
    if changes:
        training["augmentation"] = changes
    if report.seeded:
        report.remark(
            f"seeds of layers ({some_of(report.seeded)}) are not taken: all follow from the run's seed"
        )
    if report.refused:
        raise KerasModelError(report.refused)
    body = _body(written, fields, [*entering, *documents], chosen.name, {**training, **given})
    spec = _parsed(body, places, datasets)
    planned = {item.name: places.get(item.pointer) for item in plan_job(spec)[:-1]}
    names = {name: node.name for name, node in planned.items() if node is not None}
    if output is not None:
        names[OUTPUT_LAYER] = output.node.name
    return Conversion(body, spec, tuple(report.remarks), names)


def _input_shape(entry: Node | None, report: Report) -> Shape | None:
    if entry is None:
        return None
    shape = entry.config.get("batch_shape")
    if (
        not isinstance(shape, list | tuple)
        or not all(isinstance(size, int) for size in shape[1:])
        or len(shape) < 2
    ):
        report.refuse(entry, f"batch_shape = {shape}: Normlab's samples have one size")
        return None
    for key in ("sparse", "ragged", "optional"):
        if entry.config.get(key):
            report.refuse(entry, f"{key} = true has no counterpart")
    if shape[0] is not None:
        report.remark(f"the batch size of the input, {shape[0]}, is not taken: training.batch_size says it")
    return tuple(shape[1:])


def _dataset(
    given: Any, shape: Shape | None, output: Output | None, entry: Node | None, report: Report
) -> DatasetSpec | None:
    """The dataset that was named, or the first that fits."""
    if given is None:
        info = fitting_dataset(shape, output.classes if output else None, entry, report)
        if info is None and shape is None:
            info = DATASETS[DatasetName.FASHION_MNIST]
            report.remark(f"the model says no input shape: the dataset is {info.name}")
        return DatasetSpec(name=info.name) if info is not None else None
    try:
        dataset = DatasetSpec.model_validate({"name": given} if isinstance(given, str) else given)
    except ValidationError:
        return None  # said below, with all that is wrong
    check_sizes(dataset, shape, output, entry, report)
    return dataset


def _resolved(given: Any, datasets: Datasets | None) -> Any:
    """A dataset as it was named, with what is in it; what is wrong with it is said with all else."""
    resolved, problems = resolve_dataset({"dataset": given}, datasets)
    return given if problems or not isinstance(resolved, dict) else resolved["dataset"]


def _steps(dataset: DatasetSpec, training: Mapping[str, Any]) -> int:
    size = training.get("batch_size", TrainingSpec().batch_size)
    return steps_of(dataset.trained_on, size if isinstance(size, int) and size > 0 else 1)


def _body(
    written: Mapping[str, Any],
    fields: Mapping[str, Any],
    layers: list[dict[str, Any]],
    dataset: str,
    training: dict[str, Any],
) -> dict[str, Any]:
    body: dict[str, Any] = {"architecture": {"layers": layers}, "dataset": dataset}
    if training:
        body["training"] = training
    name = written["config"].get("name")
    if isinstance(name, str) and _NAMES_OF_KERAS.fullmatch(name) is None and _can_be_a_name(name):
        body["name"] = name
    return {**body, **{key: value for key, value in fields.items() if key != "training"}}


def _can_be_a_name(name: str) -> bool:
    try:
        return 0 < len(one_line(name)) <= MAX_NAME_LENGTH
    except ValueError:
        return False


def _parsed(body: dict[str, Any], places: Mapping[str, Node], datasets: Datasets | None) -> JobSpec:
    """The spec; what cannot be built is said of Keras's layers."""
    try:
        return parse_job_spec(body, _NO_LIMITS, datasets)
    except SpecError as error:
        report = Report()
        for problem in error.problems:
            node = _node_at(problem.pointer.removeprefix("/architecture"), places)
            if node is None:
                raise
            report.refuse(node, problem.detail)
        raise KerasModelError(report.refused) from error


def _node_at(pointer: str, places: Mapping[str, Node]) -> Node | None:
    """The layer at a place of the architecture, or the block in which it is."""
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer)
