"""The page of verdicts in a real browser: headless Chromium, where there is one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alpt_ref.reports import verdicts
from alpt_ref.reports.page import Section, Table, render
from alpt_ref.tools.origin import Origin
from tests.browser import Browser, found
from tests.page_records import verdicts_record

pytestmark = [pytest.mark.glue, pytest.mark.skipif(found() is None, reason="no Chromium here: apt-get install chromium")]
SHOWN = "[...document.querySelectorAll('#verdict-rows tbody tr')].filter(row => !row.hidden)"
LOAD = 2.0  # seconds
# The contrast of text with what is behind it, WCAG's; of what is on the page, the least, with its text.
CONTRAST = """(() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let least = [99, ''];
  for (const node of document.querySelectorAll('body *:not(script):not(svg *)')) {
    if (!node.checkVisibility() || ![...node.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    let behind = node;
    while (behind && parts(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const colours = [getComputedStyle(node).color, getComputedStyle(behind || document.body).backgroundColor];
    const [a, b] = colours.map(c => light(parts(c)));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, node.className + ': ' + node.textContent.slice(0, 40)];
  }
  return least;
})()"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page as long as that of all statements, near enough: every kind of row, and many more."""
    record = verdicts_record()
    made = verdicts.report(record, 1.0).page(Path())
    filler = Section("filler", "Many numbers", [Table("All", ("a", "b"), [(str(i), f"{i}±0.1") for i in range(2000)])])
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(replace(made, sections=[*made.sections, filler]), Origin("alpt-ref verify", (("Python", "3"),))))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as one:
        yield one


def test_it_loads_at_once_without_a_complaint_or_a_network(browser, path):
    seconds = min(browser.open(path) for _ in range(3))
    assert seconds < LOAD
    assert path.stat().st_size < 5_000_000
    assert browser.console == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []


def test_every_figure_is_seen(browser, path):
    browser.open(path)
    size = "s.scrollIntoView(), [s.getBoundingClientRect().width, s.getBoundingClientRect().height]"
    sizes = browser.ask(f"[...document.querySelectorAll('figure svg')].map(s => ({size}))")
    assert len(sizes) >= 2
    assert all(width > 200 and height > 100 for width, height in sizes)
    titles = (
        "[...document.querySelectorAll('svg')].map(s => document.getElementById(s.getAttribute('aria-labelledby')).textContent)"
    )
    names = browser.ask(titles)
    assert all(len(name) > 20 for name in names)


def test_a_link_leads_to_its_place(browser, path):
    browser.open(path)
    places = browser.ask("[...document.querySelectorAll('nav a, .jump a')].map(a => a.hash.slice(1))")
    for place in places:
        browser.ask(f"document.querySelector('a[href=\"#{place}\"]').click()")
        browser.ask("new Promise(r => requestAnimationFrame(() => setTimeout(r)))")
        top = browser.ask(f"document.getElementById('{place}').getBoundingClientRect().top")
        below = browser.ask("document.documentElement.scrollHeight - innerHeight - scrollY")
        assert abs(top) < 40 or below < 2, place  # the end of a page cannot come to the top


def test_filters(browser, path):
    browser.open(path)
    rows = verdicts_record()["rows"]
    assert browser.ask(f"{SHOWN}.length") == len(rows)

    def choose(name: str, value: str) -> int:
        field = f"document.forms.filters.elements['{name}']"
        browser.ask(f"{field}.click()" if name == "odd" else f"{field}.value = '{value}'")
        browser.ask(f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        return int(browser.ask(f"{SHOWN}.length"))

    assert choose("statement", "T1") == 3
    assert choose("verdict", "violated") == 1
    assert browser.ask("document.getElementById('found').textContent") == f"1 of {len(rows)} rows"
    assert choose("verdict", "") == 3
    assert choose("method", "replicas") == 1
    browser.ask("document.querySelector('#filters [type=reset]').click()")
    browser.ask("new Promise(r => setTimeout(r, 20))")
    assert browser.ask(f"{SHOWN}.length") == len(rows)
    assert choose("kind", "lower") == 1
    assert choose("kind", "") == len(rows)
    assert choose("text", "k = 4") == 2
    assert choose("text", "") == len(rows)
    assert choose("odd", "") == 1  # the undecided row
    browser.ask("document.querySelector('a[data-pick=\"verdict=violated\"]').click()")
    assert browser.ask(f"{SHOWN}.length") == 1


def test_sorting(browser, path):
    browser.open(path)
    sort = "document.querySelectorAll('#verdict-rows thead button')[5].click()"
    ratios = "[...document.querySelectorAll('#verdict-rows tbody tr')].map(r => Number(r.cells[5].dataset.value))"
    browser.ask(sort)
    up = browser.ask(f"{ratios}.filter(Number.isFinite)")
    browser.ask(sort)
    down = browser.ask(f"{ratios}.filter(Number.isFinite)")
    assert up == sorted(up)
    assert down == up[::-1]
    assert browser.ask("document.querySelector('#verdict-rows th[aria-sort]').textContent") == "measured / bound"


def test_the_keyboard_is_enough(browser, path):
    browser.open(path)
    active = "document.activeElement"
    focus = f"{active}.className || {active}.id || {active}.name || {active}.tagName"
    browser.press("Tab", 9)
    assert browser.ask(focus) == "skip"
    browser.press("Enter", 13, "\r")
    assert browser.ask(focus) == "main"
    browser.open(path)
    seen = []
    for _ in range(60):
        browser.press("Tab", 9)
        seen.append(browser.ask(focus))
        if seen[-1] == "text":
            break
    assert {"theme", "statement", "verdict", "kind", "method", "text"} <= set(seen)
    browser.type("gaussian")
    assert browser.ask(f"{SHOWN}.length") == 1
    browser.ask("document.querySelector('details.proof summary').focus()")
    was = browser.ask("document.querySelector('details.proof').open")
    browser.press("Enter", 13, "\r")
    assert browser.ask("document.querySelector('details.proof').open") is not was


def test_light_dark_and_the_choice_between_them(browser, path):
    paper = "getComputedStyle(document.body).backgroundColor"
    for dark in (False, True):
        browser.open(path, dark=dark)
        ratio, where = browser.ask(CONTRAST)
        assert ratio >= 4.5, where
    browser.open(path)
    seen = {browser.ask(paper)}
    for _ in range(2):
        browser.ask("document.getElementById('theme').click()")
        seen.add(browser.ask(paper))
    assert len(seen) == 2
    assert browser.ask(CONTRAST)[0] >= 4.5
    browser.ask("document.getElementById('theme').click()")
    assert browser.ask("document.documentElement.dataset.theme") is None


def test_a_narrow_page_does_not_run_over(browser, path):
    browser.open(path, width=400)
    assert browser.ask("document.documentElement.scrollWidth") <= 400


def test_print(browser, path):
    browser.open(path)
    data = browser.pdf()
    assert data.startswith(b"%PDF")
    browser.call("Emulation.setEmulatedMedia", media="print")
    hidden = "['nav', '.filters', '.skip'].map(s => getComputedStyle(document.querySelector(s)).display)"
    assert browser.ask(hidden) == ["none"] * 3
    assert not browser.ask("document.getElementById('verdict-rows').checkVisibility()")  # its rows are the statements', too
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    assert browser.ask("[...document.querySelectorAll('details.proof')].every(d => d.open)")
    ratio, where = browser.ask(CONTRAST)
    assert ratio >= 4.5, where
    browser.call("Emulation.setEmulatedMedia", media="")


def test_it_says_everything_without_scripts(browser, path):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(path)
        assert browser.ask("document.getElementById('filters').hidden")
        assert browser.ask(f"{SHOWN}.length") == len(verdicts_record()["rows"])
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
