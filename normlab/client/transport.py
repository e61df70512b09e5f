"""Requests over httpx whose failures are all ``ServiceError``, with the service's own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from normlab.documents.base import Document
from normlab.errors import Problem, ServiceError

Kind = TypeVar("Kind", bound=Document)

TIMEOUT = httpx.Timeout(60, connect=5)


class Transport:
    """One service, reached through a pool of connections. Safe to use from several threads."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        try:
            url = httpx.URL(self.base_url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in {"http", "https"} or not url.host:
            raise ServiceError(
                f"{base_url!r} is no address of a service; one looks like http://127.0.0.1:8000.",
                code="bad_address",
            )
        # A proxy from the environment cannot reach this machine's own addresses.
        local = url.host in {"localhost", "127.0.0.1", "::1"}
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=not local)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, once, and return the answer.

        Raises:
            ServiceError: The service refused it, failed, or did not answer (``status`` is then None).
        """
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise self.unreachable(error) from error
        if response.is_error:
            raise service_error(response)
        return response

    def fetch(self, kind: type[Kind], method: str, path: str, **options: Any) -> Kind:
        """Send one request, and return its JSON answer as the kind of object it should be.

        Raises:
            ServiceError: As for ``request``; also when what answers is something else than a Normlab service.
        """
        response = self.request(method, path, **options)
        try:
            return kind.read(response.content)
        except ValidationError as error:
            raise ServiceError(
                f"{self.base_url} answers {path} in a form that this client does not know "
                f"({error.error_count()} fields): it is no Normlab service, or one of another version.",
                code="unknown_answer",
            ) from error

    @contextmanager
    def stream(self, path: str, *, headers: dict[str, str], read_timeout: float) -> Iterator[httpx.Response]:
        """Open a GET whose answer is read piece by piece. A broken connection is left to the caller to see.

        Raises:
            ServiceError: The service refused it or failed.
            httpx.TransportError: The connection could not be made, or broke.
        """
        timeout = httpx.Timeout(read_timeout, connect=5)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
                raise service_error(response)
            yield response

    def unreachable(self, error: Exception) -> ServiceError:
        """The error for a service that does not answer."""
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            detail = f"The service at {self.base_url} did not answer in time."
        else:
            detail = (
                f"No Normlab service answers at {self.base_url}. Start one with `normlab up`, or set "
                "NORMLAB_URL to the address of one that runs."
            )
        return ServiceError(detail, code="unreachable")


def service_error(response: httpx.Response) -> ServiceError:
    """The service's refusal as an exception, from its problem details (RFC 9457) where it gave some."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    problems = [
        Problem(str(entry.get("pointer", "")), str(entry.get("detail", "")))
        for entry in body.get("errors") or []
        if isinstance(entry, dict)
    ]
    request = response.request
    detail = str(
        body.get("detail")
        or body.get("title")
        or f"{request.method} {request.url.path} was answered with {response.status_code}."
    )
    if problems and detail == "; ".join(map(str, problems)):  # ServiceError lists them itself
        detail = "The service refuses this request:"
    code = str(body.get("code") or "internal")
    return ServiceError(detail, code=code, status=response.status_code, problems=problems)
