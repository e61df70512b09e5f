"""What /v1 and /v2 answer when the database is away, or when something is wrong inside."""

from collections.abc import Iterator

import pytest

from normlab.predictions.resolver import ModelResolver
from normlab.settings import Settings
from normlab.store import ArtifactStore
from support.databases import PostgresDatabases
from support.postgres import PostgresServer
from support.problems import assert_problem
from support.serving import serving

BODIES = {
    "/v1/models/{}:predict": {"instances": [[0] * 64]},
    "/v2/models/{}/infer": {
        "inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 64], "data": [0] * 64}]
    },
}
LOOKS = (
    "/v1/models/{}",
    "/v1/models/{}/metadata",
    "/v2/models/{}",
    "/v2/models/{}/ready",
)


def assert_plain_error(response, status: int, sentence: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert sentence in response.json()["error"]


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that can be stopped without harm to other tests."""
    server = PostgresServer()
    server.start()
    yield server
    server.close()


def test_without_the_database_both_protocols_say_503_in_their_form(
    own_postgres, make_service, tmp_path, redis_server
):
    with PostgresDatabases(own_postgres).fresh() as database:
        settings = Settings(
            data_dir=tmp_path,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=redis_server.broker_url,
            maintenance_seconds=3600,
        )
        with serving(settings) as http:
            service = make_service(http, database, ArtifactStore(settings.resolved_artifacts_url), tmp_path)
            used, unused = service.succeeded().id, service.succeeded().id
            for path, body in BODIES.items():
                assert http.post(path.format(used), json=body).status_code == 200
            own_postgres.stop()
            for job in (used, unused):
                for path, body in BODIES.items():
                    response = http.post(path.format(job), json=body)
                    assert_plain_error(response, 503, "the database does not answer")
                    assert response.headers["retry-after"] == "2"
                for path in LOOKS:
                    assert_plain_error(http.get(path.format(job)), 503, "the database does not answer")
            health = http.get("/v2/health/ready")
            assert (health.status_code, health.json()["ready"]) == (503, False)
            assert "database: does not answer" in health.json()["error"]
            assert_plain_error(http.post("/v2/repository/index"), 503, "the database does not answer")
            assert_problem(http.get(f"/jobs/{used}"), 503, "database_unavailable")
            assert http.get("/v2/health/live").json() == {"live": True}
            own_postgres.start()
            for path, body in BODIES.items():
                assert http.post(path.format(used), json=body).status_code == 200


def test_a_fault_inside_is_told_in_the_protocols_form(service, http, monkeypatch, caplog):
    job = service.succeeded()
    monkeypatch.setattr(ModelResolver, "find", lambda *_: 1 / 0)
    for path, body in BODIES.items():
        response = http.post(path.format(job.id), json=body, headers={"X-Request-ID": "broken"})
        assert_plain_error(response, 500, "something went wrong inside Normlab")
        assert response.headers["x-request-id"] == "broken"
    assert_plain_error(http.get(f"/v1/models/{job.id}"), 500, "its log says what")
    assert "ZeroDivisionError" in caplog.text
    assert "failed (request broken)" in caplog.text
