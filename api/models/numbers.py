"""``/jobs/{id}/evaluate`` of a network that predicts numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from fastapi import Response

from api.http.bodies import invalid_body
from api.http.media_types import CHART_IMAGES, JSON, VEGA_LITE
from api.models.schemas import EvaluationRequest
from normlab import analysis
from normlab.documents.evaluations import ChartKind, NumberEvaluation
from normlab.spec import DatasetSpec
from normlab.spec.columns import Column
from normlab.spec.regression import RegressionFigures

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_Arrays = Mapping[str, npt.NDArray[Any]]


def answer(
    job_id: str,
    trained_on: DatasetSpec,
    wanted: EvaluationRequest,
    kept: _Arrays,
    *,
    media_type: str,
    title: str,
) -> Response:
    """The figures of the samples that are ``kept``, or predicted against right numbers as a chart."""
    headers = {"Vary": "Accept"}
    if media_type == JSON:
        document = _document(job_id, trained_on, wanted, kept)
        return Response(document.model_dump_json(), media_type=JSON, headers=headers)
    if wanted.chart not in (None, ChartKind.PREDICTED):
        raise invalid_body(
            "chart",
            sentence=f"{wanted.chart} is of classes, and job {job_id} predicts numbers: take predicted",
        )
    from normlab.analysis.charts.predicted import predicted_against_right  # noqa: PLC0415 - altair takes a second

    chart = predicted_against_right(kept["targets"], kept["predictions"], title)
    if media_type == VEGA_LITE:
        return Response(orjson.dumps(chart), media_type=VEGA_LITE, headers=headers)
    return Response(analysis.render(chart, CHART_IMAGES[media_type]), media_type=media_type, headers=headers)


def _document(
    job_id: str, trained_on: DatasetSpec, wanted: EvaluationRequest, kept: _Arrays
) -> NumberEvaluation:
    targets, predictions = (kept[name].astype(np.float64) for name in ("targets", "predictions"))
    residuals = targets - predictions
    content = trained_on.content
    worst = [
        {
            "sample": int(sample),
            "target": float(targets[sample]),
            "prediction": float(predictions[sample]),
            "residual": float(residuals[sample]),
            "row": _row(() if content is None else content.columns or (), row),
        }
        for sample, row in zip(kept["worst"], kept["worst_rows"], strict=True)
    ]
    return NumberEvaluation.model_validate(
        {
            "job": job_id,
            "dataset": trained_on.name,
            "dataset_version": trained_on.version,
            "target": None if content is None else content.target,
            "split": wanted.split,
            "samples": len(targets),
            **RegressionFigures.of(targets, predictions).named(),
            "residuals": {
                "mean": float(residuals.mean()),
                "standard_deviation": float(residuals.std()),
                "quantiles": {f"{part:g}": float(np.quantile(residuals, part)) for part in _QUANTILES},
            },
            "worst": worst[: wanted.mistakes],
        }
    )


def _row(columns: tuple[Column, ...], values: npt.NDArray[Any]) -> dict[str, float | str | None]:
    """A row's values by their columns' names: numbers, categories, None where one is missing or unknown."""
    row: dict[str, float | str | None] = {}
    for column, value in zip(columns, values.tolist(), strict=True):
        if np.isnan(value) or (column.categories is not None and value < 0):
            row[column.name] = None
        else:
            row[column.name] = value if column.categories is None else column.categories[int(value)]
    return row
