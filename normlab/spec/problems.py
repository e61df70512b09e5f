"""What pydantic finds wrong with a request, as pointers and sentences."""

from collections.abc import Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from normlab.errors import MAX_PROBLEMS, Problem, SpecError
from normlab.spec.mistakes.keys import unknown_key
from normlab.spec.mistakes.places import Part, locate
from normlab.spec.mistakes.values import wrong_value
from normlab.spec.shown import short


def spec_error(error: ValidationError, model: type[BaseModel], body: object) -> SpecError:
    """What pydantic found wrong with a body that should be a ``model``, as the error to raise."""
    problems = validation_problems(error.errors(include_url=False)[:MAX_PROBLEMS], model, body)
    return SpecError(problems, omitted=max(0, error.error_count() - MAX_PROBLEMS))


def validation_problems(
    details: Sequence[ErrorDetails], model: type[BaseModel] | None = None, body: object = None
) -> list[Problem]:
    """What pydantic found, as pointers and sentences.

    That a key is missing is left out where another finding says what it was called, or where it was put.
    """
    problems: list[tuple[tuple[Part, ...], bool, str]] = []
    meant: set[tuple[Part, ...]] = set()
    for detail in details:
        location = locate(model, detail["loc"])
        if detail["type"] == "extra_forbidden":
            finding = unknown_key(model, location, detail["input"], body)
            sentence = finding.sentence
            meant |= {way[:length] for way in finding.meant for length in range(1, len(way) + 1)}
        else:
            sentence = wrong_value(detail, location, body)
        problems.append((location.parts, detail["type"] == "missing", sentence))
    return [
        Problem(pointer_to(parts), sentence)
        for parts, is_missing, sentence in problems
        if not (is_missing and parts in meant)
    ]


def pointer_to(parts: Sequence[Part]) -> str:
    """A JSON pointer (RFC 6901); names that are longer than names are come shortened."""
    return "".join(f"/{short(str(part)).replace('~', '~0').replace('/', '~1')}" for part in parts)
