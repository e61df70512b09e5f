"""What holds for every request, on both lanes, whatever it asks for."""

import socket
from typing import Any

import httpx
import pytest

from api.http.hosts import AllowedHosts
from normlab.errors import SetupError
from support.problems import assert_problem

LANES = ("/jobs", "/v1/models/nothing", "/v2/models/nothing", "/nowhere")


def assert_error(response: httpx.Response, status: int, code: str, sentence: str) -> None:
    """The error in the form that its path's protocol prescribes."""
    if response.request.url.path.startswith(("/v1", "/v2")):
        assert response.status_code == status, response.text
        assert list(response.json()) == ["error"]
        assert sentence in response.json()["error"]
    else:
        assert_problem(response, status, code, sentence)


@pytest.mark.parametrize("path", LANES)
def test_a_name_that_was_rebound_is_refused(http, path):
    for host in (
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "a b",
    ):
        response = http.get(path, headers={"Host": host})
        assert_error(response, 421, "unknown_host", "NORMLAB_ALLOWED_HOSTS")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1234", "app.localhost", "127.0.0.1", "[::1]:80", "10.1.2.3"]
)
def test_this_machine_and_addresses_need_not_be_named(http, host):
    assert http.get("/healthz", headers={"Host": host}).status_code == 200


def test_names_are_allowed_by_the_setting(tmp_path, broker_url, serve):
    names = "Lab.example.org, *.wild.example"
    with serve(data_dir=tmp_path, broker_url=broker_url, allowed_hosts=names) as http:
        for host, status in (("lab.example.org.", 200), ("a.wild.example:80", 200), ("wild.example", 421)):
            assert http.get("/healthz", headers={"Host": host}).status_code == status, host


def test_a_star_allows_every_name():
    assert AllowedHosts(("*",)).allows(b"anything.example")


def test_many_names_are_not_remembered_for_ever():
    hosts = AllowedHosts(())
    for port in range(2000):
        assert hosts.allows(b"localhost:%d" % port)
    assert len(hosts._remembered) <= 256


def test_http_1_1_without_a_host_is_refused(http):
    answer = ask(http, b"GET /healthz HTTP/1.1\r\n\r\n")
    assert b"400 Bad Request" in answer
    assert b"the header Host is missing" in answer
    assert b"200 OK" in ask(http, b"GET /healthz HTTP/1.0\r\n\r\n")


def test_two_hosts_are_refused(http):
    answer = ask(http, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert b"400 Bad Request" in answer
    assert b"stands twice" in answer


def ask(http: httpx.Client, request: bytes) -> bytes:
    with socket.create_connection((http.base_url.host, http.base_url.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[oops"},
    ],
)
def test_a_page_elsewhere_changes_nothing(service, http, headers):
    job = service.create()
    for path in (f"/jobs/{job.id}/cancel", f"/jobs/{job.id}/retry", "/v2/repository/index"):
        assert_error(http.post(path, headers=headers), 403, "cross_site", "a web page elsewhere")
    assert_problem(http.delete(f"/jobs/{job.id}", headers=headers), 403, "cross_site")
    assert http.get(f"/jobs/{job.id}", headers=headers).json()["state"] == "queued"


def test_pages_of_the_service_itself_and_programs_may_ask(service, http):
    own = f"{http.base_url.host}:{http.base_url.port}"
    for headers in (
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": f"http://{own}"},
        {},
    ):
        assert http.post(f"/jobs/{service.create().id}/cancel", headers=headers).is_success


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/v2", "/v1/models/nothing", "/docs"])
def test_every_answer_has_the_headers_of_the_guard(http, path):
    response = http.get(path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert len(response.headers.get_list("content-security-policy")) == 1


def test_a_requests_id_comes_back(http):
    for path in LANES:
        assert http.get(path, headers={"X-Request-ID": "mine-1.2_3"}).headers["x-request-id"] == "mine-1.2_3"
    made = [http.get("/healthz", headers={"X-Request-ID": given}) for given in ("", "a b", "x" * 129, "<b>")]
    ids = {response.headers["x-request-id"] for response in made}
    assert len(ids) == 4
    assert not ids & {"", "a b", "x" * 129, "<b>"}


@pytest.mark.parametrize(
    "path", ["/jobs", "/jobs/{}/cancel", "/jobs/{}/predict", "/v1/models/{}:predict", "/v2/models/{}/infer"]
)
def test_compressed_bodies_are_refused_alike(service, http, path):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = http.post(path.format(service.create().id), content=b"\x1f\x8b", headers=headers)
    assert_error(response, 415, "unsupported_media_type", "without Content-Encoding")
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("path", LANES)
def test_too_many_headers_are_refused(http, path):
    headers = {f"X-{number}": "1" for number in range(100)}
    assert_error(http.get(path, headers=headers), 431, "headers_too_large", "more than 100 headers")


def head_and_get(http: httpx.Client, path: str, **options: Any) -> tuple[httpx.Response, httpx.Response]:
    return http.head(path, **options), http.get(path, **options)


def test_head_is_get_without_a_body(service, http):
    job = service.succeeded()
    for path in (
        "/jobs",
        f"/jobs/{job.id}",
        "/v2/health/live",
        f"/v1/models/{job.id}",
        "/docs",
        "/openapi.json",
        "/x",
    ):
        head, get = head_and_get(http, path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        for name in ("content-type", "content-length"):
            assert head.headers[name] == get.headers[name], path


def test_head_of_what_would_go_on_ends(service, http):
    job = service.start()
    head = http.head(f"/jobs/{job.id}/events", timeout=5)
    assert head.headers["content-type"].startswith("text/event-stream")
    assert http.head(f"/jobs/{service.succeeded().id}/model/keras").headers["content-length"] == "1200000"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/jobs", "GET, HEAD, POST"),
        ("PATCH", "/jobs/{}", "DELETE, GET, HEAD"),
        ("GET", "/jobs/{}/predict", "POST"),
        ("HEAD", "/jobs/{}/cancel", "POST"),
        ("POST", "/models/some", "DELETE, GET, HEAD, PUT"),
        ("DELETE", "/v2/models/some", "GET, HEAD"),
        ("GET", "/v2/models/some/infer", "POST"),
        ("GET", "/v1/models/some:predict", "POST"),
        ("POST", "/v1/models/some", "GET, HEAD"),
        ("OPTIONS", "/comparisons", "GET, HEAD, POST"),
        ("DELETE", "/docs", "GET, HEAD"),
    ],
)
def test_a_wrong_method_says_what_is_possible(service, http, method, path, allow):
    response = http.request(method, path.format(service.create().id))
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    if method != "HEAD":
        assert_error(response, 405, "method_not_allowed", f"possible is {allow}")


@pytest.mark.parametrize("path", ["/v1", "/v1/models", "/v2/x", "/v2/models/a/b/c"])
def test_what_is_not_there_is_told_in_the_protocols_form(http, path):
    assert_error(http.get(path), 404, "", "there is nothing at")


@pytest.mark.parametrize("is_stripped", [True, False])
def test_a_prefix_of_a_proxy_stands_before_every_address(
    tmp_path, broker_url, sqlite_database, serve, is_stripped
):
    url = sqlite_database.url.render_as_string(hide_password=False)
    before = "" if is_stripped else "/lab"
    settings = {"data_dir": tmp_path, "database_url": url, "broker_url": broker_url, "root_path": "/lab/"}
    with serve(**settings) as http:
        assert http.get(f"{before}/").json()["links"]["jobs"] == "/lab/jobs"
        job = http.post(f"{before}/jobs", json={"architecture": "baseline"})
        place = f"/lab/jobs/{job.json()['id']}"
        assert job.headers["location"] == job.json()["links"]["self"] == place
        assert http.get(place.removeprefix("/lab") if is_stripped else place).status_code == 200
        http.post(f"{before}/jobs", json={"architecture": "baseline"})
        page = http.get(f"{before}/jobs?limit=1")
        assert page.headers["link"].startswith("</lab/jobs?")
        assert "/lab/openapi.json" in http.get(f"{before}/docs").text
        assert http.get(f"{before}/openapi.json").json()["servers"] == [{"url": "/lab"}]
        assert list(http.get(f"{before}/v2/models/x").json()) == ["error"]
        assert "there is nothing at /nowhere" in http.get(f"{before}/nowhere").json()["detail"]
        assert http.get(f"{before}/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("root_path", ["lab", "/a b", "/a//b", "/<x>"])
def test_a_prefix_that_is_no_path_is_refused(serve, root_path):
    with (
        pytest.raises(SetupError, match="NORMLAB_ROOT_PATH: must be a path such as /normlab"),
        serve(root_path=root_path),
    ):
        pass
