"""Requests over httpx whose failures are all ``ServiceError``, with the service's own words."""

import ipaddress
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from normlab.documents.base import Document
from normlab.errors import Problem, ServiceError

Kind = TypeVar("Kind", bound=Document)

TIMEOUT = httpx.Timeout(60, connect=5)
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""Each job that is watched holds a connection, and any number may be: the service's own limit counts."""

LISTED_PROBLEMS = 3
"""How many of an unknown answer's deviations an error names."""


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
                f"{_without_password(base_url)!r} is no address of a service; one looks like "
                "http://127.0.0.1:8000.",
                code="bad_address",
            )
        # A proxy from the environment cannot reach this machine's own addresses.
        try:
            self._http = httpx.Client(
                base_url=url, timeout=TIMEOUT, limits=LIMITS, trust_env=not _is_local(url.host)
            )
        except (ImportError, ValueError, OSError) as error:
            raise ServiceError(_unusable_environment(error), code="bad_environment") from error

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
            ServiceError: The service refused it, failed, or did not answer (``status`` is then None), or the
                request holds what HTTP or JSON cannot, such as NaN.
        """
        request = self._built(method, path, **options)
        try:
            response = self._http.send(request)
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
        return self.read(kind, path, self.request(method, path, **options))

    def read(self, kind: type[Kind], path: str, response: httpx.Response) -> Kind:
        """The JSON of an answer as the kind of object it should be; ``ServiceError`` where it is something else."""
        try:
            return kind.read(response.content)
        except ValidationError as error:
            raise ServiceError(
                f"{_without_password(self.base_url)} answers {path} in a form that this client does not know "
                f"({_deviations(error)}): it is no Normlab service, or one of another version.",
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
        response = self._http.send(self._built("GET", path, headers=headers, timeout=timeout), stream=True)
        with closing(response):
            if response.is_error:
                response.read()
                raise service_error(response)
            yield response

    def _built(self, method: str, path: str, **options: Any) -> httpx.Request:
        try:
            return self._http.build_request(method, path, **options)
        except (TypeError, ValueError, httpx.InvalidURL) as error:
            raise ServiceError(f"This request cannot be sent: {error}.", code="bad_request") from error

    def unreachable(self, error: Exception) -> ServiceError:
        """The error for a service that does not answer."""
        if isinstance(error, httpx.LocalProtocolError):
            return ServiceError(f"This request cannot be sent: {error}.", code="bad_request")
        url = _without_password(self.base_url)
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            detail = f"The service at {url} did not answer in time."
        else:
            detail = (
                f"No Normlab service answers at {url}. Start one with `normlab up`, or set "
                "NORMLAB_URL to the address of one that runs."
            )
        return ServiceError(detail, code="unreachable")


def _without_password(url: str) -> str:
    """An address for a sentence, which ends in logs; it need not be a right one."""
    before, at, host = url.rpartition("@")
    scheme, separator, _ = before.partition("://")
    return f"{scheme + separator if separator else ''}…@{host}" if at else url


def path_of(*parts: str) -> str:
    """The path of a resource, such as a job's metrics. No part can lead anywhere else, whatever it contains."""
    if not all(parts):
        raise ServiceError("An id or a name is empty.", code="not_found")
    quoted = (quote(part, safe="", errors="replace") for part in parts)
    # "." and ".." mean something in a path, and quote leaves them as they are.
    return "".join(f"/{part.replace('.', '%2E') if not part.strip('.') else part}" for part in quoted)


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable_environment(error: Exception) -> str:
    if isinstance(error, ImportError):
        why = "it names a SOCKS proxy, for which the package socksio is missing (pip install socksio)"
    elif isinstance(error, OSError):
        why = f"SSL_CERT_FILE or SSL_CERT_DIR cannot be read ({error.strerror or error})"
    else:
        why = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or NO_PROXY is no address of a proxy"
    return f"The environment's settings for connections cannot be used: {why}. Correct or unset them."


def _deviations(error: ValidationError) -> str:
    """What is wrong with an answer, as ``totals.epochs: Field required``."""
    listed = error.errors(include_input=False, include_url=False, include_context=False)
    found = [f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in listed]
    more = f" and {len(found) - LISTED_PROBLEMS} more" if len(found) > LISTED_PROBLEMS else ""
    return "; ".join(found[:LISTED_PROBLEMS]) + more


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
