"""The documentation site: it is built without a warning, every link leads somewhere, and nothing is loaded from a network."""

import os
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from alpt_ref import __version__
from alpt_ref.theory.registry import STATEMENTS
from tests.browser import Browser, found

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.glue
needs_mkdocs = pytest.mark.skipif(not find_spec("material"), reason="mkdocs is not installed; `make docs` installs it")


@pytest.fixture
def website(monkeypatch):
    """The modules that make the site."""
    monkeypatch.syspath_prepend(str(ROOT / "website"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built in a process of its own."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out


@pytest.mark.long
@needs_mkdocs
def test_the_site_is_built_strictly(site):
    """A page for each statement with its proof, formulas without scripts, pages of the API with all public names."""
    assert len(list((site / "statements").glob("*.html"))) == len(STATEMENTS) + 1
    for name in STATEMENTS:
        page = (site / "statements" / f"{name.lower().replace('#', '-sharp')}.html").read_text()
        assert re.search(r'<h2 id="proof.*?∎.*?<h2 id="put-to-the-test"', page, re.S), name
    method = (site / "method.html").read_text()
    assert method.count("<math ") > 40
    assert "\\frac" not in re.sub(r'alttext="[^"]*"', "", method)
    for page in site.rglob("*.html"):  # w* and f* in plain text are no marks of emphasis
        assert not re.search(r"<em>[\s;,.)]", page.read_text()), page
    names = (site / "api" / "alpt_ref.html").read_text()
    machine = "alpt_ref.models.factorization.FactorizationMachine"
    for name in (machine, f"{machine}.fit", "alpt_ref.runs.trace.trace", "alpt_ref.quantizer.quantize"):
        assert f'id="{name}"' in names
    assert "<dt><code>precision</code></dt>" in names


def wait(browser, condition):
    """Until a condition of the page holds: its scripts run after it is loaded."""
    end = time.monotonic() + 20
    while not browser.ask(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


@pytest.mark.long
@needs_mkdocs
@pytest.mark.skipif(found() is None, reason="no Chromium here: apt-get install chromium")
def test_it_works_from_disk(site):
    """Search, the dark colours, and no word of complaint; nothing is asked of a network."""
    with Browser() as browser:
        for page in ("index", "method", "statements/t1", "gallery", "api/alpt_ref"):
            browser.open(site / f"{page}.html", dark=True)
            wait(browser, "document.body.dataset.mdColorScheme == 'slate'")
        browser.ask("document.querySelector('.md-search__input').focus()")
        browser.type("stationary law")
        browser.press("Shift", 16)
        wait(browser, "document.querySelector('.md-search-result__item a') != null")
        assert "statements/" in browser.ask(
            "[...document.querySelectorAll('.md-search-result__item a')].map(a => a.href).join()"
        )
        assert browser.console == []
        assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []


def test_faults_of_a_site_are_found(website, tmp_path):
    """One of each kind."""
    from checked import faults

    (tmp_path / "b.html").write_text('<h1 id="here">b</h1>')
    (tmp_path / "good.html").write_text('<a href="b.html#here">b</a> <a href="https://example.org">far</a> <img src="b.html">')
    assert faults(tmp_path) == []
    wrong = {
        '<a href="c.html">c</a>': "c.html leads nowhere",
        '<a href="b.html#there">b</a>': "b.html#there has no such anchor",
        '<a href="#there">here</a>': "#there has no such anchor",
        '<img src="c.png">': "c.png is not there",
        '<script src="https://example.org/a.js"></script>': "loads https://example.org/a.js",
        '<link rel="stylesheet" href="//example.org/a.css">': "loads //example.org/a.css",
    }
    for text, fault in wrong.items():
        (tmp_path / "a.html").write_text(text)
        assert faults(tmp_path) == [f"a.html: {fault}"]
    (tmp_path / "a.html").write_text("")
    (tmp_path / "a.css").write_text("@font-face { src: url(https://example.org/f.woff) }")
    assert faults(tmp_path) == ["a.css: loads from a network"]


@pytest.mark.skipif(not find_spec("latex2mathml"), reason="latex2mathml is not installed; `make docs` installs it")
def test_formulas(website):
    from mathml import rendered

    page = rendered('<p><span class="arithmatex">\\(\\tfrac{a}{b} &lt; \\lVert x \\rVert\\)</span></p>')
    assert re.search(r'<p><math alttext="[^"]*"[^>]*display="inline"[^>]*>.*<mfrac>.*</math></p>', page)
    with pytest.raises(ValueError, match=r"not rendered: \\nonsense"):
        rendered('<div class="arithmatex">\\[\\nonsense{x}\\]</div>')


@pytest.mark.skipif(not find_spec("griffe"), reason="mkdocstrings is not installed; `make docs` installs it")
def test_docstrings(website):
    """Arguments become a list; nothing of the text is taken for markup."""
    from docstrings import markdown

    text = "A <box> of w* and ``q``, see :class:`Grid`.\n\nx : float32 (n,). rows, out : where\n    it goes: a_b_c. No *Two*."
    assert markdown(text) == (
        "<p>A &lt;box&gt; of w* and <code>q</code>, see <code>Grid</code>.</p>\n\n"
        '<dl class="arguments"><dt><code>x</code></dt><dd>float32 (n,).</dd>'
        "<dt><code>rows, out</code></dt><dd>where it goes: a_b_c. No <em>Two</em>.</dd></dl>"
    )


def test_every_word_of_the_readme_is_in_the_glossary():
    """Names in capitals that the README uses: methods, claims, models."""
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    readme = re.sub(r"```.*?```|`[^`]*`|^ {4}.*?$", "", (ROOT / "README.md").read_text(), flags=re.S | re.M)
    for word in ("SR", "DR", "LPT", "ALPT", "LR", "FM", "C1", "C2", "C3", "C4", "T1", "Q1", "L1"):
        assert re.search(rf"\b{word}\b", readme), word
        assert re.search(rf"\b{word}\b", glossary), word


def test_the_citation_is_of_this_version():
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
