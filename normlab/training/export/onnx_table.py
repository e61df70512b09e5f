"""The preparation of a table in operations of ONNX: see ``normlab/training/layers/preparation.py``."""

from collections.abc import Iterator

import numpy as np

from normlab.spec.layers.preparation import CategoryInputs, Preparation, TableInputs
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.export.onnx_planned import Planned
from normlab.training.layers.table_constants import TableConstants


def prepare_table(graph: Graph, x: Value, planned: Planned) -> Value:
    """Rows (batch, columns) to (batch, width)."""
    layer: Preparation = planned.layer
    table = layer.inputs
    parts = [*_numbers(graph, x, table, planned), *_categories(graph, x, table, planned)]
    joined = parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=1)
    return Value(joined, planned.output_shape)


def _numbers(graph: Graph, x: Value, table: TableInputs, planned: Planned) -> Iterator[str]:
    if not table.numbers:
        return
    made = TableConstants.of(table)
    mean = graph.constant(planned.variables["mean"])
    numbers = graph.node("Gather", x.name, graph.constant(made.numbers, np.int64), axis=1)
    missing = graph.node("IsNaN", numbers)
    centred = graph.node("Sub", graph.node("Where", missing, mean, numbers), mean)
    yield graph.node("Div", centred, graph.constant(planned.variables["deviation"]))
    if table.indicators:
        indicated = graph.node("Gather", missing, graph.constant(made.indicators, np.int64), axis=1)
        yield graph.as_float(indicated)


def _categories(graph: Graph, x: Value, table: TableInputs, planned: Planned) -> Iterator[str]:
    if not table.categories:
        return
    made = TableConstants.of(table)
    given = graph.node("Gather", x.name, graph.constant(made.categories, np.int64), axis=1)
    known = graph.node(
        "And",
        graph.node("GreaterOrEqual", given, graph.scalar(0)),
        graph.node("Less", given, graph.constant(made.counts)),
    )
    places = graph.node("Where", known, given, graph.constant(made.otherwise))
    spread = graph.node("Gather", places, graph.constant(made.column_of_value, np.int64), axis=1)
    values = graph.as_float(graph.node("Equal", spread, graph.constant(made.values)))
    for item in table.categories:
        own = _own(graph, values, item)
        if item.embedding is None:
            yield own
        else:
            yield graph.node("MatMul", own, graph.constant(planned.variables[item.embedding]))


def _own(graph: Graph, values: str, item: CategoryInputs) -> str:
    """Of all columns' values those of one."""
    bounds = (np.array([bound]) for bound in (item.first, item.first + item.values, 1))
    return graph.node("Slice", values, *(graph.constant(bound, np.int64) for bound in bounds))
