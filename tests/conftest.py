"""Profiles and shared fixtures. The suite runs compiled, and again as plain Python with NUMBA_DISABLE_JIT=1."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from alpt_ref.scalars.jit import JIT
from tests.children import hear_ctrl_c

_QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("jit", deadline=None, max_examples=200, suppress_health_check=_QUIET, derandomize=True)
settings.register_profile("plain", deadline=None, max_examples=25, suppress_health_check=_QUIET, derandomize=True)
settings.load_profile("jit" if JIT else "plain")

if not JIT:
    # Compiled scalars are silent on overflow; NumPy's, which stand in for them here, warn.
    np.seterr(over="ignore", under="ignore", divide="ignore", invalid="ignore")

KILL_TABLES = {
    "mutant": "mutants of the statements, and the verdict that each was given",
    "quantizer mutant": "wrong quantizers, and the property that each failed",
}
# Files that take longest: workers begin with them, so that none is left with one at the end.
LONGEST = (
    "diskcache",
    "conformance",
    "reference",
    "process",
    "conformance_chances",
    "statements",
    "fuzz",
    "two_runs",
    "elementary",
    "alpt",
    "torch_parity",
    "quantizer",
    "docs",
    "compare",
    "output",
)
WANT_DATA = "set ALPT_DATA to the folder with the real data sets"

hear_ctrl_c()


@pytest.hookimpl(tryfirst=True)  # before tests are selected by their marks
def pytest_collection_modifyitems(config, items):
    names = [f"test_{name}" for name in LONGEST]
    items.sort(key=lambda item: names.index(item.path.stem) if item.path.stem in names else len(names))
    plain = [item for item in items if JIT and "edge" in item.keywords and "long" not in item.keywords]
    if plain:
        config.hook.pytest_deselected(items=plain)
        items[:] = [item for item in items if item not in plain]
    for item in items:
        if "jit" in item.keywords:
            if not JIT:
                item.add_marker(pytest.mark.skip(reason="needs compiled loops"))
        elif "glue" in item.keywords and JIT:
            item.add_marker("long")


def pytest_terminal_summary(terminalreporter):
    reports = [report for part in terminalreporter.stats.values() for report in part if hasattr(report, "user_properties")]
    calls = [report for report in reports if getattr(report, "when", "") == "call"]
    for kind, title in KILL_TABLES.items():
        mutants = [text for report in calls for name, text in report.user_properties if name == kind]
        if mutants:
            terminalreporter.section(title)
            terminalreporter.write_line("\n".join(mutants))
    skipped = terminalreporter.stats.get("skipped", [])
    missing = sum("ALPT_DATA" in str(report.longrepr) for report in skipped)
    terminalreporter.write_line(f"{missing} tests skipped for want of real data (ALPT_DATA)")


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; the test is skipped where there is none."""
    folder = os.environ.get("ALPT_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip(WANT_DATA)
    return Path(folder)
