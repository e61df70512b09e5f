"""The report as a browser shows it: on a screen, on a telephone, and on paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from normlab.analysis import compare_runs, html_report

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: scripts/get-chromium installs one"),
    pytest.mark.xdist_group(__name__),  # one process makes what all tests here share
]

NAMES = (
    "baseline",
    "batch_norm",
    "deep_sigmoid_with_batch_norm",
    "an arm with a name of " + "very " * 12 + "many words",
)

SEEN = """() => ({
  page: [document.documentElement.scrollWidth, window.innerWidth],
  scrolls: [...document.querySelectorAll('*')]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != 'visible')
    .map(e => e.tagName),
  images: [...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().width]),
  sizes: [...new Set([...document.querySelectorAll('p:not(.subtitle), li, td, th')]
    .map(e => getComputedStyle(e).fontSize))],
  widths: [...new Set([...document.querySelectorAll('table, figure')]
    .map(e => Math.round(e.getBoundingClientRect().width)))],
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page_file(make_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    presets = ("baseline", "batch_norm", "deep_sigmoid_with_batch_norm", "deep_sigmoid")
    arms = {
        name: [make_run(preset, seed=seed, best=0.8 + 0.03 * place, name=name) for seed in range(3)]
        for place, (name, preset) in enumerate(zip(NAMES, presets, strict=True))
    }
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report(compare_runs(arms, target_accuracy=0.84), arms))
    return path


@pytest.mark.parametrize(("width", "drawn_for"), [(1280, 960), (390, 350)])
def test_nothing_but_code_scrolls_sideways_and_all_is_of_one_size(
    browser: Browser, page_file: Path, width: int, drawn_for: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    page.wait_for_function("[...document.images].every(image => image.complete)")
    seen = page.evaluate(SEEN)
    page.close()
    assert seen["page"] == [width, width]
    assert set(seen["scrolls"]) <= {"PRE"}  # a line of code that is broken is another one
    assert len(seen["sizes"]) == len(seen["widths"]) == 1
    assert len(seen["images"]) == 6
    for natural, shown in seen["images"]:
        assert natural == pytest.approx(
            drawn_for, rel=0.06
        )  # the one for this screen was taken, and can be read
        assert shown == pytest.approx(natural, rel=0.06)


@pytest.mark.nightly
def test_it_prints_in_ink_on_paper(browser: Browser, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    assert page.evaluate("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    assert page.pdf().startswith(b"%PDF")
    page.close()


def luminance(colour: str) -> float:
    """Of ``rgb(r, g, b)``, as WCAG 2 defines it."""
    channels = [int(value) / 255 for value in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.nightly
def test_it_can_be_read_in_the_dark(browser: Browser, page_file: Path) -> None:
    """Text has WCAG's contrast of 4.5 at least; charts keep the white ground that their colours were chosen for."""
    page = browser.new_page(color_scheme="dark")
    page.goto(page_file.as_uri())
    ground = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert ground < 0.05
    for selector in ("body", "p.subtitle", "th", "p.undecided, p.decided"):
        text = luminance(page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).color"))
        assert (text + 0.05) / (ground + 0.05) > 4.5, selector
    assert (
        page.evaluate("getComputedStyle(document.querySelector('figure')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
