"""Enums in answers: closed for the service that writes them, open for a client that may be older than the service."""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

READING = object()
"""The validation context in which an unknown member is kept."""


class OpenEnum:
    """What makes a field's enum open, as ``Annotated`` metadata."""

    def __get_pydantic_core_schema__(self, enum: type[StrEnum], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Keep an unknown member while reading; else refuse it as ever."""

        def validate(
            value: Any, known: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo
        ) -> Any:
            try:
                return known(value)
            except ValidationError:
                if info.context is READING and isinstance(value, str):
                    return _unknown_member(enum, value)
                raise

        return core_schema.with_info_wrap_validator_function(validate, handler(enum))


def _unknown_member(enum: type[StrEnum], value: str) -> StrEnum:
    member = str.__new__(enum, value)
    member._name_ = member._value_ = value
    return member


Enumeration = TypeVar("Enumeration", bound=StrEnum)
Open = Annotated[Enumeration, OpenEnum()]
"""``Open[JobState]`` is the type of a field whose enum may have more members in a newer service."""
