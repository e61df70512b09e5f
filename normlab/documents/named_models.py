"""Names that stand for trained networks."""

from datetime import datetime

from pydantic import Field

from normlab.documents.base import Document
from normlab.documents.states import ModelChangeKind
from normlab.spec.open_enum import Open


class ModelVersionDocument(Document):
    """A job that the name stands for or stood for."""

    version: int = Field(description="Counted from 1; never given twice.")
    job: str
    created_at: datetime


class ModelChangeDocument(Document):
    """Something that was done to the name."""

    number: int
    change: Open[ModelChangeKind]
    version: int
    at: datetime


class NamedModelLinks(Document):
    """Where the model answers."""

    self: str
    job: str
    predict: str
    open_inference: str
    tensorflow_serving: str


class NamedModelDocument(Document):
    """A name that stands for a trained network."""

    name: str
    version: int = Field(description="The version that it stands for now.")
    job: str = Field(description="The job of that version.")
    created_at: datetime
    updated_at: datetime
    versions: tuple[ModelVersionDocument, ...]
    history: tuple[ModelChangeDocument, ...] = Field(
        description="Everything that was done to the name, in order."
    )
    links: NamedModelLinks


class NamedModelList(Document):
    """A page of names, by the alphabet."""

    data: tuple[NamedModelDocument, ...]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
