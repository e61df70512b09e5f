"""Pixels that were divided by their largest value before they were sent, in every protocol and form."""

import io

import httpx
import numpy as np
import pytest
from PIL import Image

from support.images import deep_png
from support.problems import assert_problem

IMAGE = np.random.default_rng(5).integers(0, 17, (1, 8, 8)).astype(np.uint8)


def as_json(pixels: np.ndarray) -> dict:
    return {"json": {"instances": pixels.tolist()}}


def as_npy(pixels: np.ndarray) -> dict:
    file = io.BytesIO()
    np.save(file, pixels)
    return {"content": file.getvalue(), "headers": {"Content-Type": "application/x-npy"}}


def as_tensor(pixels: np.ndarray) -> dict:
    data = pixels.reshape(-1).tolist()
    tensor = {"name": "pixels", "datatype": "FP32", "shape": [len(pixels), 64], "data": data}
    return {"json": {"inputs": [tensor]}}


def as_png(pixels: np.ndarray) -> dict:
    file = io.BytesIO()
    Image.fromarray(pixels[0].astype(np.uint8)).save(file, "PNG")
    return {"content": file.getvalue(), "headers": {"Content-Type": "image/png"}}


WAYS = {
    "predict, JSON": ("/jobs/{}/predict", as_json),
    "predict, npy": ("/jobs/{}/predict", as_npy),
    "TensorFlow Serving": ("/v1/models/{}:predict", as_json),
    "Open Inference": ("/v2/models/{}/infer", as_tensor),
}


def send(http: httpx.Client, way: str, job_id: str, pixels: np.ndarray, **query: object) -> httpx.Response:
    path, body = WAYS[way]
    return http.post(path.format(job_id), params=query, **body(pixels))


@pytest.mark.parametrize("way", WAYS)
def test_divided_pixels_are_refused_unless_they_are_meant(service, http, way):
    job_id = service.succeeded().id
    divided = IMAGE / 16
    response = send(http, way, job_id, divided)
    assert response.status_code in (400, 422)
    assert "dark_images=true" in response.text
    assert send(http, way, job_id, divided, dark_images=True).status_code == 200
    whole = np.round(divided)
    assert send(http, way, job_id, whole).status_code in (400, 422)


@pytest.mark.parametrize("way", WAYS)
def test_black_images_and_dark_ones_among_others_are_taken(service, http, way):
    job_id = service.succeeded().id
    black = np.zeros((1, 8, 8), np.uint8)
    dark = np.minimum(IMAGE, 1)
    for pixels in (black, np.concatenate([dark, IMAGE]), np.concatenate([IMAGE, dark]), np.minimum(IMAGE, 2)):
        assert send(http, way, job_id, pixels).status_code == 200


def test_a_file_of_divided_pixels_is_refused_unless_they_are_meant(service, http):
    path = f"/jobs/{service.succeeded().id}/predict"
    response = http.post(path, **as_png(np.minimum(IMAGE, 1)))
    assert_problem(response, 422, "invalid_instances", "dark_images=true")
    assert http.post(path, params={"dark_images": True}, **as_png(np.minimum(IMAGE, 1))).status_code == 200


def test_an_image_of_which_nothing_is_left_is_refused(service, http):
    path = f"/jobs/{service.succeeded().id}/predict"
    invisible = deep_png(np.full((8, 8, 1), 255, np.uint16), 8, transparent=[255])
    response = http.post(path, content=invisible, headers={"Content-Type": "image/png"})
    assert_problem(response, 422, "invalid_instances", "nothing is left of the image")


def test_what_is_too_large_names_the_setting(service, http):
    path = f"/jobs/{service.succeeded().id}/predict"
    wide = np.zeros((1, 101, 100), np.uint8)
    assert_problem(http.post(path, **as_png(wide)), 422, "invalid_instances", "NORMLAB_MAX_IMAGE_PIXELS")
    files = [("images", ("a.png", as_png(np.zeros((1, 100, 100)))["content"], "image/png"))] * 5
    assert_problem(http.post(path, files=files), 422, "invalid_instances", "NORMLAB_MAX_REQUEST_PIXELS")
