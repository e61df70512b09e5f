import pytest

from normlab.errors import SpecError
from normlab.spec import parse_job_spec

SEEN = [
    "small, group normalization",
    "größer · 大きい · أكبر · גדול יותר · می\u200cکنم",
    "👩🏽\u200d🔬 ❤️ 🏳️\u200d🌈 1️⃣",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
]
UNSEEN = {
    "escape": "\x1b",
    "new line": "\n",
    "a terminal's command (C1)": "\x9b",
    "delete": "\x7f",
    "right-to-left override": "\u202e",
    "right-to-left isolate": "\u2067",
    "right-to-left mark": "\u200f",
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\xad",
    "line separator": "\u2028",
    "joiner after an ASCII letter": "\u200d",
    "Hangul filler": "\u3164",
    "tag": "\U000e0061",
}


BLANK = [" ", "\u3000", "\xa0\xa0", "\u2800", "\ufe0f", " \ufe0e ", "\u180b"]


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_a_name_has_a_character_that_can_be_seen(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse_job_spec({"architecture": "baseline", "name": text})
    (problem,) = refused.value.problems
    assert problem.pointer == "/name"
    assert "a character that can be seen" in problem.detail


@pytest.mark.parametrize("tag", [" a", "a,b", ",", "\ta"])
def test_a_tag_that_is_no_tag_is_told_in_words(tag: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse_job_spec({"architecture": "baseline", "tags": [tag]})
    (problem,) = refused.value.problems
    assert problem.pointer == "/tags/0"
    assert "without a comma and without a space at its beginning" in problem.detail


@pytest.mark.parametrize("text", SEEN)
def test_what_can_be_seen_may_stand_in_names_and_tags(text: str) -> None:
    tag = text.replace(",", "")
    spec = parse_job_spec({"architecture": "baseline", "name": text, "tags": [tag]})
    assert (spec.name, spec.tags) == (text, (tag,))


@pytest.mark.parametrize("character", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_cannot_be_seen_is_refused_with_its_number(character: str) -> None:
    text = f"a{character}b"
    with pytest.raises(SpecError) as refused:
        parse_job_spec({"architecture": "baseline", "name": text, "tags": ["seen", text]})
    problems = {problem.pointer: problem.detail for problem in refused.value.problems}
    assert problems.keys() == {"/name", "/tags/1"}
    assert f"U+{ord(character):04X}" in problems["/name"]


@pytest.mark.parametrize("tag", ["a\n", "\na"])
def test_a_form_is_of_the_whole_text(tag: str) -> None:
    with pytest.raises(SpecError):
        parse_job_spec({"architecture": "baseline", "tags": [tag]})
