"""The kinds of values that fields of a spec hold: strict, finite, closed."""

from collections.abc import Iterable
from enum import StrEnum
from operator import not_
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, WithJsonSchema

INTEGER_MAX = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is (RFC 8259, section 6)."""


Flag = Annotated[bool, Strict()]
Integer = Annotated[int, Strict(), Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
WholeNumber = Annotated[int, Strict(), Field(ge=0, le=INTEGER_MAX)]
PositiveInteger = Annotated[int, Strict(), Field(gt=0, le=INTEGER_MAX)]
NonNegativeInteger = Annotated[int, Strict(), Field(ge=0, le=INTEGER_MAX)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
PositiveNumber = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
NonNegativeNumber = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]
"""At least 0 and less than 1."""
OMITTED_IF_UNSET: Any = Field(exclude_if=not_)
"""For an option that came later: a document holds it only where it is set (not null, 0, false or empty), so that the
specs of before it keep their form and their digest."""


LEFT_OUT: Any = Field(exclude_if=lambda value: value is None)
"""Of a field that came after its kind: where it is not given, a spec is written, and its digest is made, without it."""
LEFT_OUT_IF_ONE: Any = Field(exclude_if=lambda value: value == 1)
"""The same of one whose default is 1."""


class SpecModel(BaseModel):
    """The base of every part of a spec: immutable, and a field that does not exist is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def one_of(names: Iterable[str]) -> Any:
    """A string, of which a JSON schema says that it is one of these."""
    return Annotated[str, WithJsonSchema({"type": "string", "enum": list(names)})]


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
