import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from normlab.analysis import compare_runs, html_report, markdown_report
from normlab.analysis.earlier_looks import EarlierLook
from normlab.analysis.report.blocks import NOTHING
from normlab.analysis.report.breaks import breakable, unbroken
from normlab.analysis.verdict import Verdict
from normlab.documents.caveats import in_one
from normlab.spec.metrics import Metric


@pytest.fixture
def arms(make_run: Any) -> dict[str, list[Any]]:
    return {
        "baseline": [make_run("baseline", seed=seed) for seed in range(3)],
        "batch_norm": [make_run("batch_norm", seed=seed, best=0.88, seconds=1.2) for seed in range(3)],
    }


TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "div"),
    *("pre", "wbr", "picture", "source", "figure", "img", "table", "thead", "tbody", "tr", "th", "td"),
}


ATTRIBUTES = {
    *("class", "lang", "charset", "name", "content", "http-equiv", "src", "alt"),
    *("srcset", "media", "data-label"),
}


class Structure(HTMLParser):
    """Checks that tags are closed in order, and collects the text and what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.sources: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sources += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]
        if tag not in ("meta", "img", "source", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\N{NO-BREAK SPACE}", " ")


def parsed(page: str) -> Structure:
    structure = Structure()
    structure.feed(page)
    assert structure.open == []
    return structure


def test_the_page_holds_everything_and_loads_nothing(arms: Any) -> None:
    comparison = compare_runs(arms, target_accuracy=0.84, equivalence_margin=0.005)
    page = html_report(comparison, arms, subtitle="on one machine")
    structure = parsed(page)
    assert comparison.pairs[0].sentence in structure.text
    assert "cannot be put down to the normalization alone" in structure.text
    assert "on one machine" in structure.text
    assert all(source.startswith("data:image/svg+xml;base64,") for source in structure.sources)
    assert len(structure.sources) == 12  # six charts, for a page and for a telephone
    svg = base64.b64decode(structure.sources[0].split(",")[1]).decode()
    assert svg.startswith("<svg")
    assert "<script" not in page
    assert "default-src 'none'" in page
    for heading in (
        "Verdict",
        "Setup",
        "Three clocks",
        "What it costs",
        "How it was done",
        "How to run it again",
    ):
        assert f"<h2>{heading}</h2>" in page


def test_it_tells_where_the_time_went(arms: Any) -> None:
    for name, compiling in (("baseline", (3.0, 0.0, 0.0)), ("batch_norm", (6.0, 0.0, None))):
        arms[name] = [
            replace(run, timings={"starting_seconds": 0.5, "compiling_seconds": seconds})
            for run, seconds in zip(arms[name], compiling, strict=True)
        ]
    report = markdown_report(compare_runs(arms), arms)
    assert "| arm | waiting | starting | compiling | training | probing | evaluating | exporting |" in report
    for line in (
        "| baseline | - | 0.50 | 1.00 | - | - | - | - |",
        "| batch\\_norm | - | 0.50 | 3.00 | - | - | - | - |",
    ):
        assert line.replace(" - ", f" {NOTHING} ") in report


def test_an_interval_that_is_cut_off_where_no_mean_can_lie_is_told(make_run: Any) -> None:
    arms = {
        "baseline": [
            make_run("baseline", seed=seed, best=best) for seed, best in enumerate((0.9, 1.015, 0.98))
        ],
        "batch_norm": [make_run("batch_norm", seed=seed) for seed in range(3)],
    }
    comparison = compare_runs(arms)
    assert comparison.arms["baseline"].interval.high == 1.0
    assert "is cut off there" in markdown_report(comparison, arms)
    arms["baseline"] = [make_run("baseline", seed=seed) for seed in range(3)]
    assert "is cut off there" not in markdown_report(compare_runs(arms), arms)


def test_the_same_data_give_the_same_page(arms: Any) -> None:
    assert html_report(compare_runs(arms), arms) == html_report(compare_runs(arms), arms)


def test_names_are_only_text_in_the_page(make_run: Any) -> None:
    image, script, quote, template, entity = evil = (
        "<img src=x onerror=alert(1)> | **bold**",
        "</title></style><script>alert(1)</script>",
        "\"' onload='alert(1)' x=\"",
        "{{ 7 * 7 }}{% include 'x' %}",
        "&lt;b&gt;",
    )
    arms = {name: [make_run("baseline", name=name)] for name in (image, script, quote)}
    structure = parsed(html_report(compare_runs(arms), arms, title=template, subtitle=entity))
    assert all(name in structure.text for name in evil)
    assert structure.tags <= TAGS
    assert structure.attributes <= ATTRIBUTES
    assert all(source.startswith("data:image/svg+xml;base64,") for source in structure.sources)


def test_names_are_only_text(make_run: Any) -> None:
    evil = "<img src=x onerror=alert(1)> | **bold**"
    arms = {evil: [make_run("baseline", name=evil)], "other": [make_run("batch_norm")]}
    comparison = compare_runs(arms)
    structure = parsed(html_report(comparison, arms))
    assert evil in structure.text
    assert not any(source == "x" for source in structure.sources)
    report = markdown_report(comparison, arms)
    assert r"\<img src=x onerror=alert(1)\> \| \*\*bold\*\*" in report
    assert "<img" not in report.replace(r"\<img", "")


def test_markdown_says_the_same(arms: Any) -> None:
    comparison = compare_runs(arms, target_accuracy=0.9)
    report = markdown_report(comparison, arms, title="Norm or not")
    assert report.startswith("# Norm or not\n\nbaseline and batch\\_norm were trained on Fashion-MNIST")
    assert "## Verdict\n\n**batch\\_norm is better than baseline: " in report
    assert "no run reached 90 % validation accuracy" in report
    lines = [re.sub(r"\\\|", "", line) for line in report.splitlines() if line.startswith("|")]
    # Every table's rows have as many cells as its head.
    widths = [line.count("|") for line in lines]
    separators = [index for index, line in enumerate(lines) if line.startswith("| ---")]
    assert len(separators) >= 5
    for at in separators:
        assert widths[at - 1] == widths[at] == widths[at + 1]


def test_one_run_of_each_is_reported_without_a_verdict(make_run: Any) -> None:
    arms = {"a": [make_run("baseline")], "b": [make_run("batch_norm")]}
    text = parsed(html_report(compare_runs(arms), arms)).text
    assert "Not decided: the one pair" in text
    assert "no verdict" in text


def test_several_arms_losses_and_the_test_set(arms: Any) -> None:
    arms["batch_norm"] = [
        replace(
            run,
            epochs=tuple(
                point.model_copy(update={"val_loss": 0.1 + 0.01 * run.seed}) for point in run.epochs
            ),
        )
        for run in arms["batch_norm"]
    ]
    arms["copy"] = [replace(run, job=f"{run.job}_copy") for run in arms["baseline"]]
    rng = np.random.default_rng(0)
    correct = {run.job: rng.random(100) < 0.8 for runs in arms.values() for run in runs}
    report = markdown_report(compare_runs(arms, metric=Metric.VAL_LOSS, correct=correct), arms)
    assert "Luck of the seeds, luck of the test set" in report
    assert "bootstrap over test examples" in report
    assert "McNemar's exact test" in report
    assert "examples that only one gets right (mean)" in report
    assert "Holm's method keeps" in report
    assert "What it costs" not in report
    assert "- copy against baseline: All pairs are exactly alike" in report


LOOK = EarlierLook("cmp_before", 3, until_decided=False, margin=0.0, verdict=Verdict.B_BETTER)


def test_a_reader_of_the_report_alone_knows_what_was_done(make_run: Any) -> None:
    """Data, setup, claim, uncertainty, what was looked at before, and how to do it again."""
    arms = {
        name: [make_run(name, seed=seed) for seed in range(42, 47)] for name in ("baseline", "batch_norm")
    }
    comparison = compare_runs(arms, target_accuracy=0.8)
    seen = tuple(replace(pair, earlier_looks=(LOOK,), error_share=0.5) for pair in comparison.pairs)
    text = parsed(html_report(replace(comparison, pairs=seen), arms, identifier="cmp_now")).text
    for words in (
        "Fashion-MNIST (fashion_mnist): 70,000",  # data
        "55,000 samples for training, 5,000 for validation",
        "optimizer",  # setup
        "0.001, constant",
        "266,610",
        "42 to 46",
        comparison.pairs[0].sentence,  # claim
        "95 % interval",  # uncertainty
        "They suppose pairs that do not depend on each other",
        "cmp_before",  # looked at before
        "batch_norm is better",
        "2.5 %",
        "normlab compare baseline batch_norm --replicates 5",  # again
        "normlab compare cmp_now --bundle bundle.zip",
    ):
        assert words in text, words
    order = [text.index(words) for words in ("were trained on", "Verdict", "all arms", "How to run it again")]
    assert order == sorted(order)


def test_it_says_whether_earlier_looks_could_be_known(arms: Any) -> None:
    comparison = compare_runs(arms)
    assert "Not known: only comparisons of a service are remembered" in markdown_report(comparison, arms)
    assert "knows of no earlier comparison by this metric" in markdown_report(
        comparison, arms, identifier="cmp_now"
    )


def test_numbers_stay_with_their_units_and_signs(arms: Any) -> None:
    for runs in arms.values():
        runs.reverse()
    turned = dict(reversed(arms.items()))  # every difference is negative
    rng = np.random.default_rng(0)
    correct = {run.job: rng.random(100) < 0.8 for runs in turned.values() for run in runs}
    page = html_report(compare_runs(turned, correct=correct), turned)
    shown = re.sub(r"<style>.*?</style>|<pre>.*?</pre>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert "\N{MINUS SIGN}" in shown
    assert not re.findall(r"(?<![\w.])-\d", shown)
    assert not re.findall(r"\d (?:%|percentage|pairs?\b|seeds?\b|s\b)", shown)


def test_what_shows_nothing_along_the_epochs_has_a_sentence_and_no_panel(make_run: Any) -> None:
    arms = {
        name: [make_run(name, seed=seed, best=best) for seed in range(4)]
        for name, best in (("baseline", 0.85), ("deep_sigmoid", 0.85), ("batch_norm", 0.9))
    }
    report = markdown_report(compare_runs(arms), arms)
    assert "No difference is shown at any epoch between baseline and deep\\_sigmoid." in report
    once = {name: [make_run(name, seed=seed, epochs=1) for seed in range(4)] for name in arms}
    assert "at any epoch" not in markdown_report(compare_runs(once), once)
    assert "## Learning curves" not in markdown_report(compare_runs(once), once)


def test_sentences_that_differ_in_numbers_alone_are_one() -> None:
    assert in_one(
        ["It has to reach 0.025 with 1,000 pairs.", "It has to reach 0.004 with 1,000 pairs.", "No v2."]
    ) == [
        "It has to reach 0.004 to 0.025 with 1,000 pairs.",
        "No v2.",
    ]


def test_names_break_at_underscores_and_units_never() -> None:
    assert unbroken("is 4.38 percentage points (95 % interval 3.8 to \N{MINUS SIGN}4.9; 5 pairs)").split(
        " "
    ) == [
        "is",
        "4.38\xa0percentage",
        "points",
        "(95\xa0%",
        "interval",
        "3.8\xa0to\xa0\N{MINUS SIGN}4.9;",
        "5\xa0pairs)",
    ]
    assert breakable("a_b<c>") == "a_<wbr>b&lt;c&gt;"
