"""Parameters of the calls about datasets."""

import re
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import AfterValidator

from api.http.ids import DATASET_NAME
from api.http.parameters import of_pattern
from normlab.errors import NotFoundError
from normlab.spec import DATASETS
from normlab.spec.dataset_names import DATASET_NAME_PATTERN
from normlab.spec.dataset_options import DatasetOptions
from normlab.spec.shown import quoted

PICTURE_PATTERN = r"[A-Za-z0-9_-]{1,80}\.png"
INT32_MAX = 2**31 - 1


def _possible_name(name: str) -> str:
    """The name itself if it can be one; what cannot be there is not looked for."""
    if not re.fullmatch(DATASET_NAME_PATTERN, name):
        raise NotFoundError(f"there is no dataset {quoted(name)}")
    return name


def _uploadable_name(name: str) -> str:
    if name in DATASETS:
        raise NotFoundError(f"{name} is a dataset that Normlab brings along: it has no versions or pictures")
    return _possible_name(name)


def _possible_version(version: int) -> int:
    if version > INT32_MAX:
        raise NotFoundError(f"there is no version {version}")
    return version


def _possible_picture(which: str) -> str:
    if not re.fullmatch(PICTURE_PATTERN, which):
        raise NotFoundError(f"there is no picture {quoted(which)}")
    return which


_NAME = Path(
    description="The dataset's name.",
    examples=[DATASET_NAME],
    json_schema_extra=of_pattern(DATASET_NAME_PATTERN),
)
DatasetPath = Annotated[str, AfterValidator(_possible_name), _NAME]
UploadedPath = Annotated[str, AfterValidator(_uploadable_name), _NAME]
"""Of one that is not built in."""
VersionPath = Annotated[
    int, Path(ge=1, description="The version's number.", examples=[1]), AfterValidator(_possible_version)
]
PicturePath = Annotated[
    str,
    AfterValidator(_possible_picture),
    Path(
        description="The picture's name in the card.",
        examples=["mean-0.png"],
        json_schema_extra=of_pattern(PICTURE_PATTERN),
    ),
]


def options_in_the_query() -> Callable[..., dict[str, Any]]:
    """A dependency that reads a ``DatasetOptions`` from the query: those that were given."""
    fields = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=Annotated[
                Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation,
                Query(description=field.description),
            ],
        )
        for name, field in DatasetOptions.model_fields.items()
    ]
    request = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)

    def read(request: Request, **options: Any) -> dict[str, Any]:
        return {name: value for name, value in options.items() if name in request.query_params}

    read.__signature__ = Signature([request, *fields])  # type: ignore[attr-defined]  # what FastAPI reads
    return read
