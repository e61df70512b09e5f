"""What all documents share, and how a client reads those of a service that is newer than itself."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from normlab.spec.fields import LEFT_OUT
from normlab.spec.open_enum import READING

Fraction = Annotated[float, Field(ge=0, le=1)]
OfNumbers = Annotated[float | None, LEFT_OUT]
"""A figure of jobs that predict numbers; documents of others are written without it."""


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
        return cls.model_validate_json(content, extra="allow", context=READING)
