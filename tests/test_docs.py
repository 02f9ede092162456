"""The README and the pages of docs: code blocks run, commands parse, links lead somewhere, nothing names a machine."""

import re
import shlex
from pathlib import Path

import pytest

from alpt_ref.cli import arguments
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.theory.registry import STATEMENTS
from alpt_ref.tools.devices import missing
from tests.marks import long

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}", marks=long if number and page.parent != ROOT else ())
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S))
]


def test_the_page_on_the_method_shows_the_lines_of_the_reference():
    """Excerpts are those of today, line by line; nearly all that computes is shown."""
    source = (ROOT / "alpt_ref" / "reference.py").read_text()
    excerpts = re.findall(r"```py\n(.*?)```", (ROOT / "docs" / "method.md").read_text(), re.S)
    assert len(excerpts) >= 10
    for excerpt in excerpts:
        assert excerpt in source
    for name in ("def lpt_step", "def alpt_step", "def next_code", "def gradients", "def direction", "def quantized"):
        body = source[source.index(name) :].split("\n\n\n")[0]
        assert any(excerpt.strip() in body for excerpt in excerpts), name


def test_figures_of_the_readme_are_those_of_today():
    said = " ".join((ROOT / "README.md").read_text().split())
    peers = (ROOT / "docs" / "conformance.md").read_text()
    rows = re.findall(r"^\| \w+ \| (\S+) \S+ \|.*\| (conforms|fails .*) \|$", peers, re.M)
    conform = sum(verdict == "conforms" for _, verdict in rows)
    assert f"{conform} of {len(rows)} calls of {len({library for library, _ in rows})} libraries keep the contract" in said
    assert f"{conform} of {len(rows)} conform" in peers
    assert re.findall(r"(\d+) statements", said) == [str(len(STATEMENTS))] * 2
    kinds = {"integer grids"}, {"integer grids", "steps of rows"}, {"formats"}, {"formats", "blocks"}
    asked = [sum(entry.grids is None or entry.grids in kind for entry in CONTRACT) for kind in kinds]
    assert f"a contract of {len(CONTRACT)} properties, {min(asked)} or more for each kind of grid" in said


@pytest.mark.parametrize("block", [block for block in BLOCKS if "cuda" in block.values[0]])
def test_code_blocks_for_a_gpu_run(block, capsys):
    """On a GPU, or in Numba's simulator."""
    if missing():
        pytest.skip(missing())
    exec(compile(block, "documentation", "exec"), {"__name__": "__main__"})
    assert "the same bits: True" in capsys.readouterr().out


@pytest.mark.jit
@pytest.mark.parametrize("block", [block for block in BLOCKS if "cuda" not in block.values[0]])
def test_code_blocks_run(block, capsys):
    assert len([line for line in block.splitlines() if line.strip()]) <= 24
    if "import torch" in block:
        pytest.importorskip("torch", reason="torch is not installed; `make peers` runs this block")
    for library in ("pandas", "polars"):
        if f"import {library}" in block:
            pytest.importorskip(library)
    exec(compile(block, "documentation", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_parse(page):
    text = page.read_text().replace("\\\n", " ")
    for line in re.findall(r"^ {4}(alpt-ref .*)$", text, re.M):
        command = shlex.split(line.split("  #")[0])[1:]
        assert arguments.build_parser().parse_args(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths(page):
    text = page.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / target).exists(), target
    assert not re.search(r"/(home|root|tmp|work|usr)/", text)
