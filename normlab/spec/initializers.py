"""How a kernel's first values are drawn: Keras's initializers, with Keras's names, parameters and defaults.

A name alone (``"he_normal"``) is short for its defaults, and is how these are written: ``{"name": "random_normal",
"stddev": 0.01}`` is written out, ``{"name": "random_normal", "stddev": 0.05}`` is ``"random_normal"``.
"""

import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, PlainSerializer, model_validator

from normlab.spec.fields import Integer, Number, PositiveNumber, SpecModel
from normlab.spec.kinds import by_name, kinds_of


class BaseInitializer(SpecModel):
    """What all initializers have in common. Their fields are the arguments of Keras's class."""

    drawn: ClassVar[bool] = True
    """Whether its values are random numbers."""

    name: str

    @property
    def short(self) -> str | dict[str, Any]:
        """Its name if all else is Keras's default, else its name and what is not."""
        changed = self.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
        return {"name": self.name, **changed} if changed else self.name

    def __str__(self) -> str:
        """As a specification has it: what first values depend on."""
        short = self.short
        return short if isinstance(short, str) else json.dumps(short, sort_keys=True)

    def fits(self, shape: tuple[int, ...]) -> None:
        """Raise ``ValueError`` with what would be right if a variable of this shape cannot be initialized so."""


class Zeros(BaseInitializer):
    """All values 0."""

    drawn = False
    name: Literal["zeros"]


class Ones(BaseInitializer):
    """All values 1."""

    drawn = False
    name: Literal["ones"]


class ConstantValue(BaseInitializer):
    """All values the same."""

    drawn = False
    name: Literal["constant"]
    value: Number = 0.0
    """What they are."""


class Identity(BaseInitializer):
    """The identity matrix times ``gain``; of a matrix that is not square its upper left part."""

    drawn = False
    name: Literal["identity"]
    gain: Number = 1.0
    """What stands on the diagonal."""

    def fits(self, shape: tuple[int, ...]) -> None:
        """See the base class."""
        if len(shape) != 2:
            raise ValueError(
                f"identity is for kernels that are matrices, and this one has {len(shape)} dimensions: "
                'take another initializer, such as "orthogonal"'
            )


class RandomNormal(BaseInitializer):
    """Normally distributed."""

    name: Literal["random_normal"]
    mean: Number = 0.0
    """Of the distribution."""
    stddev: PositiveNumber = 0.05
    """The standard deviation of the distribution."""


class TruncatedNormal(RandomNormal):
    """Normally distributed, without what is more than two standard deviations from the mean."""

    name: Literal["truncated_normal"]  # type: ignore[assignment]  # the parameters are the same, the kind is another


class RandomUniform(BaseInitializer):
    """Uniformly distributed from ``minval`` to ``maxval``."""

    name: Literal["random_uniform"]
    minval: Number = -0.05
    """The least value."""
    maxval: Number = 0.05
    """The largest."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minval >= self.maxval:
            raise ValueError("minval should be less than maxval")
        return self


class Orthogonal(BaseInitializer):
    """An orthogonal matrix times ``gain``; the kernel of a convolution is taken as a matrix of filters."""

    name: Literal["orthogonal"]
    gain: Number = 1.0
    """What the matrix is multiplied by."""


class _ByFans(BaseInitializer):
    """Scaled by how many values enter and leave a unit."""

    input_axes: tuple[Integer, ...] | None = None
    """The kernel's axes over which the values that enter are counted; null: Keras's rule for kernels."""
    output_axes: tuple[Integer, ...] | None = None
    """The same for the values that leave."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.input_axes is None) != (self.output_axes is None):
            raise ValueError("give both input_axes and output_axes, or neither: Keras ignores one alone")
        return self

    def fits(self, shape: tuple[int, ...]) -> None:
        """See the base class."""
        for axis in (*(self.input_axes or ()), *(self.output_axes or ())):
            if not -len(shape) <= axis < len(shape):
                raise ValueError(
                    f"the kernel has {len(shape)} dimensions, so axes are 0 to {len(shape) - 1}, not {axis}"
                )


class VarianceScaling(_ByFans):
    """Of variance ``scale`` / n, with n as ``mode`` says."""

    name: Literal["variance_scaling"]
    scale: PositiveNumber = 1.0
    """The variance times n."""
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    """n: how many values enter a unit, how many leave it, or the mean of both."""
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"
    """Of which kind the random numbers are."""


class GlorotUniform(_ByFans):
    """Uniform, of variance 2 / (values that enter + values that leave)."""

    name: Literal["glorot_uniform"]


class GlorotNormal(_ByFans):
    """Truncated normal, of variance 2 / (values that enter + values that leave)."""

    name: Literal["glorot_normal"]


class HeUniform(_ByFans):
    """Uniform, of variance 2 / values that enter."""

    name: Literal["he_uniform"]


class HeNormal(_ByFans):
    """Truncated normal, of variance 2 / values that enter."""

    name: Literal["he_normal"]


class LecunUniform(_ByFans):
    """Uniform, of variance 1 / values that enter."""

    name: Literal["lecun_uniform"]


class LecunNormal(_ByFans):
    """Truncated normal, of variance 1 / values that enter."""

    name: Literal["lecun_normal"]


_AnyInitializer = (
    GlorotUniform
    | GlorotNormal
    | HeUniform
    | HeNormal
    | LecunUniform
    | LecunNormal
    | RandomNormal
    | RandomUniform
    | TruncatedNormal
    | VarianceScaling
    | Orthogonal
    | Identity
    | ConstantValue
    | Zeros
    | Ones
)

INITIALIZERS = kinds_of(_AnyInitializer, "name", BaseInitializer)
"""Every kind of initializer by its name."""


Initializer = Annotated[
    _AnyInitializer,
    Discriminator("name"),
    by_name(_AnyInitializer, INITIALIZERS),
    PlainSerializer(lambda initializer: initializer.short, return_type=str | dict[str, Any]),
]
"""The type of a field that holds one."""

GlorotUniformByDefault = Annotated[Initializer, Field(json_schema_extra={"default": "glorot_uniform"})]
ZerosByDefault = Annotated[Initializer, Field(json_schema_extra={"default": "zeros"})]

GLOROT_UNIFORM = GlorotUniform(name="glorot_uniform")
"""Keras's default for kernels."""
ZEROS = Zeros(name="zeros")
