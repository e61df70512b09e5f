"""Ways through a block whose shapes do not fit each other: which of them to change, and how."""

import json
from collections.abc import Sequence
from typing import Any

from normlab.spec.blocks import Joined, Residual
from normlab.spec.layers import Concatenate, Shape


def misfit(block: Joined, shapes: Sequence[Shape]) -> tuple[str, str] | None:
    """Where in a block the way is that does not fit, as a JSON pointer within it, and what would make it fit.

    ``shapes`` are what its ways give. None: they fit.
    """
    for count in range(2, len(shapes) + 1):
        try:
            block.merging.merged_shape(shapes[:count])
        except ValueError as error:
            if isinstance(block, Residual):
                return "", f"{error}: {_other_shortcut(block, *shapes)}"
            number = count - 1
            return block.ways[number].pointer, f"{error}: {_other_branch(block, shapes, number)}"
    return None


def _other_shortcut(block: Residual, body: Shape, shortcut: Shape) -> str:
    layer = _layer_that_makes(shortcut, body)
    if layer is None:
        return _equal_sizes(body, shortcut)
    if block.shortcut:
        return f"end the shortcut with {layer}"
    return f'the layers change the shape, so give the shortcut a layer, "shortcut": [{layer}]'


def _other_branch(block: Joined, shapes: Sequence[Shape], number: int) -> str:
    given, wanted = shapes[number], shapes[0]
    if isinstance(block.merging, Concatenate):
        wanted = (*wanted[:-1], given[-1])
    layer = _layer_that_makes(given, wanted)
    return _equal_sizes(given, wanted) if layer is None else f"end this branch with {layer}"


def _layer_that_makes(given: Shape, wanted: Shape) -> str | None:
    """The layer that makes one shape of another, as a spec has it; None if no single one does."""
    if len(given) != 3 and given[:-1] == wanted[:-1]:
        return _written(type="dense", units=wanted[-1])
    if len(given) != 3 or len(wanted) != 3:
        return None
    strides = [_stride(*sizes) for sizes in zip(given[:2], wanted[:2], strict=True)]
    if None in strides:
        return None
    layer = {"type": "conv2d", "filters": wanted[2], "kernel_size": 1}
    if strides != [1, 1]:
        layer["strides"] = strides[0] if strides[0] == strides[1] else strides
    return _written(**layer)


def _stride(size: int, wanted: int) -> int | None:
    """The stride that makes a size of another, if there is one."""
    return next((stride for stride in range(1, size + 1) if -(-size // stride) == wanted), None)


def _equal_sizes(one: Shape, other: Shape) -> str:
    if len(one) != len(other):
        return "let all of them end with a flatten or reshape layer that gives one shape"
    if len(one) == 3 and one[:2] != other[:2]:
        return 'their height and width should be equal, and with "padding": "same" only strides and pooling change them'
    return "their sizes should be equal"


def _written(**layer: Any) -> str:
    return json.dumps(layer)
