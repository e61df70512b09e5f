"""Blocks: layers that are put together otherwise than one behind the other. They hold layers and blocks.

A block is a way of writing; it is planned (``normlab/spec/plan.py``) as the layers in it and, where branches come
together, one that merges them.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, field_serializer, field_validator

from normlab.spec.fields import PositiveInteger, SpecModel
from normlab.spec.kinds import kinds_of
from normlab.spec.layers import MERGES, Add, AnyLayer, BaseLayer, Merge
from normlab.spec.shown import shown

MAX_DEPTH = 8
"""So many blocks may stand one in the other."""
MAX_BRANCHES = 16
"""Of one block."""

LAYER_LISTS = ("layers", "shortcut", "branches")
"""Keys of blocks behind which layers stand, or lists of them."""
IDENTITY = "identity"


def _not_empty(layers: tuple[Any, ...]) -> tuple[Any, ...]:
    if not layers:
        raise ValueError("should hold a layer or more")
    return layers


def _a_few(branches: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 2 <= len(branches) <= MAX_BRANCHES:
        raise ValueError(f"should be 2 to {MAX_BRANCHES} lists of layers, not {len(branches)}")
    return branches


# Afterwards, since pydantic counts the items that are right: one that is wrong would be missed as well.
_NOT_EMPTY, _ONE_OR_MORE = AfterValidator(_not_empty), Field(json_schema_extra={"minItems": 1})
_A_FEW = AfterValidator(_a_few)
_TWO_OR_MORE = Field(json_schema_extra={"minItems": 2, "maxItems": MAX_BRANCHES})


class Way(NamedTuple):
    """Layers of a block, one behind the other."""

    pointer: str
    """Where they are written in the block, as a JSON pointer."""
    layers: "tuple[LayerOrBlock, ...]"


class Block(SpecModel):
    """Layers put together. A kind of block is a subclass."""

    type: str

    @property
    def ways(self) -> tuple[Way, ...]:
        """What the block holds: each list of layers, from its input's side on."""
        raise NotImplementedError


class Joined(Block):
    """A block whose input goes several ways, which come together in its last layer."""

    @property
    def merging(self) -> Merge:
        """The layer in which they do."""
        raise NotImplementedError


class Residual(Joined):
    """Layers whose output is added to their own input, or to what a shortcut makes of it (He et al. 2016)."""

    type: Literal["residual"]
    layers: "Annotated[tuple[LayerOrBlock, ...], _NOT_EMPTY, _ONE_OR_MORE]"
    """The layers that the shortcut leads around."""
    shortcut: "Annotated[tuple[LayerOrBlock, ...], Field(json_schema_extra={'default': IDENTITY})]" = ()
    """``identity``: the input as it is; or layers, where its shape is not that of the output."""

    @field_validator(
        "shortcut",
        mode="before",
        json_schema_input_type="Literal['identity'] | tuple[LayerOrBlock, ...]",
    )
    @classmethod
    def _identity_or_layers(cls, value: Any) -> Any:
        if isinstance(value, str) and value != IDENTITY:
            raise ValueError(f'should be "identity" or a list of layers, not {shown(value)}')
        return () if value == IDENTITY else value

    @field_serializer("shortcut")
    def _identity_by_its_name(self, value: Any) -> Any:
        return value or IDENTITY

    @property
    def ways(self) -> tuple[Way, ...]:
        """See the base class."""
        return Way("/layers", self.layers), Way("/shortcut", self.shortcut)

    @property
    def merging(self) -> Merge:
        """See the base class."""
        return Add()


class Branches(Joined):
    """Several lists of layers that one input enters, and what comes of them put together."""

    type: Literal["branches"]
    branches: "Annotated[tuple[tuple[LayerOrBlock, ...], ...], _A_FEW, _TWO_OR_MORE]"
    """Each a list of layers; an empty one passes the input on as it is."""
    merge: Literal["add", "concatenate", "multiply"]
    """How: the sum, side by side along the last dimension, or the product."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """See the base class."""
        return tuple(Way(f"/branches/{number}", layers) for number, layers in enumerate(self.branches))

    @property
    def merging(self) -> Merge:
        """See the base class."""
        return MERGES[self.merge](type=self.merge)


class Repeat(Block):
    """The same layers several times, one behind the other, each time with weights of their own."""

    type: Literal["repeat"]
    times: PositiveInteger
    """How often."""
    layers: "Annotated[tuple[LayerOrBlock, ...], _NOT_EMPTY, _ONE_OR_MORE]"
    """What is repeated."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """See the base class."""
        return (Way("/layers", self.layers),)


LayerOrBlock = Annotated[
    AnyLayer | Residual | Branches | Repeat, Field(discriminator="type", description="layers and blocks")
]
"""What stands in a list of layers."""

BLOCKS = kinds_of(Residual | Branches | Repeat, "type", Block)
"""Every kind of block by its ``type``."""

for _block in BLOCKS.values():
    _block.model_rebuild()


def written_layers(
    layers: "Sequence[LayerOrBlock]", pointer: str = "/layers"
) -> Iterator[tuple[str, BaseLayer]]:
    """Every layer once, however often it is repeated, each with a JSON pointer to where it is written."""
    for number, item in enumerate(layers):
        place = f"{pointer}/{number}"
        if isinstance(item, Block):
            for way in item.ways:
                yield from written_layers(way.layers, f"{place}{way.pointer}")
        else:
            yield place, item


def planned_count(layers: "Sequence[LayerOrBlock]") -> int:
    """How many layers these are planned as, worked out without planning them."""
    return sum(map(_planned_count, layers))


def _planned_count(item: "LayerOrBlock") -> int:
    match item:
        case Repeat():
            return item.times * planned_count(item.layers)
        case Block():
            return 1 + sum(planned_count(way.layers) for way in item.ways)
        case _:
            return 1


def block_beyond_depth(layers: object) -> str | None:
    """The JSON pointer of a block that stands deeper than ``MAX_DEPTH`` in layers that nobody has checked yet."""
    waiting: list[tuple[object, str, int]] = [(layers, "/layers", 0)]
    while waiting:
        given, pointer, depth = waiting.pop()
        if not isinstance(given, list):
            continue
        for number, item in enumerate(given):
            if not isinstance(item, dict):
                continue
            place = f"{pointer}/{number}"
            lists = [(item.get(key), f"{place}/{key}") for key in ("layers", "shortcut")]
            if isinstance(branches := item.get("branches"), list):
                lists += [(branch, f"{place}/branches/{i}") for i, branch in enumerate(branches)]
            if depth == MAX_DEPTH and any(isinstance(held, list) for held, _ in lists):
                return place
            waiting += [(held, where, depth + 1) for held, where in lists]
    return None
