"""The kinds of values that fields of a spec hold: strict, finite, closed."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, WithJsonSchema

INTEGER_MAX = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is (RFC 8259, section 6)."""


Flag = Annotated[bool, Strict()]
Integer = Annotated[int, Strict(), Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
PositiveInteger = Annotated[int, Strict(), Field(gt=0, le=INTEGER_MAX)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
PositiveNumber = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
NonNegativeNumber = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]
"""At least 0 and less than 1."""


class SpecModel(BaseModel):
    """The base of every part of a spec: immutable, and a field that does not exist is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def one_of(names: Iterable[str]) -> Any:
    """A string, of which a JSON schema says that it is one of these."""
    return Annotated[str, WithJsonSchema({"type": "string", "enum": list(names)})]


class Initializer(StrEnum):
    """Keras's kernel initializers, by Keras's names."""

    GLOROT_UNIFORM = "glorot_uniform"
    GLOROT_NORMAL = "glorot_normal"
    HE_UNIFORM = "he_uniform"
    HE_NORMAL = "he_normal"
    LECUN_UNIFORM = "lecun_uniform"
    LECUN_NORMAL = "lecun_normal"
    RANDOM_NORMAL = "random_normal"
    RANDOM_UNIFORM = "random_uniform"
    TRUNCATED_NORMAL = "truncated_normal"
    ORTHOGONAL = "orthogonal"
    ZEROS = "zeros"
    ONES = "ones"


class Activation(StrEnum):
    """Keras's activation functions, by Keras's names."""

    LINEAR = "linear"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    SELU = "selu"
    GELU = "gelu"
    SILU = "silu"
    MISH = "mish"
    SOFTPLUS = "softplus"
    SOFTSIGN = "softsign"
    SIGMOID = "sigmoid"
    HARD_SIGMOID = "hard_sigmoid"
    TANH = "tanh"


class L2(SpecModel):
    """An L2 penalty that is added to the loss: ``l2`` times the sum of the squared weights."""

    l2: NonNegativeNumber = 0.01
    """How strong it is."""
