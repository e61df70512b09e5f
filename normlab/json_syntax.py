"""What is wrong with a text that should be JSON, for people who have Python, YAML or JavaScript in their fingers."""

import json
import re

_NAME = re.compile(r"[A-Za-z_][\w-]*")
_YAML = re.compile(r"(?:---|%YAML|\w[\w ]*:(?:\s|$)|- \w)")
_TOML = re.compile(r"(?:\[[A-Za-z][\w.-]*\]\s*$|\w[\w.-]*\s*=)", re.MULTILINE)
_COMMENT = re.compile(r"//|/\*|#")
_PYTHON = {
    "True": "true",
    "False": "false",
    "None": "null",
    "undefined": "null",
    "nan": "null",
    "yes": "true",
    "no": "false",
}
_TYPOGRAPHIC = "“”„‘’‚«»"  # noqa: RUF001 - quotes that a word processor makes


def syntax_problem(text: str, error: json.JSONDecodeError) -> str:
    """What to do about it, and where; in a few words, without a full stop."""
    if not text.strip():
        return "is empty"
    where = f"line {error.lineno}, column {error.colno}"
    here = text[error.pos : error.pos + 20]
    before = text[: error.pos].rstrip()
    if _YAML.match(text.lstrip()) or _TOML.match(text.lstrip()):
        return 'is not JSON but YAML or TOML, as it seems: write {"architecture": "baseline", …}'
    if not before and not here.startswith(("'", "/", "#", *_TYPOGRAPHIC)):
        return f"does not begin like JSON but with {json.dumps(here.split()[0], ensure_ascii=False)}"
    sentence = _mistake(here, before, error.msg)
    return f"{sentence} ({where})"


def _mistake(here: str, before: str, message: str) -> str:
    name = _NAME.match(here)
    if not here:
        return "ends too soon: a quote, a bracket or a brace is not closed"
    if here.startswith("'"):
        return "has single quotes: names and texts stand in double quotes"
    if here[0] in _TYPOGRAPHIC:
        return f"has typographic quotes ({here[0]}): names and texts stand in straight double quotes"
    if _COMMENT.match(here):
        return "has a comment: JSON knows none"
    if (before.endswith(",") and here[0] in "}],") or (here[0] == "," and "delimiter" not in message):
        return "has a comma after the last item of an object or a list, or two: leave it out"
    if before[-1:].isdigit() and (name is not None or here[0] in "_+."):
        return "has a number that JSON writes otherwise, as in 1000, 0.5 or 1e-3"
    if name is not None and name[0] in _PYTHON:
        return f"has {name[0]}: JSON writes {_PYTHON[name[0]]}"
    if name is not None:
        return f"has {name[0]} without quotes: names and texts stand in double quotes"
    if here[0] in "=:" and "delimiter" in message:
        return f"has {here[0]} where a colon, a comma or a brace should be"
    if "',' delimiter" in message:
        return "has no comma between two items"
    if message == "Extra data":
        return "goes on after its end: one object is all"
    if here[0] in "+.":
        return "has a number that JSON writes otherwise, as in 1000, 0.5 or 1e-3"
    return f"is not JSON: {message}"
