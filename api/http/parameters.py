"""Parameters that several routes take."""

import re
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator
from pydantic.config import JsonDict

from api.http.ids import COMPARISON_ID, JOB_ID
from normlab.errors import NotFoundError
from normlab.store.identifiers import COMPARISON_ID_PATTERN, ID_PART_PATTERN, JOB_ID_PATTERN, possible_id

NO_NUL = r"^[^\x00]*$"
"""Of texts that are looked for in the database: Postgres knows no NUL."""


IdPart = Annotated[
    str | None,
    Query(
        alias="id",
        pattern=f"^({ID_PART_PATTERN})$",
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
