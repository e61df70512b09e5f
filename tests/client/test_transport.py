"""What can go wrong between a client and a service is one exception with a sentence."""

from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from normlab.client import Client
from normlab.client.transport import path_of
from normlab.documents.jobs import JobDocument
from normlab.errors import Problem, ServiceError

ELSEWHERE = "http://normlab.invalid"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "SOCKS proxy, for which the package socksio is missing"),
        ("HTTP_PROXY", "gopher://127.0.0.1:1", "no address of a proxy"),
        ("SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_FILE or SSL_CERT_DIR cannot be read"),
    ],
)
def test_what_the_environment_says_of_connections_may_be_unusable(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ServiceError, match=message) as refused:
        Client(ELSEWHERE)
    assert refused.value.code == "bad_environment"
    for here in ("http://127.0.0.1:1", "http://127.0.0.2:1", "http://[::1]:1", "http://localhost:1"):
        Client(here).close()  # this machine is reached without any of it


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("key", ["clé", "two\nlines", "a\0b"])
def test_a_request_that_http_cannot_hold(key: str, client: Client) -> None:
    with pytest.raises(ServiceError, match="This request cannot be sent") as refused:
        client.submit("baseline", idempotency_key=key)
    assert refused.value.code == "bad_request"


def test_a_body_that_json_cannot_hold() -> None:
    with Client("http://127.0.0.1:1") as client:
        for value in (float("nan"), object()):
            with pytest.raises(ServiceError, match="This request cannot be sent") as refused:
                client.submit("baseline", training={"learning_rate": value})
            assert refused.value.code == "bad_request"


def test_no_part_of_a_path_leads_elsewhere() -> None:
    parts = ("a/b", "a?b=c", "a#b", "%2F", "..", ".", "é", "\ud800", "a.b")
    assert [path_of("jobs", part) for part in parts] == [
        "/jobs/a%2Fb",
        "/jobs/a%3Fb%3Dc",
        "/jobs/a%23b",
        "/jobs/%252F",
        "/jobs/%2E%2E",
        "/jobs/%2E",
        "/jobs/%C3%A9",
        "/jobs/%3F",
        "/jobs/a.b",
    ]
    with pytest.raises(ServiceError, match="is empty"):
        path_of("jobs", "")


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("name", ["..", ".", "x/../y", "?limit=1", "%2e%2e", "a b", "é"])
def test_an_id_that_cannot_be_one_is_not_found(name: str, client: Client) -> None:
    calls = (client.job, client.metrics, client.cancel, client.delete, client.model, client.comparisons.get)
    for call in calls:
        with pytest.raises(ServiceError) as refused:
            call(name)
        assert (refused.value.status, refused.value.code) == (404, "not_found"), call


@pytest.mark.xdist_group("service")
def test_more_jobs_can_be_watched_than_a_pool_of_connections_holds(
    client: Client, trained: tuple[JobDocument, JobDocument]
) -> None:
    watched = [client.events(trained[0].id) for _ in range(105)]
    for events in watched:
        next(events)  # from here on each holds a connection
    assert client.job(trained[0].id).id == trained[0].id
    assert all(len(list(islice(events, 3))) == 3 for events in watched)
    for events in watched:
        events.close()


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
def test_every_kind_of_image_that_the_service_takes_can_be_sent(
    suffix: str, client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    Image.new("L", (8, 8), 40).save(tmp_path / f"image{suffix}")
    [prediction] = client.predict(trained[1].id, tmp_path / f"image{suffix}")
    assert 0 <= prediction.probability <= 1


def test_what_an_error_says_it_says_once() -> None:
    problems = [Problem("", "this is no image"), Problem("/x", "this is no image")]
    assert (
        str(ServiceError("this is no image", problems=problems)) == "this is no image\n  /x: this is no image"
    )
