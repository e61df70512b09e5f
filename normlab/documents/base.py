"""What all documents share, and how a client reads those of a service that is newer than itself."""

from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

Fraction = Annotated[float, Field(ge=0, le=1)]

_READING = object()
"""The validation context of ``Document.read``."""


class Document(BaseModel):
    """The base of all answers. They are made from rows as well as from dicts, and do not change."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def read(cls, content: bytes | str) -> Self:
        """Read what a service answered, which may be of a newer version.

        Fields that are not known here are kept as attributes; a member that an enum does not have is kept as a
        member of it with this value, which equals none of the others.

        Raises:
            ValidationError: A field that every version has is missing, or has another type.
        """
        return cls.model_validate_json(content, extra="allow", context=_READING)


class _OpenEnum:
    """Strict for what writes a document; open for new members when one is read."""

    def __get_pydantic_core_schema__(self, enum: type[StrEnum], handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(
            value: Any, known: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo
        ) -> Any:
            try:
                return known(value)
            except ValidationError:
                if info.context is _READING and isinstance(value, str):
                    return _unknown_member(enum, value)
                raise

        return core_schema.with_info_wrap_validator_function(validate, handler(enum))


def _unknown_member(enum: type[StrEnum], value: str) -> StrEnum:
    member = str.__new__(enum, value)
    member._name_ = member._value_ = value
    return member


Enumeration = TypeVar("Enumeration", bound=StrEnum)
Open = Annotated[Enumeration, _OpenEnum()]
"""``Open[JobState]`` is the type of a field with an enum that newer services may have more members of."""
