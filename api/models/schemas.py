"""What can be asked of names and evaluations."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

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


class OtherDataset(BaseModel):
    """A dataset by its name, as a job's spec has it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    version: Annotated[int, Strict()] | None = Field(
        default=None, ge=1, description="Of a dataset that was added; without it the newest."
    )


def _by_name(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


class EvaluationRequest(BaseModel):
    """What to evaluate on; `{}`, or no body, is a whole request."""

    model_config = ConfigDict(extra="forbid")

    dataset: (
        Annotated[OtherDataset, BeforeValidator(_by_name, json_schema_input_type=str | OtherDataset)] | None
    ) = Field(
        default=None,
        description=(
            "By default the one that the job was trained on; or another one of the same shape and number of classes: "
            'its name, or `{"name": "parts", "version": 1}`.'
        ),
    )
    split: Split = Split.TEST
    mistakes: Annotated[int, Strict()] = Field(
        default=10,
        ge=0,
        le=50,
        description="So many of the most confident mistakes, or of the largest errors.",
    )
    chart: ChartKind | None = Field(
        default=None,
        description=(
            "Which chart an `Accept` for an image or Vega-Lite gets; by default the confusion matrix, or predicted "
            "against right numbers."
        ),
    )
