"""What can be asked of names and evaluations."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

from normlab.documents.evaluations import ChartKind, Split


class ModelReference(BaseModel):
    """What a name is to stand for."""

    model_config = ConfigDict(extra="forbid")

    job: str = Field(description="A job that has succeeded.")


class Rollback(BaseModel):
    """Which version a name is to stand for again."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Strict()] | None = Field(
        default=None, ge=1, description="Without it, the one before the present one."
    )


class EvaluationRequest(BaseModel):
    """What to evaluate on; `{}`, or no body, is a whole request."""

    model_config = ConfigDict(extra="forbid")

    dataset: str | None = Field(
        default=None,
        description=(
            "By default the one that the job was trained on; or a built-in one of the same shape and number of classes."
        ),
    )
    split: Split = Split.TEST
    mistakes: Annotated[int, Strict()] = Field(
        default=10, ge=0, le=50, description="So many of the most confident mistakes."
    )
    chart: ChartKind = Field(
        default=ChartKind.CONFUSION, description="Which chart an `Accept` for an image or Vega-Lite gets."
    )
