"""Caveats of several pairs of arms, each said once: in the terminal and in a report alike."""

import re
from collections.abc import Mapping, Sequence

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")


def said_once(shared: Sequence[str], of_pairs: Mapping[str, Sequence[str]]) -> list[str]:
    """All caveats: what is ``shared`` first, then what is said of the pairs of arms, by their names.

    What is true of all pairs stands alone, what is true of some with their names before it. Sentences that differ in
    their numbers alone become one: ``has to reach 0.004 to 0.025``.
    """
    texts: dict[str, list[str]] = {}
    names: dict[str, dict[str, None]] = {}
    for name, caveats in of_pairs.items():
        for text in caveats:
            texts.setdefault(_without_numbers(text), []).append(text)
            names.setdefault(_without_numbers(text), {})[name] = None
    own = [
        _joined(alike) if len(names[kind]) == len(of_pairs) else f"{'; '.join(names[kind])}: {_joined(alike)}"
        for kind, alike in texts.items()
    ]
    return list(dict.fromkeys((*shared, *own)))


def in_one(texts: Sequence[str]) -> list[str]:
    """Each sentence once, those that differ in their numbers alone as one."""
    return said_once((), {"": texts})


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text)


def _joined(alike: Sequence[str]) -> str:
    numbers = iter(zip(*(_NUMBER.findall(text) for text in alike), strict=True))

    def span(_: re.Match[str]) -> str:
        ends = sorted(set(next(numbers)), key=lambda number: float(number.replace(",", "")))
        return ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"

    return _NUMBER.sub(span, alike[0])
