"""Evaluations, of which those on another dataset are made when somebody first asks for them."""

import time
from http import HTTPStatus
from typing import Any

import httpx

from normlab.client.formats import ChartFormat
from normlab.client.transport import Transport, path_of
from normlab.documents.evaluations import ChartKind, EvaluationDocument, PendingEvaluation, Split
from normlab.errors import ServiceError
from normlab.spec.dataset_names import dataset_named

TIMEOUT_SECONDS = 120.0
"""So long an evaluation is waited for unless somebody says otherwise."""


def evaluate(
    transport: Transport,
    job_id: str,
    *,
    split: Split | str,
    dataset: str | None,
    mistakes: int,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> EvaluationDocument:
    """Ask until the evaluation is there; see ``Client.evaluate``."""
    body = {**_body(split, dataset), "mistakes": mistakes}
    response = _made(transport, job_id, body, "application/json", timeout_seconds)
    return transport.read(EvaluationDocument, _url(job_id), response)


def chart(
    transport: Transport,
    job_id: str,
    kind: ChartKind,
    *,
    split: Split | str,
    dataset: str | None,
    chart_format: ChartFormat | str,
) -> bytes:
    """Ask until the evaluation is there, as a chart; see ``Client.confusion_chart``."""
    body = {**_body(split, dataset), "chart": kind}
    accept = ChartFormat(chart_format).media_type
    return _made(transport, job_id, body, accept, TIMEOUT_SECONDS).content


def _url(job_id: str) -> str:
    return path_of("jobs", job_id, "evaluate")


def _body(split: Split | str, dataset: str | None) -> dict[str, Any]:
    named = None if dataset is None else dataset_named(dataset)
    # A name alone is what services of earlier versions take, too.
    return {"split": Split(split), "dataset": named if named and "version" in named else dataset}


def _made(
    transport: Transport, job_id: str, body: dict[str, Any], accept: str, timeout_seconds: float
) -> httpx.Response:
    url, deadline = _url(job_id), time.monotonic() + timeout_seconds
    while True:
        response = transport.request("POST", url, json=body, headers={"Accept": accept})
        if response.status_code != HTTPStatus.ACCEPTED:
            return response
        wait = float(response.headers.get("Retry-After", 1))
        if time.monotonic() + wait > deadline:
            pending = transport.read(PendingEvaluation, url, response)
            raise ServiceError(
                f"The evaluation is still not made after {timeout_seconds:g} seconds: {pending.detail}.",
                code="timeout",
            )
        time.sleep(wait)
