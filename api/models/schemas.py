"""What the API answers about models by name."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.jobs.schemas import Answer
from api.models import examples
from normlab.store import ModelChangeKind


class ModelReference(BaseModel):
    """What a name is to stand for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.MODEL_REFERENCE]})

    job: str = Field(description="A job that has succeeded.")


class Rollback(BaseModel):
    """Which version a name is to stand for again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.ROLLBACK]})

    version: int | None = Field(default=None, ge=1, description="Without it, the one before the present one.")


class ModelVersionDocument(Answer):
    """A job that the name stands for or stood for."""

    version: int = Field(description="Counted from 1; never given twice.")
    job: str
    created_at: datetime


class ModelChangeDocument(Answer):
    """Something that was done to the name."""

    number: int
    change: ModelChangeKind
    version: int
    at: datetime


class NamedModelLinks(Answer):
    """Where the model answers."""

    self: str
    job: str
    predict: str
    open_inference: str
    tensorflow_serving: str


class NamedModelDocument(Answer):
    """A name that stands for a trained network."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NAMED_MODEL]})

    name: str
    version: int = Field(description="The version that it stands for now.")
    job: str = Field(description="The job of that version.")
    created_at: datetime
    updated_at: datetime
    versions: list[ModelVersionDocument]
    history: list[ModelChangeDocument] = Field(description="Everything that was done to the name, in order.")
    links: NamedModelLinks


class NamedModelList(Answer):
    """A page of names, by the alphabet."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NAMED_MODELS]})

    data: list[NamedModelDocument]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
