"""What every error answer of the API must be."""

from typing import Any

import httpx


def assert_problem(response: httpx.Response, status: int, code: str, *sentences: str) -> dict[str, Any]:
    """The answer is a problem document with this status and code, whose detail holds the sentences."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == status
    assert problem["code"] == code
    for sentence in sentences:
        assert sentence in problem["detail"]
    return problem
