"""``/jobs/{id}/probes/charts/{chart}``: what happens inside a job's network, drawn."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.comparisons.side_by_side import chart_content
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.kept import Made
from api.http.media_types import CHART_IMAGES, CHARTS, VEGA_LITE
from api.http.negotiation import preferred_media_type
from api.http.parameters import JobPath, of_pattern
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.probes.diagnosis import spec_of
from api.probes.kept import kept_answer_about_job
from normlab.documents.charts import InsideChart
from normlab.errors import NotFoundError
from normlab.spec.measurements import Measured
from normlab.spec.probes import PROBES
from normlab.store import measurements
from normlab.store.jobs import rows
from normlab.store.jobs.rows import JobVersion

router = APIRouter(prefix="/jobs", tags=["probes"])

_SUFFIXES = {"json": VEGA_LITE, **{suffix: kind for kind, suffix in CHART_IMAGES.items()}}


@router.get(
    "/{job_id}/probes/charts/{chart}",
    summary="A chart of what happens inside the network",
    response_class=Response,
    responses={
        200: {"description": "The chart.", "content": {kind: {} for kind in CHARTS}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 409, 503),
    },
)
def get_inside_chart(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    chart: Annotated[
        str,
        Path(
            description=", ".join(f"`{name}`" for name in InsideChart),
            examples=["gradient_by_depth.png"],
            json_schema_extra=of_pattern(rf"({'|'.join(InsideChart)})(\.(png|svg|json))?"),
        ),
    ],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """As Vega-Lite, PNG or SVG: by `Accept`, or by the suffix `.json`, `.png` or `.svg`.

    404 for a chart of what was not measured, or does not apply to the network.
    """
    name, _, suffix = chart.partition(".")
    if name not in set(InsideChart) or (suffix and suffix not in _SUFFIXES):
        raise NotFoundError(
            f"there is no chart {chart!r}; there are {', '.join(InsideChart)}, each also with .png, .svg or .json"
        )
    media_type = _SUFFIXES.get(suffix) or preferred_media_type(request, CHARTS)
    return kept_answer_about_job(
        services,
        job_id,
        (name, media_type),
        lambda: _drawn(services, job_id, name, media_type),
        media_type=media_type,
        if_none_match=if_none_match,
        headers={"Vary": "Accept"},
    )


def _drawn(services: Services, job_id: str, name: str, media_type: str) -> Made:
    from normlab.analysis.charts import inside  # noqa: PLC0415 - altair takes a second
    from normlab.analysis.diagnosis.observed import Observed  # noqa: PLC0415 - with it

    with services.database.read() as session:
        job = rows.get(session, job_id)
        spec = spec_of(job)
        found = measurements.rows_of_jobs(session, [job_id], tuple(PROBES))[job_id]
    run = Observed(
        [Measured(r.step, r.epoch, r.probe, r.layer, r.statistic, r.value) for r in found], spec, ()
    )
    try:
        drawn = inside.CHARTS[name](run)
    except ValueError as error:
        raise NotFoundError(f"job {job_id} has no chart {name!r}: {error}") from None
    return Made(chart_content(drawn, media_type), JobVersion.of(job))
