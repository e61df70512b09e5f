"""Parameters that several routes take."""

import re
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic.config import JsonDict

from api.http.ids import COMPARISON_ID, JOB_ID, SWEEP_ID, TRIAL_ID
from normlab.documents.identifiers import (
    COMPARISON_ID_PATTERN,
    ID_PART_PATTERN,
    JOB_ID_PATTERN,
    SWEEP_ID_PATTERN,
    TRIAL_ID_PATTERN,
)
from normlab.errors import NotFoundError
from normlab.spec.nearest import did_you_mean
from normlab.spec.presets import PRESETS
from normlab.spec.shown import listed, quoted, shown
from normlab.spec.text import Form
from normlab.store.identifiers import possible_id

Findable = Annotated[str, Form(r"^[^\x00]*$", "a text without the character NUL")]
"""A text that is looked for in the database: Postgres knows no NUL."""
JobCursor = Annotated[str, Form(f"^{JOB_ID_PATTERN}$", "the `next` of the page before")]
ComparisonCursor = Annotated[str, Form(f"^{COMPARISON_ID_PATTERN}$", "the `next` of the page before")]

SweepCursor = Annotated[str, Form(f"^{SWEEP_ID_PATTERN}$", "the `next` of the page before")]


TrialCursor = Annotated[str, Form(f"^{TRIAL_ID_PATTERN}$", "the `next` of the page before")]


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        if value not in _FLAGS:
            raise ValueError(f"should be true or false, not {shown(value)}")
        return _FLAGS[value]
    return value


_FLAGS = {"true": True, "false": False}
QueryFlag = Annotated[bool, BeforeValidator(_flag)]
"""A yes or no in the query, in JSON's spelling alone: FastAPI would also take ``on``, ``y`` and ``1``."""


def _known_preset(name: Any) -> Any:
    if isinstance(name, str) and name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise ValueError(f"there is no preset {quoted(name)}{hint}; the presets are {listed(PRESETS)}")
    return name


PresetName = Annotated[
    str,
    BeforeValidator(_known_preset),
    WithJsonSchema({"type": "string", "enum": list(PRESETS)}),
]


IdPart = Annotated[
    Annotated[str, Form(f"^({ID_PART_PATTERN})$", "the beginning or the end of an id")] | None,
    Query(
        alias="id",
        description="Ids that begin or end with this, to find one of which only a part is known.",
    ),
]


def of_pattern(pattern: str) -> JsonDict:
    """What the OpenAPI document says of a part of a path. FastAPI would answer 422 for what does not match; 404 is
    right.
    """
    return {"pattern": f"^{pattern}$"}


JobId = Annotated[str, AfterValidator(possible_id)]
JobPath = Annotated[
    JobId, Path(description="The job's id.", examples=[JOB_ID], json_schema_extra=of_pattern(JOB_ID_PATTERN))
]


def _possible_comparison_id(comparison_id: str) -> str:
    if re.fullmatch(JOB_ID_PATTERN, comparison_id):
        raise NotFoundError(
            f"there is no comparison {comparison_id!r}: that is a job's id, look at /jobs/{comparison_id}"
        )
    if not re.fullmatch(COMPARISON_ID_PATTERN, comparison_id):
        raise NotFoundError(f"there is no comparison {comparison_id!r}")
    return comparison_id


ComparisonPath = Annotated[
    str,
    AfterValidator(_possible_comparison_id),
    Path(
        description="The comparison's id.",
        examples=[COMPARISON_ID],
        json_schema_extra=of_pattern(COMPARISON_ID_PATTERN),
    ),
]


def _possible_trial_id(trial_id: str) -> str:
    if not re.fullmatch(TRIAL_ID_PATTERN, trial_id):
        raise NotFoundError(f"there is no trial {trial_id!r}")
    return trial_id


TrialPath = Annotated[
    str,
    AfterValidator(_possible_trial_id),
    Path(description="The trial's id.", examples=[TRIAL_ID], json_schema_extra=of_pattern(TRIAL_ID_PATTERN)),
]


def _possible_sweep_id(sweep_id: str) -> str:
    if not re.fullmatch(SWEEP_ID_PATTERN, sweep_id):
        raise NotFoundError(f"there is no sweep {sweep_id!r}")
    return sweep_id


SweepPath = Annotated[
    str,
    AfterValidator(_possible_sweep_id),
    Path(
        description="The sweep's id.",
        examples=[SWEEP_ID],
        json_schema_extra=of_pattern(SWEEP_ID_PATTERN),
    ),
]
