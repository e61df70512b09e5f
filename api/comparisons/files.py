"""What of a comparison can be taken away: charts, the report, and the bundle with which it can be repeated."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.comparisons.kept import Made, kept_answer
from api.comparisons.side_by_side import chart_content
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.media_types import CHART_IMAGES, CHARTS, HTML, MARKDOWN, VEGA_LITE, ZIP
from api.http.negotiation import preferred_media_type
from api.http.parameters import ComparisonPath, of_pattern
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.probes.mechanism import mechanisms_of
from normlab.comparisons import Assessed
from normlab.comparisons.bundle import write_bundle
from normlab.comparisons.charts import ChartName, draw
from normlab.comparisons.report import html_report, markdown_report
from normlab.errors import NotFoundError, StateError
from normlab.store.comparisons.version import Version

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

_SUFFIXES = {"json": VEGA_LITE, **{suffix: kind for kind, suffix in CHART_IMAGES.items()}}


@router.get(
    "/{comparison_id}/charts/{chart}",
    summary="A chart of a comparison",
    response_class=Response,
    responses={
        200: {"description": "The chart.", "content": {kind: {} for kind in CHARTS}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 409, 503),
    },
)
def get_chart(
    services: ServicesDependency,
    request: Request,
    comparison_id: ComparisonPath,
    chart: Annotated[
        str,
        Path(
            description=", ".join(f"`{name}`" for name in ChartName),
            examples=["learning_curves.png"],
            json_schema_extra=of_pattern(rf"({'|'.join(ChartName)})(\.(png|svg|json))?"),
        ),
    ],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """As Vega-Lite, PNG or SVG: by `Accept`, or by the suffix `.json`, `.png` or `.svg`.

    An arm has the same colour in all charts. 409 before the first pair is complete.
    """
    name, _, suffix = chart.partition(".")
    if name not in set(ChartName) or (suffix and suffix not in _SUFFIXES):
        raise NotFoundError(
            f"there is no chart {chart!r}; there are {', '.join(ChartName)}, each also with .png, .svg or .json"
        )
    media_type = _SUFFIXES.get(suffix) or preferred_media_type(request, CHARTS)

    def make() -> Made:
        found = _with_pairs(services, comparison_id)
        drawn = draw(ChartName(name), found.runs, found.assessment)
        if drawn is None:
            raise NotFoundError(f"this comparison has no chart {name!r}: {_WHY_NOT[ChartName(name)]}")
        return Made(chart_content(drawn, media_type), found.version, found.lasting)

    return kept_answer(
        services,
        comparison_id,
        (name, media_type),
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers={"Vary": "Accept"},
        of=_without_unfinished,
    )


def _without_unfinished(version: Version) -> bytes:
    """Charts and reports show runs that have succeeded: what others do meanwhile does not change them."""
    return version.statistics


_WHY_NOT = {
    ChartName.LEARNING_CURVES: "it has no pair",
    ChartName.FINAL_VALUES: "it has no pair",
    ChartName.PAIRED_DIFFERENCES: "it has no pair",
    ChartName.DIFFERENCE_CURVES: "it needs two pairs that were measured after each epoch",
    ChartName.TIME_TO_TARGET: "it has no target_accuracy, or a metric that is not measured after each epoch",
    ChartName.ACCURACY_AGAINST_COST: "its metric is no accuracy, or the seconds of its runs cannot be compared",
}


@router.get(
    "/{comparison_id}/report",
    summary="The report of a comparison",
    response_class=Response,
    responses={
        200: {"description": "One page with everything in it.", "content": {HTML: {}, MARKDOWN: {}}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 409, 503),
    },
)
def get_report(
    services: ServicesDependency,
    request: Request,
    comparison_id: ComparisonPath,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Verdict, caveats, charts, tables and how it was done, to be sent to a colleague: HTML that loads nothing,
    or Markdown by `Accept`.

    409 before the first pair is complete.
    """
    media_type = preferred_media_type(request, (HTML, MARKDOWN))

    def make() -> Made:
        found = _with_pairs(services, comparison_id)
        write = html_report if media_type == HTML else markdown_report
        inside = mechanisms_of(services, found.runs)
        return Made(write(found.runs, found.assessment, inside), found.version, found.lasting)

    # Names are other people's text: nothing in the page may run, whatever they contain.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    headers = {"Vary": "Accept", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return kept_answer(
        services,
        comparison_id,
        ("report", media_type),
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers=headers,
        of=_without_unfinished,
    )


@router.get(
    "/{comparison_id}/bundle",
    summary="Everything of a comparison in an archive",
    response_class=Response,
    responses={
        200: {"description": "A ZIP archive.", "content": {ZIP: {}}},
        **NOT_MODIFIED,
        **error_answers(404, 409, 503),
    },
)
def get_bundle(
    services: ServicesDependency, comparison_id: ComparisonPath, if_none_match: IfNoneMatch = None
) -> Response:
    """Specs, seeds, digests, environments, all metrics as CSV, charts and the report.

    `normlab reproduce bundle.zip` trains all of it again and says whether the same came out. 409 before the first
    pair is complete.
    """

    def make() -> Made:
        found = _with_pairs(services, comparison_id, every_state=True)
        inside = mechanisms_of(services, found.runs)
        return Made(write_bundle(found.runs, found.assessment, inside), found.version, found.lasting)

    disposition = f'attachment; filename="{comparison_id}.zip"'
    return kept_answer(
        services,
        comparison_id,
        "bundle",
        make,
        media_type=ZIP,
        if_none_match=if_none_match,
        headers={"Content-Disposition": disposition},
    )


def _with_pairs(services: Services, comparison_id: str, *, every_state: bool = False) -> Assessed:
    """A comparison that has something to show, with what its runs say."""
    found = services.comparisons.assess(comparison_id, every_state=every_state)
    if found.assessment.statistics is None:
        why = found.assessment.error or "It has no complete pair to show."
        raise StateError(f"comparison {comparison_id} is {found.runs.comparison.state}. {why}")
    return found
