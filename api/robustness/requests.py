"""What is asked, in a body or in a query, and what the answer says while a worker is at it."""

from typing import Annotated

from fastapi import Depends, Query, Response

from api.http.media_types import CHARTS, JSON
from api.models.downloads import LOOK_AGAIN_SECONDS, when_to_ask_again
from normlab.documents.robustness import PendingRobustness
from normlab.spec.robustness import MAX_SAMPLES, SEVERITIES, CorruptionName, RobustnessRequest
from normlab.store.jobs.workers import Workforce

OFFERED = (JSON, *CHARTS)
CHART_TYPES: dict[str, dict[str, object]] = {kind: {} for kind in CHARTS}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


async def _in_query(
    corruptions: Annotated[
        list[CorruptionName] | None, Query(description="Which, repeated for several; by default all.")
    ] = None,
    severities: Annotated[
        list[Annotated[int, Query(ge=1, le=5)]] | None,
        Query(description="How much, 1 to 5, repeated for several; by default each."),
    ] = None,
    samples: Annotated[
        int | None, Query(ge=2, le=MAX_SAMPLES, description="Of how many pictures, as it was asked for.")
    ] = None,
    seed: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> RobustnessRequest:
    return RobustnessRequest(
        corruptions=tuple(dict.fromkeys(corruptions or CorruptionName)),
        severities=tuple(dict.fromkeys(severities or SEVERITIES)),
        samples=samples,
        seed=seed,
    )


InQuery = Annotated[RobustnessRequest, Depends(_in_query)]
"""The same fields as in the body of a ``POST``."""


def pending(jobs: tuple[str, ...], force: Workforce) -> Response:
    """202: some networks have yet to be tried."""
    how = f"a worker tries {len(jobs)} network{'s' * (len(jobs) > 1)} on corrupted pictures"
    document = PendingRobustness(jobs=jobs, detail=when_to_ask_again(how, force))
    again = {"Retry-After": str(LOOK_AGAIN_SECONDS)}
    return Response(document.model_dump_json(), status_code=202, headers=again, media_type=JSON)
