"""A comparison as an archive: what was asked, what was done, what came out, and all that is needed to do it again."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from normlab import analysis
from normlab.comparisons.assessment import Assessment
from normlab.comparisons.charts import ChartName, draw
from normlab.comparisons.report import html_report, markdown_report, request_again
from normlab.comparisons.runs import ComparedRuns
from normlab.spec.epochs import EpochMetrics, columns_of
from normlab.store import Job

FORMAT = 1
"""Of the manifest; a reader refuses one that it does not know."""

_README = """\
A comparison made with Normlab.

{summary}
report.html         what came out, for people (report.md: the same without images)
result.json         all figures
manifest.json       what was asked; each job's spec, seed, digests, environment and result
request.json        the body that asks for it
metrics.csv         every epoch of every job
mechanism.json      what differs inside the networks, and where
charts/             Vega-Lite specifications and SVG images

To run it again: `normlab reproduce` with this archive trains every job again and says whether the same came out.
request.json asks a service for the same comparison (POST /comparisons).
"""


def write_bundle(
    runs: ComparedRuns, assessment: Assessment, mechanisms: Sequence["analysis.Mechanism"] = ()
) -> bytes:
    """The archive. The same comparison gives the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in _files(runs, assessment, mechanisms):
            # Of a fixed time: a ZIP file cannot say "none".
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _files(
    runs: ComparedRuns, assessment: Assessment, mechanisms: Sequence["analysis.Mechanism"]
) -> Iterator[tuple[str, str | bytes]]:
    yield "README.txt", _README.format(summary=_summary(assessment))
    yield "request.json", _json(request_again(runs))
    yield "manifest.json", _json(_manifest(runs))
    yield "metrics.csv", _metrics(runs)
    if assessment.statistics is None:
        return
    yield "result.json", _json(assessment.statistics.to_document())
    yield "report.html", html_report(runs, assessment, mechanisms)
    yield "report.md", markdown_report(runs, assessment, mechanisms)
    if mechanisms:
        yield "mechanism.json", _json([mechanism.to_document() for mechanism in mechanisms])
    for name in ChartName:
        chart = draw(name, runs, assessment)
        if chart is not None:
            yield f"charts/{name}.vl.json", _json(chart)
            yield f"charts/{name}.svg", analysis.render(chart, "svg")


def _summary(assessment: Assessment) -> str:
    """The comparison in one sentence, and what was trained; nothing before the first pair."""
    if assessment.statistics is None:
        return ""
    document = assessment.statistics.to_document()
    setup = assessment.statistics.setup
    lines = [f"{field}: {value}" for field, value in setup.common.items()]
    for field, values in setup.by_arm.items():
        lines += [f"{field} of {arm}: {value}" for arm, value in values.items()]
    return "\n".join([document["headline"], "", *lines, ""])


def _manifest(runs: ComparedRuns) -> dict[str, Any]:
    comparison = runs.comparison
    return {
        "format": FORMAT,
        "comparison": comparison.id,
        "name": comparison.name,
        "state": comparison.state,
        "stop_reason": comparison.stop_reason,
        "created_at": comparison.created_at,
        "finished_at": comparison.finished_at,
        "question": comparison.question,
        "base_seed": comparison.base_seed,
        "verdicts": comparison.verdicts,
        "arms": [
            {"name": arm.name, "spec": arm.spec, "arm_digest": arm.arm_digest, "base_seed": arm.base_seed}
            for arm in comparison.arms
        ],
        "jobs": [
            {"arm": runs.arm_name(member), "seed": member.seed, "reused": member.reused, **_job(member.job)}
            for member in runs.members
        ],
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": job.state,
        "spec": job.spec,
        "spec_digest": job.spec_digest,
        "digests": job.digests,
        "environment": job.environment,
        "result": job.result,
        "error": job.error_code,
    }


def _metrics(runs: ComparedRuns) -> str:
    text = io.StringIO(newline="")
    rows = [
        {"arm": _text_cell(arm), "seed": run.seed, "job": run.job, **point.model_dump()}
        for arm, group in runs.arms.items()
        for run in group
        for point in run.epochs
    ]
    writer = csv.DictWriter(text, ["arm", "seed", "job", *columns_of(rows, EpochMetrics.model_fields)])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _text_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not take for a formula: names come from users.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.lstrip()[:1] in {"=", "+", "-", "@"} else text


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)
