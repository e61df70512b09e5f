"""Which probes a job spec asks for: ``off``, ``standard``, or a list of names with options."""

from math import ceil
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from normlab.spec.fields import PositiveInteger, SpecModel
from normlab.spec.nearest import did_you_mean
from normlab.spec.probes.registry import PROBES, STANDARD
from normlab.spec.shown import quoted, shown

MAX_SAMPLES = 10_000
"""Of one probe; a network of many values is looked at with fewer (``normlab/training/probes/batch.py``)."""

MAX_EPOCH_POINTS = 32
"""At the ends of about so many epochs a probe measures that is not told how often."""


def _known(name: Any) -> Any:
    if isinstance(name, str) and name not in PROBES:
        sentence = f"{_no_probe(name)}; the probes are {', '.join(PROBES)}"
        raise PydanticCustomError("unknown_probe", "{sentence}", {"sentence": sentence})
    return name


def _no_probe(name: str) -> str:
    if not name:
        return '"" names no probe: "probes": "off" measures nothing'
    if name in _WORDS:
        return f'{quoted(name)} stands alone, not in a list: "probes": {quoted(name)}'
    return f"there is no probe {quoted(name)}{did_you_mean(name, PROBES)}"


ProbeName = Annotated[str, BeforeValidator(_known), WithJsonSchema({"type": "string", "enum": list(PROBES)})]


class ProbeRequest(SpecModel):
    """A probe with its options."""

    name: ProbeName
    """Which one; a name alone is short for its defaults."""
    samples: Annotated[PositiveInteger, Field(le=MAX_SAMPLES)] | None = None
    """How many samples it looks at; null: the probe's own number. Fewer where the network is large."""
    every: PositiveInteger | None = None
    """It measures at the end of each so many epochs, of the first and of the last; the start and the first epoch's
    steps stay. Null: each epoch, and of more than 32 as many as leave about 32."""

    def every_of(self, epochs: int) -> int:
        """``every`` in a training of so many epochs: short ones by the hundred would be probed longer than trained."""
        return self.every or ceil(epochs / MAX_EPOCH_POINTS)


_Requests: TypeAlias = tuple[ProbeRequest, ...]

STANDARD_REQUESTS: _Requests = tuple(ProbeRequest(name=name) for name in STANDARD)
_WORDS: dict[str, _Requests] = {"off": (), "standard": STANDARD_REQUESTS}


def _from_words(value: Any) -> Any:
    """A word as the probes that it stands for, and names in a list as objects."""
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("no_probes", "{sentence}", {"sentence": _no_probes(value)})
    if len(value) > len(PROBES):
        sentence = f"should be at most {len(PROBES)} probes, each once, not {len(value)}"
        raise PydanticCustomError("too_many_probes", "{sentence}", {"sentence": sentence})
    return [{"name": _known(item)} if isinstance(item, str) else item for item in value]


def _no_probes(value: Any) -> str:
    if isinstance(value, str) and value in PROBES:
        return f"should be a list: [{quoted(value)}]"
    if isinstance(value, dict):
        return 'should be a list of objects: [{"name": "dead", "every": 2}]'
    if value is None or isinstance(value, bool):
        return f'should be "off" to measure nothing, or "standard", the default, not {shown(value)}'
    hint = did_you_mean(value, (*_WORDS, *PROBES)) if isinstance(value, str) else ""
    return (
        f'should be "off", "standard" or a list, not {shown(value)}{hint}; the probes are {", ".join(PROBES)}'
    )


def _to_words(probes: _Requests) -> Any:
    """The word for it, if there is one."""
    for word, stands_for in _WORDS.items():
        if probes == stands_for:
            return word
    return probes


def _once(probes: _Requests) -> _Requests:
    names = [request.name for request in probes]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise PydanticCustomError(
            "repeated_probe", "{sentence}", {"sentence": f"has {quoted(repeated)} twice"}
        )
    for request in probes:
        if request.samples is not None and PROBES[request.name].samples is None:
            sentence = f"the probe {quoted(request.name)} has no samples of its own: leave samples out"
            raise PydanticCustomError("no_samples", "{sentence}", {"sentence": sentence})
    return probes


_Written: TypeAlias = Literal["off", "standard"] | tuple[ProbeName | ProbeRequest, ...]

Probes = Annotated[
    _Requests,
    BeforeValidator(_from_words, json_schema_input_type=_Written),
    AfterValidator(_once),
    PlainSerializer(_to_words, return_type=_Written),
]
"""Always the requests themselves; a document has the word for them where there is one."""
