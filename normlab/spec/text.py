"""Text that people read in lists, charts and terminals: names, tags, notes."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from normlab.spec.shown import shown

UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # controls, among them those that terminals obey
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # change the direction of what follows
    "\u2028\u2029"  # new lines
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164"  # without a look
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Characters that are not seen, as the inside of a regular expression's brackets: controls, directions, new lines, and
what Unicode calls default-ignorable. Not among them: variation selectors and the two joiners, which emoji and words of
some languages need."""

# Joiners join letters of other scripts, or emoji; after an ASCII letter one only makes two names look alike.
_REFUSED = re.compile(rf"[{UNSEEN}]|(?<![^\x00-\x7f])[\u200c\u200d]")
# The flags of England, Scotland and Wales: a black flag with letters that are not seen otherwise.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f")


# What is not seen by itself: spaces of all kinds, Braille without a dot, what changes or joins its neighbours.
_BLANK = re.compile(r"[\s\u2800\u200c\u200d\ufe00-\ufe0f\u180b-\u180d\u180f]*")


@dataclass(frozen=True)
class Form:
    """Which texts a field takes, as ``Annotated`` metadata: a regular expression, and in words what fits it."""

    pattern: str
    """Of a whole text, from ``^`` to ``$``: these mean other things to programs of other languages than to Python."""
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Refuse what does not fit, in words."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell programs the expression."""
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        if re.fullmatch(self.pattern.removeprefix("^").removesuffix("$"), text) is None:
            raise ValueError(f"should be {self.words}, not {shown(text)}")
        return text


def one_line(text: str) -> str:
    """The text, if it is one line, each of its characters can be seen, and there is at least one.

    Raises:
        ValueError: It is not; the message says which character is wrong.
    """
    if text and _BLANK.fullmatch(text):
        raise ValueError("should have a character that can be seen")
    if found := _REFUSED.search(_FLAG.sub("", text)):
        raise ValueError(
            f"should be one line of characters that can be seen, and has U+{ord(found[0]):04X} among them"
        )
    return text
