"""What no protocol may take: each answers in its own form, soon, and without filling the memory."""

import io
import json
from collections.abc import Callable

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from normlab.store import FailureCode, Job
from normlab.store.jobs import endings, jobs
from support.images import png
from support.problems import assert_problem

WAYS = ("/jobs/{}/predict", "/v2/models/{}/infer", "/v1/models/{}:predict")
GOOD = {
    WAYS[0]: {"instances": [[0] * 64]},
    WAYS[1]: {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 64], "data": [0] * 64}]},
    WAYS[2]: {"instances": [[0] * 64]},
}


def assert_refused(response: httpx.Response, way: str, status: int, code: str, sentence: str) -> None:
    if way == WAYS[0]:
        assert_problem(response, status, code, sentence)
    else:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        assert list(response.json()) == ["error"]
        assert sentence in response.json()["error"]


def failed(service) -> Job:
    job = service.start()
    with service.database.write() as session:
        assert endings.fail(session, job.id, job.attempt, FailureCode.NAN_LOSS, "the loss is NaN")
    return job


def cancelled(service) -> Job:
    job = service.create()
    with service.database.write() as session:
        jobs.request_cancel(session, job.id)
    return job


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("state", "make"),
    [
        ("queued", lambda service: service.create()),
        ("running", lambda service: service.start()),
        ("failed", failed),
        ("cancelled", cancelled),
    ],
)
def test_a_job_that_has_not_succeeded_says_its_state(service, http, way, state, make):
    response = http.post(way.format(make(service).id), json=GOOD[way])
    sentence = f"is {state}: only a job that has succeeded can predict"
    assert_refused(response, way, 409, "wrong_state", sentence)


@pytest.mark.parametrize("way", WAYS)
def test_a_body_over_the_limit_is_refused(service, http, way):
    content = json.dumps(GOOD[way]).encode().ljust(100_001)
    headers = {"Content-Type": "application/json"}
    path = way.format(service.succeeded().id)
    response = http.post(path, content=content, headers=headers)
    assert_refused(response, way, 413, "body_too_large", "the limit of 100000 bytes")
    assert http.post(path, content=content[:100_000], headers=headers).status_code == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", '"7"', "null", "true", "-1", "17"]
)
def test_what_is_no_pixel_value_is_refused(service, http, way, number):
    content = json.dumps(GOOD[way]).replace("0, 0, 0, 0", f"0, 0, {number}, 0", 1)
    assert number in content
    response = http.post(
        way.format(service.succeeded().id), content=content, headers={"Content-Type": "application/json"}
    )
    status = 422 if way == WAYS[0] else 400
    sentence = {
        "NaN": "NaN and infinity are no pixel values",
        "Infinity": "NaN and infinity are no pixel values",
        "-Infinity": "NaN and infinity are no pixel values",
        "1e999": "not valid JSON",
        '"7"': "a pixel must be a number, not a string",
        "null": "a pixel must be a number, not null",
        "true": "a pixel must be a number, not a boolean",
    }.get(number, f"{number} is not a raw pixel value of this dataset, 0 to 16")
    assert_refused(response, way, status, "invalid_instances", sentence)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 17])
def test_what_is_no_pixel_value_is_refused_in_binary_tensors(service, http, value):
    pixels = np.zeros(64, "<f4")
    pixels[5] = value
    given = {"name": "pixels", "datatype": "FP32", "shape": [1, 64], "parameters": {"binary_data_size": 256}}
    head = json.dumps({"inputs": [given]}).encode()
    response = http.post(
        WAYS[1].format(service.succeeded().id),
        content=head + pixels.tobytes(),
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert_refused(response, WAYS[1], 400, "", "not raw pixel values of this dataset, 0 to 16")


def animated(image_format: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white")]
    frames[0].save(file, image_format, save_all=True, append_images=frames[1:])
    return file.getvalue()


def lying_npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((2, 64), np.uint8))
    return file.getvalue().replace(b"(2, 64), }      ", b"(90000000, 64)} ")


def object_npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object))
    return file.getvalue()


BAD = {
    "a bomb: 60 MB of black in 60 KB": ("image/png", png(8000, 8000, bytes(8000 * 8001)), "is too large"),
    "a bomb of which only the header is there": ("image/png", png(60_000, 60_000, b""), "is too large"),
    "an animated PNG": ("image/png", animated("PNG"), "is animated"),
    "an animated WebP": ("image/webp", animated("WEBP"), "is animated"),
    "a broken image": ("image/png", png(8, 8, b"x")[:60], "is broken"),
    "a header that lies": ("application/x-npy", lying_npy(), "promises 5760000000 bytes, but 128 follow it"),
    "objects": ("application/x-npy", object_npy(), "holds object: send numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(service, http, name):
    kind, content, sentence = BAD[name]
    response = http.post(
        WAYS[0].format(service.succeeded().id), content=content, headers={"Content-Type": kind}
    )
    assert_problem(response, 422, "invalid_instances", sentence)


def test_bad_requests_leave_nothing_behind_in_memory(service, http):
    path = WAYS[0].format(service.succeeded().id)
    deep = b'{"instances": ' + b"[" * 40_000 + b"]" * 40_000 + b"}"
    wide = json.dumps({"instances": [[0] * 63] * 500}).encode()
    bodies = [(kind, content) for kind, content, _ in BAD.values()]
    bodies += [("application/json", deep), ("application/json", wide)]

    def send_all(times: int) -> None:
        for _ in range(times):
            for kind, content in bodies:
                assert http.post(path, content=content, headers={"Content-Type": kind}).status_code == 422

    assert growth_of(lambda: send_all(3), lambda: send_all(20)) < 8 * 2**20


def growth_of(warm: Callable[[], None], work: Callable[[], None]) -> int:
    warm()
    before = psutil.Process().memory_info().rss
    work()
    return psutil.Process().memory_info().rss - before
