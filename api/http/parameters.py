"""Parameters that several routes take."""

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator

from api.http.ids import COMPARISON_ID, JOB_ID
from normlab.errors import NotFoundError
from normlab.store.identifiers import COMPARISON_ID_PATTERN, possible_id

NO_NUL = r"^[^\x00]*$"
"""Of texts that are looked for in the database: Postgres knows no NUL."""


JobId = Annotated[str, AfterValidator(possible_id)]
JobPath = Annotated[JobId, Path(description="The job's id.", examples=[JOB_ID])]


def _possible_comparison_id(comparison_id: str) -> str:
    if not re.fullmatch(COMPARISON_ID_PATTERN, comparison_id):
        raise NotFoundError(f"there is no comparison {comparison_id!r}")
    return comparison_id


ComparisonPath = Annotated[
    str,
    AfterValidator(_possible_comparison_id),
    Path(description="The comparison's id.", examples=[COMPARISON_ID]),
]
