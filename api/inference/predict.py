"""``/jobs/{id}/predict`` and ``/models/{name}/predict``: what a trained network says about images."""

import base64
import io
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import orjson
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from api.http import media_types
from api.http.fast_lane import (
    JSON,
    Answer,
    DirectRequest,
    DirectRoute,
    operation,
    path_parameter,
    query_parameters,
    read_options,
    schema_of,
)
from api.http.ids import JOB_ID, MODEL_NAME
from api.http.parameters import QueryFlag
from api.http.problems import error_answers
from api.inference import examples
from api.inference.run import PixelOptions, check_scale, decode, find_model, infer, read_quickly
from api.inference.schemas import Instances
from normlab.documents.identifiers import JOB_ID_PATTERN, MODEL_NAME_PATTERN
from normlab.documents.predictions import Predictions
from normlab.errors import InstancesError
from normlab.predictions.resolver import Batch, LoadedModel, ModelRef
from normlab.serving import (
    Prediction,
    TableReader,
    image_to_batch,
    parse_instances,
    parse_npy,
    pixels_in_header,
    read_off,
    seen_by_the_model,
)
from normlab.serving.instances import refuse_too_many
from normlab.spec.columns import Task
from normlab.spec.images import Invert
from normlab.spec.shown import short
from normlab.store.identifiers import possible_id

_MAX_FIELDS = 10
"""Of a form, beside its images."""


class PredictOptions(PixelOptions):
    """The query's parameters."""

    invert: Invert = Field(
        default=Invert.NEVER,
        description="For images: whether light and dark change places; `auto` looks at the border.",
    )
    top_k: int = Field(default=0, ge=0, le=1000, description="Also give so many of the best classes.")
    image: QueryFlag = Field(default=False, description="Also give the image that the model saw, as a PNG.")


class NamedPredictOptions(PredictOptions):
    """The same for a name."""

    version: int | None = Field(default=None, ge=1, description="A version; without it, the present one.")


async def predict_by_job(request: DirectRequest, body: bytes) -> Answer:
    """Classify, or predict numbers, with a job's network."""
    options = read_options(request, PredictOptions)
    return await _answer(request, body, ModelRef(possible_id(request.path_params["job_id"])), options)


async def predict_by_name(request: DirectRequest, body: bytes) -> Answer:
    """Classify with the network that a name stands for."""
    options = read_options(request, NamedPredictOptions)
    return await _answer(request, body, ModelRef(request.path_params["name"], options.version), options)


async def _answer(request: DirectRequest, body: bytes, ref: ModelRef, options: PredictOptions) -> Answer:
    loaded = await find_model(request, ref)
    batch = await _read(request, body, loaded, options)
    outputs = await infer(request, loaded, batch)
    images = _images(loaded, batch) if options.image else [None] * len(batch)
    dataset = loaded.info.dataset
    if dataset.predicts is Task.REGRESSION:
        target = getattr(dataset, "target", None)
        documents = [{"value": row[0], **({} if target is None else {"target": target})} for row in outputs]
    else:
        predictions = read_off(outputs, dataset.classes, top_k=options.top_k)
        documents = [_document(item, image) for item, image in zip(predictions, images, strict=True)]
    if loaded.info.table is not None:
        for document, columns in zip(documents, loaded.info.table.unknown(batch), strict=True):
            if columns:
                document["unknown"] = columns
    whose: dict[str, object] = {"job": loaded.info.job_id}
    if not ref.is_job:
        whose |= {"model": ref.name, "version": loaded.info.version}
    content = orjson.dumps({**whose, "predictions": documents}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Answer(content, JSON)


async def _read(request: DirectRequest, body: bytes, loaded: LoadedModel, options: PredictOptions) -> Batch:
    """The images of a body, by its media type."""
    kind = request.media_type
    max_instances = request.services.settings.max_instances
    if loaded.info.table is not None:
        return await _read_rows(body, kind, loaded, loaded.info.table, max_instances)
    if kind == media_types.JSON:
        batch = await read_quickly(body, loaded.parse, parse_instances, body, max_instances)
        check_scale(loaded, batch, options, "/instances")
        return batch
    if kind == media_types.NPY:
        batch = await read_quickly(body, loaded.parse, parse_npy, body, max_instances)
        check_scale(loaded, batch, options)
        return batch
    if media_types.PHOTO_ALIASES.get(kind, kind) in media_types.PHOTOS:
        return await _decode(request, loaded, options, [("", body)])
    if kind == media_types.FORM:
        content_type = request.header(b"content-type")
        files = await read_quickly(body, _uploads, body, content_type, max_instances)
        return await _decode(request, loaded, options, files)
    kinds = ", ".join((media_types.JSON, media_types.NPY, *media_types.PHOTOS))
    raise HTTPException(
        415, f"send {kinds} or {media_types.FORM}, and say which with the header Content-Type"
    )


async def _read_rows(
    body: bytes, kind: str, loaded: LoadedModel, table: TableReader, max_instances: int
) -> Batch:
    """The rows of a body."""
    if kind == media_types.JSON:
        return await read_quickly(body, table.read, body, max_instances)
    if kind == media_types.NPY:
        shape = loaded.info.dataset.shape
        return await read_quickly(
            body, parse_npy, body, shape=shape, pixel_max=None, max_instances=max_instances
        )
    raise HTTPException(
        415,
        f"this network was trained on a table: send {media_types.JSON} with rows by the names of columns, or "
        f"{media_types.NPY}, and say which with the header Content-Type",
    )


def _uploads(body: bytes, content_type: str, max_instances: int) -> list[tuple[str, bytes]]:
    """The files of a form in the order they were sent, each with what to call it in an error."""
    media_type, options = parse_options_header(content_type)
    parser = FormDataParser(_in_memory, max_form_parts=max_instances + _MAX_FIELDS, silent=False)
    try:
        _, _, files = parser.parse(io.BytesIO(body), media_type, len(body), options)
    except RequestEntityTooLarge:
        raise InstancesError(f"the form has too many parts: send at most {max_instances} images") from None
    except ValueError as error:
        raise HTTPException(400, f"the form cannot be read: {error}") from None
    if not files:
        raise InstancesError("the form has no file: send at least one image")
    uploads = [file for _, file in files.items(multi=True)]
    refuse_too_many(len(uploads), max_instances)
    return [
        (f"image {number}, {short(file.filename or '')}: ", file.read())
        for number, file in enumerate(uploads, 1)
    ]


def _in_memory(*_sizes: object, **_options: object) -> io.BytesIO:
    # The body is in memory already; werkzeug would write large files to the disk.
    return io.BytesIO()


async def _decode(
    request: DirectRequest, loaded: LoadedModel, options: PredictOptions, files: Sequence[tuple[str, bytes]]
) -> Batch:
    settings = request.services.settings
    dataset = loaded.info.dataset
    pixels = sum(pixels_in_header(data) for _, data in files)
    if len(files) > 1 and pixels > settings.max_request_pixels:
        raise InstancesError(
            f"the images have {pixels} pixels together: send at most {settings.max_request_pixels} in one request "
            "(setting NORMLAB_MAX_REQUEST_PIXELS)"
        )

    def one(place: str, data: bytes) -> Batch:
        try:
            return image_to_batch(
                data,
                shape=dataset.shape,
                pixel_max=dataset.pixel_max,
                max_pixels=settings.max_image_pixels,
                max_jpeg_pixels=settings.max_jpeg_pixels,
                invert=options.invert,
                dark_images=options.dark_images,
            )
        except InstancesError as error:
            raise InstancesError(f"{place}{error}") from None

    return np.concatenate([await decode(partial(one, place, data)) for place, data in files])


def _document(item: Prediction, image: str | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "label": item.label,
        "class": item.class_name,
        "probability": item.probability,
        "probabilities": item.probabilities,
    }
    if item.top_k:
        document["top_k"] = [
            {"label": score.label, "class": score.class_name, "probability": score.probability}
            for score in item.top_k
        ]
    if image is not None:
        document["image"] = image
    return document


def _images(loaded: LoadedModel, batch: Batch) -> list[str]:
    if loaded.info.table is not None:
        raise InstancesError("this network was trained on a table: leave out image, which gives a picture")
    return [image_url(seen_by_the_model(image, loaded.info.dataset.pixel_max)) for image in batch]


def image_url(png: bytes) -> str:
    """A PNG file as a ``data:`` URL, which a browser shows as it is."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": {
        media_types.JSON: {"schema": schema_of(Instances)},
        media_types.NPY: _BINARY,
        **dict.fromkeys(media_types.PHOTOS, _BINARY),
        media_types.FORM: {
            "schema": {
                "type": "object",
                "properties": {"images": {"type": "array", "items": _BINARY["schema"]}},
            }
        },
    },
}
_DESCRIPTION = """\
Raw pixels as JSON (`{"instances": [...]}`, each image nested or flat) or as a NumPy file, or images: one PNG, JPEG \
or WebP as the body, or several as files of a form.

Pixels are the dataset's own (0 to 255; 0 to 16 for digits): the scaling is part of the model. Values that were \
divided already, none above 1, are refused; `dark_images=true` says that they are meant. An image is made grey \
if the dataset is, fitted into its size with the proportions kept, and padded with black.

A network on a table takes rows: `{"instances": [{"petal_length": 1.4, "colour": "red"}]}`, or a NumPy file of them \
in their decoded form, a category as its place among its column's and what is missing as NaN.\
"""


def _operation(
    parameter: dict[str, Any], options: type[BaseModel], example: dict[str, Any]
) -> dict[str, Any]:
    answer = {"schema": schema_of(Predictions), "example": example}
    return operation(
        summary="Classify images",
        description=_DESCRIPTION,
        tag="predictions",
        parameters=[parameter, *query_parameters(options)],
        body=_BODY,
        responses={
            200: {"description": "One prediction for each image.", "content": {media_types.JSON: answer}},
            **error_answers(400, 404, 409, 410, 413, 415, 422, 503),
        },
    )


ROUTES = (
    DirectRoute(
        "/jobs/{job_id}/predict",
        predict_by_job,
        operation=_operation(
            path_parameter("job_id", "The job's id.", JOB_ID, JOB_ID_PATTERN),
            PredictOptions,
            examples.PREDICTIONS,
        ),
    ),
    DirectRoute(
        "/models/{name}/predict",
        predict_by_name,
        operation=_operation(
            path_parameter("name", "The model's name.", MODEL_NAME, MODEL_NAME_PATTERN),
            NamedPredictOptions,
            examples.NAMED_PREDICTIONS,
        ),
    ),
)
