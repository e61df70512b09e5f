"""Images and rows on their way to a network: files as they are, pixels and rows as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.client.rows import ROW_FILES, rows_of_file, rows_of_frame
from normlab.client.transport import Transport
from normlab.documents.predictions import NumberPrediction, PredictionDocument, Predictions
from normlab.errors import InstancesError
from normlab.spec.images import IMAGE_TYPES, Invert

Pixels = Sequence[Any] | npt.NDArray[Any]


def predict(
    transport: Transport,
    network: str,
    images: str | Path | Pixels,
    *,
    invert: Invert | str,
    top_k: int,
    dark_images: bool,
) -> list[PredictionDocument]:
    """Let the network at this path (of a job or a name) classify images or rows; see ``Client.predict``."""
    answer = ask(transport, network, images, invert=invert, top_k=top_k, dark_images=dark_images)
    predictions = [each for each in answer.predictions if isinstance(each, PredictionDocument)]
    if len(predictions) < len(answer.predictions):
        raise InstancesError("This network predicts numbers, not classes: call predict_numbers.")
    return predictions


def predict_numbers(transport: Transport, network: str, rows: str | Path | Pixels) -> list[NumberPrediction]:
    """Let the network at this path (of a job or a name) predict numbers; see ``Client.predict_numbers``."""
    answer = ask(transport, network, rows)
    predictions = [each for each in answer.predictions if isinstance(each, NumberPrediction)]
    if len(predictions) < len(answer.predictions):
        raise InstancesError("This network predicts classes, not numbers: call predict.")
    return predictions


def ask(
    transport: Transport,
    network: str,
    images: str | Path | Pixels,
    *,
    invert: Invert | str = Invert.NEVER,
    top_k: int = 0,
    dark_images: bool = False,
) -> Predictions:
    """What the network at this path says about images or rows, classes or numbers."""
    parameters = {"invert": Invert(invert).value, "top_k": top_k}
    if dark_images:
        parameters["dark_images"] = "true"
    if isinstance(images, str | Path):
        path = Path(images)
        media_type = image_type(path)
        body: dict[str, Any] = (
            {"json": {"instances": rows_of_file(path)}}
            if media_type is None
            else {"content": _read(path), "headers": {"Content-Type": media_type}}
        )
    elif hasattr(images, "to_dict"):  # a frame of pandas
        body = {"json": {"instances": rows_of_frame(images)}}
    else:
        body = {"json": {"instances": images.tolist() if isinstance(images, np.ndarray) else images}}
    return transport.fetch(Predictions, "POST", f"{network}/predict", params=parameters, **body)


def image_type(path: Path) -> str | None:
    """The media type of an image file by its ending; None of a file of rows.

    Raises ``InstancesError`` of a file that is neither.
    """
    ending = path.suffix.lower()
    if ending in ROW_FILES:
        return None
    if ending not in IMAGE_TYPES:
        raise InstancesError(
            f"{path.name} is no image that can be sent: it should be a .png, .jpg or .webp file; rows of a table are "
            "a .csv or .json file."
        )
    return IMAGE_TYPES[ending]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InstancesError(f"{path} cannot be read: {error.strerror}.") from error
