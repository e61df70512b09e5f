"""``/comparisons/{id}/mechanism``: what differs inside the arms' networks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from api.comparisons.kept import Made, kept_answer
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.media_types import JSON
from api.http.parameters import ComparisonPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from normlab.comparisons import ComparedRuns
from normlab.comparisons.mechanism import mechanisms, why_none
from normlab.documents.mechanism import MechanismDocument, MechanismsDocument

if TYPE_CHECKING:
    from normlab.analysis import Mechanism

router = APIRouter(prefix="/comparisons", tags=["comparisons"])


@router.get(
    "/{comparison_id}/mechanism",
    summary="What differs inside the arms' networks",
    response_class=Response,
    responses={200: {"model": MechanismsDocument}, **NOT_MODIFIED, **error_answers(404, 503)},
)
def get_mechanism(
    services: ServicesDependency, comparison_id: ComparisonPath, if_none_match: IfNoneMatch = None
) -> Response:
    """For each quantity that probes measured, at each layer and point, the paired difference between two arms with its
    interval over the seeds; what differs first, and from when on.

    Claims are corrected for everything that was looked at. None of them is about a cause.
    """

    def make() -> Made:
        found = services.comparisons.assess(comparison_id)
        pairs = mechanisms_of(services, found.runs)
        document = MechanismsDocument(
            comparison=comparison_id,
            state=found.runs.comparison.state,
            pairs=tuple(MechanismDocument.model_validate(each.to_document()) for each in pairs),
            reason="" if pairs else why_none(found.runs),
        )
        return Made(document.model_dump_json(), found.version, found.lasting)

    return kept_answer(
        services, comparison_id, "mechanism", make, media_type=JSON, if_none_match=if_none_match
    )


def mechanisms_of(services: Services, runs: ComparedRuns) -> Sequence["Mechanism"]:
    """What differs inside the networks of each pair of a comparison's arms, as far as it was measured."""
    with services.database.read() as session:
        return mechanisms(session, runs)
