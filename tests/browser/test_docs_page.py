"""``/docs`` in a real browser, offline: every example of every call, pressed as it is on a fresh service."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.chromium import browsing
from support.workers import wait_until

PRESSED_LAST = ("rollback", "DELETE")
"""Parts of calls after which others would not find what they need."""


class DocsPage:
    """The page, and what went wrong on it."""

    def __init__(self, page: Any, url: str) -> None:
        self._page = page
        self._url = url
        self.wrong: list[str] = []
        self.asked_elsewhere: list[str] = []
        self.pressed: set[str] = set()
        page.on(
            "console", lambda message: self.wrong.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._look)

    def _look(self, request: Any) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.asked_elsewhere.append(request.url)

    def load(self) -> None:
        """Load it anew: its examples are of what there is now."""
        self._page.goto(f"{self._url}/docs")
        self._page.wait_for_selector(".trying .opblock")

    def note(self) -> str:
        return self._page.text_content("#note")

    def press(self, call: str) -> None:
        """Open a call, press its button, and see that it succeeds."""
        method, path = call.split()
        block = self._page.locator(
            f".opblock-{method.lower()}", has=self._page.locator(f'[data-path="{path}"]')
        )
        if block.locator(".execute").count() == 0:
            block.locator(".opblock-summary-control").click()
        with self._page.expect_response(lambda answer: answer.request.method == method) as answered:
            block.locator(".execute").click()
        answer = answered.value
        assert answer.status < 300, (call, answer.url, answer.status, answer.text())
        shown = block.locator(".live-responses-table tbody .response-col_status").first
        shown.wait_for()
        assert shown.text_content().strip().startswith(str(answer.status)), call
        self.pressed.add(call)
        block.locator(".opblock-summary-control").click()


@pytest.fixture
def docs(fresh_service, tmp_path: Path) -> Iterator[DocsPage]:
    with browsing(tmp_path / "profile") as page:
        yield DocsPage(page, str(fresh_service.http.base_url).rstrip("/"))


def newest(http: Any, path: str, state: str) -> Callable[[], bool]:
    return lambda: bool(http.get(path, params={"state": state}).json()["data"])


@pytest.mark.nightly  # most of a minute, for the same reason
def test_a_first_job_is_made_looked_at_and_cancelled(docs):
    docs.load()
    docs.press("POST /jobs")
    docs.load()
    for call in ("GET /jobs", "GET /jobs/{job_id}", "POST /jobs/{job_id}/cancel"):
        docs.press(call)
    assert docs.wrong == []
    assert docs.asked_elsewhere == []


@pytest.mark.nightly  # a minute and a half of a browser's drawing
@pytest.mark.timeout(1200)
def test_every_example_succeeds_as_it_is(fresh_service, docs):
    http = fresh_service.http
    calls = [
        f"{method.upper()} {path}"
        for path, methods in http.get("/openapi.json").json()["paths"].items()
        for method in methods
    ]
    docs.load()
    assert "POST /jobs first" in docs.note()
    docs.press("POST /jobs")
    docs.press("POST /comparisons")
    docs.load()
    docs.press("POST /jobs/{job_id}/cancel")
    docs.press("POST /comparisons/{comparison_id}/cancel")
    docs.load()
    docs.press("DELETE /comparisons/{comparison_id}")
    docs.press("POST /jobs/{job_id}/retry")
    docs.press("POST /comparisons")
    with fresh_service.work.worker():
        wait_until(newest(http, "/comparisons", "finished"), 240)
        wait_until(newest(http, "/jobs", "succeeded"))
        docs.load()
        assert "newest job" in docs.note()
        docs.press("PUT /models/{name}")
        docs.press("POST /jobs")
        wait_until(lambda: not newest(http, "/jobs", "queued")() and not newest(http, "/jobs", "running")())
        docs.load()
        docs.press("PUT /models/{name}")
        docs.load()
        for call in calls:
            if call not in docs.pressed and not any(part in call for part in PRESSED_LAST):
                docs.press(call)
        docs.press("POST /models/{name}/rollback")
    docs.load()
    docs.press("DELETE /models/{name}/versions/{version}")
    docs.press("DELETE /models/{name}")
    docs.press("DELETE /jobs/{job_id}")
    assert set(calls) == docs.pressed
    assert docs.wrong == []
    assert docs.asked_elsewhere == []


def test_the_page_can_be_read_without_scripts(fresh_service):
    page = fresh_service.http.get("/docs")
    assert "<code>/jobs/{job_id}/predict</code>" in page.text
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")
