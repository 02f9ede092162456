"""A part of the pytest plugin, loaded where a file is asked for: what a session found out about quantizers, JSON and pages.

Where the session is one of several workers, the one that leads them writes.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alpt_ref.reports import conformance
from alpt_ref.reports.page import render
from alpt_ref.testing import report as told
from alpt_ref.testing.ledger import gathered
from alpt_ref.testing.plugin import FILES, FOLDER
from alpt_ref.testing.suite import Report
from alpt_ref.tools.files import write_json, write_text
from alpt_ref.tools.origin import COMMAND, origin, spelled
from alpt_ref.tools.output import check_output, descriptor_of

WRITTEN = pytest.StashKey[list[str]]()
ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)  # others are no whole session


def pytest_configure(config: pytest.Config) -> None:
    """Refuse files that cannot be written, before any test: UsageError, one sentence."""
    places = {f"--alpt-{kind}": Path(path) for kind in FILES if (path := config.getoption(f"--alpt-{kind}"))}
    try:
        for option, path in places.items():
            if descriptor_of(path) is not None:
                raise pytest.UsageError(f"{option} must be a file of its own, got {path}")
            check_output(path)
    except OSError as error:
        raise pytest.UsageError(f"{error.filename}: {error.strerror}") from None
    if len({os.path.realpath(path) for path in places.values()}) < len(places):
        raise pytest.UsageError(f"{' and '.join(places)} must be two files, got {path} for both")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the files, unless the session was interrupted; each is written whole or not at all."""
    config = session.config
    config.stash[WRITTEN] = lines = []
    if exitstatus not in ENDED:
        return
    command = COMMAND.set(spelled("pytest", config.invocation_params.args))
    try:
        for kind, write in WRITERS.items():
            path = config.getoption(f"--alpt-{kind}")
            for report, place in _places(gathered(config.stash[FOLDER]), Path(path)) if path else ():
                write(place, report)
                lines.append(f"{report.candidate.name}: {place}")
    except OSError as error:
        pytest.exit(f"{error.filename}: {error.strerror}", returncode=pytest.ExitCode.INTERNAL_ERROR)
    finally:
        COMMAND.reset(command)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell where the files are."""
    lines = config.stash.get(WRITTEN, [])
    terminalreporter.section("conformance of quantizers")
    terminalreporter.write_line("\n".join(lines) or "no file is written: no quantizer was checked to the end")


def _places(reports: list[Report], path: Path) -> list[tuple[Report, Path]]:
    """The reports and their files: ``path`` of a single one. Of several each has the adapter's name before the suffix."""
    if len(reports) < 2:
        return [(report, path) for report in reports]
    taken: dict[Path, Report] = {}
    for report in reports:
        name = re.sub(r"[^\w.]+", "-", report.candidate.name).strip("-.")
        place, number = path.with_name(f"{path.stem}-{name}{path.suffix}"), 1
        while place in taken:
            number += 1
            place = path.with_name(f"{path.stem}-{name}-{number}{path.suffix}")
        taken[place] = report
    return [(report, place) for place, report in taken.items()]


def _write_json(path: Path, report: Report) -> None:
    write_json(path, told.record(report))


def _write_page(path: Path, report: Report) -> None:
    write_text(path, render(conformance.page(report), origin()))


WRITERS: dict[str, Callable[[Path, Report], None]] = {"json": _write_json, "html": _write_page}
