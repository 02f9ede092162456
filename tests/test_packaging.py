"""The package as it is published: what is in it, what its page shows, and what a user's type checker sees."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.marks import long

ROOT = Path(__file__).parent.parent
SOURCE = "https://github.com/OWNER/alpt_ref"
pytestmark = pytest.mark.edge
TOML = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source distribution and the wheel of a release, built without a network."""
    out = tmp_path_factory.mktemp("dist")
    code = "import os, sys; os.environ['ALPT_REF_SOURCE'] = sys.argv[1]; from build.__main__ import main; main(sys.argv[2:])"
    command = [sys.executable, "-c", code, SOURCE, "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


@long
def test_what_is_built(built):
    sdist, wheel = built
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    known = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    missing = {name for name in known if not name.startswith(".")} - names
    assert not missing
    with zipfile.ZipFile(wheel) as file:
        inside = file.namelist()
        metadata = message_from_bytes(file.read(next(name for name in inside if name.endswith("METADATA"))))
    assert {name.split("/")[0] for name in inside} == {"alpt_ref", f"alpt_ref-{metadata['Version']}.dist-info"}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "alpt_ref").rglob("*.py")}
    assert sources | {"alpt_ref/py.typed", "alpt_ref/reports/templates/report.html.j2"} <= set(inside)
    check_page(metadata.get_payload())
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert any(url.startswith(f"Source, {SOURCE}") for url in metadata.get_all("Project-URL"))


def check_page(text):
    """All links lead out, and those to the repository to a file that is there."""
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    for link in links:
        assert link.startswith("https://"), link
        place = re.fullmatch(rf"{re.escape(SOURCE)}/(?:raw|blob)/HEAD/([^#]+)(?:#.*)?", link)
        assert place is None or (ROOT / place[1]).exists(), link
    assert f"]({SOURCE}/raw/HEAD/docs/convergence_error.png)" in text


def test_links_of_the_package_page():
    namespace: dict = {"__name__": "setup"}
    exec((ROOT / "setup.py").read_text(), namespace)
    check_page(namespace["absolute"]((ROOT / "README.md").read_text(), SOURCE))
    assert list(namespace["urls"]("")) == ["Paper"]


def test_an_address_that_is_none_is_refused():
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=ROOT, env={"ALPT_REF_SOURCE": "github"}, capture_output=True, text=True
    )
    assert "ALPT_REF_SOURCE must be an address https://..., got 'github'" in done.stderr
    assert done.returncode == 1


def test_every_python_is_declared():
    project = TOML["project"]
    versions = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={versions[0]}"
    assert project["authors"]
    assert project["keywords"]


def test_a_missing_extra_is_named(tmp_path):
    """Hypothesis is only needed by the suite: without it the package imports, and check-quantizer says what to install."""
    code = """if True:
        import sys

        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "hypothesis":
                    raise ModuleNotFoundError(name=name)

        sys.meta_path.insert(0, Missing())
        import alpt_ref.testing
        from alpt_ref.cli import main

        sys.exit(main(["check-quantizer", "mine:Half"]))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.endswith("alpt-ref: error: the suite for quantizers needs hypothesis: pip install 'alpt-ref[testing]'\n")
    assert done.returncode == 2


@long
def test_a_user_sees_types(tmp_path):
    """The README's Python is right in the eyes of a strict type checker, and a wrong option is seen before it runs."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) >= 3
    for number, block in enumerate(blocks):
        (tmp_path / f"readme_{number}.py").write_text(block)
    (tmp_path / "wrong.py").write_text(
        "from alpt_ref import FactorizationMachine\n\nFactorizationMachine(precision='int8')\nFactorizationMachine(k='8')\n"
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--allow-untyped-defs",
        "--allow-untyped-calls",
        "--follow-imports",
        "silent",
    ]
    environment = {"MYPYPATH": str(ROOT), "PATH": ""}  # an installed package is seen by its py.typed; this one is editable
    done = subprocess.run([*command, "."], cwd=tmp_path, env=environment, capture_output=True, text=True)
    found = done.stdout.splitlines()
    assert [line.split(":")[0] for line in found[:-1]] == ["wrong.py", "wrong.py"], done.stdout
