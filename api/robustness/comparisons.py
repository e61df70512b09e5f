"""``/comparisons/{id}/robustness``: which arm stays more accurate when pictures are corrupted."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.comparisons.side_by_side import chart_content
from api.http.bodies import OptionalJsonBody, described_body, validated
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.kept import Made, kept_answer
from api.http.media_types import JSON
from api.http.negotiation import preferred_media_type
from api.http.parameters import ComparisonPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.robustness.requests import CHART_TYPES, OFFERED, RETRY_AFTER, InQuery, pending
from normlab.comparisons.robustness import Tried, ask, look_up, put_together
from normlab.documents.robustness import ComparisonRobustnessDocument, PendingRobustness
from normlab.errors import NotFoundError, StateError
from normlab.spec.robustness import RobustnessRequest
from normlab.store.jobs import workers

router = APIRouter(prefix="/comparisons", tags=["robustness"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ComparisonRobustnessDocument,
        "description": "The figures, or accuracy by severity as a chart.",
        "content": CHART_TYPES,
    },
    202: {
        "model": PendingRobustness,
        "description": "A worker tries the networks when somebody first asks, and has not ended yet.",
        "headers": RETRY_AFTER,
    },
}


@router.post(
    "/{comparison_id}/robustness",
    summary="Try the arms' networks on corrupted pictures",
    response_class=Response,
    responses={**_ANSWERS, **error_answers(400, 404, 406, 409, 410, 413, 415, 422, 503)},
    openapi_extra=described_body(RobustnessRequest, required=False),
)
def ask_about_robustness_of_arms(
    services: ServicesDependency, request: Request, comparison_id: ComparisonPath, body: OptionalJsonBody
) -> Response:
    """Accuracy of each arm on the same corrupted copies of the test set, and the difference of each pair of arms,
    paired by seed and by picture.

    A worker tries the networks when somebody first asks: 202, ask again after the seconds of `Retry-After`. The chart
    by `Accept`.
    """
    media_type = preferred_media_type(request, OFFERED)
    asked = validated(RobustnessRequest, body)
    with services.database.write() as session:
        error = ask(session, look_up(session, comparison_id, asked), asked)
        session.expire_all()
        tried = look_up(session, comparison_id, asked)
        force = workers.workforce(session)
    if error is not None:
        raise StateError(f"comparison {comparison_id} could not be tried on corrupted pictures: {error}")
    if tried.waiting:
        return pending(tried.waiting, force)
    return _answer(services, tried, asked, media_type, None)


@router.get(
    "/{comparison_id}/robustness",
    summary="What the arms' networks make of corrupted pictures",
    response_class=Response,
    responses={**_ANSWERS, **NOT_MODIFIED, **error_answers(404, 406, 409, 410, 422, 503)},
)
def get_robustness_of_arms(
    services: ServicesDependency,
    request: Request,
    comparison_id: ComparisonPath,
    asked: InQuery,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What was asked for with `POST`, by the same fields in the query; 404 if it was not asked for."""
    media_type = preferred_media_type(request, OFFERED)
    with services.database.read() as session:
        tried = look_up(session, comparison_id, asked)
        force = workers.workforce(session)
    if tried.unasked:
        raise NotFoundError(
            f"the networks of comparison {comparison_id} were not asked about these corrupted pictures: ask with POST"
        )
    if tried.waiting:
        return pending(tried.waiting, force)
    return _answer(services, tried, asked, media_type, if_none_match)


def _answer(
    services: Services,
    tried: Tried,
    asked: RobustnessRequest,
    media_type: str,
    if_none_match: str | None,
) -> Response:
    """The document or its chart, which change only when a network that failed is tried again."""
    version = tried.version

    def make() -> Made:
        document = put_together(services.artifacts, tried, asked)
        if media_type == JSON:
            return Made(document.model_dump_json(), version)
        from normlab.analysis.charts.robustness import of_arms  # noqa: PLC0415 - altair takes seconds

        return Made(chart_content(of_arms(document), media_type), version)

    return kept_answer(
        services,
        (tried.comparison.id, "robustness", tried.key, media_type),
        lambda: version,
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers={"Vary": "Accept"},
    )
