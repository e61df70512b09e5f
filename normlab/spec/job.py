"""A job spec: what one training run is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from normlab.spec.architecture import Architecture, with_channel
from normlab.spec.columns import Task
from normlab.spec.dataset_content import AnyDatasetName
from normlab.spec.dataset_spec import DatasetSpec, shape_in, task_in
from normlab.spec.fields import Integer, PositiveNumber, SpecModel, one_of
from normlab.spec.losses import SQUARED
from normlab.spec.presets import PRESETS
from normlab.spec.probes.request import STANDARD_REQUESTS, Probes
from normlab.spec.text import Form, one_line
from normlab.spec.training import TrainingSpec

MAX_NAME_LENGTH = 200
MAX_TAGS = 32
"""Of one job; so more of them in a search would find nothing."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH), AfterValidator(one_line)]
Tag = Annotated[
    str,
    Field(min_length=1, max_length=64),
    Form(r"^[^\s,][^,]*$", "a word or more, without a comma and without a space at its beginning"),
    AfterValidator(one_line),
]


MAX_RUNTIME_SECONDS = 31 * 24 * 3600.0


class Device(StrEnum):
    """Where a job may run."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Resources(SpecModel):
    """What a job needs of a worker."""

    device: Device = Device.AUTO
    """``auto`` takes a GPU where the worker has one."""


class JobSpec(SpecModel):
    """What one training run is. ``{"architecture": "baseline"}`` is a whole request; the rest has the
    notebook's values.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"architecture": "baseline"},
                {
                    "architecture": {
                        "layers": [
                            {"type": "flatten"},
                            {"type": "dense", "units": 64, "kernel_initializer": "he_normal"},
                            {"type": "batch_normalization"},
                            {"type": "activation", "activation": "relu"},
                        ]
                    },
                    "dataset": "fashion_mnist",
                    "training": {"optimizer": {"name": "adam"}, "epochs": 5, "seed": 7},
                    "name": "small with batch normalization",
                    "tags": ["tutorial"],
                },
                {
                    "architecture": "batch_norm",
                    "training": {
                        "optimizer": {
                            "name": "adamw",
                            "weight_decay": 0.05,
                            "exclude_from_weight_decay": ["bias", "normalization"],
                            "global_clipnorm": 1.0,
                        },
                        "learning_rate_schedule": {"name": "cosine", "warmup_steps": 500},
                        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
                        "augmentation": ["flip", {"name": "crop", "padding": 2}],
                    },
                },
            ]
        }
    )

    name: Name | None = None
    """For people; it changes no number."""
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    """Words to find the job by."""
    architecture: Architecture
    """A preset's name, or layers."""
    dataset: DatasetSpec = DatasetSpec()
    """What is learned, and what is kept apart."""
    training: TrainingSpec = TrainingSpec()
    """How it is learned."""
    resources: Resources = Resources()
    """What the job needs of a worker."""
    probes: Probes = STANDARD_REQUESTS
    """What is measured inside the network while it trains; it changes no number of the run. See `docs/diagnosis.md`."""
    priority: Annotated[Integer, Field(ge=-10, le=10)] = 0
    """Jobs of a higher priority go first; within one, first come, first served."""
    max_runtime_seconds: Annotated[PositiveNumber, Field(le=MAX_RUNTIME_SECONDS)] | None = None
    """The job fails with ``deadline_exceeded`` when it has run for so long, waiting not counted. None: no limit."""

    @model_validator(mode="before")
    @classmethod
    def _preset_of_pictures(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "architecture" not in value:
            return value
        shape = shape_in(value.get("dataset", {}))
        if shape is None:
            return value
        return {**value, "architecture": with_channel(value["architecture"], shape)}

    @model_validator(mode="before")
    @classmethod
    def _loss_of_the_task(cls, value: Any) -> Any:
        """Where a spec does not say, its loss is the task's default, and written down from then on."""
        if not isinstance(value, dict) or task_in(value.get("dataset")) is not Task.REGRESSION:
            return value
        training = value.get("training", {})
        if isinstance(training, TrainingSpec) and "loss" not in training.model_fields_set:
            return {**value, "training": training.model_copy(update={"loss": SQUARED})}
        if isinstance(training, dict) and "loss" not in training:
            return {**value, "training": {**training, "loss": SQUARED.name}}
        return value

    @field_validator("architecture", mode="before", json_schema_input_type=one_of(PRESETS) | Architecture)
    @classmethod
    def _as_it_is(cls, value: Any) -> Any:
        """The architecture itself reads both; this says so to the JSON schema."""
        return value

    @field_validator("dataset", mode="before", json_schema_input_type=AnyDatasetName | DatasetSpec)
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def steps_per_epoch(self) -> int:
        """Updates of the weights in an epoch; the last may be on a smaller batch."""
        return ceil(self.dataset.trained_on / self.training.batch_size)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON with every default written out; ``parse_job_spec`` takes it back."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """``sha256:…`` over all that changes the numbers: not names and tags, not where or when it may run, not
        what is measured in it."""
        return self.digests().spec

    @property
    def arm_digest(self) -> str:
        """The digest without the seed: the same for all replicates of an arm."""
        return self.digests().arm

    def digests(self) -> "Digests":
        """Both digests, for the price of one."""
        found = DigestsOfSeeds.of(self, self.to_document())
        return Digests(found.spec(self.training.seed), found.arm)


class Digests(NamedTuple):
    """``JobSpec.digest`` and ``JobSpec.arm_digest``."""

    spec: str
    arm: str


@dataclass(frozen=True)
class DigestsOfSeeds:
    """The digests of specs that differ in their seed only: what they share is written once."""

    arm: str
    """Of all of them."""
    _beginning: str
    _training: Mapping[str, Any]

    @classmethod
    def of(cls, job: JobSpec, document: Mapping[str, Any]) -> "DigestsOfSeeds":
        """Of a spec, and its ``to_document()``, with any seed."""
        dataset, layers = job.dataset.digested(document["dataset"]), document["architecture"]["layers"]
        # target_accuracy is only read from the curve afterwards; the device is part of the environment.
        training = {name: value for name, value in document["training"].items() if name != "target_accuracy"}
        del training["seed"]
        # The parts of one object, by the alphabet, as its canonical form has them.
        beginning = f'{{"dataset":{_canonical(dataset)},"layers":{_canonical(layers)},"training":'
        return cls(_sha256(f"{beginning}{_canonical(training)}}}"), beginning, training)

    def spec(self, seed: int) -> str:
        """Of the one with this seed."""
        return _sha256(f"{self._beginning}{_canonical({**self._training, 'seed': seed})}}}")


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
