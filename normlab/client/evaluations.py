"""Evaluations, of which those on another dataset are made when somebody first asks for them."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from normlab.client.transport import Transport, path_of
from normlab.documents.evaluations import EvaluationDocument, PendingEvaluation
from normlab.errors import ServiceError


def evaluate(
    transport: Transport, job_id: str, body: Mapping[str, Any], *, timeout_seconds: float
) -> EvaluationDocument:
    """Ask until the evaluation is there; see ``Client.evaluate``."""
    url, deadline = path_of("jobs", job_id, "evaluate"), time.monotonic() + timeout_seconds
    while True:
        response = transport.request("POST", url, json=body)
        if response.status_code != HTTPStatus.ACCEPTED:
            return transport.read(EvaluationDocument, url, response)
        wait = float(response.headers.get("Retry-After", 1))
        if time.monotonic() + wait > deadline:
            pending = transport.read(PendingEvaluation, url, response)
            raise ServiceError(
                f"The evaluation is still not made after {timeout_seconds:g} seconds: {pending.detail}.",
                code="timeout",
            )
        time.sleep(wait)
