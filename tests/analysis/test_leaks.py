"""A leak becomes a caveat; other findings and other datasets do not."""

import pytest

from normlab.analysis.leaks import leak_caveats
from normlab.documents.datasets import DataFindingDocument
from support.data_cards import card


def found(code: str, count: int, share: float, severity: str = "warning") -> DataFindingDocument:
    return DataFindingDocument(
        code=code, severity=severity, detail="…", count=count, numbers={"share": share}
    )


@pytest.mark.parametrize("severity", ["info", "warning", "error"])
def test_a_leak_into_the_test_part_is_a_caveat_however_small(severity):
    (caveat,) = leak_caveats({"parts": card(found("test_in_training", 1_500, 0.75, severity))})
    assert caveat.startswith("1,500 of 2,000 test samples of parts (75 %) are in its training part too")


def test_a_leak_into_the_validation_part_speaks_of_the_validation_figures():
    (caveat,) = leak_caveats({"parts": card(found("validation_in_training", 12, 0.012))})
    assert caveat.startswith("12 of 1,000 validation samples of parts (1.2 %)")
    assert "validation figures" in caveat


def test_near_duplicates_are_a_caveat_where_there_are_more_than_elsewhere():
    few, many = (
        card(found("test_nearly_in_training", 7, 0.0036, "info")),
        card(found("test_nearly_in_training", 90, 0.045)),
    )
    assert [caveat[:2] for caveat in leak_caveats({"few": few, "many": many})] == ["90"]


def test_a_column_that_gives_the_answer_away_is_a_caveat_with_its_name():
    finding = DataFindingDocument(
        code="column_gives_answer", severity="error", detail="…", count=1, examples=("code: 100 %",)
    )
    (caveat,) = leak_caveats({"parts": card(finding)})
    assert "parts" in caveat
    assert "code: 100 %" in caveat


def test_what_is_no_leak_is_no_caveat():
    assert list(leak_caveats({"parts": card(found("imbalance", 4, 0.5)), "more": card()})) == []
